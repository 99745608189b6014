"""The files for operating Stomper: what can be known of them without Docker, a CI service or root."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = ROOT / "deployments"
UNITS = sorted((DEPLOYMENTS / "systemd").glob("*.service"))
PIPELINES = sorted((DEPLOYMENTS / "ci").glob("*.yml"))
STOMPER = str(Path(sys.executable).with_name("stomper"))


def read(path: Path) -> Any:
    """A YAML file as it is read by whoever it is for."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def settings_given() -> Iterator[tuple[str, str]]:
    """Every PREFECT_ variable that the files set, with its value."""
    for service in read(DEPLOYMENTS / "compose.yaml")["services"].values():
        yield from service.get("environment", {}).items()
    for path in (*UNITS, DEPLOYMENTS / "Dockerfile", *PIPELINES):
        yield from re.findall(r"\b(PREFECT_\w+)[=:] ?(\S+)", path.read_text(encoding="utf-8"))


def test_every_variable_is_a_setting_of_prefect() -> None:
    """Prefect ignores a variable that it does not know: a misspelt one would go unnoticed."""
    from prefect import settings

    given = [(name, value) for name, value in settings_given() if name.startswith("PREFECT_")]
    assert len(given) > 12
    assert [name for name, _ in given if not hasattr(settings, name)] == []
    for name, value in given:
        if name.endswith("LEASE_STORAGE"):
            assert importlib.import_module(value).ConcurrencyLeaseStorage


def test_the_services_wait_for_each_other() -> None:
    """The server waits for its database, the deployments for the server, the worker for the deployments."""
    services = read(DEPLOYMENTS / "compose.yaml")["services"]
    waits = {name: service.get("depends_on", {}) for name, service in services.items()}
    assert {name: list(on) for name, on in waits.items() if on} == {
        "server": ["database"], "deploy": ["server"], "worker": ["deploy"],
        "docker-deploy": ["server"], "docker-worker": ["docker-deploy"],
    }  # fmt: skip
    for on in waits.values():
        for name, condition in on.items():
            healthy = condition["condition"] == "service_healthy"
            assert healthy == ("healthcheck" in services[name])
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)
    build = services["server"]["build"]
    assert (DEPLOYMENTS / build["context"] / build["dockerfile"]).is_file()


def test_the_socket_of_docker_is_one_workers_alone() -> None:
    """No service that is started without being asked for has it, and no container of a run."""
    services = read(DEPLOYMENTS / "compose.yaml")["services"]
    having = [name for name, service in services.items() if "docker.sock" in str(service.get("volumes", []))]
    assert having == ["docker-worker"]
    assert services["docker-worker"]["profiles"] == services["docker-deploy"]["profiles"] == ["docker"]
    assert "docker.sock" not in str(services["docker-deploy"])
    pool = services["docker-worker"]["command"][services["docker-worker"]["command"].index("--pool") + 1]
    assert f"--pool={pool}" in services["docker-deploy"]["command"]
    assert f"--image={services['docker-deploy']['image']}" in services["docker-deploy"]["command"]
    network = read(DEPLOYMENTS / "compose.yaml")["networks"]["default"]["name"]
    assert f"--network={network}" in services["docker-deploy"]["command"]


def test_linters_have_nothing_to_say() -> None:
    """hadolint about the Dockerfile; and compose.yaml is what the specification of Compose says."""
    beside = Path(sys.executable).parent
    for argv in (
        (beside / "hadolint", "--no-color", DEPLOYMENTS / "Dockerfile"),
        (beside / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOYMENTS / "compose.yaml"),
    ):
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert "warning" not in done.stdout


def test_the_image_is_small_and_not_roots() -> None:
    """What a linter of Dockerfiles would ask for: pinned bases, nothing recommended or left over, a user of its own."""
    text = (DEPLOYMENTS / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    steps = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    bases = [words for step, words in steps if step == "FROM"]
    assert all(re.match(r"[a-z]+:\d+\.\d+-slim-\w+( AS \w+)?$", base) for base in bases)
    assert [words for step, words in steps if step == "USER"] == ["1000"]
    for words in (words for step, words in steps if step == "RUN"):
        if "apt-get install" in words:
            assert {"--yes", "--no-install-recommends", "git"} <= set(words.split())
            assert "rm -rf /var/lib/apt/lists/*" in words
        assert "pip install" not in words or "--no-cache-dir" in words
    copied = [words.split()[0] for step, words in steps if step == "COPY" and not words.startswith("--from")]
    kept = (DEPLOYMENTS / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    assert all(f"!{source}" in kept for source in copied)
    assert not any(step == "ADD" for step, _ in steps)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say, but for the paths, which are the operator's."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd-analyze here")
    for path in UNITS:
        text = path.read_text(encoding="utf-8")
        assert re.search(r"^ExecStart=/opt/stomper/bin/prefect ", text, re.MULTILINE)
        (tmp_path / path.name).write_text(re.sub(r"(?m)^(ExecStart=)\S+", r"\1/bin/true", text), encoding="utf-8")
    done = subprocess.run(
        (analyze, "verify", "--man=no", str(tmp_path / unit.name)), capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if unit.name in line]
    assert said == []


@pytest.mark.slow
def test_prefects_commands_have_the_options_that_are_used() -> None:
    """Those of the units, of the services and of the pipelines."""
    texts = [path.read_text(encoding="utf-8") for path in (*UNITS, *PIPELINES)]
    services = read(DEPLOYMENTS / "compose.yaml")["services"].values()
    texts += [shlex.join(service["command"]) for service in services if "command" in service]
    for command in ("server start", "worker start", "deployment run"):
        used = [m for text in texts for m in re.findall(rf"prefect {command}((?:\s+(?!\s|env:)[^\n]+)+)", text)]
        options = {option for words in used for option in re.findall(r"(?<!\S)(--[a-z-]+)", words)}
        assert used
        argv = (sys.executable, "-m", "prefect", *command.split(), "--help")
        env = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
        shown = subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout
        assert [option for option in options - {"--since"} if option not in shown] == []


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_the_pipelines_run_what_there_is(path: Path) -> None:
    """A job with a time limit; the command is one of ours, or a deployment of ours with parameters of its form."""
    jobs = read(path)
    text = path.read_text(encoding="utf-8")
    if path.name.startswith("github"):
        assert True in jobs or "on" in jobs  # YAML reads a bare `on` as true
        rights = {"contents": "read", **({"security-events": "write"} if "upload-sarif" in text else {})}
        if "--land pr" in text:
            rights = {"contents": "write", "pull-requests": "write"}
            assert {"schedule", "workflow_dispatch"} == set(jobs.get(True) or jobs["on"])
        assert jobs["permissions"] == rights
        jobs = jobs["jobs"]
    assert all("timeout" in job or "timeout-minutes" in job for job in jobs.values())
    if "server" in path.name:
        assert "prefect deployment run 'fix-repository/ci'" in text
        assert "--watch --watch-timeout" in text
        assert """-p 'files={"since": "origin/main"}'""" in text
    else:
        assert re.search(r"""stomper"? fix (--since "origin/|--land pr\b)""", text)
        assert re.search(r"--report \S+ --report \S+", text)
