"""Drive Prefect's UI: the deployments, the run form, a mapped run and its artifacts, and a run that the form starts.

`python -m tests.ui` looks at every page; with `--screenshots FOLDER` it writes pictures of them as well. Exit code 1 and
the page's text when one does not show what it must.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.ui import approval, form, pages
from tests.ui.browser import Page, browser, programs
from tests.ui.repositories import WITH_ERRORS, git, repositories
from tests.ui.stage import Stage, stage

_FORM = "fix-repository/on-demand"


def look(page: Page, made: Stage, web: Path, picture: Callable[[str], None]) -> None:
    """Every page in the order in which a new user meets them."""
    pages.check_deployments(page)
    picture("deployments")
    run = made.ended()
    pages.check_run(page, run, WITH_ERRORS)
    picture("run")
    pages.check_summary(page, made, run["id"], WITH_ERRORS)
    picture("summary")
    pages.check_table(page, made, run["id"], WITH_ERRORS)
    picture("files")
    pages.check_progress(page, made, run["id"])
    said("deployments, run, summary, table and progress")
    page.open(f"/deployments/deployment/{made.deployment(_FORM)}/run", "Set-up command")
    picture("form")
    fields = form.fields("flows/fix_repository.py:fix_repository")
    form.check_form(page, fields)
    said(f"the form: {len(fields)} fields")
    form.refuse(page)
    assert len(made.runs()) == 1, "a run with a number out of bounds was created"
    before = git(web, "rev-parse", "HEAD")
    form.start_run(page, web)
    pages.check_started(page, made, made.ended(but=run["id"]), web)
    assert git(web, "rev-parse", "HEAD") == before
    said("a run started from the form")


def said(what: str) -> None:
    """Tell what was seen."""
    print(f"seen: {what}", flush=True)


def main() -> int:
    """Set the stage, look, and clear it away."""
    parser = argparse.ArgumentParser(prog="python -m tests.ui", description=__doc__)
    parser.add_argument("--screenshots", type=Path, metavar="FOLDER", help="write pictures of the pages there")
    folder: Path | None = parser.parse_args().screenshots
    programs()
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stomper-ui-")))
        api, web, shop = stack.enter_context(repositories())
        made = stack.enter_context(stage(scratch, api))
        made.command("prefect", "deployment", "run", _FORM, "--watch", code=1)  # something is left
        page = stack.enter_context(browser(made.ui, scratch / "profile"))

        def picture(of: str) -> None:
            if folder is not None:
                page.picture(folder / f"ui-{of}.png")

        look(page, made, web, picture)
        approval.approve(page, made, shop, _FORM, picture)
        said("an approval given in the UI")
    print(f"ok, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
