"""Where settings come from, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stomper.checkers.registry import make_checkers
from stomper.config.layers import assignments, combine, parse_value
from stomper.config.loading import load
from stomper.config.settings import Settings
from stomper.environment.python import Environment
from stomper.errors import SettingsError


def read(root: Path, *, flags: dict[str, Any] | None = None, env: dict[str, str] | None = None) -> Settings:
    """The settings at *root*, away from the caller's environment."""
    return load(root, flags=flags or {}, env=env or {})


def enabled(tables: dict[str, Any]) -> list[str]:
    """The names that take part, in their order."""
    return [name for name, table in tables.items() if table.enabled is not False]


def test_defaults_without_any_file(tmp_path: Path) -> None:
    """An empty folder gives the documented defaults."""
    settings = read(tmp_path)
    assert (settings.land, settings.test_validation, settings.max_files) == ("commit", "final", 0)
    assert enabled(dict(settings.agents)) == ["ruff"]
    assert {name: table.enabled for name, table in settings.checkers.items()} == {"ruff": None, "mypy": None}


@pytest.mark.parametrize(
    ("name", "text"), [("pyproject.toml", "[tool.stomper]\nmax_files = 3\n"), ("stomper.toml", "max_files = 3\n")]
)
def test_each_layer_wins_over_the_one_below(tmp_path: Path, name: str, text: str) -> None:
    """The file wins over the defaults, the environment over the file, and a flag over all of them."""
    (tmp_path / name).write_text(text)
    env = {"STOMPER_MAX_FILES": "4"}
    assert read(tmp_path).max_files == 3
    assert read(tmp_path, env=env).max_files == 4
    assert read(tmp_path, env=env, flags={"max_files": 5}).max_files == 5


def test_a_layer_only_replaces_the_keys_it_has(tmp_path: Path) -> None:
    """Keys that a higher layer does not name keep the value of the lower one."""
    (tmp_path / "stomper.toml").write_text('land = "patch"\nmax_files = 3\n')
    settings = read(tmp_path, flags={"max_files": 5})
    assert (settings.land, settings.max_files) == ("patch", 5)


@pytest.mark.parametrize("name", ["STOMPER_HOME", "STOMPER_MACHINE", "STOMPER_COOKIE", "PATH"])
def test_variables_that_are_no_settings_are_left_alone(tmp_path: Path, name: str) -> None:
    """The state folder, the mark of our processes and foreign variables are not read as settings."""
    assert read(tmp_path, env={name: "/somewhere"}) == read(tmp_path)


@pytest.mark.parametrize(
    ("value", "accepted"), [("'many'", "integer"), ("-1", "greater than or equal to 0"), ("[1]", "integer")]
)
def test_a_wrong_value_names_source_key_and_what_is_accepted(tmp_path: Path, value: str, accepted: str) -> None:
    """A wrong type or a value out of range names the source, the key and the accepted values, in every layer."""
    (tmp_path / "pyproject.toml").write_text(f"[tool.stomper]\nmax_files = {value}\n")
    with pytest.raises(SettingsError, match=rf"pyproject\.toml \[tool\.stomper\]: max_files = .*{accepted}"):
        read(tmp_path)
    (tmp_path / "pyproject.toml").unlink()
    with pytest.raises(SettingsError, match=rf"the environment: max_files = .*{accepted}"):
        read(tmp_path, env={"STOMPER_MAX_FILES": value})
    with pytest.raises(SettingsError, match=rf"the command line: max_files = .*{accepted}"):
        read(tmp_path, flags=assignments([f"max_files={value}"]))


def test_a_wrong_word_names_the_accepted_ones(tmp_path: Path) -> None:
    """A setting with fixed words names all of them when it gets another."""
    with pytest.raises(SettingsError, match=r"the environment: land = 'push'.*commit.*branch.*patch"):
        read(tmp_path, env={"STOMPER_LAND": "push"})


def test_an_unknown_key_names_source_key_and_the_known_ones(tmp_path: Path) -> None:
    """An unknown key is refused in each layer, with the keys there are."""
    (tmp_path / "stomper.toml").write_text("max_file = 1\n")
    with pytest.raises(SettingsError, match=r"stomper\.toml: max_file: unknown key; .*max_files"):
        read(tmp_path)
    (tmp_path / "stomper.toml").unlink()
    with pytest.raises(SettingsError, match=r"the environment: max_file: unknown key; .*max_files"):
        read(tmp_path, env={"STOMPER_MAX_FILE": "1"})
    with pytest.raises(SettingsError, match=r"the command line: max_file: unknown key; .*max_files"):
        read(tmp_path, flags={"max_file": 1})


def test_an_unknown_key_in_a_table_names_the_keys_of_that_table(tmp_path: Path) -> None:
    """A key that a checker or an agent does not have is answered with those it does have."""
    with pytest.raises(SettingsError, match=r"checkers\.ruff\.unsafe_fixes: unknown key; .*pattern"):
        read(tmp_path, flags={"checkers": {"ruff": {"unsafe_fixes": True}}})
    with pytest.raises(SettingsError, match=r"agents\.ruff\.pattern: unknown key; .*unsafe_fixes"):
        read(tmp_path, flags={"agents": {"ruff": {"pattern": "x"}}})


