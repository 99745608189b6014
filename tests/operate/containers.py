"""What the Dockerfile, compose.yaml and the units say, done for real and together, without containers."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.prefect_servers.postgres import Database, postgres
from benchmarks.prefect_servers.programs import Program, free_port
from benchmarks.prefect_servers.servers import wait_until_up
from deployments.api import Api
from tests.operate.compose import Places, Task, command_of, health_of, order, seconds, services, unit
from tests.operate.docker_worker import container_of
from tests.operate.image import Image
from tests.operate.repositories import CURABLE, commits, repository, sound
from tests.operate.stage import Line, until

_VARIABLES = {"POSTGRES_PASSWORD": "of-compose", "REPOSITORY": "project", "REPOSITORIES": "/repositories"}


def image_is_made(image: Image, _folder: Path) -> list[Line]:
    """Each instruction was carried out; the image's own command works, as a user that is not root."""
    done = Task(image.command, image.env()).run(image.root)
    return [
        Line("its command", (0, True), (done.returncode, "usage" in (done.stdout + done.stderr).lower())),
        Line("not root", True, image.user not in ("", "root", "0")),
        Line("installed from the wheel", True, (image.root / "opt/stomper/bin/stomper").is_file()),
    ]


def compose_works(image: Image, folder: Path) -> list[Line]:
    """Each service in its order; then a run by the worker repairs a repository; then the worker ends in its time."""
    root = repository(folder / "repositories" / "project", CURABLE, CURABLE)
    every = services(_VARIABLES)
    found = {name: service for name, service in every.items() if "profiles" not in service}
    ports = {"4200": free_port()}
    places = Places(image, ports, {"/repositories": root.parent}, tuple(every))
    lines = [Line("order", ["database", "server", "deploy", "worker"], order(found))]
    with contextlib.ExitStack() as stack:
        for name in order(found):
            service = found[name]
            if name == "database":
                given = service["environment"]
                made = postgres(given["POSTGRES_USER"], given["POSTGRES_PASSWORD"], given["POSTGRES_DB"])
                database = stack.enter_context(made)
                ports["5432"] = database.port
                lines.append(Line(f"{name} is healthy", True, _healthy(service, places, _for_pg(database))))
                continue
            # Each service has a volume of its own where the image has one folder.
            places.folders["/var/lib/stomper"] = folder / "volumes" / name
            places.folders["/var/lib/stomper"].mkdir(parents=True)
            task = command_of(service, places)
            if service.get("restart") == "no":
                done = task.run(folder)
                lines.append(Line(f"{name} ends with", 0, done.returncode))
                lines += [Line(f"{name} said", "", done.stderr[-800:])] if done.returncode else []
                continue
            program = stack.enter_context(Program(task.argv, task.env, folder / f"{name}.log", cwd=folder))
            if "healthcheck" in service:
                lines.append(Line(f"{name} is healthy", True, _healthy(service, places, {})))
            if name == "worker":
                done = _repair(task)
                lines.append(Line("a run ends with", 0, done.returncode))
                lines += (
                    [Line("said", "", (done.stdout + done.stderr + program.tail())[-1500:])] if done.returncode else []
                )
                began = time.monotonic()
                program.stop()
                grace = seconds(service["stop_grace_period"])
                lines.append(Line(f"the worker ends within {grace:g} s", True, time.monotonic() - began < grace))
        lines += _containers_work(every, places, folder)
    return [*lines, Line("commits", 2, commits(root)), Line("repository", "sound", sound(root))]


