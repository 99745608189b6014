"""What agents are told: bounded, repeatable, and with what is not trusted kept apart."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stomper.environment.python import Environment
from stomper.errors import SettingsError
from stomper.models import Diagnostic, FileJob
from stomper.prompts.rendering import Situation, Strategy, check_template, evidence, render
from tests.support.repositories import MakeRepo, open_run, write
from tests.support.runs import RULES, command

STOMPER = str(Path(sys.executable).with_name("stomper"))
SOURCE = "import os\n" + "".join(f"value_{n} = {n}\n" for n in range(1, 60))


def error(
    line: int = 1, code: str = "F401", message: str = "`os` imported but unused", tool: str = "ruff"
) -> Diagnostic:
    """An error in a.py."""
    return Diagnostic(tool=tool, code=code, message=message, path="a.py", line=line, fingerprint=f"{line}{code}")


def situation(root: Path, *errors: Diagnostic, source: str = SOURCE, **values: object) -> Situation:
    """What a prompt about a.py is made from."""
    job = FileJob(path="a.py", diagnostics=errors or (error(),))
    return Situation(job, source, root, Environment.detect(root), **values)  # type: ignore[arg-type]


def test_the_same_situation_gives_the_same_prompt(tmp_path: Path) -> None:
    """Providers can cache it, and a call that failed can be recognised."""
    assert render(situation(tmp_path)) == render(situation(tmp_path))


pieces = ["=====DATA-1=====", "=====DATA-2=====", "=====", "\n", "\r", "## ", "x", " ", "{{ fence }}"]
hostile = st.lists(st.sampled_from(pieces), max_size=12).map("".join)


@given(source=hostile, message=hostile, feedback=hostile)
def test_data_cannot_leave_its_fence(source: str, message: str, feedback: str) -> None:
    """Whatever source, messages and test output contain, no line of theirs ends the data that they are."""
    told = situation(Path("/nonexistent"), error(message=message), source=source, feedback=feedback, strategy="terse")
    text = render(told).text
    fence = text.partition("two lines `")[2].partition("`")[0]
    assert fence not in message + feedback
    parts = [part.strip("\n") for part in text.split(f"\n{fence}\n")]
    assert parts[1] == "a.py"
    assert parts[3].startswith("- line 1: ruff F401")
    assert (parts[5] == feedback.strip("\n")) if feedback else len(parts) == 5


def test_the_prompt_has_a_size(tmp_path: Path) -> None:
    """As many errors as there is room for, at least one, and the number of those left out."""
    many = [error(line, message="x" * 300) for line in range(1, 60)]
    prompt = render(situation(tmp_path, *many, tokens=1000, strategy="terse"))
    assert 0 < prompt.left_out < 59
    assert len(prompt.text) < 4000 + 2500  # the rules and headings come on top
    assert f"{prompt.left_out} more error(s)" in prompt.text
    assert render(situation(tmp_path, *many, tokens=500, strategy="terse")).left_out < 59


def test_every_way_of_asking_shows_something_else(tmp_path: Path) -> None:
    """The errors alone, with the rules, with examples, with more of the file."""
    examples = ("ruff:F401\n-import os\n",)
    texts: dict[Strategy, str] = {}
    for strategy in ("terse", "rules", "examples", "context"):
        texts[strategy] = render(situation(tmp_path, error(30), strategy=strategy, examples=examples)).text
    assert "ruff F401" in texts["terse"]
    assert "About these rules" not in texts["terse"]
    assert "About these rules" in texts["rules"]
    assert [way for way, text in texts.items() if "repaired elsewhere" in text] == ["examples"]
    assert [way for way, text in texts.items() if "value_20" in text] == ["context"]


def test_the_targets_own_advice_comes_first(tmp_path: Path) -> None:
    """A file of the target replaces Stomper's advice about a rule."""
    write(tmp_path, {".stomper/advice/ruff/F401.md": "Ask the release manager first.\n"})
    text = render(situation(tmp_path)).text
    assert "Ask the release manager first." in text


def test_advice_of_any_encoding_and_codes_of_any_length(tmp_path: Path) -> None:
    """Neither stops the prompt."""
    write(tmp_path, {".stomper/advice/ruff/F401.md": b"Caf\xe9 first.\n"})
    text = render(situation(tmp_path, error(), error(2, "long " * 80))).text
    assert "Caf\ufffd first." in text


@pytest.mark.parametrize(
    ("tool", "code", "said"),
    [("ruff", "PLR0124", "comparison-with-itself"), ("mypy", "exit-return", "__exit__"), ("todo", "todo", "")],
)
def test_checkers_explain_their_own_rules(tmp_path: Path, tool: str, code: str, said: str) -> None:
    """Where nobody has written advice, ruff's explanation and mypy's line do; other tools have none."""
    text = render(situation(tmp_path, error(code=code, tool=tool))).text
    assert ("About these rules" in text) == bool(said)
    assert said in text


