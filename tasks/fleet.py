"""One repository of a fleet: run by a deployment, and what came of any run, read from its artifact."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterKey
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment
from prefect.states import Cancelling

from stomper.errors import Cancelled
from stomper.run.fleet import Result, Summary
from stomper.system import processes
from tasks.artifacts import SUMMARY_KEY

_POLL_S = 5.0


@task(name="fix_by_deployment", task_run_name="fix {repository}", cache_policy=NO_CACHE, persist_result=False)
def fix_by_deployment(repository: str, parameters: dict[str, Any], deployment: str) -> Result:
    """Run the deployment and wait for its end. A failure is a result with a reason, never an exception.

    When the fleet is stopped, the run is cancelled."""
    if processes.stopping():
        return Result(repository=repository, exit_code=2, why="not begun: the run was stopped")
    try:
        run = run_deployment(deployment, parameters=parameters, timeout=0)
        assert isinstance(run, FlowRun)  # noqa: S101 - a coroutine only where it is called from one
        state = _waited_for(run.id)
    except Exception as error:
        return Result(repository=repository, exit_code=2, why=f"{deployment} could not be run: {error}")
    return result_of(repository, run.id, state)


def _waited_for(flow_run: UUID) -> State[Any] | None:
    """The run's final state, or the one it is in when it was cancelled because the fleet was stopped."""
    while True:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(flow_run).state
            if state and state.is_final():
                return state
            try:
                processes.pause(_POLL_S)
            except Cancelled:
                # Prefect makes it Cancelled at once where the run has not begun.
                client.set_flow_run_state(flow_run, Cancelling(message="its fleet was cancelled"))
                return client.read_flow_run(flow_run).state


def result_of(repository: str, flow_run: UUID | None, state: State[Any] | None) -> Result:
    """What became of a run, by its state and by the summary that it left in Prefect."""
    why = (state.message or str(state.type.value).lower()) if state else "its run is gone"
    summary = _summary(flow_run) if flow_run else None
    if summary is None or state is None:
        return Result(repository=repository, exit_code=2, why=why)
    # A run that was ended after its report did not come to its end.
    code = summary.exit_code if state.is_completed() or state.is_failed() else 2
    return Result(repository=repository, exit_code=code, why=why, landed=summary.landed, metrics=summary.metrics)


def _summary(flow_run: UUID) -> Summary | None:
    wanted = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run]), key=ArtifactFilterKey(any_=[SUMMARY_KEY])
    )
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=wanted)
    if not found:
        return None
    return Summary.model_validate_json(str(found[0].data).removeprefix("```json\n").removesuffix("\n```"))
