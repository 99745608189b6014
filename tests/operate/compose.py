"""compose.yaml and the systemd units carried out without either: their own commands, environments and health checks.

Everything runs on this machine: hosts become the loopback interface, ports free ones, and folders some below a root."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.operate.image import ROOT, Image

FILE = ROOT / "deployments" / "compose.yaml"
UNITS = ROOT / "deployments" / "systemd"


@dataclass
class Places:
    """What of a file's world is where on this machine: ports, and folders, the longest first."""

    image: Image
    ports: Mapping[str, int]
    folders: dict[str, Path] = field(default_factory=dict)
    hosts: Sequence[str] = ()

    def here(self, word: str) -> str:
        """*word* of a command or a variable as it is on this machine."""
        if word == "0.0.0.0":  # noqa: S104 - what is replaced
            return "127.0.0.1"
        if word in self.ports:
            return str(self.ports[word])
        for host in self.hosts:
            word = re.sub(rf"(?<=//){host}(?=:)", "127.0.0.1", word)
        for port, free in self.ports.items():
            word = re.sub(rf"(?<=:){port}\b", str(free), word)
        for folder, path in sorted(self.folders.items(), key=lambda pair: -len(pair[0])):
            word = re.sub(rf"(?<![\w.]){re.escape(folder)}(?=/|$|:)", str(path), word)
        return self.image.here(word) if str(self.image.root) not in word else word


@dataclass(frozen=True)
class Task:
    """A command with its environment, as it is carried out here."""

    argv: tuple[str, ...]
    env: dict[str, str]

    def run(self, cwd: Path, timeout_s: float = 200) -> subprocess.CompletedProcess[str]:
        """Carry it out to its end."""
        return subprocess.run(
            self.argv, cwd=cwd, env=self.env, capture_output=True, text=True, check=False, timeout=timeout_s
        )


def services(variables: Mapping[str, str]) -> dict[str, Any]:
    """The services of compose.yaml with *variables* put in. Raises AssertionError for one that is not given."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        assert name in variables, f"compose.yaml asks for {name}"
        return variables[name]

    text = re.sub(r"\$\{(\w+)(?::?\?[^}]*)?\}", value, FILE.read_text(encoding="utf-8"))
    found: dict[str, Any] = yaml.safe_load(text)["services"]
    return found


def order(found: Mapping[str, Any]) -> list[str]:
    """The services' names, each after those that it waits for."""
    done: list[str] = []
    while len(done) < len(found):
        ready = [name for name in found if name not in done and set(found[name].get("depends_on", {})) <= set(done)]
        assert ready, f"{set(found) - set(done)} wait for each other"
        done += ready
    return done


def command_of(service: Mapping[str, Any], places: Places) -> Task:
    """What the service runs; the image's own command when it names none."""
    given = {key: str(value) for key, value in service.get("environment", {}).items()}
    own = {key: "127.0.0.1" if value in places.hosts else places.here(value) for key, value in given.items()}
    argv = service.get("command") or places.image.command
    return Task(tuple(places.here(str(word)) for word in argv), {**_of_image(places), **own})


def health_of(service: Mapping[str, Any], places: Places, more: Mapping[str, str]) -> Task:
    """The service's health check."""
    kind, *argv = service["healthcheck"]["test"]
    assert kind == "CMD", f"this script knows no health check of the kind {kind}"
    return Task(tuple(places.here(str(word)) for word in argv), {**_of_image(places), **more})


def seconds(text: str) -> float:
    """A duration such as `60s`."""
    assert re.fullmatch(r"\d+s", text), text
    return float(text[:-1])


def unit(name: str, places: Places) -> Task:
    """What the systemd unit runs."""
    env, argv = _of_image(places), list[str]()
    for line in (UNITS / name).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition("=")
        if key == "Environment":
            variable, _, content = value.partition("=")
            parts = content.split(":") if variable == "PATH" else [content]
            env[variable] = ":".join(places.here(part) for part in parts)
        elif key == "ExecStart":
            argv = [places.here(word) for word in shlex.split(value)]
    assert argv, f"{name} starts nothing"
    return Task(tuple(argv), env)


def _of_image(places: Places) -> dict[str, str]:
    env = places.image.env()
    return {key: value if key == "PATH" else places.here(value) for key, value in env.items()}
