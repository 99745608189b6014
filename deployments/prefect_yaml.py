"""The prefect.yaml that `prefect deploy` is given: the installation's own, for one work pool and its containers."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deployments.deployment_specs import Described


@contextlib.contextmanager
def written(
    folder: Path, pool: str, job_variables: Mapping[str, dict[str, Any]]
) -> Iterator[tuple[Path, dict[str, str]]]:
    """The prefect.yaml in *folder* with all deployments in the work pool *pool*, each with its own *job_variables*: a file
    for as long as the block runs, and the variables that `prefect deploy` must have with it."""
    import yaml

    raw = yaml.safe_load((folder / "prefect.yaml").read_text(encoding="utf-8"))
    kept: dict[str, str] = {}
    for one in raw["deployments"]:
        name = Described.model_validate(one).full_name
        one["work_pool"] = {
            **one["work_pool"],
            "name": pool,
            "job_variables": _untouched(job_variables.get(name, {}), kept),
        }
    with tempfile.TemporaryDirectory(prefix="stomper-deploy-") as place:
        file = Path(place) / "prefect.yaml"
        file.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
        yield file, kept


def _untouched(value: Any, kept: dict[str, str]) -> Any:
    """*value* with every text that has a placeholder moved to *kept*: Prefect would fill in a secret when it deploys, and
    store it. What it takes from a variable it leaves for the worker to fill in."""
    if isinstance(value, dict):
        return {name: _untouched(below, kept) for name, below in value.items()}
    if isinstance(value, list):
        return [_untouched(below, kept) for below in value]
    if isinstance(value, str) and "{{" in value:
        name = f"JOB_VARIABLE_{len(kept)}"
        kept[name] = value
        return f"{{{{ ${name} }}}}"
    return value
