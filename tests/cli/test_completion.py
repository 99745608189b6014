"""What the shell completes: commands, flags and the words that flags take."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = str(Path(sys.executable).parent)


def bash(script: str, home: Path) -> str:
    """What a bash prints that runs *script*, with `stomper` on its path."""
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(home)}
    argv = ("bash", "--norc", "-c", script)
    return subprocess.run(argv, env=env, cwd=home, capture_output=True, text=True, check=True, timeout=60).stdout


def completed(home: Path, *words: str) -> list[str]:
    """What bash offers for the last of *words*, by the script that `--show-completion` prints."""
    typed = " ".join(f"'{word}'" for word in words)
    return bash(
        'source <(stomper --show-completion bash); [ "$(complete -p stomper)" ] || exit 1\n'
        f"COMP_WORDS=(stomper {typed}); COMP_CWORD={len(words)}; _stomper_completion stomper\n"
        'printf "%s\\n" "${COMPREPLY[@]}"',
        home,
    ).split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("che",), ["check"]),
        (("learn", ""), ["export", "import"]),
        (("fix", "--max-f"), ["--max-files"]),
        (("fix", "--land", ""), ["commit", "branch", "patch", "pr"]),
        (("fix", "--test-validation", "f"), ["full", "final"]),
        (("fix", "--agents", "ruff,c"), ["ruff,claude", "ruff,codex", "ruff,cursor", "ruff,copilot"]),
        (("check", "--checkers", "mypy,"), ["mypy,ruff", "mypy,pytest"]),
        (("prompt", "a.py", "--strategy", "t"), ["terse"]),
    ],
)
def test_bash_completes(tmp_path: Path, words: tuple[str, ...], offered: list[str]) -> None:
    """Commands, flags and words of flags; in a list with commas, what is not in it yet."""
    assert completed(tmp_path, *words) == offered


def test_it_installs_itself(tmp_path: Path) -> None:
    """A new shell completes after `--install-completion`."""
    bash("stomper --install-completion bash", tmp_path)
    assert "-F _stomper_completion stomper" in bash("source .bashrc; complete -p stomper", tmp_path)
