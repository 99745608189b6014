"""What runs and repositories are called, and where their forge shows them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stomper.models import CleanUp
from stomper.reports import titles
from stomper.reports.summary import summary_markdown
from tests.support.outcomes import failed, fixed, report

SHA = "3f2c1e9" + "0" * 33


@pytest.mark.parametrize(
    ("repository", "name", "page"),
    [
        ("https://github.com/acme/api.git", "acme/api", f"https://github.com/acme/api/commit/{SHA}"),
        ("https://gitlab.example.org/a/b/api/", "b/api", f"https://gitlab.example.org/a/b/api/-/commit/{SHA}"),
        ("git@github.com:acme/api.git", "acme/api", f"https://github.com/acme/api/commit/{SHA}"),
        ("ssh://git@gitlab.com/acme/api", "acme/api", f"https://gitlab.com/acme/api/-/commit/{SHA}"),
        ("https://bitbucket.org/acme/api", "acme/api", f"https://bitbucket.org/acme/api/commits/{SHA}"),
        ("https://git.example.org/acme/api", "acme/api", ""),
        ("https://notgithub.example/acme/api", "acme/api", ""),
        ("https://github.com/acme/a(p)i", "acme/a(p)i", ""),
        ("file:///srv/github.com/api.git", "github.com/api", ""),
        ("/srv/repositories/api", "api", ""),
        ("/srv/a\nb", "a\\nb", ""),
    ],
)
def test_names_and_pages(repository: str, name: str, page: str) -> None:
    """`owner/name` for an address, the folder for a path; a page only on forges whose pages are known."""
    assert titles.run_title("fix", repository, SHA) == f"fix {name} @ 3f2c1e9"
    assert titles.commit_address(repository, SHA) == page


def test_fleets() -> None:
    """One is not many."""
    assert [titles.fleet_title(n) for n in (1, 10)] == ["fix 1 repository", "fix 10 repositories"]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80))
def test_slugs_are_keys_of_artifacts(name: str) -> None:
    """Whatever a repository is called, Prefect takes the key; two of one name in two places have two."""
    for place in ("/srv/", "https://github.com/acme/"):
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", titles.unique_slug(place + name))
    assert titles.unique_slug(f"/a/{name}") != titles.unique_slug(f"/b/{name}")


def test_what_was_cleaned_up_is_told_with_the_file() -> None:
    """Of a fix that stands; one that was turned down has cleaned up nothing."""
    cleaned = (CleanUp(codes=("F401", "I001"), after=("UP006",)),)
    landed, rejected = fixed("a.py", cleaned_up=cleaned), failed("b.py", "tests: it broke\nverdict", cleaned_up=cleaned)
    assert titles.why(landed) == "cleaned up after UP006: F401, I001"
    assert titles.why(rejected) == "verdict"
    assert titles.why(fixed("c.py")) == ""
    assert "cleaned up after UP006: F401, I001" in summary_markdown(report(landed))
