"""A process that outlives a landing: when the landing's process dies half-way, this one puts the checkout right.

`python -m stomper.landing.transaction.keeper DESCRIPTOR FOLDER LOCK`. It waits until nobody holds the other end of the
pipe *DESCRIPTOR*, neither Stomper nor the git that moves the branch, and settles what the journal in *FOLDER* says, if it
is still there, under the lock of the repository."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from stomper.landing.transaction.journal import read, remove
from stomper.landing.transaction.settling import settle
from stomper.state.locks import Lock

_LONGEST_S = 600.0


def main(descriptor: int, folder: Path, lock: Path) -> int:
    """Wait, and settle what is left."""
    while os.read(descriptor, 64):
        pass
    give_up = time.monotonic() + _LONGEST_S
    while folder.exists() and time.monotonic() < give_up:  # else somebody else has settled it
        with Lock(lock) as held:
            if held.acquire(timeout_s=1.0):
                try:
                    journal = read(folder)
                except (OSError, ValueError, KeyError, TypeError):
                    remove(folder)  # nothing was begun
                else:
                    settle(journal)
                return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
