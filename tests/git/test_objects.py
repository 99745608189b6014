"""Reading many objects at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from stomper.errors import RepositoryError
from stomper.git.objects import modes_at, read_blobs
from stomper.git.plumbing import git, text
from tests.support.runs import started


def commit(root: Path) -> str:
    git(("add", "--all"), cwd=root)
    git(("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "s"), cwd=root)
    return text(("rev-parse", "HEAD"), cwd=root)


def test_blobs_come_byte_for_byte(tmp_path: Path) -> None:
    """Contents that look like the protocol around them, end in no newline, or are empty, are read as they are."""
    git(("init", "--quiet"), cwd=tmp_path)
    contents = (b"", b"\n", b"no newline", b"a\0b\n", b"0" * 40 + b" blob 3\nabc\n", bytes(range(256)) * 300)
    ids = [git(("hash-object", "-w", "--stdin"), cwd=tmp_path, stdin=c).decode().strip() for c in contents]
    assert read_blobs(tmp_path, [*ids, *ids]) == dict(zip(ids, contents, strict=True))
    assert read_blobs(tmp_path, []) == {}


def test_a_blob_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """A missing object, or one of another kind, is never read as an empty file."""
    git(("init", "--quiet"), cwd=tmp_path)
    (tmp_path / "a").write_text("a")
    head = commit(tmp_path)
    for wrong in ("1" * 40, head):
        with pytest.raises(RepositoryError, match=wrong):
            read_blobs(tmp_path, [wrong])


def test_modes_are_of_every_path_however_it_is_named(tmp_path: Path) -> None:
    """Files in folders, links, programs, and names with tabs and newlines; what is not there has none."""
    git(("init", "--quiet"), cwd=tmp_path)
    (tmp_path / "p q").mkdir()
    (tmp_path / "p q" / "tab\tand\nline.py").write_text("")
    (tmp_path / "run").write_text("")
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "link").symlink_to("run")
    found = modes_at(tmp_path, commit(tmp_path))
    found.pop("home/gitconfig", None)  # the tests' own home is in the same folder
    assert found == {"p q/tab\tand\nline.py": "100644", "run": "100755", "link": "120000"}


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_what_is_at_hand_is_not_read(tmp_path: Path, algorithm: str) -> None:
    """Only where it is what git has: other contents change nothing, and the rest is read."""
    git(("init", "--quiet", f"--object-format={algorithm}"), cwd=tmp_path)
    contents = (b"", b"one\r\n", bytes(range(256)))
    ids = [git(("hash-object", "-w", "--stdin"), cwd=tmp_path, stdin=c).decode().strip() for c in contents]
    there = dict(zip(ids, contents, strict=True))
    with started() as lines:
        assert read_blobs(tmp_path, ids, at_hand=[*contents, b"other"]) == there
    assert lines == []
    with started() as lines:
        assert read_blobs(tmp_path, ids, at_hand=[b"one\n", contents[2]]) == there
    assert len(lines) == 1
