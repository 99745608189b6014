"""What a synthetic repository is like, as parameters."""

from __future__ import annotations

from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Code = Literal["B009", "F401", "F541", "I001", "E711", "F841", "E722", "E741"]
"""ruff's codes that can be asked for: the first four with safe fixes, the next two with unsafe ones, the rest with none."""
CODES: tuple[Code, ...] = get_args(Code)


class Shape(BaseModel):
    """A synthetic repository. Every count is kept exactly."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    files: int = Field(default=300, ge=3, le=50_000)
    """Python files in all: modules, the `__init__.py` of their packages, and test files."""
    functions: int = Field(default=5, ge=1, le=2_000)
    """Functions of each module, of five lines with the space between them: its size."""
    broken: int = Field(default=100, ge=0)
    """Modules with errors."""
    codes: tuple[Code, ...] = ("F401",)
    """What is wrong with each of them: one error of each of these codes."""
    type_errors: int = Field(default=0, ge=0)
    """Modules with one error of mypy; those with errors of ruff come first. Configures mypy where there are any."""
    package_size: int = Field(default=50, ge=1)
    """Modules of a package."""
    imports: int = Field(default=2, ge=0, le=20)
    """How many earlier modules each module imports and uses."""
    tests: int = Field(default=0, ge=0)
    """Test files; each imports modules of its own, and together they import all."""
    suite_s: float = Field(default=0.0, ge=0)
    """How long the tests sleep, added up over the test files."""
    culprits: int = Field(default=0, ge=0)
    """Modules with errors whose fix breaks a test: the import that ruff calls unused is what a test looks for."""
    seed: int = 0
    """Another seed is another repository of the same shape."""

    @property
    def packages(self) -> int:
        """How many packages there are."""
        return -(-(self.files - self.tests) // (self.package_size + 1))

    @property
    def modules(self) -> int:
        """How many modules there are."""
        return self.files - self.tests - self.packages

    @classmethod
    def around(cls, broken: int, *, seed: int = 0, functions: int = 1) -> Shape:
        """A repository of little else than so many broken modules."""
        return cls(files=broken + broken // 50 + 2, broken=broken, functions=functions, imports=0, seed=seed)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.modules < 1 or max(self.broken, self.type_errors) > self.modules:
            raise ValueError(f"{self.files} files have {self.modules} modules, of which {self.broken} cannot be broken")
        if self.broken and not self.codes:
            raise ValueError("modules with errors need codes")
        if self.culprits and (self.culprits > self.broken or "F401" not in self.codes or not self.tests):
            raise ValueError("culprits are broken modules with F401, and need tests")
        return self
