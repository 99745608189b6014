"""What an agent can reach: with bubblewrap nothing but its worktree, and without it whatever it does is seen."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stomper.errors import SettingsError
from stomper.fixing.fix_file import process_file
from stomper.landing.land import land
from stomper.models import Status
from tests.support.repositories import MakeRepo, git, open_run, write
from tests.support.runs import RULES, by_path, only, repair, scripted, snapshot

UNUSED = "import os\nx = 1\n"
CURED = "x = 1\n"
FIX = "sed -i '/^import os$/d' \"$1\"\n"


def works() -> bool:
    """Whether bubblewrap can be used here."""
    argv = ("bwrap", "--ro-bind", "/", "/", "--unshare-pid", "--proc", "/proc", "true")
    return shutil.which("bwrap") is not None and subprocess.run(argv, check=False, capture_output=True).returncode == 0


sandboxed = pytest.mark.skipif(not works(), reason="bubblewrap does not work here")


def shell(root: Path, script: str, **table: object) -> dict[str, object]:
    """A command agent that runs *script*, with the file as `$1`, and cures the error at the end."""
    program = root.parent / "agent.sh"
    program.write_text(f"{script}\n{FIX}", encoding="utf-8")
    command = {"kind": "command", "command": ["sh", str(program), "{file}"], **table}
    return {"ruff": {"enabled": False}, "mine": command}


@sandboxed
def test_a_sandboxed_agent_writes_to_nothing_but_its_worktree(make_repo: MakeRepo) -> None:
    """Its fix lands; what it tried elsewhere, the checkout, its git folder, HOME and /tmp included, is not there."""
    root = make_repo({"a.py": UNUSED})
    before = snapshot(root / ".git")
    home = Path(os.environ["HOME"])
    places = (root, root / ".git", root / ".git" / "hooks", home, Path("/tmp"), root.parent, Path("/var/tmp"))  # noqa: S108
    script = "\n".join(f"echo evil > {place}/stomper-evil 2>/dev/null" for place in places)
    landing = repair(root, agents=shell(root, script), sandbox="bwrap", land="patch")
    assert only(landing).status is Status.FIXED
    assert [place for place in places if (place / "stomper-evil").exists()] == []
    assert snapshot(root / ".git") == before
    assert git(root, "status", "--porcelain") == ""


def test_an_agent_that_has_git_show_something_else(make_repo: MakeRepo) -> None:
    """What it puts in the place of an object is not what a fix is compared with, and does not land."""
    root = make_repo({"a.py": "import os\n\n\ndef kept():\n    return 1\n"})
    script = 'git replace "$(git rev-parse HEAD:a.py)" "$(printf \'x = 1\\n\' | git hash-object -w --stdin)"'
    landing = repair(root, agents=shell(root, f"{script}\nprintf 'x = 1\\n' > a.py"))
    assert "guard" in only(landing).reason
    assert git(root, "show", "HEAD:a.py").startswith("import os")


@sandboxed
def test_home_is_hidden_but_for_what_the_table_names(make_repo: MakeRepo) -> None:
    """A secret in HOME cannot be read; what `home` names can be, and may be written to."""
    root = make_repo({"a.py": "import os\n"})
    home = Path(os.environ["HOME"])
    write(home, {".ssh/id": "secret", ".agent/login": "token", ".agent/state": ""})
    script = 'cat ~/.ssh/id >> "$1" 2>/dev/null; cat ~/.agent/login > ~/.agent/state'
    landing = repair(root, agents=shell(root, script, home=[".agent"]), sandbox="bwrap")
    assert (home / ".agent" / "state").read_text() == "token"
    assert only(landing).status is Status.FIXED
    assert (root / "a.py").read_text() == ""


@sandboxed
def test_nothing_that_a_sandboxed_agent_started_outlives_it(make_repo: MakeRepo) -> None:
    """A child in a session of its own, with an empty environment, ends with the sandbox."""
    root = make_repo({"a.py": UNUSED})
    repair(root, agents=shell(root, "env -i setsid sleep 98765 >/dev/null 2>&1 &"), sandbox="bwrap")
    commands = [p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if os.access(p, os.R_OK)]
    assert [c for c in commands if b"98765" in c] == []


@pytest.mark.parametrize("sandbox", [pytest.param("bwrap", marks=sandboxed), "none"])
def test_git_is_not_led_astray_by_a_worktree(make_repo: MakeRepo, sandbox: str) -> None:
    """An agent that points the worktree's `.git` at a repository of its own, whose configuration runs a program, has no
    git of Stomper's run it."""
    root = make_repo({"a.py": UNUSED})
    log = root.parent / "ran"
    script = (
        f"rm -rf .git; git init -q . && git config core.fsmonitor 'touch {log}' && git config core.pager 'touch {log}'\n"
        f"printf '[filter \"x\"]\\n\\tclean = touch {log}\\n' >> .git/config; echo '*.py filter=x' > .gitattributes\n"
        "rm .gitattributes; mkdir -p .git/info; echo '*.py filter=x' > .git/info/attributes"
    )
    repair(root, agents=shell(root, f"({script}) >/dev/null 2>&1"), sandbox=sandbox)
    assert not log.exists()


