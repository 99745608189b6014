"""Stomper on a real Prefect server with a process worker, from `prefect deploy --all` to the exit code that CI sees.

`python -m benchmarks.operate`. Starts a server and a worker on this machine, deploys, runs `fix-repository/ci` on a
repository where all can land and on one where something is left, reads the artifacts through the API, and stops both.
Exit code 1 when anything is not as it should be.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from benchmarks.fan_out import new_repository

ROOT = Path(__file__).resolve().parent.parent
PREFECT = str(Path(sys.executable).with_name("prefect"))
CURABLE = '"""A module."""\n\nimport os\n\n\ndef one() -> int:\n    return 1\n'
LEFT = CURABLE + "\n\ndef two() -> int:\n    return undefined\n"
RULES = 'lint.select = ["E", "F"]\n'
START_S = 120.0


@dataclass(frozen=True)
class Deployed:
    """One run of a deployment: what CI saw, and what is in the repository and the UI afterwards."""

    repository: str
    exit_code: int
    commits: int
    artifacts: tuple[str, ...]
    wrong: tuple[str, ...]


def make_repository(root: Path, source: str) -> Path:
    """A repository of three files with errors."""
    root.mkdir(parents=True)
    (root / "ruff.toml").write_text(RULES, encoding="utf-8")
    for name in ("a.py", "b.py"):
        (root / name).write_text(CURABLE, encoding="utf-8")
    (root / "c.py").write_text(source, encoding="utf-8")
    (root / "test_a.py").write_text("from a import one\n\n\ndef test_one() -> None:\n    assert one() == 1\n")
    new_repository(root)
    return root


@contextlib.contextmanager
def running(argv: tuple[str, ...], env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program of ours in a session of its own, ended with all that it started."""
    with log.open("wb") as out:
        process = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=out, stderr=out, start_new_session=True)
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)


def answered(api: str, path: str, query: Mapping[str, object] | None = None) -> object:
    """What the server says at *path*."""
    address = f"{api}{path}"
    answer = httpx.get(address, timeout=30) if query is None else httpx.post(address, json=query, timeout=30)
    return answer.raise_for_status().json()


def wait_until_up(api: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for the server. Ends the script when it does not come up."""
    give_up = time.monotonic() + START_S
    while time.monotonic() < give_up and server.poll() is None:
        with contextlib.suppress(httpx.HTTPError, ValueError):
            if answered(api, "/health") is True:
                return
        time.sleep(0.2)
    raise SystemExit(f"the server did not come up:\n{log.read_text(errors='replace')[-3000:]}")


def command(argv: tuple[str, ...], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed."""
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)} ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done


def artifacts_of(api: str, newest_run: str) -> list[dict[str, object]]:
    """The artifacts of a flow run, its tasks' included."""
    found = answered(api, "/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [newest_run]}}, "limit": 200})
    assert isinstance(found, list)
    return found


def pipeline_summary(repository: Path, env: Mapping[str, str]) -> str:
    """What the step of deployments/ci/github-server.yml that is for the summary adds to it."""
    jobs = yaml.safe_load((ROOT / "deployments" / "ci" / "github-server.yml").read_text(encoding="utf-8"))["jobs"]
    (script,) = [step["run"] for step in jobs["repair"]["steps"] if step.get("name") == "summary"]
    file = repository.parent / f"{repository.name}-summary.md"
    own = {"TAG": f"of-{repository.name}", "RUNNER_TEMP": str(repository.parent), "GITHUB_STEP_SUMMARY": str(file)}
    argv = ("bash", "-e", "-o", "pipefail", "-c", script)
    done = subprocess.run(argv, cwd=repository.parent, env={**env, **own}, capture_output=True, text=True, check=False)
    return file.read_text(encoding="utf-8") if done.returncode == 0 else done.stderr


def run_deployment(api: str, repository: Path, env: Mapping[str, str], *, all_land: bool) -> Deployed:
    """Start `fix-repository/ci` on *repository*, wait for it as CI does, and look at everything it left."""
    argv = (
        PREFECT,
        "deployment",
        "run",
        "fix-repository/ci",
        "-p",
        f"repository={repository}",
        "--tag",
        f"of-{repository.name}",
        "--watch",
        "--watch-timeout",
        "300",
    )
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=400)
    runs = answered(api, "/flow_runs/filter", {"sort": "START_TIME_DESC", "limit": 1})
    assert isinstance(runs, list)
    artifacts = artifacts_of(api, runs[0]["id"])
    keys = tuple(sorted(str(a.get("key") or a.get("type")) for a in artifacts))
    git = ("git", "rev-list", "--count", "HEAD")
    commits = int(subprocess.run(git, cwd=repository, capture_output=True, text=True, check=True).stdout) - 1
    wrong = []
    if (done.returncode == 0) is not all_land:
        wrong.append(f"exit code {done.returncode}: {done.stdout[-800:]} {done.stderr[-800:]}")
    if commits != 3:
        wrong.append(f"{commits} commits, not 3")
    if missing := {"stomper-summary", "stomper-files", "progress"} - set(keys):
        wrong.append(f"no artifact {', '.join(sorted(missing))}")
    if (diffs := keys.count("markdown")) != 3:
        wrong.append(f"{diffs} artifacts with a diff, not 3")
    summary = next((str(a["data"]) for a in artifacts if a.get("key") == "stomper-summary"), "")
    if "fixed in 3 file(s)" not in summary:
        wrong.append(f"the summary reads {summary[:300]!r}")
    if (shown := pipeline_summary(repository, env)).strip() != summary.strip():
        wrong.append(f"the pipeline's summary reads {shown[:300]!r}")
    return Deployed(repository.name, done.returncode, commits, keys, tuple(wrong))


def main() -> int:
    """Start, deploy, run, look, stop."""
    with tempfile.TemporaryDirectory(prefix="stomper-operate-") as name, contextlib.ExitStack() as stack:
        folder = Path(name).resolve()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        api = f"http://127.0.0.1:{port}/api"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "STOMPER_"))}
        env = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}",
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "STOMPER_HOME": str(folder / "state"),
            "TARGET_REPOSITORY": str(make_repository(folder / "curable", CURABLE)),
        }
        left = make_repository(folder / "left", LEFT)
        log = folder / "server.log"
        argv = (PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port))
        wait_until_up(api, stack.enter_context(running(argv, env, log)), log)
        command((PREFECT, "work-pool", "create", "stomper", "--type", "process"), env)
        command((sys.executable, "-m", "deployments.limits"), env)
        command((PREFECT, "--no-prompt", "deploy", "--all"), env)
        stack.enter_context(running((PREFECT, "worker", "start", "--pool", "stomper"), env, folder / "worker.log"))
        results = [
            run_deployment(api, Path(env["TARGET_REPOSITORY"]), env, all_land=True),
            run_deployment(api, left, env, all_land=False),
        ]
        for result in results:
            shown = ", ".join(dict.fromkeys(result.artifacts))
            print(f"{result.repository:10} exit code {result.exit_code}, {result.commits} commits, artifacts: {shown}")
            for line in result.wrong:
                print(f"  WRONG: {line}")
        if any(result.wrong for result in results):
            print((folder / "worker.log").read_text(errors="replace")[-4000:])
            return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
