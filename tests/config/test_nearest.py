"""What is suggested for a word that is not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from stomper.config.layers import assignments
from stomper.config.loading import load
from stomper.config.nearest import did_you_mean
from stomper.errors import SettingsError


def refusal(root: Path, *, env: dict[str, str] | None = None, pairs: tuple[str, ...] = ()) -> str:
    """What is said of the settings at *root*."""
    with pytest.raises(SettingsError) as caught:
        load(root, flags=assignments(pairs), env=env or {})
    return str(caught.value)


def test_an_unknown_key_is_answered_in_every_layer(tmp_path: Path) -> None:
    """In a file, in a variable and by --set, with the way to all that there are."""
    said = "max_flies: unknown key; did you mean max_files? `stomper settings` lists those that there are"
    assert said in refusal(tmp_path, env={"STOMPER_MAX_FLIES": "3"})
    assert said in refusal(tmp_path, pairs=("max_flies=3",))
    (tmp_path / "stomper.toml").write_text("max_flies = 3\n")
    assert said in refusal(tmp_path)


@pytest.mark.parametrize(
    ("pair", "meant"),
    [
        ("max-files=3", "max_files"),
        ("agent=claude", "agents"),
        ("agents.ruff.unsafe_fix=true", "unsafe_fixes"),
        ("checkers.ruff.arg=-v", "args"),
        ("pr.label=bot", "labels"),
        ("agents=ruff,claud", "claude"),
        ("agents.mine.kind=comand", "command"),
        ("checkers=rufff", "ruff"),
        ("guards_off=scoop", "scope"),
        ("land=comit", "commit"),
        ("test_validation=ful", "full"),
        ("risks=typeing", "typing"),
    ],
)
def test_the_nearest_word_is_named(tmp_path: Path, pair: str, meant: str) -> None:
    """Keys of every table, kinds, guards and the words that a setting takes; told once."""
    said = refusal(tmp_path, pairs=(pair,))
    assert f"; did you mean {meant}?" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("pair", ["nope=1", "agents=my-agent", "land=push"])
def test_nothing_is_suggested_that_is_not_near(tmp_path: Path, pair: str) -> None:
    """A word that is like none of the known ones gets only those."""
    assert "did you mean" not in refusal(tmp_path, pairs=(pair,))


def test_an_empty_word_is_never_meant() -> None:
    """`kind = ""` is accepted, but is no answer."""
    assert did_you_mean("", ["", "ruff"]) == ""
