"""The ruff agent changes what is aimed at, what that brings about, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stomper.models import Status
from tests.support.repositories import MakeRepo, git
from tests.support.ruff import fixed_by_ruff
from tests.support.runs import by_path, only, raw, repair

SOURCE = """\
import sys
import os
from typing import Optional


def f(a: Optional[str]) -> str:
    return "{}".format(a) + os.sep
"""
CONFIG = 'target-version = "py311"\nlint.select = ["F", "I", "UP", "SIM", "W"]\n'


def landed(root: Path, **settings: Any) -> None:
    """Repair *root* with the rules of its own configuration."""
    repair(root, **{"checkers": {"ruff": {}}, **settings})


@pytest.mark.parametrize(
    ("settings", "fixable"),
    [
        ({"select": ["F401"]}, "F401"),
        pytest.param({"select": ["UP032", "SIM"]}, "UP032,SIM", marks=pytest.mark.slow),
        ({"ignore": ["UP", "I"]}, "F,SIM,W"),
        ({"select": ["ALL"], "ignore": ["F401", "UP045"]}, "UP032,I,W,SIM"),
        pytest.param({"select": ["F", "I001"], "include": ["a.py"]}, "F,I001", marks=pytest.mark.slow),
        pytest.param({"select": ["UP032"], "max_files": 1}, "UP032", marks=pytest.mark.slow),
        pytest.param({"ignore": ["UP032"], "max_errors": 1}, "F,I,UP045", marks=pytest.mark.slow),
        ({}, "ALL"),
    ],
)
def test_what_lands_is_what_ruff_makes_of_the_codes_aimed_at(
    make_repo: MakeRepo, settings: dict[str, Any], fixable: str
) -> None:
    """Whatever narrows a run: byte for byte `ruff check --fix-only --fixable CODES`, and files that are left out stay."""
    root = make_repo({"ruff.toml": CONFIG, "a.py": SOURCE, "b.py": SOURCE})
    oracle = fixed_by_ruff(root, fixable)
    landed(root, **settings)
    narrowed = settings.keys() & {"include", "max_files", "max_errors"}
    assert (root / "a.py").read_bytes() == oracle["a.py"]
    assert (root / "b.py").read_bytes() == (SOURCE.encode() if narrowed else oracle["b.py"])


BROUGHT = "from typing import List\nimport os\n\n\ndef f(x: List[int]) -> str:\n    return os.sep\n"


def test_what_a_fix_brought_about_is_cleaned_up_and_named(make_repo: MakeRepo) -> None:
    """In the commit's body, in the outcome, and never as an error that was aimed at."""
    root = make_repo({"ruff.toml": CONFIG, "a.py": BROUGHT})
    outcome = only(repair(root, checkers={"ruff": {}}, select=["UP006"]))
    assert (root / "a.py").read_text() == "import os\n\n\ndef f(x: list[int]) -> str:\n    return os.sep\n"
    assert [part.words for part in outcome.cleaned_up] == ["cleaned up after UP006: F401"]
    assert {d.code for d in outcome.fixed} == {"UP006"}
    message = git(root, "log", "-1", "--format=%B")
    assert message.startswith("fix: resolve UP006 in a.py\n")
    assert "\n- cleaned up after UP006: F401\n" in message
    assert "Stomper-Codes: ruff:UP006\n" in f"{message}\n"


def test_what_is_cleaned_up_is_named_by_the_run_that_takes_the_patch_over(make_repo: MakeRepo) -> None:
    """A patch that waited is landed by a later run, with all that it does in its commit."""
    root = make_repo({"ruff.toml": CONFIG, "a.py": BROUGHT})
    settings: dict[str, Any] = {"checkers": {"ruff": {}}, "select": ["UP006"]}
    assert only(repair(root, **settings, risks=["cosmetic"])).status is Status.WAITING
    outcome = only(repair(root, **settings))
    assert [attempt.reused for attempt in outcome.attempts] == [True]
    assert "cleaned up after UP006: F401" in git(root, "log", "-1", "--format=%B")


# What stands there before, what --select UP006 makes of it.
SAME_CODE = {
    "elsewhere": (
        "import re\nfrom typing import List\nx: List[int] = []\n",
        "import re\nx: list[int] = []\n",
    ),
    "the same statement": (
        "import re\nfrom typing import Dict, List\nx: List[int] = []\n",
        "import re\nfrom typing import Dict\nx: list[int] = []\n",
    ),
    "in a function": (
        "from typing import Dict as D, List\n\n\ndef f(x: List[int]):\n    import re\n",
        "from typing import Dict as D\n\n\ndef f(x: list[int]):\n    import re\n",
    ),
    "a mark and odd line ends": (
        "\ufeffimport os.path\r\nfrom typing import Any, List\r\nx: List[int] = []\r\ny = 'ä'; z = 1",
        "\ufeffimport os.path\r\nfrom typing import Any\r\nx: list[int] = []\r\ny = 'ä'; z = 1",
    ),
}