def test_conventions_of_the_repository_are_told(tmp_path: Path) -> None:
    """Stomper's own file for them, else AGENTS.md, however tersely agents are asked."""
    write(tmp_path, {"AGENTS.md": "Tabs, never spaces."})
    assert "Tabs, never spaces." in render(situation(tmp_path, strategy="terse")).text
    write(tmp_path, {".stomper/conventions.md": "Names in German."})
    text = render(situation(tmp_path, strategy="terse")).text
    assert "Names in German." in text
    assert "Tabs" not in text


def test_a_template_of_the_target_replaces_ours(tmp_path: Path) -> None:
    """It is given the same values."""
    write(tmp_path, {".stomper/prompts/fix.md.j2": "Mend {{ path }}: {{ count }} error(s)\n{{ fence }}\n{{ errors }}"})
    assert render(situation(tmp_path)).text.startswith("Mend a.py: 1 error(s)\n=====DATA-1=====\n- line 1: ruff F401")


@pytest.mark.parametrize(
    ("template", "said"),
    [("{{ pth }}", "'pth' is undefined"), ("{% if %}", "Expected"), ("{{ ''.__class__.mro() }}", "unsafe")],
)
def test_a_broken_template_is_said_before_anything_is_done(make_repo: MakeRepo, template: str, said: str) -> None:
    """The message names the file and what a template can use; a template cannot reach into Python."""
    root = make_repo({"a.py": SOURCE})
    write(root, {".stomper/prompts/fix.md.j2": template})
    with pytest.raises(SettingsError, match=r"fix\.md\.j2: .*; what it can use is advice, conventions") as caught:
        check_template(root)
    assert said in str(caught.value)
    with pytest.raises(SettingsError):
        open_run(root, checkers=RULES, agents=command(root, "fix"))


def test_what_a_type_error_needs_is_shown(tmp_path: Path) -> None:
    """The head of a function of the repository that stands on a flagged line, found relatively and absolutely."""
    write(
        tmp_path,
        {"shop/__init__.py": "", "shop/prices.py": "def price(name: str, count: int) -> float:\n    return 1.0\n"},
    )
    source = "from shop.prices import price\n\nprice(1)\n"
    text = render(situation(tmp_path, error(3, "arg-type", "wrong", "mypy"), source=source)).text
    assert "# shop/prices.py\ndef price(name: str, count: int) -> float:" in text
    assert "shop/prices.py" not in render(situation(tmp_path, error(3), source=source)).text


@pytest.mark.parametrize("module", ["..secret", "." * 40, "." * 40 + "secret", "linked.secret"])
def test_what_lies_outside_the_worktree_is_not_shown(tmp_path: Path, module: str) -> None:
    """Neither by an import that leads above it, nor by a link."""
    write(
        tmp_path, {"secret.py": "def price() -> float: ...\n", "tree/b.py": "", "far/secret.py": "def price(): ...\n"}
    )
    (tmp_path / "tree/linked").symlink_to(tmp_path / "far")
    source = f"from {module} import price\n\nprice(1)\n"
    text = render(situation(tmp_path / "tree", error(3, "arg-type", "wrong", "mypy"), source=source)).text
    assert "def price" not in text


def test_evidence_is_what_was_wrong_and_what_was_tried() -> None:
    """Without a patch it is the problem alone."""
    assert evidence("still there", "", None) == "still there"
    assert evidence("tests: a is failed", "a: assert 1 == 2", None) == "tests: a is failed\n\na: assert 1 == 2"


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in *root*."""
    return subprocess.run((STOMPER, *arguments), cwd=root, capture_output=True, text=True, check=False, env=os.environ)


@pytest.mark.slow
def test_the_prompt_command_shows_it(make_repo: MakeRepo) -> None:
    """For a file with errors it prints the prompt, as asked; for one without it says so and exits with 1."""
    root = make_repo({"a.py": SOURCE, "b.py": "x = 1\n"})
    done = run(root, "prompt", "a.py", "--strategy", "terse")
    assert done.returncode == 0, done.stderr
    assert "line 1: ruff F401" in done.stdout
    assert "About these rules" not in done.stdout
    assert "About these rules" in run(root, "prompt", "a.py").stdout
    nothing = run(root, "prompt", "b.py")
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (1, "", "nothing to repair in b.py\n")
    wrong = run(root, "prompt", "a.py", "--strategy", "loud")
    assert wrong.returncode == 2
    assert "strategy = 'loud'" in wrong.stderr
