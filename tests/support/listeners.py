"""An agent that does what its test says, in Python, and logs what it is told."""

from __future__ import annotations

import sys
from pathlib import Path

UNUSED = "import os\n\n\ndef double(x):\n    return x + x\n"
TESTS = "from shop import double\n\n\ndef test_double():\n    assert double(2) == 4, 'twice two is four'\n"
# Answers by what it is told: argv is its log and the file.
LISTENER = """\
import pathlib, sys
log, file, prompt = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.stdin.read()
with log.open("a") as out:
    out.write(prompt + "\\n=== end of prompt\\n")
source = file.read_text()
ACTION
"""


def listener(root: Path, action: str, name: str = "listener", **table: object) -> dict[str, object]:
    """The setting `agents` for an agent that does *action*, Python with `source`, `prompt` and `file`, and logs prompts."""
    program = root.parent / f"{name}.py"
    text = LISTENER.replace("ACTION", action)
    if not program.exists() or program.read_text() != text:
        program.write_text(text)
    argv = [sys.executable, str(program), str(root.parent / f"{name}.log"), "{file}"]
    return {"ruff": {"enabled": False}, name: {"kind": "command", "command": argv, **table}}


def told(root: Path, name: str = "listener") -> list[str]:
    """The prompts of all calls so far."""
    log = root.parent / f"{name}.log"
    return log.read_text().split("\n=== end of prompt\n")[:-1] if log.exists() else []


CURE = "file.write_text(source.replace('import os\\n\\n\\n', ''))"
NOTHING = "pass"
CHEAT = "file.write_text(source.replace('import os', 'import os  # noqa'))"
BREAK_THEN_CURE = """
cured = source.replace('import os\\n\\n\\n', '')
file.write_text(cured if 'twice two is four' in prompt else cured.replace('x + x', 'x * x * x'))
"""