def test_all_wrong_keys_are_named_at_once(tmp_path: Path) -> None:
    """Two wrong keys are two lines of one message."""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, env={"STOMPER_LAND": "push"}, flags={"max_files": -1})
    assert len(str(caught.value).splitlines()) == 2


def test_a_wrong_key_of_a_table_names_the_layer_it_stands_in(tmp_path: Path) -> None:
    """A wrong value in the file is blamed on the file, also when a flag sets another key of the same table."""
    (tmp_path / "stomper.toml").write_text("[checkers.ruff]\ntimeout_s = -1\n")
    with pytest.raises(SettingsError, match=r"stomper\.toml: checkers\.ruff\.timeout_s"):
        read(tmp_path, flags={"checkers": {"ruff": {"args": ["--preview"]}}})


@pytest.mark.parametrize("kind", ["checkers", "agents"])
def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path: Path, kind: str) -> None:
    """A checker or agent that is no kind and has none is refused with the kinds there are."""
    with pytest.raises(SettingsError, match=rf"the command line: {kind}: 'rough' is none of ruff.*kind"):
        read(tmp_path, flags={kind: ["rough"]})


def test_a_list_enables_exactly_its_names_in_its_order(tmp_path: Path) -> None:
    """A list in a higher layer switches the other names off and keeps the tables of its own."""
    (tmp_path / "stomper.toml").write_text(
        '[checkers.ruff]\nargs = ["--preview"]\n[checkers.mypy]\n[checkers.pytest]\n'
    )
    settings = read(tmp_path, flags={"checkers": ["mypy", "ruff"]})
    assert enabled(dict(settings.checkers)) == ["mypy", "ruff"]
    assert settings.checkers["ruff"].args == ("--preview",)


def test_a_table_is_merged_key_by_key(tmp_path: Path) -> None:
    """A table in a higher layer changes its keys only, and adds names to those there are."""
    (tmp_path / "stomper.toml").write_text('[checkers.ruff]\nargs = ["--preview"]\ntimeout_s = 9\n')
    settings = read(tmp_path, flags={"checkers": {"ruff": {"timeout_s": 5}}})
    assert settings.checkers["ruff"].args == ("--preview",)
    assert settings.checkers["ruff"].timeout_s == 5
    assert enabled(dict(settings.checkers)) == ["ruff", "mypy"]


def test_mypy_runs_where_it_is_configured_or_has_a_table(tmp_path: Path) -> None:
    """A table for one checker leaves the defaults as they are; one for mypy, however empty, asks for mypy."""

    def names(text: str) -> list[str]:
        (tmp_path / "stomper.toml").write_text(text)
        environment = Environment(tmp_path, "", ("python3",))
        return [c.name for c in make_checkers(read(tmp_path), environment, tmp_path / "cache")]

    assert names('[checkers.ruff]\nargs = ["--preview"]\n') == ["ruff"]
    assert names("[checkers.mypy]\n") == ["ruff", "mypy"]
    assert names("[checkers.ruff]\nenabled = false\n[checkers.mypy]\n") == ["mypy"]
    (tmp_path / "mypy.ini").write_text("[mypy]\n")
    assert names('[checkers.ruff]\nargs = ["--preview"]\n') == ["ruff", "mypy"]
    assert names("[checkers.mypy]\nenabled = false\n") == ["ruff"]
    assert names('checkers = ["ruff"]\n') == ["ruff"]


def test_a_table_of_agents_is_added_to_the_default(tmp_path: Path) -> None:
    """An agent that is configured as a table comes after ruff; a list leaves ruff out."""
    table = {"helper": {"kind": "command", "command": ["true"]}}
    assert enabled(dict(read(tmp_path, flags={"agents": table}).agents)) == ["ruff", "helper"]
    (tmp_path / "stomper.toml").write_text('[agents.helper]\nkind = "command"\ncommand = ["true"]\n')
    assert enabled(dict(read(tmp_path, flags={"agents": ["helper"]}).agents)) == ["helper"]


@pytest.mark.parametrize("flags", [{"checkers": ["ruff"]}, {"checkers": {"ruff": {"args": ["--preview"]}}}])
def test_a_name_that_is_no_table_is_refused_under_any_other_layer(tmp_path: Path, flags: dict[str, Any]) -> None:
    """`checkers.ruff = true` in a file is a SettingsError that names the key, whatever the flags say."""
    (tmp_path / "stomper.toml").write_text("[checkers]\nruff = true\n")
    with pytest.raises(SettingsError, match=r"checkers\.ruff"):
        read(tmp_path, flags=flags)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max_files=10", {"max_files": 10}),
        ("select=F401, UP", {"select": ["F401", "UP"]}),
        ('select=["F"]', {"select": ["F"]}),
        ("allow_missing_checker=true", {"allow_missing_checker": True}),
        ("test_command=make test", {"test_command": "make test"}),
        ("test_command=a=b", {"test_command": "a=b"}),
        ("checkers=ruff,mypy", {"checkers": ["ruff", "mypy"]}),
        ("checkers.ruff.args=--preview", {"checkers": {"ruff": {"args": ["--preview"]}}}),
        ("checkers.ruff.timeout_s=1.5", {"checkers": {"ruff": {"timeout_s": 1.5}}}),
        ("select=", {"select": []}),
    ],
)
def test_set_is_read_as_what_the_key_wants(text: str, expected: dict[str, Any]) -> None:
    """`--set` takes TOML values, bare words and lists with commas, for keys and keys of tables."""
    assert assignments([text]) == expected


