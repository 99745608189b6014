"""Where the address of a configured Prefect API is from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stomper.server.configured import configured_api
from tests.support.repositories import MakeRepo, write

STOMPER = str(Path(sys.executable).with_name("stomper"))
DEAD = "http://127.0.0.1:9/api"
PROFILES = f"""active = "work"
[profiles.work]
PREFECT_API_URL = "{DEAD}"
[profiles.alone]
PREFECT_LOGGING_LEVEL = "INFO"
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with two profiles of Prefect's, of which the active one has an API."""
    for name in ("PREFECT_HOME", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    write(tmp_path / "home", {".prefect/profiles.toml": PROFILES})
    return tmp_path / "home"


def test_the_active_profile_is_the_source(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the file, or by the variable that names another."""
    found = configured_api()
    assert found
    assert found.address == DEAD
    assert found.source == f"the Prefect profile 'work' in {home}/.prefect/profiles.toml"
    assert found.cure == "`prefect config unset PREFECT_API_URL`"
    monkeypatch.setenv("PREFECT_PROFILE", "alone")
    assert configured_api() is None
    monkeypatch.setenv("PREFECT_PROFILE", "work")
    assert (found := configured_api())
    assert found.source.endswith("profiles.toml, which PREFECT_PROFILE names")


def test_other_places_of_the_profiles(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that Prefect itself looks at."""
    write(
        home,
        {"elsewhere/profiles.toml": PROFILES.replace("work", "there"), "own.toml": PROFILES.replace("work", "own")},
    )
    monkeypatch.setenv("PREFECT_HOME", "~/elsewhere")
    assert (found := configured_api())
    assert "'there'" in found.source
    monkeypatch.setenv("PREFECT_PROFILES_PATH", "~/own.toml")
    assert (found := configured_api())
    assert "'own'" in found.source


def test_the_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does with Prefect."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:8/api")
    assert (found := configured_api())
    assert (found.address, found.source) == ("http://127.0.0.1:8/api", "the variable PREFECT_API_URL")
    assert found.cure == "`unset PREFECT_API_URL`"


@pytest.mark.parametrize("text", ["", "active = 3", "[profiles]\nwork = 1\n", 'active = "x"\nprofiles = 1', "no toml"])
def test_a_file_that_is_none_is_no_source(home: Path, text: str) -> None:
    """Prefect itself complains of it."""
    write(home, {".prefect/profiles.toml": text})
    assert configured_api() is None


@pytest.mark.slow
def test_a_run_names_the_profile_that_leads_nowhere(make_repo: MakeRepo) -> None:
    """With the way out, for whom no server is to be asked."""
    root = make_repo({"a.py": "import os\n"})
    done = subprocess.run((STOMPER, "fix"), cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "its address is from the Prefect profile 'work' in " in done.stderr
    assert "take it out by `prefect config unset PREFECT_API_URL`" in done.stderr
