"""The set-up command of a deployment: shell written by the operator."""

from __future__ import annotations

from prefect_shell import ShellOperation

from stomper.errors import StomperError
from stomper.system import proxies


def run_setup(command: str, folder: str) -> None:
    """Run *command* in *folder* by bash, stopping at the first failure. Raises StomperError when it fails."""
    try:
        shell = ShellOperation(
            commands=["set -e", command], env=proxies.undoing(), working_dir=folder, stream_output=False
        )
        shell.run()
    except RuntimeError as error:
        raise StomperError(f"setup_command failed: {error}") from error
