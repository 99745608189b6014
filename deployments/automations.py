"""The automations on a Prefect server: dead runs become Crashed, and somebody is told of runs that went wrong.

`python -m deployments.automations [BLOCK]` makes them and prints a line for each. One that exists by its name is brought up
to date, and stays off where somebody switched it off."""

from __future__ import annotations

import sys
from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import BlockDocument, StateType
from prefect.events.actions import CallWebhook, ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from deployments.heartbeats import SILENCE_S, WRONG, ZOMBIES
from stomper.errors import StomperError

_REPAIRS = ("fix-repository", "fix-fleet")
_FLOWS = (*_REPAIRS, "check-repository")
_RUNS = ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"})
_HEARTBEAT = "prefect.flow-run.heartbeat"
# What a run says at its end, or before it leaves its process for a while.
_SIGNS_OFF = {
    f"prefect.flow-run.{name}" for name in ("Completed", "Failed", "Cancelled", "Crashed", "Paused", "Suspended")
}
_BODY = """\
{{ flow.name }}: {{ flow_run.name }} is {{ flow_run.state.name }}
{{ flow_run.state.message }}
{{ flow_run|ui_url }}"""


def zombies(silence_s: float = SILENCE_S) -> AutomationCore:
    """Crashed, when after a heartbeat neither another one nor an end is heard of for *silence_s* seconds."""
    return AutomationCore(
        name=ZOMBIES,
        description="A worker or its machine died. Runs say that they live every PREFECT_FLOWS_HEARTBEAT_FREQUENCY seconds.",
        trigger=EventTrigger(
            after={_HEARTBEAT},
            expect={_HEARTBEAT, *_SIGNS_OFF},
            match=_RUNS,
            match_related=_of_flows(_FLOWS),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=silence_s),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                message=f"It gave no sign of life for {silence_s:g} seconds: its process is gone.",
            )
        ],
    )


def told(block: BlockDocument) -> AutomationCore:
    """A message by *block* for each run that fails or crashes. A check that fails found errors: that is for its pipeline."""
    slug = block.block_type.slug if block.block_type else ""
    action = (
        CallWebhook(block_document_id=block.id, payload=_BODY)
        if slug == "webhook"
        else SendNotification(block_document_id=block.id, subject="Stomper: {{ flow_run.name }}", body=_BODY)
    )
    return AutomationCore(
        name=WRONG,
        description=f"Tells by the block {slug}/{block.name}.",
        trigger=EventTrigger(
            expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed"},
            match=_RUNS,
            match_related=_of_flows(_REPAIRS),
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[action],
    )


def _of_flows(names: tuple[str, ...]) -> ResourceSpecification:
    return ResourceSpecification({"prefect.resource.role": "flow", "prefect.resource.name": list(names)})


def find_block(client: SyncPrefectClient, name: str) -> BlockDocument:
    """The block that *name* names, with its type before it where several have that name. Raises StomperError."""
    kind, _, own = name.rpartition("/")
    found, offset = list[BlockDocument](), 0
    while page := client.read_block_documents(offset=offset, limit=200, include_secrets=False):
        found += [d for d in page if d.name == own and d.block_type and kind in ("", d.block_type.slug) and _tells(d)]
        offset += len(page)
    if not found:
        raise StomperError(
            f"--notify {name}: the Prefect server knows no block of that name that can send a message: make one in its UI, "
            "for example of the type Slack Webhook, Email or Webhook"
        )
    if len(found) > 1:
        kinds = ", ".join(sorted(f"{d.block_type.slug}/{own}" for d in found if d.block_type))
        raise StomperError(f"--notify {name}: there are several: {kinds}; give one of these")
    return found[0]


def _tells(block: BlockDocument) -> bool:
    capabilities = block.block_schema.capabilities if block.block_schema else []
    return "notify" in capabilities or bool(block.block_type and block.block_type.slug == "webhook")


def create_automations(notify: str = "", *, silence_s: float = SILENCE_S) -> list[str]:
    """Make them, or bring them up to date. Returns their names. Raises StomperError for a block that is not there."""
    with get_client(sync_client=True) as client:
        wanted = [zombies(silence_s)]
        if notify:
            wanted.append(told(find_block(client, notify)))
        for automation in wanted:
            there = _named(client, automation.name)
            if there is None:
                client.create_automation(automation)
            else:
                client.update_automation(there.id, automation.model_copy(update={"enabled": there.enabled}))
        return [automation.name for automation in wanted]


def _named(client: SyncPrefectClient, name: str) -> Automation | None:
    return next(iter(client.read_automations_by_name(name)), None)


if __name__ == "__main__":
    try:
        for made in create_automations(*sys.argv[1:]):
            sys.stdout.write(f"automation {made}\n")
    except StomperError as wrong:
        sys.exit(str(wrong))
