"""`stomper deploy` to a docker pool of a real Prefect server, and a run of it as Prefect's docker worker starts it.

The worker's own classes make the container's settings, and what it would run is run here, without a container."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.prefect_servers.servers import BIN, environment, prefect_server
from deployments.api import Api
from tests.operate.docker_worker import container_of
from tests.operate.repositories import CURABLE, commits, repository, sound
from tests.support.repositories import git

pytestmark = pytest.mark.slow
STOMPER = str(BIN / "stomper")
IMAGE = "registry.example.org/stomper:1.0"
SECRET = "sk-" + "planted-and-never-to-be-seen"
NAMES = (
    "fix-repository/on-demand",
    "fix-repository/nightly",
    "fix-repository/ci",
    "check-repository/ci",
    "fix-fleet/weekly",
)
MAKE_BLOCK = "import sys; from prefect.blocks.system import Secret; Secret(value=sys.argv[1]).save('model')"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("docker")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with prefect_server(folder / "server", settings={}) as server:
        yield server.address


@pytest.fixture(scope="module")
def project(folder: Path) -> Path:
    return repository(folder / "project", CURABLE)


@pytest.fixture
def stomper(folder: Path, address: str, project: Path) -> Any:
    """Runs the command in the repository, with the server configured."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = environment(folder, address)
        return subprocess.run((STOMPER, *arguments), env=env, cwd=project, capture_output=True, text=True, check=False)

    return run


