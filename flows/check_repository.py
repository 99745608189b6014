"""The flow that changes nothing: collect the errors and say what would be repaired."""

from __future__ import annotations

import sys
from pathlib import Path

# A worker loads this file by its path: the project's root is what the other rooms are imported from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from stomper import form
from stomper.check import check
from stomper.errors import StomperError
from tasks.artifacts import publish_check
from tasks.setup import run_setup


@flow(name="check-repository", flow_run_name="check {repository}", persist_result=False)
def check_repository(
    repository: form.Repository,
    *,
    files: form.Files = form.FILES,
    checks: form.Checks = form.CHECKS,
    limits: form.Limits = form.LIMITS,
    advanced: form.Advanced = form.ADVANCED,
) -> State[None]:
    """Say what would be repaired; change nothing. Completed only when there is nothing to fix and every checker said so.

    Args:
        repository: Path of the git repository on the worker's machine.
        files: Which files are looked at.
        checks: Which errors count.
        limits: How much would be aimed at.
        advanced: What is rarely needed.
    """
    parameters = form.parameters_of(repository, files, advanced, checks, limits)
    try:
        if parameters.setup_command:
            run_setup(parameters.setup_command, parameters.repository)
        checked = check(parameters)
    except StomperError as error:
        return Failed(message=str(error))
    publish_check(checked)
    return Completed(message=checked.headline) if checked.clean else Failed(message=checked.headline)