CONFIGURATIONS = {
    "configuration": "git config filter.x.clean 'touch {log}; sed s/1/2/'; echo '*.py filter=x' > $common/info/attributes",
    "link": "mv $common/config {log}.config; ln -s {log}.config $common/config; mkdir $common/info/attributes\n"
    "git config filter.x.clean 'touch {log}; sed s/1/2/'; printf '\\n*.py filter=x\\n' > .gitattributes",
    "folder": "rm $common/info/exclude $common/config; mkdir $common/info/exclude $common/config",
    "other repository": "git init -q --bare {log}.git; git -C {log}.git config filter.x.clean 'touch {log}; sed s/1/2/'\n"
    "echo '*.py filter=x' > {log}.git/info/attributes; echo {log}.git > $(git rev-parse --git-dir)/commondir",
}


@pytest.mark.parametrize("how", CONFIGURATIONS)
def test_git_reads_no_configuration_of_an_agent(make_repo: MakeRepo, how: str) -> None:
    """What an agent without a sandbox makes of the private clone's configuration runs no program, and does not decide what
    lands."""
    root = make_repo({"a.py": UNUSED})
    log = root.parent / "ran"
    script = f"common=$(git rev-parse --git-common-dir)\n{CONFIGURATIONS[how].format(log=log)}\nrm -f .gitattributes"
    landing = repair(root, agents=shell(root, f"{{ {script}\n}} >/dev/null 2>&1"), sandbox="none")
    assert only(landing).status is Status.FIXED, only(landing).reason
    assert git(root, "show", "HEAD:a.py") == CURED.strip()
    assert not log.exists()


HARM = {
    "commit": "git -C {root} -c user.name=A -c user.email=a@b commit -q --allow-empty -m mine",
    "hook": "echo exit 0 > {root}/.git/hooks/pre-commit",
    "config": "git -C {root} config core.pager evil",
    "switch": "git -C {root} switch -q -c other",
    "uncommitted work deleted": "rm {root}/dirty.txt",
    "branch deleted": "git -C {root} branch -q -D theirs",
    "configuration of a tool": "echo > {root}/ruff.toml",
}
"""What harms the user, or what lands, without a sandbox: nothing lands then."""
NOTED = {
    "file": "echo x > {root}/new.txt",
    "file whose name is not UTF-8": r"echo x > {root}/$(printf 'caf\351').txt",
    "dirty file": "echo more >> {root}/dirty.txt",
    "deleted": "rm {root}/b.txt",
    "index": "echo x > {root}/b.txt; git -C {root} add b.txt; git -C {root} show :b.txt > /dev/null",
    "branch": "git -C {root} branch mine",
    "tag": "git -C {root} tag mine",
    "stash": "cd {root} && git stash -q; cd - >/dev/null",
}
"""What people and their editors do all day: whoever did it, it is told."""


@pytest.fixture
def dirty(make_repo: MakeRepo) -> Path:
    """A repository with uncommitted work, and a branch of somebody's."""
    root = make_repo({"a.py": UNUSED, "b.txt": "1\n", "dirty.txt": "1\n"})
    git(root, "branch", "theirs")
    write(root, {"dirty.txt": "2\n"})
    return root


@pytest.mark.parametrize("escape", HARM)
def test_an_agent_that_does_harm_outside_its_worktree_stops_all_landing(dirty: Path, fenced: Path, escape: str) -> None:
    """Without a sandbox harm to the repository while an agent ran is seen: nothing lands, the evidence and the patches are
    kept, and the report names the agent."""
    tip = git(dirty, "rev-parse", "main")
    landing = repair(dirty, agents=shell(dirty, HARM[escape].format(root=dirty)))
    assert "the repository changed while agents ran" in landing.failure
    assert "mine on a.py" in landing.failure
    assert not landing.landed
    assert (git(dirty, "rev-parse", "main") == tip) is (escape != "commit")
    (evidence,) = (fenced / "evidence").iterdir()
    assert all("mine on a.py" in entry["agents"] for entry in json.loads(evidence.read_text()))
    assert Path(only(landing).patch_file).parent.name == "proven"


@pytest.mark.parametrize("escape", NOTED)
def test_what_may_be_the_users_own_doing_is_told(dirty: Path, escape: str) -> None:
    """The fix lands, and who was running is told."""
    session = open_run(
        dirty, agents=shell(dirty, NOTED[escape].format(root=dirty)), checkers=RULES, test_validation="none"
    )
    session.collect()
    outcomes = [process_file(session, job) for job in session.select()[0]]
    landing = land(session, outcomes, contextlib.nullcontext)
    told = session.watch.words
    session.close()
    assert [entry.path for entry in landing.landed] == ["a.py"]
    assert ["mine on a.py" in line for line in told] == [True]


def test_what_the_user_does_between_the_calls_is_no_violation(make_repo: MakeRepo) -> None:
    """Edits that come while no agent runs are the user's: their file is left alone, the rest lands."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    rules = scripted(root, {"action": "drop_lines"})
    landing = repair(root, agents=rules, before_landing=lambda: write(root, {"b.py": "mine\n"}))
    assert landing.failure == ""
    assert [entry.path for entry in landing.landed] == ["a.py"]
    assert "edited during the run" in by_path(landing)["b.py"].reason
    assert (root / "b.py").read_text() == "mine\n"


def test_a_sandbox_that_does_not_work_is_refused(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sandbox = "bwrap"` without bubblewrap is an error with the way out, never a silent run without it."""
    root = make_repo({"a.py": UNUSED})
    git_folder = Path(shutil.which("git") or "").parent
    bare = root.parent / "bin"
    bare.mkdir()
    (bare / "git").symlink_to(git_folder / "git")
    (bare / "python3").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(bare))
    with pytest.raises(SettingsError, match='sandbox = "bwrap": bubblewrap is not installed'):
        repair(root, sandbox="bwrap")
