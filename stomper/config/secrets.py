"""The keys and tokens of the caller's environment, which nobody is to see but the agents that they are for."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from stomper.config.settings import Settings

_NAMES = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|_PAT)$", re.IGNORECASE)
_WITH_PASSWORD = re.compile(r"[A-Za-z][\w+.-]*://[^/@\s]*:[^/@\s]+@")
Files = Mapping[str, bytes | None]
_SHORTEST = 8  # anything shorter stands in many a text by chance


def called_like_a_secret(name: str) -> bool:
    """Whether a variable of this name holds a key or a token, as far as its name tells."""
    return bool(_NAMES.search(name))


@dataclass(frozen=True)
class Secrets:
    """Their values, by the names of their variables."""

    values: Mapping[str, str]

    @classmethod
    def of(cls, settings: Settings, environ: Mapping[str, str] = os.environ) -> Secrets:
        """Return what agents are handed on by their tables, the forge's token, every variable that is called like a secret,
        and addresses with a password in them."""
        handed = {name for table in settings.agents.values() for name in (*table.env, table.api_key_env)}
        handed.add(settings.pr.token_env)
        found = {n: v for n, v in environ.items() if n in handed or called_like_a_secret(n) or _WITH_PASSWORD.match(v)}
        return cls({name: value for name, value in found.items() if len(value) >= _SHORTEST})

    def hidden(self, text: str) -> str:
        """*text* with each of them replaced by its variable's name. For whole texts: of one that was cut a part remains."""
        for name, value in sorted(self.values.items(), key=lambda item: -len(item[1])):  # one may hold another
            text = text.replace(value, f"[{name}]")
        return text

    def shown(self, text: str, prompt: str) -> str:
        """What a program printed, as it may be shown: without them, and without what it repeats of its prompt."""
        told = {line.strip() for line in prompt.splitlines()}
        return self.hidden("\n".join(line for line in text.splitlines() if line.strip() not in told))

    def planted(self, before: Files, after: Files) -> str:
        """The variable whose value stands more often *after* than *before*, in a file or its name; empty when none does."""
        old, new = _all(before), _all(after)
        values = ((name, os.fsencode(value)) for name, value in self.values.items())
        return next((name for name, value in values if new.count(value) > old.count(value)), "")


def _all(files: Files) -> bytes:
    there = ((path, content) for path, content in files.items() if content is not None)
    return b"\0".join(part for path, content in there for part in (os.fsencode(path), content))
