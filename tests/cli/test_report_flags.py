"""`--report`, and the step of GitHub Actions, as `check` is called there."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from stomper import cli
from stomper.cli.report_files import Telling
from stomper.config.parameters import FixParameters
from stomper.errors import Cancelled, StomperError
from stomper.state.store import Store
from tests.support.command_line import UNUSED, refused, stomper
from tests.support.repositories import MakeRepo, git


@pytest.fixture(autouse=True)
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file for the step's summary; the step itself is not one of GitHub Actions until the test says so."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    return tmp_path / "summary.md"


def test_reports_are_written_though_something_is_left(make_repo: MakeRepo, summary: Path) -> None:
    """Several at once, into folders that are made; the terminal's report stays; nothing is said to GitHub elsewhere."""
    root = make_repo({"a.py": UNUSED})
    done = stomper(root, "check", "--report", "sarif=../out/a.sarif", "--report", "junit=../out/b.xml")
    assert (done.returncode, done.stderr) == (1, "")
    assert "1 error(s) in 1 file(s)" in done.stdout
    assert json.loads((root.parent / "out/a.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "ruff/F401"
    assert "F401" in (root.parent / "out/b.xml").read_text()
    assert not summary.exists()
    assert sorted(p.name for p in (root.parent / "out").iterdir()) == ["a.sarif", "b.xml"]


def test_our_own_reader_takes_our_sarif(make_repo: MakeRepo) -> None:
    """What was found comes back from the report with its place and its odd name."""
    root = make_repo({"é [x]:1 %41.py": f"x = 1\n{UNUSED}"})
    stomper(root, "check", "--report", "sarif=../a.sarif")
    table = '[checkers.again]\nkind = "sarif"\ncommand = ["cat", "' + str(root.parent / "a.sarif") + '"]\n'
    (root.parent / "own.toml").write_text(table)
    read = stomper(root, "check", "--json", "--checkers", "again", "--config", "../own.toml")
    (job,) = json.loads(read.stdout)["jobs"]
    assert job["path"] == "é [x]:1 %41.py"
    assert {(d["code"], d["line"]) for d in job["diagnostics"]} >= {("ruff/F401", 2)}


def test_a_report_on_stdout_is_alone_there(make_repo: MakeRepo) -> None:
    """What people read goes to stderr then."""
    done = stomper(make_repo({"a.py": UNUSED}), "check", "--report", "codequality=-")
    assert json.loads(done.stdout)[0]["check_name"] == "ruff/F401"
    assert "1 error(s) in 1 file(s)" in done.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("xml=a",), "--report xml=a: write it as FORMAT=PATH, where FORMAT is one of json, sarif"),
        (("sarif",), "write it as FORMAT=PATH"),
        (("sarif=",), "write it as FORMAT=PATH"),
        (("sarif=.",), "is a folder"),
        (("sarif=a.py/b",), "cannot be written"),
        (("sarif=" + "x" * 300,), "cannot be written"),
        (("sarif=out", "junit=./out"), "to the same file"),
        (("sarif=-", "junit=-"), "--report sarif=- and --report junit=- all print to stdout"),
    ],
)
def test_a_report_that_cannot_be_is_refused_before_the_run(
    make_repo: MakeRepo, given: tuple[str, ...], said: str
) -> None:
    """In words, before anything is paid for."""
    flags = [word for one in given for word in ("--report", one)]
    assert refused(stomper(make_repo({"a.py": UNUSED}), "check", *flags), said)


def test_stdout_is_for_one(make_repo: MakeRepo) -> None:
    """`--json` and a report to stdout exclude each other."""
    done = stomper(make_repo({"a.py": UNUSED}), "check", "--json", "--report", "sarif=-")
    assert refused(done, "--json and --report sarif=- all print to stdout")


def test_a_report_that_cannot_be_written_is_told(make_repo: MakeRepo) -> None:
    """Exit code 2; the other report and what the terminal shows are there."""
    root = make_repo({"a.py": UNUSED})
    done = stomper(root, "check", "--report", "sarif=/dev/full", "--report", "json=../all.json")
    assert done.returncode == 2
    assert "/dev/full: the report cannot be written: No space left on device" in done.stderr
    assert "1 error(s) in 1 file(s)" in done.stdout
    assert json.loads((root.parent / "all.json").read_text())["jobs"]


