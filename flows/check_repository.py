"""The flow that changes nothing: collect the errors and say what would be repaired."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

# A worker loads this file by its path: the project's root is what the other rooms are imported from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from stomper.checkers.checked import Checked
from stomper.config import form
from stomper.config.parameters import FixParameters
from stomper.errors import StomperError
from stomper.git import remotes
from stomper.reports import titles
from stomper.run.check import check
from stomper.server.prefect_internals import quieten_failures
from stomper.system.signals import shielded
from tasks.artifacts import publish_check
from tasks.run_events import name_run
from tasks.secret_blocks import token_of
from tasks.setup_command import run_setup


@flow(name="check-repository", flow_run_name="check {repository}", persist_result=False)
def check_repository(
    repository: form.Repository,
    *,
    remote: form.Remote = form.REMOTE,
    files: form.Files = form.FILES,
    checks: form.Checks = form.CHECKS,
    limits: form.Limits = form.LIMITS,
    advanced: form.Advanced = form.ADVANCED,
) -> State[None]:
    """Say what would be repaired; change nothing. Completed only when there is nothing to fix and every checker said so.

    Args:
        repository: Path of a git repository on the worker's machine, or an address (https, ssh, git@host:path, file).
        remote: How an address is worked on; empty with a path.
        files: Which files are looked at.
        checks: Which errors count.
        limits: How much would be aimed at.
        advanced: What is rarely needed.
    """
    quieten_failures()
    parameters = form.parameters_of(repository, files, advanced, checks, limits, remote=remote)
    try:
        checked = shielded(partial(look, parameters))
    except StomperError as error:
        return Failed(message=str(error))
    name_run(titles.run_title("check", checked.repository, checked.base))
    publish_check(checked)
    return Completed(message=checked.headline) if checked.clean else Failed(message=checked.headline)


def look(parameters: FixParameters) -> Checked:
    """What would be repaired, in the checkout of an address where it is given by one. Raises StomperError."""
    held = remotes.opened(parameters, token_of(parameters.token_block))
    try:
        if parameters.setup_command:
            run_setup(parameters.setup_command, str(held.root) if held else parameters.repository)
        return check(parameters, held)
    finally:
        if held:
            held.close()
