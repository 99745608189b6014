"""Landing keeps bytes, modes and names as they are."""

from __future__ import annotations

import os

import pytest

from stomper.models import Status
from tests.support.repositories import MakeRepo, git
from tests.support.runs import only, raw, repair

UNUSED = "import os\nx = 1\n"
CURED = "x = 1\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"import os\r\nx = 1\r\ny = 2\r\n", b"x = 1\r\ny = 2\r\n"),
        (b"import os\nx = 1", b"x = 1"),
        (b"\xef\xbb\xbfimport os\nx = 1\n", b"\xef\xbb\xbfx = 1\n"),
        (b"\xef\xbb\xbfimport os\r\nx = 1", b"\xef\xbb\xbfx = 1"),
        ("import os\nx = 'naïve ☃ \u2028'\n".encode(), "x = 'naïve ☃ \u2028'\n".encode()),
        (b"import os\nx = 1  \n\x0c\ny = 2\t\n", b"x = 1  \n\x0c\ny = 2\t\n"),
        (b"import os\nx = '''a\r\nb'''\n", b"x = '''a\r\nb'''\n"),
    ],
    ids=["crlf", "no final newline", "bom", "bom crlf no final newline", "non-ascii", "form feed", "mixed endings"],
)
def test_bytes_are_preserved(make_repo: MakeRepo, before: bytes, after: bytes) -> None:
    """Line endings, a byte order mark and the end of the file stay as they are, in the commit and in the checkout."""
    root = make_repo({"a.py": before})
    landing = repair(root)
    assert only(landing).status is Status.FIXED
    assert raw(root, "cat-file", "blob", "HEAD:a.py") == after
    assert (root / "a.py").read_bytes() == after
    assert git(root, "status", "--short") == ""


@pytest.mark.parametrize("way", ["core.autocrlf", "attribute"])
def test_converted_line_endings(make_repo: MakeRepo, way: str) -> None:
    """Where git converts line endings, the commit has LF and the checkout CRLF, as before."""
    files = {".gitattributes": "*.py text eol=crlf\n"} if way == "attribute" else {}
    root = make_repo({**files, "a.py": UNUSED})
    if way == "core.autocrlf":
        git(root, "config", "core.autocrlf", "true")
    (root / "a.py").unlink()
    git(root, "checkout", "--quiet", "--", "a.py")
    assert (root / "a.py").read_bytes() == b"import os\r\nx = 1\r\n"
    assert only(repair(root)).status is Status.FIXED
    assert raw(root, "cat-file", "blob", "HEAD:a.py") == CURED.encode()
    assert (root / "a.py").read_bytes() == b"x = 1\r\n"
    assert git(root, "status", "--short") == ""


def test_executable_bit_is_preserved(make_repo: MakeRepo) -> None:
    """A script stays executable, in the commit and in the checkout."""
    root = make_repo({"a.py": "#!/usr/bin/env python3\n" + UNUSED})
    (root / "a.py").chmod(0o755)
    git(root, "commit", "--quiet", "-am", "mode")
    assert only(repair(root)).status is Status.FIXED
    assert git(root, "ls-tree", "HEAD", "a.py").startswith("100755 ")
    assert os.access(root / "a.py", os.X_OK)


@pytest.mark.parametrize(
    "name",
    [
        "with space.py", "quo\"te's.py", "new\nline.py", "-dash.py", "--help.py", "naïve-☃.py", "tab\t.py", "back\\slash.py",
        ":colon.py", "[ab]*?.py", "{x},y.py", "#hash.py", "!bang.py", "$HOME.py", " lead.py", "-d/in folder/-f.py",
    ],
)  # fmt: skip
def test_any_name_lands(make_repo: MakeRepo, name: str) -> None:
    """A file of any name is repaired and lands under exactly that name."""
    root = make_repo({name: UNUSED})
    landing = repair(root)
    assert [(o.path, o.status) for o in landing.outcomes] == [(name, Status.FIXED)]
    assert raw(root, "show", "--name-only", "--format=", "-z", "HEAD") == name.encode() + b"\0"
    assert (root / name).read_text() == CURED
    assert git(root, "rev-list", "--count", "HEAD") == "2"
    assert len(git(root, "log", "-1", "--format=%(trailers:key=Stomper-Run)").splitlines()) == 1


def test_all_odd_names_together(make_repo: MakeRepo) -> None:
    """Many odd names in one run are one commit each and one patch file each."""
    names = ["a b.py", "a_b.py", "a\nb.py", "a\tb.py", "ä.py", "ö.py"]
    root = make_repo(dict.fromkeys(names, UNUSED))
    landing = repair(root, land="patch")
    assert {o.path for o in landing.outcomes} == set(names)
    assert len({o.patch_file for o in landing.outcomes}) == len(names)


def test_name_that_is_not_utf8(make_repo: MakeRepo) -> None:
    """A file whose name is not UTF-8 does not keep the others from landing."""
    root = make_repo({"caf\udce9.py": UNUSED, "a.py": UNUSED})
    landing = repair(root)
    assert "a.py" in [entry.path for entry in landing.landed]
    assert [o.reason for o in landing.outcomes if o.path != "a.py"] == ["its name is not UTF-8: rename it"]
    assert git(root, "status", "--short") == ""
