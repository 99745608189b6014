"""What Prefect's docker worker would make a container of, asked of its own classes. There is no Docker here."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID


class _Docker:
    """What the worker asks Docker about itself before it makes a container."""

    def version(self) -> dict[str, str]:
        return {"Version": "27.0.0"}


async def _settings(run: UUID) -> dict[str, Any]:
    from prefect.client.orchestration import get_client
    from prefect_docker.worker import DockerWorker, DockerWorkerJobConfiguration

    async with get_client() as client:
        flow_run = await client.read_flow_run(run)
        assert flow_run.work_pool_name
        pool = await client.read_work_pool(flow_run.work_pool_name)
        configuration = await DockerWorkerJobConfiguration.resolve_for_flow_run(
            flow_run, client=client, work_pool=pool, worker_name="worker"
        )
    worker = DockerWorker(work_pool_name=pool.name, test_mode=True)
    return dict(worker._build_container_settings(_Docker(), configuration))


def container_of(run: str, worker: Mapping[str, str]) -> dict[str, Any]:
    """The settings of the container of a flow run, made as by a worker in the environment *worker*."""
    argv = (sys.executable, "-m", "tests.operate.docker_worker", run)
    root = Path(__file__).parents[2]
    done = subprocess.run(argv, env=worker, cwd=root, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_settings(UUID(sys.argv[1])))) + "\n")
