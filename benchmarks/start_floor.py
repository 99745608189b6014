"""Import Prefect, then start the embedded server, one after the other: `python -m benchmarks.start_floor HOME`.

What a run cannot do without, done plainly. Prints the seconds of each, from the first line of this file."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

BEGAN = time.monotonic()


def main() -> None:
    """Do both, and print how long each took."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    import prefect.client.orchestration  # noqa: PLC0415 - what is measured
    import prefect.flows  # noqa: PLC0415 - the same
    import prefect.tasks  # noqa: F401, PLC0415 - the same

    imported = time.monotonic()
    from stomper.server import embedded  # noqa: PLC0415 - after Prefect

    embedded.prepare(Path(sys.argv[1]))
    print(imported - BEGAN, time.monotonic() - imported)


if __name__ == "__main__":
    main()
