"""What the documentation says is what the program does."""

from __future__ import annotations

from pathlib import Path

from stomper.reports.reference import rendered

DOCS = Path(__file__).parent.parent / "docs"


def test_the_tables_of_settings_are_those_of_the_program() -> None:
    """`make docs` has been run since a setting changed."""
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert rendered(page) == page


def test_the_picture_in_the_readme_is_that_of_the_graph_command() -> None:
    """The README shows what `stomper graph` prints."""
    picture = (DOCS.parent / "stomper" / "reports" / "workflow.mmd").read_text(encoding="utf-8")
    assert f"```mermaid\n{picture}```" in (DOCS.parent / "README.md").read_text(encoding="utf-8")
