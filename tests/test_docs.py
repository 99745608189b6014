"""What the documentation says is what the program does."""

from __future__ import annotations

from pathlib import Path

from stomper.reports.reference import rendered

DOCS = Path(__file__).parent.parent / "docs"


def test_the_tables_of_settings_are_those_of_the_program() -> None:
    """`make docs` has been run since a setting changed."""
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert rendered(page) == page
