"""The run form on the page, held against the form that the flow has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.deployed import flow_of
from tests.ui.browser import Page

_KINDS = {
    "string": "textarea textarea",
    "integer": "input number",
    "number": "input number",
    "boolean": "button switch",
}
_REQUIRED = "repository"


@dataclass(frozen=True)
class Shown:
    """A field as the page must show it."""

    label: str
    said: str
    options: tuple[str, ...] = ()
    default: str | None = None
    kind: str | None = None  # None: made of several elements


def fields(entrypoint: str) -> list[Shown]:
    """Every section of the flow's form and every field in it, in order."""
    schema = flow_of(entrypoint).parameters.model_dump()
    found = []
    for name, section in sorted(schema["properties"].items(), key=lambda item: int(item[1]["position"])):
        model = schema["definitions"].get(section.get("$ref", "").rpartition("/")[2], {})
        said = section.get("description") or model["description"]
        found.append(Shown(name if name == _REQUIRED else f"{name} (Optional)", said))
        found += [_shown(field) for field in model.get("properties", {}).values()]
    return found


def _shown(field: dict[str, Any]) -> Shown:
    options = field.get("enum") or field.get("items", {}).get("enum") or ()
    words = tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in options)
    kind = None if words else _KINDS.get(field["type"])
    default = field.get("default")
    text = default if isinstance(default, str) else None
    return Shown(f"{field['title']} (Optional)", field["description"], words, text, kind)


def check_form(page: Page, shown: list[Shown]) -> None:
    """Every field is there, in order, with its words, its choices, its default, and made for its type."""
    text, labels = page.text(), page.labels()
    own = [label for label in labels if label in {one.label for one in shown}]
    assert own == [one.label for one in shown], f"the form's fields are {labels}"
    assert "Property is type" not in text, "a field asks for its type"
    for one in shown:
        assert one.said in text, f"{one.label}: the page does not say {one.said!r}"
        if one.options:
            assert tuple(page.options(one.label)) == one.options, f"{one.label} offers {page.options(one.label)}"
        if one.default is not None:
            assert page.value(one.label) == one.default, f"{one.label} is {page.value(one.label)!r}"
        if one.kind is not None:
            assert page.kind(one.label) == one.kind, f"{one.label} is a {page.kind(one.label)}"


def refuse(page: Page) -> None:
    """A number that is out of bounds is refused by the page, which says what the bound is and stays."""
    page.fill("Max parallel files (Optional)", "1000")
    page.press("Submit")
    assert "256" in page.complaint("Max parallel files (Optional)")


def start_run(page: Page, repository: Path) -> None:
    """Fill in the form for *repository*, with fixes kept as patches, and submit it."""
    page.fill("repository", str(repository))
    page.fill("Max parallel files (Optional)", "2")
    page.fill("Max files (Optional)", "1")
    page.choose("Land (Optional)", "patch")
    page.press("Submit")
