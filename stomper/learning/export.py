"""What was learned as a file, to carry to another machine: JSON lines, a header first. No paths, no source, no prompts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from stomper.errors import StomperError
from stomper.learning.examples import Example, Examples
from stomper.learning.trials import Trial, Trials
from stomper.models import Model
from stomper.state.store import Store

VERSION = 1
_SHOWN = 5  # bad lines that are named


class Header(Model):
    """The first line. With the numbers of what follows, so that a file that was cut short is known."""

    format: Literal["stomper-learning"] = "stomper-learning"
    version: int = VERSION
    trials: int = Field(default=0, ge=0)
    examples: int = Field(default=0, ge=0)


class _Line(Model):
    trial: Trial | None = None
    example: Example | None = None


def exported(store: Store, repository: str = "", *, with_examples: bool = False) -> Iterator[str]:
    """The lines for *repository*, or for all. Source text only *with_examples*: those are lines of code."""
    trials = Trials(store).newest(repository)
    examples = Examples(store).all(repository) if with_examples else []
    yield Header(trials=len(trials), examples=len(examples)).model_dump_json() + "\n"
    for trial in reversed(trials):
        yield json.dumps({"trial": trial.model_dump(exclude={"path"})}) + "\n"
    for example in examples:
        yield json.dumps({"example": example.model_dump()}) + "\n"


def import_from(store: Store, file: Path) -> tuple[int, int]:
    """Take in what *file* holds. Returns how many trials it has and how many of them are new.

    Raises StomperError that names the bad lines: then nothing is taken in at all."""
    trials, examples = _read(file)
    known = Trials(store)
    before = known.count()
    known.add(*trials)
    Examples(store).add(*examples)
    return len(trials), known.count() - before


def _read(file: Path) -> tuple[list[Trial], list[Example]]:
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise StomperError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise StomperError(f"{file}: this is not text; give a file that `stomper learn export` wrote") from None
    header = _header(file, lines[0])
    trials, examples, bad = [], [], []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        try:
            found = _Line.model_validate_json(line)
        except ValidationError as error:
            bad.append(f"{file}:{number}: {_words(error)}")
            continue
        trials += [found.trial] if found.trial else []
        examples += [found.example] if found.example else []
    if bad:
        more = f"\nand {len(bad) - _SHOWN} more line(s)" if len(bad) > _SHOWN else ""
        raise StomperError("\n".join(bad[:_SHOWN]) + f"{more}\nnothing was imported")
    if (len(trials), len(examples)) != (header.trials, header.examples):
        raise StomperError(
            f"{file}: it has {len(trials)} trial(s) and {len(examples)} example(s), and its first line says "
            f"{header.trials} and {header.examples}: export it again; nothing was imported"
        )
    return trials, examples


def _header(file: Path, line: str) -> Header:
    try:
        header = Header.model_validate_json(line)
    except ValidationError:
        raise StomperError(
            f"{file}:1: this is not the first line of a file that `stomper learn export` wrote"
        ) from None
    if header.version > VERSION:
        raise StomperError(
            f"{file}:1: version {header.version} was written by a newer Stomper; this one reads {VERSION}: use that one"
        )
    return header


def _words(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
