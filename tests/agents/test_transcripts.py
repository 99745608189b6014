"""What agents were told and said, kept in files: what is in them, who may read them, and when they go."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from stomper.agents.transcripts import SAID_LIMIT, prune, tail
from stomper.state import locks
from tests.support.api_runs import KEY, edits, run
from tests.support.listeners import UNUSED, listener
from tests.support.repositories import MakeRepo
from tests.support.runs import only, repair

SAYS = "print('working on it'); print('x' * 3 + 'done', file=sys.stderr)\n"
CURE = "file.write_text(source.replace('import os\\n\\n\\n', ''))"


def kept(state: Path) -> list[Path]:
    return sorted((state / "transcripts").rglob("*.md"))


def test_each_attempt_has_one(make_repo: MakeRepo, fenced: Path) -> None:
    """With the prompt, what it printed, and what came of it; named in the report; for the user's eyes only."""
    root = make_repo({"odd name.py": UNUSED})
    outcome = only(repair(root, agents=listener(root, f"{SAYS}prompt and None", env=())))
    assert [a.transcript for a in outcome.attempts] == [str(p) for p in kept(fenced)]
    first = kept(fenced)[0]
    text = first.read_text()
    assert "- file: odd name.py" in text
    assert "- result: nothing was changed" in text
    assert "- cost: unknown" in text
    assert "F401" in text.partition("# Prompt")[2].partition("# What it said")[0]
    assert "working on it\n\n--- stderr ---\nxxxdone" in text.partition("# What it said")[2]
    assert (first.stat().st_mode & 0o777, first.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_ruffs_own_fixes_have_none(make_repo: MakeRepo, fenced: Path) -> None:
    """They are told nothing and say nothing."""
    root = make_repo({"a.py": UNUSED})
    assert only(repair(root)).attempts[0].transcript == ""
    assert kept(fenced) == []


def test_no_day_keeps_none(make_repo: MakeRepo, fenced: Path) -> None:
    """`transcript_days = 0`, and what was there before goes."""
    root = make_repo({"a.py": UNUSED})
    repair(root, agents=listener(root, SAYS))
    assert kept(fenced)
    outcome = only(repair(root, agents=listener(root, CURE, "other"), transcript_days=0))
    assert outcome.commit
    assert outcome.attempts[0].transcript == ""
    assert kept(fenced) == []


def test_secrets_are_not_in_it(make_repo: MakeRepo, fenced: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an agent says of the caller's keys is hidden, before it is cut."""
    monkeypatch.setenv("AGENT_TOKEN", "planted-token-7734")
    root = make_repo({"a.py": UNUSED})
    action = f"import os\nprint(os.environ['AGENT_TOKEN'] + 'y' * {SAID_LIMIT - 10})"
    repair(root, agents=listener(root, action, env=["AGENT_TOKEN"]))
    text = "".join(p.read_text() for p in kept(fenced))
    assert "yyyy" in text
    assert "7734" not in text


def test_it_has_what_a_model_answered(make_repo: MakeRepo, fenced: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The edits of an agent that is an API, and nothing of its key."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    root = make_repo({"a.py": UNUSED})
    landing, _ = run(root, edits(("import os\n\n\n", "")))
    assert only(landing).commit
    (file,) = kept(fenced)
    assert '"old"' in file.read_text().partition("# What it said")[2]
    assert KEY not in file.read_text()


def test_the_end_is_what_is_kept() -> None:
    """Whole lines where that can be."""
    assert tail("short") == "short"
    assert tail("a\nbc\nde", 4) == "…\nde"
    assert tail("x" * 10, 4) == "…\nxxxx"


def test_old_ones_go_then_the_oldest_beyond_the_size(tmp_path: Path) -> None:
    """Never those of a run under way."""
    for name, days, size in (
        ("old", 40, 1),
        ("big", 3, 1024**2),
        ("small", 2, 10),
        ("new", 1, 1024**2 - 100),
        ("live", 50, 10),
    ):
        folder = tmp_path / "transcripts" / name
        folder.mkdir(parents=True)
        (folder / "a.md").write_bytes(b"x" * size)
        then = time.time() - days * 24 * 3600
        os.utime(folder / "a.md", (then, then))
    alive = locks.begin_run(tmp_path / "runs", "live")
    assert sorted(prune(tmp_path, days=30, megabytes=1)) == ["big", "old"]
    assert sorted(p.name for p in (tmp_path / "transcripts").iterdir()) == ["live", "new", "small"]
    alive.release()
    assert prune(tmp_path, days=30, megabytes=1) == ["live"]


def test_the_size_is_a_setting(make_repo: MakeRepo, fenced: Path) -> None:
    """`transcript_megabytes`: a run removes the oldest before it begins."""
    folder = fenced / "transcripts" / "before"
    folder.mkdir(parents=True)
    (folder / "a.md").write_bytes(b"x" * (1024**2 + 1))
    root = make_repo({"a.py": UNUSED})
    repair(root, transcript_megabytes=2)
    assert folder.exists()
    repair(root, transcript_megabytes=1)
    assert not folder.exists()
