"""What a run watches while agents work: the user's repository, and all by which fixes are judged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stomper.agents.harm import Harm
from stomper.agents.tamper_watch import Violation, Watch
from stomper.config.settings import Settings
from stomper.environment.judges import Judges
from stomper.environment.python import Environment
from stomper.git.checkout_state import Sight
from stomper.git.object_stamps import ObjectStamps
from stomper.git.repository import Target, is_ancestor
from stomper.state import paths
from stomper.state.store import Store
from stomper.testing.suite import Suite


def make_watch(target: Target, folder: Path, store: Store, judges: Judges) -> Watch:
    """The watch over *target* and *judges* for a run whose files are in *folder*; other runs are known from *store*."""
    harm = Harm(target.branch, lambda old, new: is_ancestor(target.root, old, new))
    landing = paths.landing_lock(str(target.git_dir))
    return Watch(Sight(target, folder), store.landed, landing, harm.of, judges)


def judges_of(
    settings: Settings, environment: Environment, suite: Suite, folder: Path, *, lent: Sequence[Path], git_dir: Path
) -> Judges:
    """All that decides about fixes in the worktrees of a run whose files are in *folder*; *lent* is copied into them, and
    what git has in them is from *git_dir*."""

    def commands() -> list[Sequence[str]]:
        checkers = [table.command for table in settings.checkers.values() if table.command]
        return [*checkers, *([suite.argv()] if settings.test_validation != "none" else [])]

    above = (environment.root.parent, folder / "worktrees")
    return Judges(
        environment,
        commands,
        tools=("ruff", "mypy"),
        above=above,
        lent=lent,
        objects=ObjectStamps(git_dir / "objects"),
        empty=folder / "no-bytecode",
    )


def keep_evidence(run_id: str, violations: Sequence[Violation], *, landed: bool) -> str:
    """Write down *violations*, at least one, and return why nothing lands, in words for people."""
    folder = paths.home() / "evidence"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{run_id}.json"
    lines = [violation.model_dump_json() for violation in violations]
    file.write_text("[" + ",\n".join(lines) + "]\n", encoding="utf-8")
    first = violations[0]
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return (
        f"the repository changed while agents ran that no sandbox kept from it ({first.words}{more}; running: "
        f"{', '.join(first.agents)}): nothing{' more' if landed else ''} is landed. All of it is in {file}. Look at "
        "`git status` and the branches, then run again; with bubblewrap installed such agents are fenced in"
    )