@pytest.mark.parametrize("case", SAME_CODE)
def test_errors_of_the_same_code_that_were_there_stay(make_repo: MakeRepo, case: str) -> None:
    """An import that was unused before is none that the fix has left unused."""
    before, after = SAME_CODE[case]
    root = make_repo({"ruff.toml": CONFIG, "a.py": before})
    landed(root, select=["UP006"])
    assert (root / "a.py").read_bytes().decode() == after


def test_one_of_two_blocks_is_sorted(make_repo: MakeRepo) -> None:
    """An import block that a fix leaves unsorted is sorted, one that was unsorted before is not."""
    old = "import sys\nimport os\n\nprint(sys, os)\n\n\ndef f():\n    import abc\n"
    after = "\n    import b\n\n    print(abc, b)\n"
    root = make_repo({"ruff.toml": CONFIG, "a.py": f"{old}\n    import attr\n{after}", "b.py": ""})
    outcome = only(repair(root, checkers={"ruff": {}}, select=["F401"]))
    assert (root / "a.py").read_text() == old + after
    assert [part.words for part in outcome.cleaned_up] == ["cleaned up after F401: I001"]


def test_an_old_error_in_other_words_is_left_alone(make_repo: MakeRepo) -> None:
    """Sorting names changes how ruff lists them; that is no new error, and the fix lands."""
    source = "from typing import Iterable, Any, Callable\n\nx: Iterable[Any] | Callable[..., Any] = []\n"
    root = make_repo({"ruff.toml": CONFIG, "a.py": source})
    oracle = fixed_by_ruff(root, "I001")
    outcome = only(repair(root, checkers={"ruff": {}}, select=["I001"]))
    assert (root / "a.py").read_bytes() == oracle["a.py"] != source.encode()
    assert not outcome.cleaned_up


NOTEBOOK = (
    '{"cells": [{"cell_type": "code", "execution_count": null, "id": "a", "metadata": {}, "outputs": [], "source": '
    '[%s"from typing import List\\n", "x: List[int] = []"]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}\n'
)


def test_notebooks_are_cleaned_up_only_where_nothing_else_would_go(make_repo: MakeRepo) -> None:
    """ruff gives no places in their files: where the same code stood there before, the new error turns the fix down."""
    root = make_repo({"ruff.toml": CONFIG, "a.ipynb": NOTEBOOK % "", "b.ipynb": NOTEBOOK % '"import re\\n", '})
    ends = by_path(repair(root, checkers={"ruff": {}}, select=["UP006"]))
    assert ends["a.ipynb"].status is Status.FIXED
    assert "import" not in (root / "a.ipynb").read_text()
    assert ends["b.ipynb"].reason.startswith("new error: b.ipynb:2 F401")


@pytest.mark.parametrize(
    ("config", "args"),
    [
        ('lint.unfixable = ["F401"]\n', []),
        ('lint.fixable = ["UP", "I"]\n', []),
        pytest.param("", ["--unfixable", "F401"], marks=pytest.mark.slow),
        pytest.param("", ["--fixable", "UP,I"], marks=pytest.mark.slow),
        ("", ["--fixable=UP", "--extend-fixable", "I"]),
    ],
)
def test_what_the_user_lets_ruff_fix_is_a_limit_and_never_more(
    make_repo: MakeRepo, config: str, args: list[str]
) -> None:
    """By the configuration or by the arguments: F401 stays where it may not be fixed, and UP where it is not aimed at."""
    root = make_repo({"ruff.toml": CONFIG.replace("lint.", config + "lint.", 1), "a.py": SOURCE})
    oracle = fixed_by_ruff(root, "I001")
    repair(root, checkers={"ruff": {"args": args}}, select=["F401", "I001"])
    assert (root / "a.py").read_bytes() == oracle["a.py"]


def test_what_is_not_aimed_at_stays_where_others_judge_too(make_repo: MakeRepo) -> None:
    """File by file, beside another checker, it is the same."""
    root = make_repo({"ruff.toml": CONFIG, "a.py": SOURCE})
    quiet = {"kind": "command", "command": ["true"], "pattern": r"(?P<path>.+):(?P<message>.+)"}
    oracle = fixed_by_ruff(root, "F401")
    landed(root, checkers={"ruff": {}, "quiet": quiet}, select=["F401"])
    assert (root / "a.py").read_bytes() == oracle["a.py"]
    assert raw(root, "show", "HEAD:a.py") == oracle["a.py"]
