"""A run's summary in Markdown: what it says, and that nothing in it is taken for markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from stomper.models import (
    Attempt,
    CheckerRun,
    Landed,
    Patch,
    Span,
    Status,
)
from stomper.reports.escaping import inline
from stomper.reports.markdown import diff_markdown, table_rows
from stomper.reports.summary import MOST_ROWS, summary_markdown
from tests.support.outcomes import COMMIT, diagnostic, failed, fixed, report

HOSTILE = "a|b`c``<img src=x onerror=alert(1)>\n# [x](javascript:alert(1)) ![y](http://e.example) www.e.example *z* ```"


class Tags(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]


# Lets HTML through, which Prefect's does not: the worst case.
RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def page(markdown: str) -> Tags:
    """The page as it is rendered."""
    return Tags(RENDERER.render(markdown))


def test_it_says_what_the_run_did() -> None:
    """The headline, the base linked to the forge, the tables by file and by code, the commits."""
    outcomes = (fixed("a.py"), failed("b.py"))
    landed = (Landed(commit=COMMIT, path="a.py", subject="fix: a.py"),)
    text = summary_markdown(report(*outcomes, landed=landed, seconds=2.0))
    assert text.startswith("# 1 error(s) fixed in 1 file(s), 1 left\n")
    link = f"[3f2c1e9](<https://github.com/acme/api/commit/{COMMIT}>)"
    assert f"at {link} · 2.0 s" in text
    assert f"| a.py | fixed | 1 | 0 | ruff | {link} |  |  |" in text
    assert text.index("| b.py | failed") < text.index("| a.py | fixed")
    assert "| ruff F401 | 1 | 1 | 0 |" in text
    assert "| ruff F821 | 1 | 0 | 1 |" in text
    assert f"| {link} | fix: a.py |" in text
    assert "git log -p 3f2c1e9a.." in text


def test_it_says_what_waits_and_how_to_take_it() -> None:
    """A proven patch that waits for somebody comes with the command that takes it."""
    waiting = fixed("a.py").rejected("proven, and waits for you: its risk is logic", Status.WAITING)
    text = summary_markdown(report(waiting.model_copy(update={"patch_file": "/state/patches/r 1/proven/a.patch"})))
    assert "1 file(s) are proven and wait for you" in text
    assert "git apply '/state/patches/r 1/proven'/*.patch" in text


def test_it_is_bounded_and_says_so() -> None:
    """Of very many files, codes and commits the first are shown, and how many more there are."""
    outcomes = [fixed(f"f{n}.py", fixed=(diagnostic(f"f{n}.py", f"X{n}"),)) for n in range(2000)]
    landed = tuple(Landed(commit=COMMIT, path=o.path, subject="fix") for o in outcomes)
    text = summary_markdown(report(*outcomes, landed=landed, warnings=("careful",) * 500))
    assert text.count(f"… and {2000 - MOST_ROWS} more.") == 3
    assert "450 more warnings" in text
    assert len(text) < 100_000


def test_a_run_that_stopped_says_why() -> None:
    """The failure stands at the top, and no next step that it did not come to."""
    text = summary_markdown(report(failed("a.py"), failure="the disk is full"))
    assert "**Stopped:** the disk is full" in text
    assert "## Next" not in text


@given(hostile=st.one_of(st.just(HOSTILE), st.text(st.characters(), max_size=60)))
def test_nothing_in_it_is_taken_for_markup(hostile: str) -> None:
    """Whatever names, messages and warnings hold, the page has the same elements as with plain ones."""

    def made(text: str) -> Tags:
        spans = (Span(stage="worktree", start_s=0, end_s=1),)
        attempt = Attempt(agent="a", number=1, seconds=1, result=text, transcript=f"/t/{text}")
        one = failed(f"x{text}x", f"x{text}x", spans=spans, attempts=(attempt,), patch_file=f"/p{text}")
        checkers = (CheckerRun(name="ruff", version=f"x{text}", origin=f"x{text}x", error=f"x{text}x"),)
        landed = (Landed(commit=COMMIT, path="a", subject=f"x{text}x"),)
        about = {"checkers": checkers, "landed": landed, "warnings": (f"x{text}x",), "tests": f"x{text}x"}
        more = {**about, "branch": f"x{text}x", "sandbox": f"x{text}x", "failure": f"x{text}x"}
        return page(summary_markdown(report(one, repository="/srv/x", **more)))

    plain, now = made("plain"), made(hostile)
    assert now.found == plain.found
    assert now.addresses == plain.addresses == []


@given(text=st.text(st.characters(), max_size=80))
def test_what_is_escaped_reads_as_it_was(text: str) -> None:
    """Rendered, a printable text is what it was but for its spaces."""
    words = " ".join("".join(c if c.isprintable() and not "\ud800" <= c <= "\udfff" else " " for c in text).split())
    rendered = RENDERER.render(f"x{inline(words)}x")
    parser = Text(rendered)
    assert "".join(parser.parts).strip() == f"x{words}x"


def test_bare_addresses_do_not_become_links() -> None:
    """What renderers make links of by themselves is not there in that form."""
    text = inline("see https://e.example, WWW.e.example or me@e.example")
    assert not re.search(r"://|www\.|@", text, re.IGNORECASE)


class Text(HTMLParser):
    """The text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def test_a_diff_cannot_end_its_block() -> None:
    """Neither fences in the diff nor the name and reason of the file become markup."""
    diff = b" ```\n+~~~\n ````\n+# heading\n<script>alert(1)</script>\n"
    patch = Patch(base=COMMIT, changes=(), diff=diff)
    tags = page(diff_markdown(failed(HOSTILE, HOSTILE, patch=patch)))
    assert tags.found == ["h2", "p", "pre", "code"]


def test_a_long_diff_is_cut_and_says_so() -> None:
    """Its first fifty thousand characters are shown."""
    patch = Patch(base=COMMIT, changes=(), diff=b"+" * 60_000)
    text = diff_markdown(failed("a.py", patch=patch))
    assert "The first 50000 of 60000 characters." in text
    assert max(len(run) for run in re.findall(r"\++", text)) == 50_000


@pytest.mark.parametrize("name", ["a\udce9.py", "a\nb.py", "\x1b[31m.py"])
def test_odd_names_can_be_sent(name: str) -> None:
    """Whatever a file is called, tables are text that JSON and a terminal can take."""
    (row,) = table_rows(report(failed(name, f"about {name}")))
    assert str(row["file"]).encode().isascii()
    assert str(row["file"]).isprintable()
    assert str(row["reason"]).isprintable()