def test_a_failure_is_a_report_too(make_repo: MakeRepo) -> None:
    """A run that ends before it found anything leaves no report of an earlier one behind."""
    root = make_repo({"a.py": UNUSED, "ruff.toml": "nope = 1\n"})
    (root.parent / "a.sarif").write_text("old")
    done = stomper(root, "check", "--report", "sarif=../a.sarif", "--report", "markdown=../a.md")
    assert done.returncode == 2
    (run,) = json.loads((root.parent / "a.sarif").read_text())["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert (root.parent / "a.md").read_text().startswith("# Stomper could not do its job\n\nruff")


def test_on_github_the_step_shows_it(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, summary: Path) -> None:
    """Annotations on stderr, a summary appended; stdout stays pure; what a file is named is no command."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    root = make_repo({"::error::x.py": UNUSED})
    summary.write_text("before\n")
    done = stomper(root, "check", "--json")
    assert json.loads(done.stdout)["jobs"]
    assert "::error title=ruff F401,file=%3A%3Aerror%3A%3Ax.py,line=1,col=8::" in done.stderr
    assert summary.read_text().startswith("before\n\n# ")
    shown = stomper(root, "check", "--report", "markdown=-").stderr.splitlines()
    begin = next(n for n, line in enumerate(shown) if line.startswith("::stop-commands::"))
    end = shown.index(f"::{shown[begin].removeprefix('::stop-commands::')}::")
    commands = [n for n, line in enumerate(shown) if line.lstrip().startswith("::error")]
    assert [n for n in commands if not begin < n < end] == [n for n in commands if "title=" in shown[n]]
    assert any(begin < n < end for n in commands), "the table of files begins a line with the name"


def test_on_github_a_failure_is_an_annotation(
    make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, summary: Path
) -> None:
    """With the summary saying the same."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done = stomper(make_repo({"a.py": UNUSED}), "check", "--since", "nowhere")
    assert done.returncode == 2
    assert "::error title=stomper stopped::--since nowhere: git knows no such commit" in done.stderr
    assert "git knows no such commit" in summary.read_text()


def test_no_ci(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, summary: Path) -> None:
    """`--no-ci` leaves both out."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done = stomper(make_repo({"a.py": UNUSED}), "check", "--no-ci")
    assert (done.returncode, done.stderr) == (1, "")
    assert not summary.exists()


def test_a_summary_that_cannot_be_written_stops_nothing(
    make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, summary: Path
) -> None:
    """Nobody asked for it: it is told, and the exit code is that of the check."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    summary.mkdir()
    done = stomper(make_repo({"a.py": "X = 1\n"}), "check")
    assert done.returncode == 0
    assert f"the summary cannot be added to {summary}: Is a directory" in done.stderr


def test_version(make_repo: MakeRepo) -> None:
    """`--version` and `version` say the same."""
    root = make_repo({"a.py": UNUSED})
    assert stomper(root, "--version").stdout == stomper(root, "version").stdout != ""


def test_a_path_that_cannot_be_looked_at(make_repo: MakeRepo) -> None:
    """A name that is longer than any may be is refused in words."""
    root = make_repo({"a.py": UNUSED})
    assert refused(stomper(root, "check", "--config", "x" * 300), "--config", "cannot be read: File name too long")
    assert refused(stomper(root, "check", "x" * 300), "cannot be looked at: File name too long")


def test_no_tests_is_no_verdict(make_repo: MakeRepo) -> None:
    """A checker that had nothing to run says so: "nothing to fix" would be believed."""
    root = make_repo({"a.py": UNUSED})
    assert refused(stomper(root, "check", "--checkers", "pytest"), "pytest: there are no tests, so nothing was checked")


def test_tests_that_fail_without_a_name_are_no_verdict(make_repo: MakeRepo) -> None:
    """A command that only ends with 1 says that something is wrong, but not where."""
    root = make_repo({"a.py": "X = 1\n"})
    done = stomper(root, "check", "--checkers", "pytest", "--set", "test_command=sh -c 'exit 1'")
    assert refused(done, "the tests fail, and none says in which file")
    assert git(root, "status", "--short") == ""


@pytest.mark.parametrize(
    ("raised", "becomes", "said"),
    [
        (KeyboardInterrupt(), Cancelled, "the run was stopped"),
        (StomperError("no checker could run"), StomperError, "no checker could run"),
        (ValueError("odd"), ValueError, "ValueError: odd"),
    ],
)
def test_whatever_ends_a_run_is_reported(
    tmp_path: Path, raised: BaseException, becomes: type[Exception], said: str
) -> None:
    """Ctrl-C and bugs too: who reads the reports alone is told why there is no result."""
    telling = Telling.of("fix", [f"json={tmp_path / 'a.json'}"], stdout_taken_by="", no_ci=True)
    with pytest.raises(becomes), telling.around():
        raise raised
    assert json.loads((tmp_path / "a.json").read_text()) == {"failure": said}


@pytest.mark.parametrize("error", [ValueError("odd"), OSError(errno.EBADF, "Bad file descriptor")])
def test_a_bug_has_an_exit_code_of_its_own(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """1 would say that errors are left in the code."""

    def fails(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert str(error) in capsys.readouterr().err


def test_a_resumed_run_writes_reports(make_repo: MakeRepo, fenced: Path) -> None:
    """They are asked for anew: how the run before was told is not part of what it was to do."""
    root = make_repo({"a.py": "x = 1\n"})
    store = Store(fenced)
    store.begin("cut-off", str(root), FixParameters(repository=str(root)).model_dump_json())
    store.close()
    done = stomper(root, "resume", "--report", "json=-", "--report", "markdown=../out/a.md")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert "run cut-off" in report["warnings"][0]
    assert "nothing to fix" in done.stderr
    assert "warning: run cut-off" in done.stderr
    assert "# 0 error(s) fixed" in (root.parent / "out/a.md").read_text()
