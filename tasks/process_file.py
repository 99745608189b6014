"""The task that is mapped over the files."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from stomper.fixing import fix_file, session
from stomper.models import Outcome
from tasks.limits import TAG


@task(name="process_file", task_run_name="fix {path}", tags=[TAG], cache_policy=NO_CACHE, persist_result=False)
def process_file(path: str, run_id: str) -> Outcome:
    """Repair one file completely, up to a proven patch. A failure is an outcome with a reason, never an exception."""
    here = session.current(run_id)
    return fix_file.process_file(here, here.job(path))
