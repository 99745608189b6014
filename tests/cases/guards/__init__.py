"""Ways to cheat and honest fixes that look alike, a file each: a header, then the files before and after."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent


@dataclass
class GuardCase:
    """One case. `before` and `after` map paths to contents; a side without the path has no such file."""

    guard: str
    honest: bool
    name: str
    head: dict[str, str]
    before: dict[str, bytes] = field(default_factory=dict)
    after: dict[str, bytes] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The case as the folder spells it."""
        return f"{self.guard}/{'valid' if self.honest else 'invalid'}/{self.name}"

    @property
    def path(self) -> str:
        """The file of the job."""
        return self.head["path"]

    @property
    def extra(self) -> list[str]:
        """The files that may be edited beside it."""
        return self.head.get("extra", "").split()


def read_case(file: Path) -> GuardCase:
    """The case in *file*. `crlf` and `bom` say on which side the files have them."""
    head_text, *parts = file.read_text(encoding="utf-8").split("=== ")
    head = dict(line.split(": ", 1) for line in head_text.splitlines())
    case = GuardCase(file.parent.parent.name, file.parent.name == "valid", file.stem, head)
    for part in parts:
        title, _, content = part.partition("\n")
        side, _, path = title.partition(" ")
        if head.get("crlf") in (side, "both"):
            content = content.replace("\n", "\r\n")
        mark = b"\xef\xbb\xbf" if head.get("bom") in (side, "both") else b""
        (case.before if side == "before" else case.after)[path] = mark + content.encode()
    return case


CASES = [read_case(file) for file in sorted(HERE.glob("*/*/*.txt"))]
