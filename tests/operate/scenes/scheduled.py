"""A schedule that is on starts a run by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.operate.repositories import commits, sound
from tests.operate.stage import Line, Stage, until


def fires(stage: Stage) -> list[Line]:
    """fix-repository/nightly with an interval that begins in a few seconds repairs the repository it was deployed for."""
    root = stage.folder / "project"
    nightly = stage.api.get("/deployments/name/fix-repository/nightly")
    begin = (datetime.now(UTC) + timedelta(seconds=12)).isoformat()
    schedule = {"interval": 3600.0, "anchor_date": begin, "timezone": "UTC"}
    place = f"/deployments/{nightly['id']}/schedules"
    made = stage.api.post(place, [{"active": True, "schedule": schedule}])
    wanted = {"flow_runs": {"deployment_id": {"any_": [nightly["id"]]}}, "sort": "EXPECTED_START_TIME_ASC", "limit": 1}
    until(lambda: stage.api.post("/flow_runs/filter", wanted), 60)
    found = stage.api.post("/flow_runs/filter", wanted)
    if not found:
        return [Line("a run", "scheduled", f"none: {stage.api.get(place)}")]
    run = found[0]["id"]
    state = stage.ended(run)
    by_itself = stage.api.get(f"/flow_runs/{run}")["auto_scheduled"]
    stage.api.patch(f"{place}/{made[0]['id']}", {"active": False})
    return [
        Line("state", "Completed", state),
        Line("started by itself", True, by_itself),
        Line("commits", 2, commits(root)),
        Line("repository", "sound", sound(root)),
    ]