@pytest.mark.parametrize("text", ["max_files", "=1", ""])
def test_set_without_a_key_or_value_is_refused(text: str) -> None:
    """`--set` without a key and `=` says how it is written."""
    with pytest.raises(SettingsError, match=r"key=value"):
        assignments([text])


@pytest.mark.parametrize(("key", "text"), [("test_command", "true"), ("branch_name", "2024"), ("python", "3.11")])
def test_a_text_setting_takes_what_looks_like_a_number(tmp_path: Path, key: str, text: str) -> None:
    """A setting that is a text stays one when its value happens to read as a number or truth value."""
    assert parse_value(key, text) == text
    assert getattr(read(tmp_path, env={f"STOMPER_{key.upper()}": text}), key) == text


def test_set_of_a_list_and_of_a_table_go_together(tmp_path: Path) -> None:
    """Naming the checkers and then a key of one of them is either obeyed or refused in words."""
    try:
        settings = read(tmp_path, flags=assignments(["checkers=ruff", "checkers.ruff.args=--preview"]))
    except SettingsError as error:
        assert "checkers" in str(error)
    else:
        assert enabled(dict(settings.checkers)) == ["ruff"]
        assert settings.checkers["ruff"].args == ("--preview",)


def test_set_of_a_key_below_a_plain_one_is_refused(tmp_path: Path) -> None:
    """A key below one that is no table is refused in words."""
    with pytest.raises(SettingsError, match="max_files"):
        read(tmp_path, flags=assignments(["max_files=1", "max_files.x=2"]))


def test_variables_reach_into_tables(tmp_path: Path) -> None:
    """Two underscores in a variable's name go down into a table."""
    settings = read(tmp_path, env={"STOMPER_CHECKERS__RUFF__TIMEOUT_S": "7", "STOMPER_SELECT": "F,UP"})
    assert settings.checkers["ruff"].timeout_s == 7
    assert settings.select == ("F", "UP")


def test_combine_merges_tables_and_replaces_the_rest() -> None:
    """Later layers win key by key within the tables, and whole elsewhere."""
    below = {"select": ["F"], "checkers": {"ruff": {"args": ["a"]}}}
    above = {"select": ["E"], "checkers": {"ruff": {"timeout_s": 1}}}
    assert combine(below, above) == {"select": ["E"], "checkers": {"ruff": {"args": ["a"], "timeout_s": 1}}}


def test_both_files_are_refused(tmp_path: Path) -> None:
    """A stomper.toml beside a [tool.stomper] is refused, since one of them would be ignored."""
    (tmp_path / "stomper.toml").write_text("max_files = 1\n")
    (tmp_path / "pyproject.toml").write_text("[tool.stomper]\nmax_files = 2\n")
    with pytest.raises(SettingsError, match=r"both .*stomper\.toml and \[tool\.stomper\]"):
        read(tmp_path)


def test_stomper_toml_stands_beside_a_pyproject_of_others(tmp_path: Path) -> None:
    """A pyproject.toml without [tool.stomper] does not get in the way of stomper.toml."""
    (tmp_path / "stomper.toml").write_text("max_files = 1\n")
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    assert read(tmp_path).max_files == 1


@pytest.mark.parametrize("name", ["stomper.toml", "pyproject.toml"])
@pytest.mark.parametrize("content", [b"max_files = = 1\n", b"\xff\xfe\n"])
def test_bad_toml_names_the_file(tmp_path: Path, name: str, content: bytes) -> None:
    """A file that is not TOML, or not even text, is named."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=rf"{name}: not valid TOML"):
        read(tmp_path)


@pytest.mark.parametrize("text", ["[tool]\nstomper = 3\n", "tool = 3\n"])
def test_a_pyproject_without_the_tables_it_should_have_is_refused(tmp_path: Path, text: str) -> None:
    """`tool.stomper` that is not a table is a SettingsError that names the file."""
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"pyproject\.toml"):
        read(tmp_path)


def test_config_names_another_file(tmp_path: Path) -> None:
    """`--config` reads that file instead of the repository's own, and must exist."""
    (tmp_path / "stomper.toml").write_text("max_files = 1\n")
    other = tmp_path / "other.toml"
    with pytest.raises(SettingsError, match=r"other\.toml: there is no such file"):
        load(tmp_path, flags={}, config=other, env={})
    other.write_text("max_files = 8\n")
    assert load(tmp_path, flags={}, config=other, env={}).max_files == 8
