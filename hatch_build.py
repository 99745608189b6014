"""Build hook: puts the Prefect side of the project under `stomper/_bundle` in a standard wheel."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Bundle(BuildHookInterface[Any]):
    """Adds `flows`, `tasks`, `deployments` and `prefect.yaml` to the wheel, away from the top of site-packages."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            for name in ("flows", "tasks", "deployments", "prefect.yaml"):
                build_data["force_include"][name] = f"stomper/_bundle/{name}"
