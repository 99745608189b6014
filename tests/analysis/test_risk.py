"""How much a patch could break, and what may land unattended."""

from __future__ import annotations

from pathlib import Path

import pytest

from stomper.analysis.risk import risk
from stomper.models import Status
from tests.support.repositories import MakeRepo, git
from tests.support.runs import by_path, repair

CASES = {
    "cosmetic": [
        ("x = 1\n", "x  =  1  # one\n"),
        ("import os\nimport abc\nprint(os, abc)\n", "import abc\nimport os\n\nprint(os, abc)\n"),
        ("from a import c, b\n", "from a import b, c\n"),
        ("import b, a\n", "import a\nimport b\n"),
        ("x = 'a'\n", 'x = "a"\n'),
        ("x = (1 +\n  2)\n", "x = 1 + 2\n"),
        (
            "try:\n    import b\n    import a\nexcept E:\n    pass\n",
            "try:\n    import a\n    import b\nexcept E:\n    pass\n",
        ),
    ],
    "typing": [
        ("def f(x):\n    return x\n", "def f(x: int) -> int:\n    return x\n"),
        ("from typing import List\nx: List[int] = []\n", "x: list[int] = []\n"),
        ("x = []\n", "x: list[int] = []\n"),
        ("def f(x: 'A'): ...\n", "from __future__ import annotations\n\ndef f(x: A): ...\n"),
        ("from typing import Optional\ndef f(*a: Optional[int]): ...\n", "def f(*a: int | None): ...\n"),
        ("x: int\n", ""),
        ("import a\n", "from typing import TYPE_CHECKING\nimport a\nif TYPE_CHECKING:\n    import b\n"),
    ],
    "logic": [
        ("import os\n", ""),
        ("x = 1\n", "x = 2\n"),
        ("class A:\n    x: int = 1\n", "class A:\n    x: str = 1\n"),
        ("import a\nprint()\nimport b\n", "import a\nimport b\nprint()\n"),
        ("x = 1\n", "x = (\n"),
        ("from typing import cast\nx = y\n", "from typing import cast\nx = cast(int, y)\n"),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    a = 1\n", "a = 1\n"),
    ],
}


@pytest.mark.parametrize(("tier", "before", "after"), [(t, b, a) for t, pairs in CASES.items() for b, a in pairs])
def test_the_tier_of_a_patch(tier: str, before: str, after: str) -> None:
    """The syntax tree says what a patch is, in either direction."""
    assert risk({"a.py": before.encode()}, {"a.py": after.encode()}) == tier
    assert risk({"a.py": after.encode()}, {"a.py": before.encode()}) == tier


def test_a_patch_is_as_risky_as_its_riskiest_file() -> None:
    """New, deleted and other files are logic."""
    plain = {"a.py": b"x = 1\n"}
    assert risk({**plain, "b.py": b"x\n"}, {"a.py": b"x  = 1\n", "b.py": b"y\n"}) == "logic"
    assert risk({**plain, "b.py": None}, {**plain, "b.py": b""}) == "logic"
    assert risk({"data.json": b"1"}, {"data.json": b"1 "}) == "logic"
    assert risk({"notes.md": b"1"}, {"notes.md": b"1 \n"}) == "cosmetic"


def test_only_the_tiers_of_the_setting_land(make_repo: MakeRepo) -> None:
    """What may not land unattended is proven, kept as a patch, and said to wait; the rest lands and says its tier."""
    root = make_repo({"logic.py": "import os\n", "layout.py": "import b\nimport a\n\nprint(a, b)\n"})
    rules = {"ruff": {"args": ["--select", "I,F"]}}
    landing = repair(root, checkers=rules, risks=["cosmetic"])
    waiting = by_path(landing)["logic.py"]
    assert waiting.status is Status.WAITING
    assert waiting.reason == "proven, and waits for you: its risk is logic"
    assert "-import os" in Path(waiting.patch_file).read_text()
    assert [entry.path for entry in landing.landed] == ["layout.py"]
    assert "Stomper-Risk: cosmetic" in git(root, "log", "-1", "--format=%b")
    git(root, "apply", waiting.patch_file)
    assert (root / "logic.py").read_text() == ""


@pytest.mark.parametrize(
    ("tier", "before", "after"), [(tier, *pair) for tier, pairs in CASES.items() for pair in pairs]
)
def test_what_stays_beside_it_does_not_count(tier: str, before: str, after: str) -> None:
    """A change between definitions that stay as they are is of the tier that it is of alone."""
    first, last = "@wrapped\ndef first():\n    import z, a\n    x: int\n\n\n", "\n\nclass Last:\n    x: int = 1\n"
    if "__future__" in after:
        first = ""
    whole = {"a.py": f"{first}{before}{last}".encode()}, {"a.py": f"{first}{after}{last}".encode()}
    assert risk(*whole) == tier
