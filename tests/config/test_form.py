"""The form of a deployment: nothing in it drifts from the settings, and all of it reaches the run."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from stomper.config import form
from stomper.config.pull_requests import PullRequestSettings
from stomper.config.settings import Settings
from stomper.run.fleet import FleetParameters, fleet_of, form_of_fleet

SECTIONS = (form.Fleet, form.Remote, form.Files, form.Checks, form.Agents, form.Limits, form.Landing, form.Advanced)
OWN = {
    *("paths", "changed", "staged", "on_disk", "since", "config", "settings", "setup_command"),
    *form.Remote.model_fields,
    *form.Fleet.model_fields,
}
FIELDS = [(section, name) for section in SECTIONS for name in section.model_fields if name not in OWN]


def choices(annotation: object) -> set[object]:
    """The words that an enum, a list of one or an optional one allows."""
    inside = get_args(annotation)
    return {part for part in inside if isinstance(part, str)}.union(*(choices(part) for part in inside))


@pytest.mark.parametrize(("section", "name"), FIELDS)
def test_a_field_is_the_setting_of_its_name(section: type[BaseModel], name: str) -> None:
    """It has the setting's choices and bounds, its words, and stands for the repository's own setting when empty."""
    table = PullRequestSettings if name.startswith("pr_") else Settings
    field, setting = section.model_fields[name], table.model_fields[name.removeprefix("pr_")]
    assert choices(field.annotation) == choices(setting.annotation)
    limits = [m for m in setting.metadata if not type(m).__name__.startswith("Max")]
    assert [repr(m) for m in field.metadata if repr(m) in map(repr, limits)] == list(map(repr, limits))
    assert field.default is None
    assert field.title
    assert " ".join((setting.description or "").replace("`", "").split()) in (field.description or "")


@pytest.mark.parametrize("section", SECTIONS)
def test_everything_in_the_form_has_a_title_and_words(section: type[BaseModel]) -> None:
    """People see no bare key."""
    assert section.__doc__
    assert [name for name, field in section.model_fields.items() if not (field.title and field.description)] == []


def test_the_form_becomes_the_run() -> None:
    """What is filled in is set, what is empty is not, and a field wins over the same key under more settings."""
    got = form.parameters_of(
        "/somewhere",
        form.Files(paths=["src"], since="main", exclude=["gen/**"]),
        form.Advanced(settings={"max_files": 3, "guards_off": ["size"]}, setup_command="true"),
        form.Checks(select=["F"]),
        form.Limits(max_files=5),
        form.Landing(land="branch"),
    )
    assert (got.repository, got.paths, got.since, got.setup_command) == ("/somewhere", ["src"], "main", "true")
    expected = {"max_files": 5, "guards_off": ["size"], "exclude": ["gen/**"], "select": ["F"], "land": "branch"}
    assert got.flags() == expected


def test_the_form_of_a_run_asks_for_that_run() -> None:
    """There and back again: the command line starts the flow by the same form."""
    given: dict[str, Any] = {"ref": "main", "partial": True, "token_env": "T", "token_block": "B", "token_user": "me"}
    first = form.parameters_of(
        "/x",
        form.Files(staged=True),
        form.Advanced(config="/c"),
        form.Agents(agents=["ruff", "claude"]),
        remote=form.Remote(**given),
    )
    assert {name: getattr(first, name) for name in given} == given
    filled: dict[str, Any] = form.form_of(first)
    assert form.parameters_of(**filled) == first


@pytest.mark.parametrize("bad", [{"max_files": -1}, {"max_parallel_files": 1000}, {"max_file": 1}])
def test_the_form_refuses(bad: dict[str, int]) -> None:
    """What is out of bounds, and what is no field."""
    with pytest.raises(ValidationError):
        form.Limits(**bad)


def test_prefects_form_says_what_everything_is() -> None:
    """Each section has words in Prefect's schema, and a misspelt field is refused by the server already."""
    from prefect.utilities.schema_tools import validate

    from tests.support.deployed import flow_of

    for entrypoint in ("flows/fix_repository.py:fix_repository", "flows/check_repository.py:check_repository"):
        schema = flow_of(entrypoint).parameters.model_dump()
        for field in schema["properties"].values():  # what a section's model says already is not repeated
            model = schema["definitions"].get(field.get("$ref", "").rpartition("/")[2], {})
            assert field.get("description") or model.get("description")
        assert not validate({"repository": "/x", "files": {"since": "main"}, "limits": {"max_files": 1}}, schema)
        assert validate({"repository": "/x", "files": {"sinse": "main"}}, schema)
        assert validate({"repository": "/x", "limits": {"max_files": -1}}, schema)
        assert validate({"repository": ""}, schema)
        assert not validate({"repository": "https://h/a.git", "remote": {"ref": "main", "token_env": "T"}}, schema)
        assert not validate({"repository": "git@h:a/b.git"}, schema)
        assert validate({"repository": "https://me:planted@h/a.git"}, schema)
        assert validate({"repository": "https://planted@h/a.git"}, schema)
        assert validate({"repository": "https://h/a.git", "remote": {"token_user": "a b"}}, schema)


def test_prefects_form_asks_for_values_not_for_types() -> None:
    """Its UI shows a field that may be null as a choice between types: no field is one, nor has null as its default."""
    from tests.support.deployed import flow_of

    for entrypoint in ("flows/fix_repository.py:fix_repository", "flows/fix_fleet.py:fix_fleet"):
        schema = flow_of(entrypoint).parameters.model_dump()
        fields = [field for model in schema["definitions"].values() for field in model["properties"].values()]
        assert len(fields) >= len(FIELDS)
        assert [field for field in fields if "type" not in field] == []
        assert [field["title"] for field in fields if field["type"] == "boolean" and "default" not in field] == [
            field["title"] for field in fields if field.get("enum") == [True, False]
        ]
        assert "null" not in json.dumps(schema)


def test_the_form_of_a_fleet() -> None:
    """There and back again, and the server refuses credentials in any address of the list."""
    from prefect.utilities.schema_tools import validate

    from tests.support.deployed import flow_of

    shared = {"partial": True, "settings": {"land": "patch"}, "setup_command": "true"}
    given = FleetParameters(repositories=["https://h/a.git", "b"], file="/list", shared=shared)
    filled = form_of_fleet(given)
    own = filled.pop("fleet")
    assert fleet_of(own, form.parameters_of(".", **filled)) == given
    schema = flow_of("flows/fix_fleet.py:fix_fleet").parameters.model_dump()
    assert not validate({"fleet": {"repositories": ["https://h/a.git", "b"]}, "landing": {"land": "patch"}}, schema)
    assert validate({"fleet": {"repositories": ["b", "https://me:planted@h/a.git"]}}, schema)
    assert validate({"fleet": {"at_once": 0}}, schema)
    assert validate({"fleet": {"fyle": "/list"}}, schema)


def test_a_deployment_is_given_what_is_filled_in() -> None:
    """As JSON, and it asks for the same run."""
    run = form.parameters_of("https://h/a.git", form.Files(since="main"), form.ADVANCED, remote=form.Remote(ref="x"))
    sent = form.as_json(run)
    assert json.loads(json.dumps(sent)) == sent
    sections: dict[str, Any] = {"remote": form.Remote(**sent["remote"]), "files": form.Files(**sent["files"])}
    assert form.parameters_of(sent["repository"], advanced=form.Advanced(**sent["advanced"]), **sections) == run
