"""The template of a prompt, filled in. Whoever reads no prompts does not load what that takes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from stomper.errors import SettingsError


def filled(place: Path, values: Mapping[str, object]) -> str:
    """The target's own template at *place*, else Stomper's, filled in. Raises SettingsError for one that is broken."""
    shipped = files("stomper") / "prompts" / "fix.md.j2"
    try:
        text = (place if place.is_file() else shipped).read_text(encoding="utf-8")
        return _compiled(text).render(values)
    except (TemplateError, UnicodeDecodeError) as error:
        raise SettingsError(f"{place}: {error}; what it can use is {', '.join(sorted(values))}") from None


@lru_cache(maxsize=8)
def _compiled(text: str) -> Template:
    """The template of this *text*: compiling it takes far longer than filling it in."""
    jinja = SandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return jinja.from_string(text)
