"""What would be repaired: the errors collected and chosen, and nothing changed."""

from __future__ import annotations

from stomper.checkers.checked import Checked
from stomper.config.parameters import FixParameters
from stomper.git.remotes import Remote
from stomper.run.open import open_session
from stomper.run.report import unlooked


def check(parameters: FixParameters, remote: Remote | None = None) -> Checked:
    """What a run with *parameters* would aim at. Raises StomperError, also when a checker could not say."""
    # Nothing is to land, so nothing is asked of the repository for that, such as a name for the commits.
    session = open_session(parameters.model_copy(update={"land": "patch"}), only_check=True, remote=remote)
    try:
        collected = session.collect()
        jobs, left_out = session.select()
        unseen = unlooked(session)
    finally:
        session.close()
    return Checked(collected, tuple(jobs), left_out, session.shown, session.base, unseen)
