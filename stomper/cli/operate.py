"""The commands about Prefect servers: `deploy`, `serve`, `server` and `doctor`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from stomper import bundle
from stomper.cli.output import console, print_json
from stomper.errors import StomperError

Repository = Annotated[
    str,
    typer.Argument(
        help="The repository: its path on the worker's machine, or its address. Default: the one you are in."
    ),
]
_POOL = "Work pool"
_CONTAINERS = "Containers"


def deploy(
    repository: Repository = "",
    create_pool: Annotated[
        bool, typer.Option("--create-pool", help="Make the work pool if it is missing.", rich_help_panel=_POOL)
    ] = False,
    pool: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The work pool. Default: the one that the deployments are in, else `stomper`.",
            rich_help_panel=_POOL,
        ),
    ] = "",
    pool_type: Annotated[
        str,
        typer.Option(
            metavar="TYPE",
            help="`process`: a worker's own installation runs everything. `docker`: each run is a container. Default: what "
            "the pool is, else `process`.",
            rich_help_panel=_POOL,
        ),
    ] = "",
    image: Annotated[
        str,
        typer.Option(
            metavar="IMAGE",
            help="For a docker pool: the image of the containers, with Stomper in it.",
            rich_help_panel=_CONTAINERS,
        ),
    ] = "",
    volume: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE:TARGET",
            help="With `--image`: what else a container sees of its machine; repeatable. The repository is seen anyway.",
            rich_help_panel=_CONTAINERS,
        ),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="With `--image`: the network of the containers; repeatable.",
            rich_help_panel=_CONTAINERS,
        ),
    ] = None,
    env: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="With `--image`: a variable of the containers; repeatable. A key is named by its block.",
            rich_help_panel=_CONTAINERS,
        ),
    ] = None,
    notify: Annotated[
        str,
        typer.Option(
            metavar="BLOCK",
            help="The Prefect block that tells of failed and crashed runs, as `NAME` or `TYPE/NAME`.",
        ),
    ] = "",
) -> None:
    """Set up your Prefect server: limits, automations, deployments.

    It needs a Prefect server (`PREFECT_API_URL`) and a work pool. Run it again after an upgrade: what exists is brought up
    to date; the pool, limits that you changed and the times of schedules stay. Exit code 0: set up. 2: it could not be.
    """
    place = bundle.activate()
    from deployments.deploy import deploy
    from deployments.docker_pool import container_of
    from deployments.work_pools import Asked

    container = container_of(image, volumes=volume or [], networks=network or [], variables=env or [])
    deploy(
        place,
        _named(repository),
        Asked(name=pool, type=pool_type, create=create_pool, container=container),
        say=lambda line: print(line, flush=True),  # noqa: T201
        notify=notify,
    )


def serve(repository: Repository = "") -> None:
    """Serve the deployments from this process, without a worker.

    It needs no work pool, and runs until you end it.
    It starts no server: it needs one of yours (`PREFECT_API_URL`). What makes runs without one quick is `server`. Ctrl-C or
    SIGTERM cancels what runs and ends it. Exit code 0: ended so. 2: it could not serve.
    """
    named, place = _named(repository), bundle.activate()
    from deployments.deploy import configured
    from stomper.server import embedded
    from stomper.state.paths import home

    api = configured()
    embedded.prepare(home())
    os.environ["PREFECT_LOGGING_LEVEL"] = os.environ["PREFECT_LOGGING_INTERNAL_LEVEL"] = "WARNING"
    # Entrypoints are relative to it, and Prefect reads its settings there: not those of the repository one stands in.
    os.chdir(place)
    from deployments.serve import main
    from tasks.limits import create_limits_for

    create_limits_for(named)
    main(place, api.address, named)


def server() -> None:
    """Keep the embedded server warm, so that runs start sooner.

    It runs until you end it.
    Without a Prefect server of your own, a run starts an embedded one, which ends with the last run. While this command
    runs, there is one already: `fix`, `resume`, `fleet` and `demo` of the same user find it by themselves, and share it and
    its limits. Like theirs, it listens on 127.0.0.1 and has no UI. It is no place for deployments: those are what `serve`
    and `deploy` are for, on a Prefect server of your own.

    Ctrl-C or SIGTERM ends it; the server goes when no run uses it any more, also after `kill -9`. Start it anew after an
    upgrade. Exit code 0: ended so, or another one keeps the server warm already. 2: the server did not come up or died, or
    a Prefect API is configured (`PREFECT_API_URL` or the active profile), which all runs use instead.
    """
    bundle.activate()
    from stomper.server.keep_warm import keep_warm
    from stomper.state.paths import home

    keep_warm(home(), say=lambda line: print(line, flush=True))  # noqa: T201


def doctor(
    json_: Annotated[bool, typer.Option("--json", help="Print the findings as JSON on stdout.")] = False,
) -> None:
    """Check what Stomper runs on, and say how to mend it.

    It looks at the Prefect server, the limits, the worker, the checkers, the agents, git, the disk and the sandbox. Each
    line is ok, a warning or a problem. Changes nothing and calls no model.

    Exit code 0: nothing is a problem. 2: something is.
    """
    bundle.activate()
    from deployments.doctor.diagnose import examine
    from deployments.doctor.terminal import show_findings

    findings = examine(Path.cwd())
    if json_:
        print_json([finding.model_dump() for finding in findings])
    else:
        show_findings(findings, console())
    sys.stdout.flush()
    code = 2 if any(finding.verdict == "problem" for finding in findings) else 0
    os._exit(code)  # a check that did not end in time is not waited for


def _named(repository: str) -> str:
    """The repository to deploy for: absolute where it is on this machine, as given where it is on another."""
    from stomper.config.repository_url import is_address, parse
    from stomper.git.repository import open_target

    if is_address(repository):
        return parse(repository).url
    here = Path(repository or ".")
    if repository and not here.exists():
        sys.stderr.write(f"{repository} is not on this machine: it must be on the worker's\n")
        return repository
    try:
        return str(open_target(here).root)
    except StomperError as error:
        raise StomperError(
            f"{error}\nname the repository to deploy for, for example `stomper deploy ~/project`"
        ) from None
