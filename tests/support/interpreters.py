"""Interpreters of other versions, as this machine has them."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

_VERSIONS = range(sys.version_info[1] + 1, 20)


@lru_cache
def newer_python() -> str:
    """The interpreter of the newest version beyond this one; the test is skipped where there is none from 3.13 on."""
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)  # HOME is the test's own
    for minor in sorted(_VERSIONS, reverse=True):
        pyenv = sorted((home / ".pyenv" / "versions").glob(f"3.{minor}.*/bin/python3"))
        for program in (shutil.which(f"python3.{minor}"), *map(str, pyenv)):
            if minor >= 13 and program and _answers(program):
                return program
    pytest.skip("no newer Python than this one is installed")


def _answers(program: str) -> bool:
    """Whether it is one, and no shim that says that it is not chosen."""
    return not subprocess.run((program, "-c", ""), check=False, capture_output=True).returncode
