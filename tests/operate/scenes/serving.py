"""`stomper serve` beside a worker: deployments change homes."""

from __future__ import annotations

from benchmarks.prefect_servers.programs import Program
from benchmarks.prefect_servers.servers import QUICK_WORKER
from tests.operate.repositories import CURABLE, commits, repository
from tests.operate.stage import STOMPER, Line, Stage, until


def serve_and_deploy_again(stage: Stage) -> list[Line]:
    """Served, a run is the serving process's own; SIGTERM ends it; deployed again, runs are the worker's."""
    root = repository(stage.folder / "served", CURABLE)
    env, log = {**stage.env, **QUICK_WORKER}, stage.folder / "serve.log"
    with Program((STOMPER, "serve", str(root)), env, log, cwd=stage.folder) as serving:
        up = until(lambda: "next:" in serving.tail(), 60)
        pool = stage.api.get("/deployments/name/fix-repository/ci")["work_pool_name"]
        ended = stage.run("fix-repository/ci", {})
    code = serving.exit_code()
    again = stage.command(STOMPER, "deploy", str(root))
    home = stage.api.get("/deployments/name/fix-repository/ci")["work_pool_name"]
    return [
        Line("serving", True, up),
        Line("its pool", None, pool),
        *ended.as_expected(0, "Completed", "1 error(s) fixed"),
        Line("commits", 1, commits(root)),
        Line("SIGTERM", 0, code),
        Line("deploy again", 0, again.returncode),
        Line("its pool", "stomper", home),
    ]
