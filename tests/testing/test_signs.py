"""Signs of tests, where a run has found none; and code that merely speaks of tests."""

from __future__ import annotations

import pytest

from stomper.testing.signs import signs_of_tests


def commands(files: dict[str, str]) -> list[tuple[str, str]]:
    """The signs in *files*, each by its path with its command."""
    return [(sign.path, sign.command) for sign in signs_of_tests(files, lambda path: files[path].encode())]


@pytest.mark.parametrize(
    ("path", "content", "command"),
    [
        ("app/tests.py", "def test_a():\n    pass\n", "python -m unittest app.tests"),
        ("selfcheck.py", "class Checks(unittest.TestCase):\n    pass\n", "python -m unittest selfcheck"),
        (
            "checks/it.py",
            "from django.test import TestCase\n\nclass A(TestCase):\n    pass\n",
            "python -m unittest checks.it",
        ),
        ("src/manage.py", "", "python src/manage.py test"),
        ("tox.ini", "", "tox"),
        ("noxfile.py", "", "nox"),
        ("Makefile", "all:\n\ntest: build\n\t./run\n", "make test"),
        ("web/package.json", '{"scripts": {"test": "vitest"}}', "npm test"),
        ("web/cart.spec.ts", "", "npm test"),
        ("main_test.go", "", "go test ./..."),
        ("src/lib.rs", "#[test]\nfn one() {}\n", "cargo test"),
    ],
)
def test_a_sign_comes_with_its_command(path: str, content: str, command: str) -> None:
    """Each kind is known by itself."""
    assert commands({path: content}) == [(path, command)]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("client.py", "class Client:\n    def test_connection(self):\n        return True\n"),
        ("contest.py", "WINNER = 'test'\n"),
        ("Makefile", "TEST := ./run\nlatest:\n\techo\n"),
        ("package.json", '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'),
        ("package.json", "{not json"),
        ("package.json", "[]"),
        ("docs/testing.md", "def test_a(): pass"),
    ],
)
def test_what_only_speaks_of_tests_is_no_sign(path: str, content: str) -> None:
    """A method of the product, a word in a name, a target that is another, an empty template."""
    assert commands({path: content}) == []
