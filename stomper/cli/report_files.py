"""How a command tells what it came to beside its terminal: reports to files, and what GitHub Actions shows."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stomper.errors import Cancelled, StomperError
from stomper.reports import github_actions
from stomper.reports.files import Wanted, wanted, write_reports
from stomper.reports.result import RunResult


@dataclass(frozen=True)
class Telling:
    """Where one command tells its result. A result is told once, also when it is only why there is none."""

    verb: Literal["fix", "check"]
    reports: tuple[Wanted, ...]
    on_github: bool

    @classmethod
    def of(
        cls, verb: Literal["fix", "check"], given: Sequence[str] | None, *, stdout_taken_by: str, no_ci: bool
    ) -> Telling:
        """What the flags ask for. Raises SettingsError before anything is done."""
        return cls(verb, wanted(given or (), stdout_taken_by=stdout_taken_by), github_actions.on_github() and not no_ci)

    @property
    def uses_stdout(self) -> bool:
        """Whether a report is printed: what people read goes to stderr then."""
        return any(report.place == "-" for report in self.reports)

    @contextlib.contextmanager
    def around(self) -> Iterator[None]:
        """The work itself, and what is shown of it to people; whatever ends it early is told like a result, and raised.

        Raises Cancelled for a Ctrl-C that nobody has taken."""
        try:
            with github_actions.no_commands(_to_stderr) if self.on_github else contextlib.nullcontext():
                yield
        except KeyboardInterrupt:
            stopped = Cancelled("the run was stopped")
            self._tell_failure(stopped, str(stopped))
            raise stopped from None
        except StomperError as error:
            self._tell_failure(error, str(error))
            raise
        except Exception as error:
            self._tell_failure(error, f"{type(error).__name__}: {error}")
            raise

    def _tell_failure(self, error: Exception, words: str) -> None:
        try:
            self.tell(RunResult.of_failure(self.verb, words), Path.cwd())
        except StomperError as second:
            raise StomperError(f"{words}\n{second}") from error

    def tell(self, result: RunResult, root: Path) -> None:
        """Write the reports, and on GitHub Actions the summary and the annotations. *root* is the repository's.

        Raises StomperError for a report that could not be written."""
        if self.on_github:
            for line in github_actions.commands(result, root, os.environ.get("GITHUB_WORKSPACE", "")):
                _to_stderr(line)
            if file := os.environ.get("GITHUB_STEP_SUMMARY"):
                try:
                    github_actions.add_summary(result, Path(file))
                except OSError as error:
                    _to_stderr(f"stomper: the summary cannot be added to {file}: {error.strerror or error}")
        write_reports(result, self.reports)


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
