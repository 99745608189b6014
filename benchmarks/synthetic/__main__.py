"""`python -m benchmarks.synthetic FOLDER --files 7000 --broken 200 --codes F401,E711`: make one, say what is in it."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from pydantic import ValidationError

from benchmarks.synthetic import Shape, make


def main() -> int:
    """Parse, make, say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.synthetic", description=Shape.__doc__)
    parser.add_argument("folder", type=Path, help="a folder that does not exist yet")
    for name, field in Shape.model_fields.items():
        kind = {"suite_s": float, "codes": str}.get(name, int)
        default = ",".join(field.default) if name == "codes" else field.default
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=default, help=field.description)
    given = vars(parser.parse_args())
    folder = given.pop("folder")
    if folder.exists():
        parser.error(f"{folder} exists already")
    try:
        shape = Shape(**{**given, "codes": tuple(given["codes"].split(","))})
    except ValidationError as error:
        parser.error("; ".join(str(e["msg"]) for e in error.errors()))
    began = time.perf_counter()
    made = make(folder, shape)
    words = f"{shape.files} Python files, {len(made.broken)} with errors, {len(made.culprits)} culprit(s)"
    print(f"{folder}: {words}, tree {made.tree}, {time.perf_counter() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
