"""`python -m stomper`: the same as the command `stomper`."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # `-m` puts the current folder first on the import path. That is a repository to repair: nothing is imported from it.
    if not sys.flags.safe_path and Path(sys.path[0]).resolve() != Path(__file__).resolve().parent.parent:
        del sys.path[0]
    from stomper.cli import main

    main()
