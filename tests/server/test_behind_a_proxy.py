"""A whole run behind a proxy that leads nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repositories import MakeRepo, write

STOMPER = str(Path(sys.executable).with_name("stomper"))
SHOW = """import os, pathlib, sys
pathlib.Path(sys.argv[1]).write_text("\\n".join(sorted(f"{k}={v}" for k, v in os.environ.items() if "proxy" in k.lower())))
"""


@pytest.mark.slow
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks://127.0.0.1:9"])
def test_a_run_needs_no_exception_for_loopback(make_repo: MakeRepo, tmp_path: Path, proxy: str) -> None:
    """It reaches the server that it has started itself; an agent is handed the caller's variables as they are."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    given = {name: proxy for plain in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (plain, plain.lower())}
    given["NO_PROXY"] = "corp.example"
    root, seen = make_repo({"a.py": "import os\nx = y\n"}), tmp_path / "seen"
    write(tmp_path, {"show.py": SHOW})
    names = ", ".join(f'"{name}"' for name in (*given, "no_proxy"))
    command = f'["{sys.executable}", "{tmp_path / "show.py"}", "{seen}"]'
    agent = f'agents.show = {{ kind = "command", command = {command}, env = [{names}] }}'
    argv = (STOMPER, "fix", "--test-validation", "none", "--agents", "ruff,show", "--set", agent.replace(" = ", "=", 1))
    done = subprocess.run(argv, cwd=root, env={**kept, **given}, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr  # the name that nothing defines is left
    assert (root / "a.py").read_text() == "x = y\n"
    assert seen.read_text().splitlines() == sorted(f"{name}={value}" for name, value in given.items())
