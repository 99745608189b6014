"""Installs the pinned programs into a folder of their own, once for each change of the pins."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2] / ".agents"


@dataclass(frozen=True)
class Pin:
    """Packages of npm or of PyPI; *script* is what npm is not allowed to run by itself, in the package's folder."""

    npm: str = ""
    script: str = ""
    pypi: tuple[str, ...] = ()


# The newest that the registries give to Node 20 and Python 3.11.
PINS = {
    "claude": Pin(npm="@anthropic-ai/claude-code@2.1.197", script="install.cjs"),
    "codex": Pin(npm="@openai/codex@0.169.0"),
    "opencode": Pin(npm="opencode-ai@1.18.33", script="postinstall.mjs"),
    "aider": Pin(pypi=("aider-chat==0.86.2",)),
    "mini-swe-agent": Pin(pypi=("mini-swe-agent==2.4.6", "mcp>=2,<3")),
    "gemini": Pin(npm="@google/gemini-cli@0.61.0"),
    "qwen": Pin(npm="@qwen-code/qwen-code@0.15.10"),
    "copilot": Pin(npm="@github/copilot@1.0.102"),
}


def install(kinds: Iterable[str]) -> list[Path]:
    """Have the programs installed. Returns the folders that belong on PATH."""
    folders = []
    for kind in kinds:
        pin, folder = PINS[kind], ROOT / kind
        stamp = folder / "installed"
        if not stamp.exists() or stamp.read_text() != repr(pin):
            print(f"install {pin.npm or pin.pypi[0]}", flush=True)
            folder.mkdir(parents=True, exist_ok=True)
            (_npm if pin.npm else _pypi)(pin, folder)
            stamp.write_text(repr(pin))
        folders.append(folder / ("node_modules/.bin" if pin.npm else "bin"))
    return folders


def _npm(pin: Pin, folder: Path) -> None:
    options = ("--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--loglevel", "error")
    subprocess.run(("npm", "install", "--prefix", str(folder), *options, pin.npm), check=True)
    if pin.script:
        package = folder / "node_modules" / pin.npm.rpartition("@")[0]
        subprocess.run(("node", pin.script), cwd=package, check=True)


def _pypi(pin: Pin, folder: Path) -> None:
    subprocess.run(("python3", "-m", "venv", str(folder)), check=True)
    subprocess.run((str(folder / "bin" / "pip"), "install", "--quiet", *pin.pypi), check=True)
