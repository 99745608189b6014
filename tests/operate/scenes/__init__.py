"""The scenes, in their order. Those of one group do not disturb each other and are played side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tests.operate.stage import Line, Stage

Scene = Callable[[Stage], list[Line]]


def groups() -> Sequence[Mapping[str, Scene]]:
    """Every scene by its name."""
    from tests.operate.scenes import approval, cancelled, crashed, ends, fleets, many, pull_requests, scheduled, serving

    return (
        {"worker killed": crashed.worker_killed},
        {
            "all fixed": ends.all_fixed,
            "some left": ends.some_left,
            "nothing to do": ends.nothing_to_do,
            "refused parameter": ends.refused_parameter,
            "no repository": ends.no_repository,
            "check clean": ends.check_clean,
            "check dirty": ends.check_dirty,
        },
        {
            "cancel by command": cancelled.by_command,
            "cancel by UI": cancelled.by_api,
            "engine killed": crashed.engine_killed,
        },
        # Each of these takes places in the limit of fix-repository/ci, or all of that of fix-fleet/weekly.
        {
            "scheduled": scheduled.fires,
            "two at once": many.two_at_once,
            "pull requests": pull_requests.from_opened_to_closed,
        },
        {"fleet": fleets.one_fails, "approval": approval.lands_what_is_approved},
        {"fleet cancelled": fleets.cancelled},
        {"nightly twice": many.nightly_twice, "on-demand twice": many.on_demand_twice},
        {"slots return": crashed.slots_return},
        {"serve": serving.serve_and_deploy_again},
    )
