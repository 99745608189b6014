"""What a coding agent's program says of its call: read from JSON, JSON lines, plain text or a file it leaves."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stomper.agents.protocol.agent import Usage

_START = re.compile(r"^[\[{]", re.MULTILINE)  # nested ones are indented, or not at the start of their line
_MOST = 1e12
_UNITS = {"k": 1_000, "M": 1_000_000}


@dataclass(frozen=True)
class Said:
    """What was read. *error* is in the program's words and *status* the provider's HTTP status, where they are told."""

    usage: Usage | None = None
    cost_usd: float | None = None
    model: str = ""
    session: str = ""
    stop: str = ""
    error: str = ""
    status: int | None = None


@dataclass(frozen=True)
class Reading:
    """Where in a program's output things are: JSONPaths into the list of its records, or for text regular expressions.

    Numbers found in several places are added up; of words the last one counts."""

    text: bool = False
    file: str = ""
    """What it writes in the state folder; its stdout where this is empty."""
    input_tokens: tuple[str, ...] = ()
    """Cached ones included: where they are counted apart, with the places of both."""
    output_tokens: str = ""
    cache_read_tokens: str = ""
    cache_write_tokens: str = ""
    cost_usd: str = ""
    model: str = ""
    session: str = ""
    stop: str = ""
    error: str = ""
    status: str = ""
    limits: tuple[str, ...] = ()
    """Words of `stop` that say that a limit of ours was reached."""

    def read(self, stdout: str, stderr: str, state: Path) -> Said:
        """What the program said; what it did not say is None or empty."""
        output = _content(state / self.file) if self.file else stdout
        if self.text:
            return self._said(f"{stdout}\n{stderr}")
        return self._said(records(output) or records(stderr))

    def _said(self, source: Any) -> Said:
        said_tokens = [_numbers(source, path) for path in (*self.input_tokens, self.output_tokens)]
        usage = None
        if any(said_tokens):
            usage = Usage(
                input_tokens=int(sum(sum(found) for found in said_tokens[:-1])),
                output_tokens=int(sum(said_tokens[-1])),
                cache_read_tokens=int(sum(_numbers(source, self.cache_read_tokens))),
                cache_write_tokens=int(sum(_numbers(source, self.cache_write_tokens))),
            )
        costs, statuses = _numbers(source, self.cost_usd), _numbers(source, self.status)
        cost = sum(costs) if costs else None
        # Nothing for some tokens is what a table says that does not know the model.
        unknown = cost == 0 and usage is not None and usage.total > 0
        return Said(
            usage=usage,
            cost_usd=None if unknown else cost,
            model=_last(source, self.model),
            session=_last(source, self.session),
            stop=_last(source, self.stop),
            error=_last(source, self.error),
            status=int(statuses[-1]) if statuses else None,
        )


def records(output: str) -> list[Any]:
    """The JSON in *output*: a list of its lines, or the last whole document, in a list unless it is one."""
    lines = []
    for line in output.splitlines():
        try:
            lines.append(json.loads(line))
        except (ValueError, RecursionError):
            continue
    found: list[Any] = [entry for entry in lines if isinstance(entry, dict)]
    if found:
        return found
    for start in reversed([m.start() for m in _START.finditer(output)]):
        try:
            document, _ = json.JSONDecoder().raw_decode(output, start)
        except (ValueError, RecursionError):
            continue
        return document if isinstance(document, list) else [document]
    return []


def _found(source: str | list[Any], path: str) -> Sequence[Any]:
    if not path:
        return []
    if isinstance(source, str):
        return re.findall(path, source, re.MULTILINE)
    import jsonpath  # noqa: PLC0415 - runs without such an agent do not need it

    return jsonpath.findall(path, source)


def _numbers(source: str | list[Any], path: str) -> list[float]:
    return [number for found in _found(source, path) if (number := _number(found)) is not None]


def _number(found: object) -> float | None:
    """A number, or text such as `2.2k`. What no count and no price can be (-1, NaN) is as good as not said."""
    if isinstance(found, str) and (shown := re.fullmatch(r"\$?(\d[\d,]*(?:\.\d+)?|\.\d+)([kM]?)", found.strip())):
        return float(shown[1].replace(",", "")) * _UNITS.get(shown[2], 1)
    if isinstance(found, int | float) and not isinstance(found, bool) and 0 <= found <= _MOST:
        return float(found)
    return None


def _last(source: str | list[Any], path: str) -> str:
    found = [f for f in _found(source, path) if f is not None and f != ""]
    if not found:
        return ""
    return " ".join(found[-1].split()) if isinstance(found[-1], str) else json.dumps(found[-1])


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""  # a pipe would never end
    except OSError:
        return ""
