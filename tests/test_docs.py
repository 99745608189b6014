"""What the documentation says is what the program does."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.generate import rendered

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("name", ["settings.md", "how-it-works.md", "agents.md", "ui.md"])
def test_the_tables_are_those_of_the_program(name: str) -> None:
    """`make docs` has been run since a setting or a guard changed."""
    page = (DOCS / name).read_text(encoding="utf-8")
    assert "<!-- table" in page
    assert rendered(page) == page


def test_the_picture_in_the_readme_is_that_of_the_graph_command() -> None:
    """The README shows what `stomper graph` prints."""
    picture = (DOCS.parent / "stomper" / "reports" / "workflow.mmd").read_text(encoding="utf-8")
    assert f"```mermaid\n{picture}```" in (DOCS.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_no_page_shows_how_python_prints_a_type(page: Path) -> None:
    """What people read first names a type in words."""
    text = page.read_text(encoding="utf-8")
    assert [sign for sign in ("<class ", "Union[", "Literal[", "typing.") if sign in text] == []
