"""The command `stomper` as people type it, and what it must be like when it refuses."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from stomper.cli import main
from stomper.git import redirections

STOMPER = str(Path(sys.executable).with_name("stomper"))
UNUSED = "import os\n"
BOTH = pytest.mark.parametrize("verb", ["check", "fix"])
ALSO_FIX = pytest.mark.parametrize("verb", ["check", pytest.param("fix", marks=pytest.mark.slow)])
"""For what both are told by the same words: a process of its own for each `fix` takes seconds."""


def stomper(cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, run in *cwd*: in a process of its own, but `check` and `settings` in this one, for speed."""
    if words[0] not in ("check", "settings"):
        return subprocess.run((STOMPER, *words), cwd=cwd, capture_output=True, text=True, check=False, timeout=120)
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(cwd):
        for name, value in (("argv", ["stomper", *words]), ("stdout", out), ("stderr", err)):
            patch.setattr(sys, name, value)
        with pytest.raises(SystemExit) as end:
            main()
        redirections.put_aside({})  # this process goes on with other tests
    printed = []
    for stream in (out, err):
        stream.seek(0)
        printed.append(stream.read())
    return subprocess.CompletedProcess(words, int(end.value.code or 0), *printed)


def refused(done: subprocess.CompletedProcess[str], *named: str) -> bool:
    """Whether it is exit code 2 and one message that names each of *named*, with nothing on stdout and no traceback."""
    message = " ".join(done.stderr.split())
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stdout == ""
    assert done.stderr.count("stomper:") + done.stderr.count("Error") == 1, done.stderr
    squeezed = message.replace(" ", "")
    assert [name for name in named if name.replace(" ", "") not in squeezed] == [], done.stderr
    return True


def jobs(root: Path, *flags: str) -> list[str]:
    """The files `check` would give, after it ended with a verdict and without a complaint."""
    done = stomper(root, "check", "--json", *flags)
    assert done.stderr == ""
    assert done.returncode in (0, 1)
    return [job["path"] for job in json.loads(done.stdout)["jobs"]]