def _containers_work(found: Mapping[str, Any], places: Places, folder: Path) -> list[Line]:
    """The services of the profile `docker`, on the server that is up: the deployments move to the pool of the worker, which
    comes online, and the command of a container that it would make repairs a repository, in the image's environment."""
    root = repository(folder / "repositories" / "contained", CURABLE)
    places.folders["/var/lib/stomper"] = folder / "volumes" / "docker-worker"
    places.folders["/var/lib/stomper"].mkdir(parents=True)
    deployed = command_of(found["docker-deploy"], places).run(folder)
    lines = [Line("docker-deploy ends with", 0, deployed.returncode)]
    task = command_of(found["docker-worker"], places)
    api = Api(task.env["PREFECT_API_URL"], timeout_s=30)
    quiet = {**task.env, "PREFECT_WORKER_WEBSERVER_PORT": str(free_port())}
    with Program(task.argv, quiet, folder / "docker-worker.log", cwd=folder) as program:
        online = until(lambda: api.workers_online("containers"), 60)
        lines.append(Line("docker-worker is online", (True, None), (online, program.exit_code())))
        on_demand = api.get("/deployments/name/fix-repository/on-demand")
        asked = {"state": {"type": "PENDING"}, "parameters": {"repository": str(root)}}
        run = str(api.post(f"/deployments/{on_demand['id']}/create_flow_run", asked)["id"])
        container = container_of(run, quiet)
    env = {name: places.here(value) for name, value in container["environment"].items()}
    # In the services' network the server has a name; here it is this machine.
    env["PREFECT_API_URL"] = env["PREFECT_API_URL"].replace("host.docker.internal", "127.0.0.1")
    done = Task(tuple(shlex.split(container["command"])), {**places.image.env(), **env}).run(Path("/"))
    ended = api.get(f"/flow_runs/{run}")["state"]["name"]
    return [
        *lines,
        Line("image and network", ("stomper", "stomper"), (container["image"], container["network"])),
        Line("the container's command ends with", (0, "Completed"), (done.returncode, ended)),
        *([Line("said", "", (done.stdout + done.stderr)[-1500:])] if ended != "Completed" else []),
        Line("commits by the container", (1, "sound"), (commits(root), sound(root))),
        Line("its state", True, (places.folders["/var/lib/stomper"] / "state" / "stomper.db").is_file()),
    ]


def units_work(image: Image, folder: Path) -> list[Line]:
    """The server's unit, `stomper deploy` from the same environment, the worker's unit, and a run."""
    root = repository(folder / "units-project", CURABLE)
    places = Places(image, {"4200": free_port()}, {"/var/lib/stomper": folder / "state-directory"})
    places.folders["/var/lib/stomper"].mkdir()
    server, worker = unit("stomper-server.service", places), unit("stomper-worker.service", places)
    # Another worker of this machine may have the port of its health check.
    env = {**worker.env, "PREFECT_WORKER_WEBSERVER_PORT": str(free_port())}
    with Program(server.argv, server.env, folder / "unit-server.log", cwd=folder) as serving:
        wait_until_up(worker.env["PREFECT_API_URL"], serving)
        stomper = str(Path(worker.argv[0]).with_name("stomper"))
        deployed = Task((stomper, "deploy", "--create-pool", str(root)), worker.env).run(folder)
        with Program(worker.argv, env, folder / "unit-worker.log", cwd=folder) as working:
            done = _repair(worker)
            said = done.stdout + done.stderr + working.tail()
    return [
        Line("deploy ends with", 0, deployed.returncode),
        Line("a run ends with", 0, done.returncode),
        *([Line("said", "", said[-1500:])] if done.returncode else []),
        Line("commits", 1, commits(root)),
    ]


def _repair(worker: Task) -> subprocess.CompletedProcess[str]:
    argv = (
        "deployment",
        "run",
        "fix-repository/on-demand",
        "--watch",
        "--watch-interval",
        "1",
        "--watch-timeout",
        "120",
    )
    return Task((worker.argv[0], *argv), worker.env).run(Path("/"))


def _healthy(service: dict[str, object], places: Places, more: dict[str, str]) -> bool:
    check = health_of(service, places, more)
    return until(lambda: check.run(places.image.root).returncode == 0, 120)


def _for_pg(database: Database) -> dict[str, str]:
    return {"PATH": str(database.binaries), "PGHOST": "127.0.0.1", "PGPORT": str(database.port)}
