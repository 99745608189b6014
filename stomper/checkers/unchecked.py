"""What no checker of a run looks at: languages, and tools that the repository has set up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from stomper.analysis.languages import LANGUAGES, languages
from stomper.config.settings import CheckerSettings
from stomper.guards.tool_files import TOOLS, configured, tool_of
from stomper.guards.vendored import vendored

_OWN = {"ruff": ("python", "notebook"), "mypy": ("python",), "pytest": ("python",)}
_CODE = {entry.name for entry in LANGUAGES if entry.code}
_MOST_FILES = 3  # of a tool's configuration


def unchecked(
    paths: Iterable[str], checkers: Mapping[str, CheckerSettings], running: Collection[str]
) -> tuple[str, ...]:
    """Return a line for each language, and each tool that is set up, that none of the *running* checkers covers.

    Data and text count where a tool for them is set up. A command that is not known may look at anything: then there are
    no lines."""
    tables = {name: checkers[name] for name in running if name in checkers}
    programs = {name: _programs(table) for name, table in tables.items() if (table.kind or name) not in _OWN}
    if any(not known for known in programs.values()):
        return ()
    runs = {table.kind or name for name, table in tables.items()} | {p for known in programs.values() for p in known}
    covered = {entry for run in runs for entry in _OWN.get(run, ())}
    covered |= {entry for tool in TOOLS if tool.name in runs for entry in tool.languages}
    own = [path for path in paths if not vendored(path)]
    found = {tool.name: (tool.languages, files) for tool, files in configured(own).items() if tool.name not in runs}
    lines = []
    for name, files in languages([path for path in own if tool_of(path) is None]).items():
        setups = [file for spoken, some in found.values() if name in spoken for file in some]
        if name not in covered and (name in _CODE or setups):
            lines.append(_line(files, setups))
    at_hand = [(name, files) for name, (spoken, files) in found.items() if covered & set(spoken)]
    return (*lines, *(f"{name} is configured ({_few(files)}), and no checker runs it" for name, files in at_hand))


def _programs(table: CheckerSettings) -> set[str]:
    """The tools that a command starts, as far as they are known."""
    words = {PurePosixPath(word).name for argument in table.command for word in argument.replace("&&", " ").split()}
    return {tool.name for tool in TOOLS if tool.languages and tool.name in words}


def _line(files: Sequence[str], setups: Sequence[str]) -> str:
    counts = Counter(PurePosixPath(file).suffix or PurePosixPath(file).name for file in files)
    kinds = "/".join(kind for kind, _ in counts.most_common(2))
    more = f"; {_few(setups)} found" if setups else ""
    return f"{len(files)} {kinds} file{'s' if len(files) > 1 else ''}: no checker{more}"


def _few(files: Sequence[str]) -> str:
    kept = sorted(files)[:_MOST_FILES]
    return ", ".join(kept) + (f" and {len(files) - len(kept)} more" if len(files) > len(kept) else "")
