"""What `stomper deploy` and `stomper serve` put for the placeholders of prefect.yaml."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from deployments.deployment_specs import Collisions, Described, described, minute_of, placeholders

ROOT = Path(__file__).parents[2]


def one(**parameters: object) -> Described:
    """A deployment with these parameters."""
    limit = Collisions(limit=1, collision_strategy="ENQUEUE")
    return Described(
        name="d", description="", entrypoint="flows/f.py:f", tags=[], parameters=parameters, concurrency_limit=limit
    )


def test_every_placeholder_is_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file names no variable that is not given, and none is left of them in any parameter."""
    monkeypatch.setenv("FLEET_FILE", "/srv/list")
    named = set(re.findall(r"\{\{ \$(\w+) \}\}", (ROOT / "prefect.yaml").read_text(encoding="utf-8")))
    assert set(placeholders("/srv/project")) == named
    filled = {deployment.full_name: deployment.filled("/srv/project") for deployment in described(ROOT)}
    assert filled["fix-repository/nightly"] == {"repository": "/srv/project"}
    assert filled["fix-fleet/weekly"] == {"fleet": {"file": "/srv/list"}}
    crons = [s.cron for deployment in described(ROOT) for s in deployment.scheduled("/srv/project")]
    assert crons == [f"{minute_of('/srv/project')} 2 * * *", f"{minute_of('/srv/project')} 3 * * 6"]
    assert "{{" not in str(filled)


def test_only_placeholders_are_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    """At any depth; what only looks like one, or is no text, stays. Without a list the fleet's file is empty."""
    monkeypatch.delenv("FLEET_FILE", raising=False)
    given = {
        "a": {"b": {"c": "{{ $TARGET_REPOSITORY }}", "n": 5}},
        "d": "x {{ $TARGET_REPOSITORY }}",
        "f": "{{ $FLEET_FILE }}",
    }
    assert one(**given).filled("/r") == {
        "a": {"b": {"c": "/r", "n": 5}}, "d": "x {{ $TARGET_REPOSITORY }}", "f": "",
    }  # fmt: skip


def test_a_repository_that_reads_like_a_placeholder() -> None:
    """What was put in is not looked at again."""
    assert one(a="{{ $TARGET_REPOSITORY }}").filled("{{ $FLEET_FILE }}") == {"a": "{{ $FLEET_FILE }}"}


def test_schedules_are_spread_over_the_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten machines with sixty repositories each do not start at once: no minute has more than a twentieth of them. A
    repository has the same minute each time on its machine, and another on most others."""
    minutes = Counter[int]()
    for host in range(10):
        monkeypatch.setattr("socket.gethostname", lambda host=host: f"worker-{host}")
        found = [minute_of(f"/srv/repositories/project-{n}") for n in range(60)]
        assert found == [minute_of(f"/srv/repositories/project-{n}") for n in range(60)]
        minutes.update(found)
    assert set(minutes) == set(range(60))
    assert max(minutes.values()) <= 30
    of_one = set()
    for host in range(10):
        monkeypatch.setattr("socket.gethostname", lambda host=host: f"worker-{host}")
        of_one.add(minute_of("/srv/project"))
    assert len(of_one) > 5
