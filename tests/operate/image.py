"""The Dockerfile carried out without Docker: its own commands, in a folder that stands for the image's root.

What is run is read from the file, so a changed command changes what is run. `apt-get` and `useradd` are stand-ins that
ask the real ones whether they would have done it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deployments" / "Dockerfile"
# Of the commands that an image's build may give, those that would change this machine.
_STAND_INS = {
    "apt-get": """case "$1" in
update) exit 0 ;;
*) exec /usr/bin/apt-get --simulate "$@" >/dev/null ;;
esac""",
    "useradd": """mkdir -p "$ROOT/etc" "$ROOT/home"
cp /etc/login.defs "$ROOT/etc"
touch "$ROOT/etc/passwd" "$ROOT/etc/shadow" "$ROOT/etc/group" "$ROOT/etc/gshadow"
exec {useradd} --prefix "$ROOT" "$@\"""",
    # The real one, but for owners, which must be users that were made.
    "install": """rest=""
while [ $# -gt 0 ]; do
case "$1" in
--owner) grep -q "^$2:" "$ROOT/etc/passwd"; shift 2 ;;
--group) grep -q "^$2:" "$ROOT/etc/group"; shift 2 ;;
*) rest="$rest $1"; shift ;;
esac
done
exec /usr/bin/install $rest""",
}


@dataclass
class Image:
    """What the Dockerfile made in *root*: the environment of its programs and the command that it starts with."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    user: str = ""

    def here(self, text: str) -> str:
        """*text* with the image's absolute paths of Stomper's folders put below *root*."""
        return re.sub(r"(?<![\w.$}])/(?=(?:opt|build|var/lib|home)(?:/|\b))", f"{self.root}/", text)

    def env(self) -> dict[str, str]:
        """The variables of a program in the image, and nothing of this machine's but where to find programs."""
        path = self.environment.get("PATH", "").replace("$PATH", os.defpath)
        return {**self.environment, "PATH": path, "HOME": str(self.root / "home" / "stomper"), "LANG": "C.UTF-8"}


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Every instruction with its words, as Docker reads the file: lines continued, comments left out."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, words = line.strip().partition(" ")
        yield name.upper(), " ".join(words.split())


def build(root: Path, file: Path = FILE) -> Image:
    """Carry out *file* in *root*. Raises AssertionError naming the instruction that failed."""
    image = Image(root)
    for name in ("build", "opt", "home", "var/lib", "tmp"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name, words in instructions(file.read_text(encoding="utf-8")):
        match name:
            case "FROM":
                image.environment.clear()
            case "COPY":
                _copy(image, words.split())
            case "RUN":
                _run(image, words)
            case "ENV":
                pairs = re.findall(r"(\w+)=(\S+)", words)
                image.environment.update({key: image.here(value) for key, value in pairs})
            case "USER":
                image.user = words
            case "WORKDIR":
                Path(image.here(words)).mkdir(parents=True, exist_ok=True)
            case "VOLUME":
                assert Path(image.here(words)).is_dir(), f"VOLUME {words}: no instruction made it"
            case "CMD":
                image.command = tuple(re.findall(r'"([^"]+)"', words))
            case _:
                raise AssertionError(f"{name} {words}: this script does not know how to carry it out")
    return image


def _copy(image: Image, words: list[str]) -> None:
    options = [word for word in words if word.startswith("--")]
    *sources, target = [word for word in words if not word.startswith("--")]
    if any(option.startswith("--from=") for option in options):
        # Both stages have one root here: what is copied from one to the other must be there.
        assert all(Path(image.here(source)).exists() for source in sources), f"COPY {words}"
        return
    for source in sources:
        found = sorted(ROOT.glob(source))
        assert found, f"COPY {source}: there is none"
        for path in found:
            shutil.copy(path, image.here(target))


def _run(image: Image, words: str) -> None:
    stand_ins = image.root / "stand-ins"
    if not stand_ins.exists():
        stand_ins.mkdir()
        (stand_ins / "python").symlink_to(Path(sys.executable).resolve())
        tool = shutil.which("useradd", path=f"{os.defpath}:/usr/sbin") or "useradd"
        for name, text in _STAND_INS.items():
            (stand_ins / name).write_text(f"#!/bin/sh\nset -e\n{text.replace('{useradd}', tool)}\n", encoding="utf-8")
            (stand_ins / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{stand_ins}{os.pathsep}{os.environ['PATH']}", "ROOT": str(image.root)}
    env.pop("PYTHONPATH", None)
    done = subprocess.run(
        ("sh", "-ec", image.here(words)),
        env=env,
        cwd=image.root,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, f"RUN {words} ended with {done.returncode}: {done.stdout[-800:]}{done.stderr[-1500:]}"