def test_all_is_deployed_to_containers(stomper: Any, folder: Path, address: str, project: Path) -> None:
    """What the server has stored: the pool, the deployments' job variables, entrypoints and pull steps; of a secret the
    name alone. Parameters, schedules and limits are those of any pool."""
    env = environment(folder, address)
    subprocess.run((sys.executable, "-c", MAKE_BLOCK, SECRET), env=env, cwd=folder, check=True, timeout=60)
    done = stomper(
        "deploy", "--create-pool", "--pool", "containers", "--pool-type", "docker", "--image", IMAGE,
        "--volume", f"{folder}:/data:ro", "--env", "MODEL_API_KEY={{ prefect.blocks.secret.model }}", "--env", "LEVEL=high",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "work pool containers (docker)" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("next: prefect worker start --pool containers, where Docker is")
    api = Api(address)
    pool = api.work_pool("containers")
    assert pool is not None
    assert (pool["type"], "image" in pool["base_job_template"]["variables"]["properties"]) == ("docker", True)
    for name in NAMES:
        stored = api.get(f"/deployments/name/{name}")
        assert stored["work_pool_name"] == "containers"
        assert stored["pull_steps"] == [{"stomper.bundle.enter": {}}]
        assert not os.path.isabs(stored["entrypoint"])  # noqa: PTH117 - a flow's entrypoint is no path
        variables = stored["job_variables"]
        assert variables["image"] == IMAGE
        assert variables["image_pull_policy"] == "IfNotPresent"
        assert variables["auto_remove"] is True
        assert variables["env"]["MODEL_API_KEY"] == "{{ prefect.blocks.secret.model }}"
        assert variables["volumes"] == [
            "stomper-state:/var/lib/stomper", f"{folder}:/data:ro", f"{project}:{project}",
        ]  # fmt: skip
    nightly = api.get("/deployments/name/fix-repository/nightly")
    assert nightly["parameters"] == {"repository": str(project)}
    assert nightly["global_concurrency_limit"]["limit"] == 1
    assert nightly["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    (schedule,) = nightly["schedules"]
    assert not schedule["active"]
    minute, hour, *_ = schedule["schedule"]["cron"].split()
    assert (0 <= int(minute) < 60, hour) == (True, "2")
    assert f"deployment fix-repository/nightly (cron {minute} 2 * * * UTC, off)" in done.stdout


def test_deployed_again_all_stays(stomper: Any, address: str) -> None:
    """The pool, the image and what else the containers have, and what an operator did to the schedules: a time that was
    changed, and a schedule that was added."""
    api = Api(address)
    before = api.get("/deployments/name/fix-repository/nightly")
    changed = {"active": True, "schedule": {"cron": "7 4 * * *", "timezone": "Europe/Paris"}}
    api.patch(f"/deployments/{before['id']}/schedules/{before['schedules'][0]['id']}", changed)
    added = {
        "active": True,
        "schedule": {"interval": 86400.0, "timezone": "UTC"},
        "parameters": {"repository": "/data/b"},
    }
    api.post(f"/deployments/{before['id']}/schedules", [added])
    done = stomper("deploy")
    assert done.returncode == 0, done.stderr
    after = api.get("/deployments/name/fix-repository/nightly")
    assert (after["work_pool_name"], after["job_variables"]) == ("containers", before["job_variables"])
    schedule, other = sorted(after["schedules"], key=lambda one: one["slug"] or "z")
    assert (other["active"], other["schedule"]["interval"], other["parameters"]) == (
        True,
        86400.0,
        {"repository": "/data/b"},
    )
    assert (schedule["active"], schedule["schedule"]["cron"]) == (True, "7 4 * * *")
    assert schedule["schedule"]["timezone"] == "Europe/Paris"
    assert "7 4 * * * Europe/Paris, on" in done.stdout
    other = stomper("deploy", "/srv/another")
    assert other.returncode == 2
    assert "/srv/another is in no volume of the containers" in other.stderr
    wrong = stomper("deploy", "--pool-type", "process")
    assert (wrong.returncode, "is of the type docker, not process" in wrong.stderr) == (2, True)
    doctor = stomper("doctor")
    assert "containers (docker)" in doctor.stdout
    assert IMAGE in doctor.stdout
    assert "none of containers is online" in doctor.stdout


def test_a_run_starts_as_the_docker_worker_starts_it(folder: Path, address: str, project: Path) -> None:
    """The container's command, with the container's variables and the image's, its state folder alone moved: the run
    repairs the repository."""
    api = Api(address)
    deployed = api.get("/deployments/name/fix-repository/on-demand")
    run = str(api.post(f"/deployments/{deployed['id']}/create_flow_run", {"state": {"type": "PENDING"}})["id"])
    container = container_of(run, environment(folder / "worker", address))
    assert container["image"] == IMAGE
    assert container["volumes"] == deployed["job_variables"]["volumes"]
    assert container["auto_remove"] is True
    assert not container["privileged"]
    # A server on the worker's own machine is reached by the machine's network.
    assert (container["network_mode"], container["environment"]["PREFECT_API_URL"]) == ("host", address)
    given = container["environment"]
    assert (given["MODEL_API_KEY"], given["LEVEL"]) == (SECRET, "high")
    assert not any(str(folder / "worker") in value for value in given.values())
    state = folder / "volume"
    env = {name: value.replace("/var/lib/stomper", str(state)) for name, value in given.items()}
    image = {"PATH": f"{BIN}{os.pathsep}{os.defpath}", "HOME": str(folder / "home-of-image"), "LANG": "C.UTF-8"}
    done = subprocess.run(
        shlex.split(container["command"]),
        env={**image, **env},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    ended = api.get(f"/flow_runs/{run}")["state"]
    assert ended["type"] == "COMPLETED", ended
    assert (commits(project), sound(project)) == (1, "sound")
    assert git(project, "log", "-1", "--format=%s").startswith("fix")
    assert (state / "state" / "stomper.db").is_file()
    assert SECRET not in done.stdout + done.stderr
    limits = [limit["name"] for limit in api.post("/v2/concurrency_limits/filter", {"limit": 200})]
    assert len([name for name in limits if name.startswith("stomper-apply-")]) == 1


def test_networks_replace_the_machines_own(folder: Path, address: str) -> None:
    """In a network of Docker's the server of the machine is found by Docker's name for it."""
    api = Api(address)
    deployed = api.get("/deployments/name/check-repository/ci")
    asked = {"state": {"type": "PENDING"}, "job_variables": {"networks": ["stomper"]}}
    run = str(api.post(f"/deployments/{deployed['id']}/create_flow_run", asked)["id"])
    container = container_of(run, environment(folder / "worker", address))
    assert (container["network"], container["network_mode"]) == ("stomper", None)
    assert container["environment"]["PREFECT_API_URL"] == address.replace("127.0.0.1", "host.docker.internal")
    assert container["extra_hosts"] == {"host.docker.internal": "host-gateway"}
