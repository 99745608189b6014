"""What one sees of a run on a real Prefect server: its name, its events, its artifacts, and what automations make of it."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from benchmarks.prefect_servers.programs import Program
from benchmarks.prefect_servers.servers import environment, prefect_server
from deployments.api import Api
from tests.support.processes import running, wait_for
from tests.support.repositories import git, write

pytestmark = pytest.mark.slow
STOMPER = str(Path(sys.executable).with_name("stomper"))
SETTINGS = """\
test_validation = "none"
[checkers.ruff]
args = ["--isolated", "--select", "F401,F821"]
"""
SILENT = "986754"
# Makes the automations with a silence that a test can wait for, and a webhook to tell of failures.
AUTOMATIONS = """\
import sys
from prefect.blocks.webhook import Webhook
from deployments.automations import create_automations
Webhook(method="POST", url=sys.argv[1]).save("told", overwrite=True)
for _ in range(2):
    print(create_automations("told", silence_s=12))
"""


class Heard(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    bodies: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("seen")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with prefect_server(folder / "server", settings={}) as server:
        at = server.address
        yield at


@pytest.fixture(scope="module")
def webhook() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Heard) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/told"
        listening.shutdown()
        thread.join()


def repository(folder: Path, name: str, files: dict[str, str], settings: str = SETTINGS) -> Path:
    root = folder / name
    root.mkdir()
    write(root, {**files, "stomper.toml": settings})
    git(root, "init", "--quiet", "-b", "main")
    git(root, "add", "--all")
    git(root, "-c", "user.name=T", "-c", "user.email=t@example.invalid", "commit", "--quiet", "-m", "start")
    git(root, "config", "user.name", "T")
    git(root, "config", "user.email", "t@example.invalid")
    return root


def fix(folder: Path, address: str, root: Path) -> subprocess.CompletedProcess[str]:
    env = environment(folder, address)
    return subprocess.run((STOMPER, "fix"), env=env, cwd=root, capture_output=True, text=True, check=False, timeout=180)


def run_named(api: Api, name: str) -> dict[str, Any]:
    (found,) = api.post("/flow_runs/filter", {"flow_runs": {"name": {"like_": name}}})
    return dict(found)


def events_of(api: Api, pattern: str) -> list[dict[str, Any]]:
    answer = api.post("/events/filter", {"filter": {"event": {"prefix": [pattern]}}, "limit": 50})
    return list(answer["events"])


def beats(api: Api, run_id: str) -> bool:
    """Whether a heartbeat of the run has arrived."""
    return any(
        e["resource"]["prefect.resource.id"].endswith(run_id) for e in events_of(api, "prefect.flow-run.heartbeat")
    )


def test_a_run_is_named_and_tells_its_events(folder: Path, address: str) -> None:
    """Its name says what, of which repository and which commit; each file and the landing is an event of the run."""
    root = repository(folder, "shop", {"a.py": "import os\n", "b.py": "print(undefined)\n"})
    base = git(root, "rev-parse", "HEAD")
    assert fix(folder, address, root).returncode == 1
    api = Api(address)
    run = run_named(api, f"fix shop @ {base[:7]}")
    wait_for(lambda: len(events_of(api, "stomper.")) == 3)
    told = {event["event"]: event for event in events_of(api, "stomper.")}
    assert sorted(told) == ["stomper.file.fixed", "stomper.file.rejected", "stomper.run.landed"]
    assert told["stomper.file.fixed"]["payload"]["path"] == "a.py"
    assert told["stomper.file.fixed"]["payload"]["commit"] == git(root, "rev-parse", "HEAD")
    assert told["stomper.file.rejected"]["payload"]["codes"] == ["ruff F821"]
    assert told["stomper.run.landed"]["payload"]["commits"] == 1
    for event in told.values():
        assert event["resource"]["prefect.resource.id"] == "stomper.repository.shop"
        related = {one["prefect.resource.id"] for one in event["related"]}
        assert f"prefect.flow-run.{run['id']}" in related
    artifacts = api.post("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run["id"]]}}})
    texts = {a["key"] or a["type"]: a for a in artifacts}
    assert "| a.py | fixed | 1 | 0 | ruff |" in texts["stomper-summary"]["data"]
    assert "| ruff F821 | 1 | 0 | 1 |" in texts["stomper-summary"]["data"]
    assert texts["progress"]["data"] == 100
    assert texts["progress"]["description"] == "2 of 2 files"
    (trend,) = [key for key in texts if key.startswith("stomper-trend-shop-")]
    assert "2 → 2 errors found, in 1 run(s)" in texts[trend]["data"]


def test_automations_see_a_dead_run_and_tell_of_it(folder: Path, address: str, webhook: str) -> None:
    """Made twice there is one of each. A run killed by SIGKILL becomes Crashed, and that and a failed one are told."""
    env = environment(folder, address) | {"PYTHONPATH": str(Path(__file__).parents[2])}
    argv = (sys.executable, "-c", AUTOMATIONS, webhook)
    subprocess.run(argv, env=env, cwd=folder, check=True, capture_output=True, timeout=120)
    api = Api(address)
    for name in ("Stomper: a run that is silent has crashed", "Stomper: a run failed or crashed"):
        (one,) = api.automations(name)
        assert one["enabled"]
        assert one["actions"][0]["type"] in ("change-flow-run-state", "call-webhook")
    silent = api.automations("Stomper: a run that is silent has crashed")[0]
    assert (silent["trigger"]["posture"], silent["trigger"]["within"]) == ("Proactive", 12)
    api.patch(f"/automations/{silent['id']}", {"enabled": False})
    subprocess.run(argv, env=env, cwd=folder, check=True, capture_output=True, timeout=120)
    (silent,) = api.automations(silent["name"])
    assert not silent["enabled"]  # whoever switched it off meant it
    api.patch(f"/automations/{silent['id']}", {"enabled": True})
    failing = repository(folder, "failing", {"b.py": "print(undefined)\n"})
    assert fix(folder, address, failing).returncode == 1
    wait_for(lambda: any("fix failing @" in body for body in Heard.bodies))
    assert "1 left" in next(body for body in Heard.bodies if "fix failing @" in body)
    hangs = f'[agents.ruff]\nenabled = false\n[agents.hangs]\nkind = "command"\ncommand = ["sleep", "{SILENT}"]\n'
    root = repository(folder, "dies", {"a.py": "import os\n"}, SETTINGS + hangs)
    with Program((STOMPER, "fix"), environment(folder, address), folder / "dies.log", cwd=root) as process:
        wait_for(lambda: bool(running(SILENT)))
        run = run_named(api, "fix dies @")
        assert run["state"]["type"] == "RUNNING"
        wait_for(lambda: beats(api, run["id"]))
        os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: api.get(f"/flow_runs/{run['id']}")["state"]["type"] == "CRASHED")
    assert "no sign of life" in api.get(f"/flow_runs/{run['id']}")["state"]["message"]
    wait_for(lambda: any("fix dies @" in body for body in Heard.bodies))
