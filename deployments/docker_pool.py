"""The containers of a docker pool: what a command says of them, and what Prefect's docker worker is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict

from deployments.heartbeats import FREQUENCY_S, VARIABLE
from stomper.config.repository_url import NO_CREDENTIALS
from stomper.config.secrets import called_like_a_secret
from stomper.errors import StomperError

STATE_VOLUME = "stomper-state"
STATE = "/var/lib/stomper"
"""Where the image keeps what stays: Stomper's state folder and Prefect's, in one volume for all runs of a machine."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BLOCK = re.compile(r"\{\{\s*prefect\.blocks\.[\w.\[\]-]+\s*\}\}")


class Container(BaseModel):
    """What the docker worker makes for each run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: str
    volumes: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    env: dict[str, str] = {}

    def job_variables(self, pool: str, paths: Sequence[str]) -> dict[str, Any]:
        """The deployments' job variables, as Prefect's docker worker takes them. Each of *paths* is seen in the container
        where it is on its machine, unless a volume holds it already."""
        own = [f"{_mountable(path)}:{path}" for path in unseen(paths, self.volumes)]
        state = [f"{STATE_VOLUME}:{path}" for path in unseen([STATE], self.volumes)]
        # The worker hands on its own PREFECT_* variables; folders of the worker's machine mean nothing in the container.
        env = {"STOMPER_HOME": f"{STATE}/state", "PREFECT_HOME": f"{STATE}/prefect", VARIABLE: str(FREQUENCY_S)}
        return {
            "image": self.image,
            # Without it the worker would ask a registry for an image without a tag, which may be somebody else's there.
            "image_pull_policy": "IfNotPresent",
            # Each container has another host name, and limits of landing would be another's for each run.
            "env": {**env, "STOMPER_MACHINE": pool, **self.env},
            "volumes": [*state, *self.volumes, *own],
            "networks": list(self.networks),
            "auto_remove": True,
        }


def container_of(
    image: str, *, volumes: Sequence[str], networks: Sequence[str], variables: Sequence[str]
) -> Container | None:
    """What flags of these names ask for; None without any. Raises StomperError naming the flag and what it takes."""
    flags = {"--volume": volumes, "--network": networks, "--env": variables}
    if (given := [flag for flag, values in flags.items() if values]) and not image:
        raise StomperError(f"{', '.join(given)}: this is for the containers of a docker pool: name their --image too")
    if not image:
        return None
    if any(c.isspace() for c in image) or image.startswith("-"):
        raise StomperError(f"--image {image!r}: give the name of an image, such as registry.example.org/stomper:1.0")
    for volume in volumes:
        target_of(volume)
    env = dict(_variable(one) for one in variables)
    return Container(image=image, volumes=tuple(volumes), networks=tuple(networks), env=env)


def target_of(volume: str) -> str:
    """Where *volume*, as `SOURCE:TARGET` or `SOURCE:TARGET:ro`, is in the container. Raises StomperError for any other."""
    source, _, rest = volume.partition(":")
    target, _, mode = rest.partition(":")
    # The worker would look for a relative source in the folder that it happens to be started in.
    named = re.fullmatch(r"[A-Za-z0-9][\w.-]*", source)
    if not (named or source.startswith("/")) or not target.startswith("/") or not re.fullmatch(r"[A-Za-z,]*", mode):
        raise StomperError(
            f"--volume {volume}: give SOURCE:TARGET, a folder by its absolute path or a volume's name and the absolute path "
            "in the container, and `:ro` after it where nothing may be written"
        )
    return target


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not _VARIABLE.fullmatch(name):
        raise StomperError(f"--env {name}: give NAME=VALUE")
    secret = called_like_a_secret(name) or not re.match(NO_CREDENTIALS, value)
    if secret and not _BLOCK.fullmatch(value.strip()):
        raise StomperError(
            f"--env {name}: the server would store the value where everybody can read it: put it into a Secret block, and "
            f"give --env '{name}={{{{ prefect.blocks.secret.BLOCK }}}}'"
        )
    return name, value


def _mountable(path: str) -> str:
    if not path.startswith("/") or ":" in path:
        raise StomperError(
            f"{path}: a container cannot have this at the same path: name the repository by where a --volume puts it, or by "
            "its address"
        )
    return path


def unseen(paths: Sequence[str], volumes: Sequence[str]) -> list[str]:
    """Those of *paths* that are in none of the *volumes* of a container."""
    targets = [volume.split(":")[1] for volume in volumes if ":" in volume]
    return [path for path in paths if not any(PurePosixPath(path).is_relative_to(target) for target in targets)]
