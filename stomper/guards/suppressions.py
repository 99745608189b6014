"""The table of everything in a source that silences a checker: a row for each way of each tool, with an example."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto


class Reach(Enum):
    """The lines of code that a suppression is about."""

    LINE = auto()
    """Its own, or the next one where it stands alone."""
    NEXT = auto()
    """The next one."""
    TOP = auto()
    """All of them where no code stands before it; else as LINE."""
    BLOCK = auto()
    """Those after it up to the end of its block, as they are indented; its own where it does not stand alone."""
    REST = auto()
    """All after it, up to where the row says that it ends."""
    FILE = auto()
    """All of the file, wherever it stands."""


class Place(Enum):
    """Where a tool looks for it."""

    START = auto()
    """Where a comment begins, or a line of it."""
    COMMENT = auto()
    """Anywhere in a comment."""
    CODE = auto()
    """In the code: an attribute, an annotation, a pragma."""


@dataclass(frozen=True)
class Marker:
    """One way to silence a tool. Rows of one tool are taken for narrower or wider forms of each other."""

    tool: str
    pattern: re.Pattern[str]
    """With a group `codes` where it may name what is silenced; without one there, it silences everything."""
    example: str
    reach: Reach
    place: Place
    until: re.Pattern[str] | None
    languages: frozenset[str]
    """The languages that it means something in; empty for all."""
    needs: re.Pattern[str]
    """What the source has to begin with."""


# A list of codes by commas, one by blanks too, and what stands around it.
_ONE = r"[@\w][\w./@+:\-]*"
_LIST = rf"(?P<codes>{_ONE}(?:\s*,\s*{_ONE})*)"
_WORDS = rf"(?P<codes>{_ONE}(?:[\s,]+{_ONE})*)"
_AFTER, _ALL_AFTER = rf"(?:\s+{_LIST})?", rf"(?:\s+{_WORDS})?"
_COLON, _EQUALS = rf"(?::\s*{_LIST})?", rf"\s*=\s*{_LIST}"
_BRACKET, _PAREN = rf"(?:\s*\[\s*{_LIST})?", r"(?:\s*\((?P<codes>[^)]*))?"
_RULE = r"(?::\s*(?P<codes>[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*))?"
_JS = "typescript javascript vue html json graphql yaml markdown css"


def _row(
    tool: str,
    pattern: str,
    example: str,
    reach: Reach = Reach.LINE,
    place: Place = Place.START,
    until: str = "",
    languages: str = "",
    needs: str = "",
) -> Marker:
    compiled = re.compile(pattern, re.IGNORECASE)
    end = re.compile(until, re.IGNORECASE) if until else None
    return Marker(tool, compiled, example, reach, place, end, frozenset(languages.split()), re.compile(needs))


LINE, NEXT, TOP, BLOCK, REST, FILE = Reach
START, COMMENT, CODE = Place

MARKERS: tuple[Marker, ...] = (
    # Python
    _row("ansible-lint", r"noqa(?::?\s+(?P<codes>[\w\-]+(?:\[[\w\-]+\])?(?:[\s,]+[\w\-]+\[[\w\-]+\])*))?\b",
         "# noqa: yaml[line-length]", place=COMMENT, languages="yaml"),
    _row("ansible-lint", r"skip_ansible_lint\b", "tags: [skip_ansible_lint]", place=CODE, languages="yaml"),
    _row("noqa", rf"(?:ruff|flake8)\s*:\s*noqa\b{_RULE}", "# ruff: noqa", FILE, COMMENT),
    _row("noqa", rf"noqa\b{_RULE}", "# noqa: F401", place=COMMENT),
    _row("ruff", rf"ruff\s*:\s*file-ignore{_BRACKET}", "# ruff: file-ignore[F401]", FILE, COMMENT),
    _row("ruff", rf"ruff\s*:\s*disable{_BRACKET}", "# ruff: disable[F401]", BLOCK, COMMENT, r"ruff\s*:\s*enable"),
    _row("ruff", rf"ruff\s*:\s*ignore{_BRACKET}", "# ruff: ignore[F401]", place=COMMENT),
    _row("isort", r"(?:ruff\s*:\s*)?isort\s*:\s*(?:off|skip_file|dont-add-imports?)", "# isort: off", REST, COMMENT,
         r"(?:ruff\s*:\s*)?isort\s*:\s*on\b"),
    _row("isort", r"(?:ruff\s*:\s*)?isort\s*:(?!\s*on\b)", "# isort: skip", place=COMMENT),
    _row("type", rf"\btype:\s*ignore{_BRACKET}", "# type: ignore[attr-defined]", TOP, COMMENT),
    _row("pyright", rf"\bpyright\s*:\s*ignore{_BRACKET}", "# pyright: ignore[x]", place=COMMENT),
    _row("pyright", rf"\bpyright\s*:\s*{_WORDS}", "# pyright: basic", FILE, COMMENT),
    _row("mypy", rf"\bmypy\s*:\s*{_WORDS}", "# mypy: disable-error-code=misc", FILE, COMMENT),
    _row("ty", rf"\b(?:ty|pyrefly|pytype|pyre)\s*:\s*(?:ignore|disable)(?:-errors)?{_BRACKET}", "# ty: ignore[x]", TOP, COMMENT),
    _row("ty", r"\b(?:ty|pyrefly|pytype|pyre|black|autopep8|pydocstyle|bandit|yapf)\s*:\s*(?:off|skip|disable|ignore|noqa)",
         "# yapf: disable", BLOCK, COMMENT, r"(?:yapf|autopep8|pytype)\s*:\s*(?:enable|on)"),
    _row("pyre", rf"pyre-(?:ignore-all-errors|strict|unsafe){_BRACKET}", "# pyre-ignore-all-errors", FILE, COMMENT),
    _row("pyre", rf"pyre-(?:ignore|fixme){_BRACKET}", "# pyre-ignore[7]", place=COMMENT),
    _row("pylint", r"pylint\s*:\s*skip-file", "# pylint: skip-file", FILE, COMMENT),
    _row("pylint", rf"pylint\s*:\s*disable-next{_EQUALS}", "# pylint: disable-next=no-member", NEXT, COMMENT),
    _row("pylint", rf"pylint\s*:\s*disable(?:-msg)?{_EQUALS}", "# pylint: disable=no-member", BLOCK, COMMENT,
         r"pylint\s*:\s*enable"),
    _row("pylint", r"pylint\s*:(?!\s*enable)", "# pylint: C0301", BLOCK, COMMENT),
    _row("coverage", r"pragma:?\s*no\s*(?:cover|branch|mutate)", "# pragma: no cover", place=COMMENT),
    _row("formatter", r"\bfmt\s*:\s*skip", "# fmt: skip", place=COMMENT),
    _row("formatter", r"\bfmt\s*:\s*off", "# fmt: off", BLOCK, COMMENT, r"fmt\s*:\s*on"),
    _row("bandit", r"nosec\b(?::?\s*(?P<codes>[A-Z]\d+(?:[\s,]+[A-Z]\d+)*))?", "# nosec B101", place=COMMENT),
    _row("python", r"(?:nopycln|noreorder|skipcq|sourcery\s+skip)\b", "# skipcq", place=COMMENT),
    # JavaScript and TypeScript
    _row("eslint", rf"(?:eslint|oxlint)-disable-next-line{_AFTER}", "// eslint-disable-next-line no-console", NEXT),
    _row("eslint", rf"(?:eslint|oxlint)-disable-line{_AFTER}", "// eslint-disable-line"),
    _row("eslint", rf"(?:eslint|oxlint)-disable\b{_AFTER}", "/* eslint-disable */", REST, until=r"(?:eslint|oxlint)-enable"),
    _row("eslint-configuration", r"eslint\s+(?P<codes>[\"'@\w/-]+\s*:.*)", "/* eslint no-console: 0 */", FILE,
         languages="typescript javascript vue html markdown"),
    _row("eslint-configuration", rf"(?:(?<=/\*)|(?<=/\*\s))(?-i:eslint-env|exported|globals?)\s+{_WORDS}", "/* global thing */", FILE,
         languages="typescript javascript vue html"),
    _row("tsc", r"@ts-nocheck\b", "// @ts-nocheck", REST),
    _row("tsc", r"@ts-(?:ignore|expect-error)\b", "// @ts-ignore", NEXT),
    _row("vue-tsc", r"@vue-(?:ignore|expect-error|skip|nocheck)\b", "<!-- @vue-ignore -->", NEXT),
    _row("svelte", rf"svelte-ignore{_ALL_AFTER}", "<!-- svelte-ignore a11y -->", NEXT),
    _row("flow", r"@noflow\b", "// @noflow", REST),
    _row("flow", rf"\$Flow(?:FixMe|Ignore|Issue|ExpectedError)\w*{_BRACKET}", "// $FlowFixMe", place=COMMENT),
    _row("tslint", rf"tslint:disable-(?:next-line|line){_COLON}", "// tslint:disable-next-line"),
    _row("tslint", rf"tslint:disable{_COLON}", "/* tslint:disable */", REST, until=r"tslint:enable"),
    _row("jshint", r"js[hl]int\s+(?:ignore|\w+\s*:)", "/* jshint ignore:start */", REST, until=r"jshint\s+ignore:end"),
    _row("jscs", rf"jscs:\s*(?:disable|ignore){_AFTER}", "// jscs:disable", REST, until=r"jscs:\s*enable"),
    _row("biome", r"(?:biome|rome)-ignore-all\s+(?P<codes>[\w/]+)", "// biome-ignore-all lint: x", FILE),
    _row("biome", r"biome-ignore-start\s+(?P<codes>[\w/]+)", "// biome-ignore-start lint: x", REST, until="biome-ignore-end"),
    _row("biome", r"(?:biome|rome)-ignore(?:\s+(?P<codes>[\w/]+))?", "// biome-ignore lint/x/y: z", NEXT),
    _row("deno", rf"deno-(?:lint|fmt)-ignore-file{_ALL_AFTER}", "// deno-lint-ignore-file", FILE),
    _row("deno", rf"deno-(?:lint|fmt|coverage)-ignore(?:-next|-start)?{_ALL_AFTER}", "// deno-lint-ignore no-var", NEXT),
    _row("coverage", r"(?:istanbul|c8|v8|node:coverage)\s+(?:ignore|disable)\s+(?:start|file)|node:coverage\s+disable",
         "/* c8 ignore start */", REST, until=r"(?:c8|v8)\s+ignore\s+(?:stop|end)|node:coverage\s+enable"),
    _row("coverage", r"(?:istanbul|c8|v8|node:coverage)\s+ignore(?!\s+(?:stop|end))", "/* istanbul ignore next */"),
    _row("stryker", rf"stryker\s+disable{_ALL_AFTER}", "// Stryker disable all", REST, until=r"stryker\s+restore"),
    # Formatters
    _row("formatter", r"(?:prettier|dprint|oxfmt|stylua:\s*)-?ignore-start", "<!-- prettier-ignore-start -->", REST,
         until=r"(?:prettier|dprint|oxfmt)-ignore-end"),
    _row("formatter", r"(?:prettier|dprint|oxfmt)-ignore\b(?!-(?:end|start))|stylua:\s*ignore|swift-format-ignore|rustfmt[:_]+skip",
         "// prettier-ignore", NEXT),
    _row("formatter", r"@format(?:ter)?:?\s*:?off|(?:clang-format|ocp|format|scalafmt|spotless|ktfmt|djlint)\s*:?\s*off",
         "// clang-format off", REST, until=r"(?:@formatter|clang-format|format|scalafmt|spotless|ktfmt|djlint)\s*:?\s*on\b"),
    # CSS, HTML, Markdown, prose
    _row("stylelint", rf"stylelint-disable-next-line{_AFTER}", "/* stylelint-disable-next-line */", NEXT),
    _row("stylelint", rf"stylelint-disable-line{_AFTER}", "/* stylelint-disable-line */"),
    _row("stylelint", rf"stylelint-disable\b{_AFTER}", "/* stylelint-disable */", REST, until="stylelint-enable"),
    _row("scss-lint", rf"s[ac]ss-lint:\s*disable{_AFTER}", "// scss-lint:disable all", REST, until=r"s[ac]ss-lint:\s*enable"),
    _row("csslint", r"csslint\s+(?:ignore|allow|[\w-]+\s*:)", "/* csslint ignore:start */", REST, until=r"csslint\s+ignore:end"),
    _row("markdownlint", rf"markdownlint-disable-file{_ALL_AFTER}", "<!-- markdownlint-disable-file -->", FILE),
    _row("markdownlint", rf"markdownlint-disable-next-line{_ALL_AFTER}", "<!-- markdownlint-disable-next-line -->", NEXT),
    _row("markdownlint", rf"markdownlint-disable-line{_ALL_AFTER}", "<!-- markdownlint-disable-line MD013 -->"),
    _row("markdownlint", rf"markdownlint-disable\b{_ALL_AFTER}", "<!-- markdownlint-disable MD013 -->", REST,
         until=r"markdownlint-(?:enable|restore)"),
    _row("markdownlint", rf"rumdl-disable(?:-file|-line|-next-line)?\b{_ALL_AFTER}", "<!-- rumdl-disable -->", REST,
         until=r"rumdl-enable"),
    _row("markdownlint", r"markdownlint-configure-file", "<!-- markdownlint-configure-file {} -->", FILE),
    _row("pymarkdown", rf"pyml\s+disable{_ALL_AFTER}", "<!-- pyml disable-next-line x -->", NEXT),
    _row("html", rf"(?:htmlhint|html-?validate|erblint|haml-lint|slim-lint|ember-template-lint|template-lint|linthtml)"
                 rf"[-:\s\[]+(?:disable|ignore|allow)\S*{_ALL_AFTER}", "<!-- template-lint-disable -->", REST,
         until=r"(?:htmlhint|html-?validate|template-lint)[-:\s]+enable"),
    _row("html", r"\[?html-validate-disable\S*", "<!-- [html-validate-disable-next x] -->", REST),
    _row("vale", r"vale\s+(?P<codes>[\w.]+\s*=\s*no|off)", "<!-- vale off -->", REST, until=r"vale\s+(?:[\w.]+\s*=\s*yes|on)\b"),
    _row("prose", rf"(?:textlint-disable|lint\s+disable|lint\s+ignore|alex\s+(?:disable|ignore)|proselint:\s*disable)"
                  rf"{_ALL_AFTER}", "<!-- textlint-disable -->", REST, until=r"textlint-enable|lint\s+enable|alex\s+enable"),
    _row("spelling", rf"(?:c?spell|spell-?checker|cspell)\s*:\s*(?:disable|ignore|words?)\S*{_ALL_AFTER}",
         "// cspell:disable", REST, COMMENT, until=r"(?:c?spell|spell-?checker)\s*:\s*enable"),
    _row("spelling", rf"codespell:\s*ignore\S*{_ALL_AFTER}", "# codespell:ignore teh", place=COMMENT),
    # Shell, YAML, Dockerfile, infrastructure
    _row("shellcheck", r"shellcheck\s+(?:\S+\s+)*?disable=(?P<codes>[\w,\-]+)", "# shellcheck disable=SC2086", TOP),
    _row("shellcheck", r"shellcheck\s+(?:\S+\s+)*?source=/dev/null", "# shellcheck source=/dev/null", NEXT),
    _row("shellcheck", r"shellcheck\s+(?:\S+\s+)*?shell=\w+", "# shellcheck shell=ksh", FILE, needs="#!"),  # else it has to be said
    _row("yamllint", r"yamllint\s+disable-file", "# yamllint disable-file", FILE),
    _row("yamllint", rf"yamllint\s+disable-line(?:\s+{_WORDS})?", "# yamllint disable-line rule:truthy"),
    _row("yamllint", rf"yamllint\s+disable(?:\s+{_WORDS})?", "# yamllint disable", REST, until=r"yamllint\s+enable"),
    _row("hadolint", r"hadolint\s+global\s+ignore=(?P<codes>[\w,]+)", "# hadolint global ignore=DL3008", FILE),
    _row("hadolint", r"hadolint\s+(?:shell\S*\s+)?ignore=(?P<codes>[\w,\s]+)", "# hadolint ignore=DL3008", NEXT),
    _row("docker", r"check=\s*(?P<codes>\S+)", "# check=skip=all", FILE, languages="dockerfile"),
    _row("zizmor", rf"zizmor:\s*ignore{_BRACKET}", "# zizmor: ignore[x]", place=COMMENT),
    _row("infrastructure", rf"(?:checkov|bridgecrew|cortex):skip={_LIST}", "#checkov:skip=CKV_1:why", place=COMMENT),
    _row("infrastructure", rf"(?:tfsec|trivy):ignore:{_LIST}", "#tfsec:ignore:x", place=COMMENT),
    _row("infrastructure", rf"tflint-ignore(?:-file)?{_COLON}", "# tflint-ignore: x", NEXT),
    _row("infrastructure", r"(?:kics-scan\s+(?:ignore|disable)|terrascan:ignore|dustilock)\S*", "# kics-scan ignore", FILE),
    _row("infrastructure", r"(?:ignore-check\.kube-linter\.io|rules_to_suppress|ignore_checks)\b",
         "ignore-check.kube-linter.io/x: why", place=CODE, languages="yaml json"),
    _row("puppet", rf"lint:ignore{_COLON}", "# lint:ignore:x", REST, until="lint:endignore", languages="other ruby"),
    # Go
    _row("golangci", rf"nolint\b{_COLON}", "//nolint:errcheck", place=COMMENT, languages="go r other"),
    _row("staticcheck", rf"lint:file-ignore{_AFTER}", "//lint:file-ignore U1000 why", FILE),
    _row("staticcheck", rf"lint:ignore{_AFTER}", "//lint:ignore U1000 why", NEXT),
    _row("revive", rf"revive:disable(?:-line|-next-line)?{_COLON}", "//revive:disable", REST, until="revive:enable"),
    _row("go", r"(?:gosec|gocover|coverage|exhaustive|exhaustruct)\s*:\s*(?:ignore|disable)\S*", "//gosec:disable G101"),
    _row("go", r"(?:go:build|\+build)\s+\S", "//go:build ignore", FILE, languages="go"),
    _row("editor", r"Code generated .*DO NOT EDIT", "// Code generated by x. DO NOT EDIT.", FILE, languages="go"),
    _row("go", r"go:(?:nocheckptr|norace)\b", "//go:norace", NEXT),
    # Rust
    _row("rust", rf"#\s*!\s*\[[^\]]*?\b(?:allow|expect)\s*\(\s*{_LIST}", "#![allow(dead_code)]", REST, CODE, languages="rust"),
    _row("rust", rf"#\s*\[[^\]]*?\b(?:allow|expect)\s*\(\s*{_LIST}", "#[allow(dead_code)]", NEXT, CODE, languages="rust"),
    _row("rust", r"\#\s*!\s*\[\s*cfg\s*\(", "#![cfg(any())]", FILE, CODE, languages="rust"),
    _row("rust", r"#\s*!?\s*\[[^\]]*?\b(?:rustfmt::skip|mutants::skip|coverage\(off|no_coverage|automatically_derived)",
         "#[rustfmt::skip]", NEXT, CODE, languages="rust"),
    # C and C++
    _row("clang-tidy", rf"NOLINTBEGIN{_PAREN}", "// NOLINTBEGIN", REST, COMMENT, until="NOLINTEND"),
    _row("clang-tidy", rf"NOLINTNEXTLINE{_PAREN}", "// NOLINTNEXTLINE(x)", NEXT, COMMENT),
    _row("clang-tidy", rf"NOLINT\b{_PAREN}", "// NOLINT", place=COMMENT, languages="c protobuf"),
    _row("c", rf"cppcheck-suppress(?:-\w+)?{_BRACKET}", "// cppcheck-suppress x", NEXT, COMMENT),
    _row("c", r"(?:IWYU\s+pragma|coverity\s*\[|PRQA\s+S|lint\s+-e|-V\d|-V::|PVS-Studio\s+disable|PPstart|codechecker_\w+)\S*",
         "// IWYU pragma: keep", place=START, languages="c"),
    _row("coverage", r"[LG]COV_EXCL_(?:BR_|EXCEPTION_)?START", "// LCOV_EXCL_START", REST, COMMENT, r"[LG]COV_EXCL_\w*STOP"),
    _row("coverage", r"[LG]COV_EXCL_\w*LINE", "// LCOV_EXCL_LINE", place=COMMENT),
    _row("pragma", r"""(?:\#\s*pragma\s+|_Pragma\s*\(\s*"|__pragma\s*\(\s*)(?:GCC|clang)\s+diagnostic\s+ignored[\s\\"]+(?P<codes>[\w\-+]+)""",
         '#pragma GCC diagnostic ignored "-Wall"', REST, CODE, r"pragma\s+(?:GCC|clang)\s+diagnostic\s+(?:pop|warning|error)"),
    _row("pragma", r"(?:\#\s*pragma|__pragma\s*\()\s*(?:GCC\s+system_header|clang\s+system_header|warning\s*\(\s*push\s*,\s*0)",
         "#pragma GCC system_header", REST, CODE),
    _row("pragma", r"(?:\#\s*pragma|__pragma\s*\()\s*warning\s*\(\s*(?:disable|suppress)\s*:\s*(?P<codes>[\d\s]+)",
         "#pragma warning(disable: 4996)", REST, CODE, r"pragma\s+warning\s*\(\s*(?:pop|default|enable)"),
    _row("pragma", rf"\#\s*pragma\s+warning\s+disable{_AFTER}", "#pragma warning disable CS0168", REST, CODE,
         r"pragma\s+warning\s+restore"),
    _row("nullable", r"\#nullable\s+disable(?:\s+(?P<codes>\w+))?", "#nullable disable", REST, CODE,
         r"\#nullable\s+(?:enable|restore)", "csharp"),
    # Java, Kotlin, Scala, C#, Swift, Dart, Apex
    _row("java", r"@file:\s*(?:\[\s*)?Suppress(?:Warnings)?\s*\((?P<codes>[^)]*)", '@file:Suppress("x")', FILE, CODE),
    _row("java", r"@(?:Suppress\w*|nowarn|Generated|ExcludeFromCoverage\w*)\b(?:\s*\((?P<codes>[^)]*))?",
         '@SuppressWarnings("unchecked")', NEXT, CODE, languages="java kotlin scala groovy"),
    _row("java", r"NOPMD\b|CHECKSTYLE[.:]\s*OFF\b|ktlint-disable|scala(?:style|fix):\s*(?:off|ok)\b|detekt:disable",
         "// CHECKSTYLE:OFF", REST, COMMENT, r"CHECKSTYLE[.:]\s*ON\b|ktlint-enable|scala(?:style|fix):\s*on\b"),
    _row("csharp", r"<auto-?generated\b", "// <auto-generated/>", FILE, COMMENT, languages="csharp"),
    _row("csharp", r"(?:\[|,\s*)(?:assembly:|module:)?\s*(?:[\w.]+\.)?(?:UnconditionalSuppressMessage|SuppressMessage"
                   r"|ExcludeFromCodeCoverage)(?:Attribute)?\b(?:\s*\((?P<codes>[^)]*))?",
         '[SuppressMessage("x", "y")]', NEXT, CODE, languages="csharp powershell"),
    _row("csharp", r"ReSharper\s+disable(?:\s+once)?(?P<codes>\s+\w+)?", "// ReSharper disable once x", REST,
         until=r"ReSharper\s+(?:restore|enable)"),
    _row("swiftlint", rf"swiftlint:disable:(?:next|this|previous)(?:\s+{_WORDS})?", "// swiftlint:disable:next force_cast"),
    _row("swiftlint", rf"swiftlint:disable(?:\s+{_WORDS})?", "// swiftlint:disable all", REST, until="swiftlint:enable"),
    _row("swift", r"(?:swiftformat:disable\S*|periphery:ignore\S*|sourcery:\s*skip\S*)", "// periphery:ignore", REST,
         until="swiftformat:enable"),
    _row("dart", rf"ignore_for_file:\s*{_LIST}", "// ignore_for_file: x", FILE, languages="dart"),
    _row("dart", rf"ignore:\s*{_LIST}", "// ignore: unused_local_variable", languages="dart"),
    _row("coverage", r"coverage:ignore-(?:start|file)", "// coverage:ignore-start", REST, until="coverage:ignore-end"),
    _row("coverage", r"coverage:ignore-line", "// coverage:ignore-line"),
    # PHP, Ruby, Perl, R, Elixir, Lua, Haskell, SQL and others
    _row("phpcs", r"phpcs:ignoreFile|@?codingStandardsIgnoreFile", "// phpcs:ignoreFile", FILE, COMMENT),
    _row("phpcs", rf"phpcs:ignore\b{_AFTER}|@?codingStandardsIgnoreLine", "// phpcs:ignore", place=COMMENT),
    _row("phpcs", rf"phpcs:(?:disable|set)\b{_AFTER}|@?codingStandardsIgnoreStart", "// phpcs:disable", REST, COMMENT,
         r"phpcs:enable|@?codingStandardsIgnoreEnd"),
    _row("phpstan", rf"@phpstan-ignore(?:-next-line|-line)?{_AFTER}", "// @phpstan-ignore argument.type", place=COMMENT),
    _row("php", rf"@(?:psalm-suppress|phan-\w*suppress\S*|SuppressWarnings|codeCoverageIgnore\w*|infection-ignore-all)"
                rf"(?:[\s(]+{_LIST})?", "/** @psalm-suppress X */", NEXT, COMMENT, languages="php"),
    _row("rubocop", rf"(?:rubocop|standard)\s*:\s*(?:disable|todo)\b{_AFTER}", "# rubocop:disable all", BLOCK, COMMENT,
         r"(?:rubocop|standard)\s*:\s*enable"),
    _row("ruby", r":?nocov:|typed:\s*(?:ignore|false)\b|steep:ignore\S*|brakeman:ignore", "# :nocov:", REST, languages="ruby"),
    _row("ruby", r":?reek:\w+", "# :reek:Smell", NEXT, languages="ruby"),
    _row("perl", r"no\s+critic\b(?:\s*\((?P<codes>[^)]*))?", "## no critic (x)", REST, until=r"use\s+critic", languages="perl"),
    _row("perl", r"\bno\s+(?:warnings|strict)\b(?:\s+(?P<codes>[^;]+))?", "no warnings;", BLOCK, CODE, languages="perl"),
    _row("lintr", rf"nolint\s+start\b{_COLON}", "# nolint start", REST, until=r"nolint\s+end", languages="r"),
    _row("elixir", r"(?:credo:disable-for-\S+|sobelow_skip|dialyzer\s*:?\s*nowarn)\S*(?P<codes>\s+\S+)?", "# credo:disable-for-this-file",
         REST, COMMENT),
    _row("elixir", r"@dialyzer\s|@sobelow_skip\b|-compile\(\s*nowarn|-dialyzer\(", "@dialyzer {:nowarn_function, f: 1}", NEXT, CODE,
         languages="elixir erlang"),
    _row("lua", r"(?:luacheck|selene)\s*:\s*(?:ignore|allow|push|no\b|globals?|std|read_globals)\S*(?P<codes>.*)", "-- luacheck: ignore",
         REST),
    _row("lua", r"(?:-\s*)?@diagnostic\s+disable(?:-next-line|-line)?(?P<codes>\s*:.*)?", "---@diagnostic disable", REST,
         until=r"(?:-\s*)?@diagnostic\s+enable"),
    _row("lua", r"nocheck\b", "--!nocheck", FILE, languages="lua"),
    _row("ocaml", r"\[@{1,3}(?:ocaml\.)?(?:warning|alert)\b(?P<codes>[^\]]*)", '[@@@warning "-32"]', REST, CODE),
    _row("bicep", r"disable-next-line\s+(?P<codes>\S.*)", "#disable-next-line x", NEXT),
    _row("haskell", r"\{-#\s*OPTIONS_GHC\b[^#]*?-(?:Wno|fno-warn|w\b)(?P<codes>[^#]*)", "{-# OPTIONS_GHC -Wno-unused #-}", FILE, CODE),
    _row("haskell", r"HLINT\s*:?\s*ignore(?P<codes>.*)", "{- HLINT ignore x -}", FILE, COMMENT),
    _row("haskell", r"\{-#\s*(?:ANN|HLINT)\b[^#]*ignore(?P<codes>[^#]*)", '{-# ANN x "HLint: ignore y" #-}', NEXT, CODE),
    _row("sqlfluff", r"(?:sqlfluff|sql-lint|squawk)[:\-]\s*(?:ignore|disable|noqa|(?:exclude_)?rules\S*)\S*(?P<codes>.*)", "-- squawk-ignore x", NEXT),
    _row("solidity", rf"(?:solhint|slither)-disable-next-line{_ALL_AFTER}", "// solhint-disable-next-line", NEXT),
    _row("solidity", rf"(?:solhint|slither)-disable(?:-line)?{_ALL_AFTER}", "// slither-disable-line x", REST,
         until=r"(?:solhint|slither)-enable"),
    _row("protobuf", r"(?:buf:lint:ignore|protolint:disable\S*)(?P<codes>\s+\S+)?", "// buf:lint:ignore X", NEXT, COMMENT),
    _row("nix", r"deadnix:\s*skip|statix:\s*ignore", "# deadnix: skip", NEXT),
    # For any language
    _row("lizard", r"#\s*lizard\s+forgives?\S*|lizard\s+forgives?\S*", "#lizard forgives", NEXT, COMMENT),
    _row("flawfinder", r"(?:flawfinder|rats|its4)\s*:\s*ignore", "/* Flawfinder: ignore */", place=COMMENT),
    _row("fixit", r"lint-(?:ignore|fixme)\b(?::\s*(?P<codes>[\w,\s]+))?", "# lint-ignore: x", NEXT),
    _row("verilator", r"verilator\s+lint_off(?P<codes>\s+\w+)?", "// verilator lint_off UNUSED", REST, until=r"verilator\s+lint_on"),
    _row("buildifier", r"buildifier:\s*disable\S*(?P<codes>.*)", "# buildifier: disable=x", NEXT),
    _row("checkstyle", r"CSOFF\b", "// CSOFF", REST, COMMENT, r"CSON\b"),
    _row("semgrep", r"nosem(?:grep)?\b(?::\s*(?P<codes>[\w.,\s\-]+))?", "# nosemgrep", place=COMMENT),
    _row("jetbrains", r"@?noinspection\b(?:\s+(?P<codes>[\w,]+))?", "//noinspection X", NEXT, COMMENT),
    _row("sonar", r"NOSONAR\b", "// NOSONAR", place=COMMENT),
    _row("codeql", rf"(?:lgtm|codeql)\s*\[\s*{_LIST}|lgtm\b", "// codeql[x]", place=COMMENT),
    _row("security", r"(?:file\s+)?deepcode\s+ignore\s+\S+|DevSkim:\s*ignore|snyk:\s*ignore", "// deepcode ignore X: y", place=COMMENT),
    _row("secrets", r"(?:pragma|pragma:)\s*(?:allowlist|whitelist)\s*(?:nextline\s*)?secret|gitleaks:allow|trufflehog:ignore"
                    r"|ggignore|kingfisher:ignore|betterleaks:allow", "# pragma: allowlist secret", place=COMMENT),
    _row("editor", r"@generated\b", "// @generated", FILE),
)  # fmt: skip
"""In the order in which they are asked: the first that matches at a place is what stands there."""

STRENGTHENERS = re.compile(
    r"@ts-check\b|@flow\b(?:\s+strict\S*)?|typed:\s*(?:true|strict|strong)\b|pyright:\s*strict\b", re.IGNORECASE
)
"""Comments at whose removal a checker looks less closely."""

HINT = re.compile(
    r"noqa|ignor|disabl|skip|no-?lint|lint|nocheck|suppress|expect|allow|nosem?|inspection|sonar|lgtm|codeql|:?\boff\b|pragma"
    r"|no *cov|cov_excl|flow|nopmd|nowarn|isort|fmt|type:|pyright|mypy|pyre|ty *:|black|autopep8|pydocstyle|bandit|yapf|pytype"
    r"|ruff|eslint|exported|global|js[hl]int|jscs|vale|spell|shellcheck|check=|kics|dustilock|build|norace|checkptr|cover"
    r"|iwyu|coverity|prqa|-v\d|-v::|studio|ppstart|codechecker|warning|system_header|nullable|generated|exclude|resharper"
    r"|nopycln|noreorder|no +(?:critic|strict)|typed:|:reek:|dialyzer|sobelow|luacheck|selene|@diagnostic|options_ghc|standard"
    r"|rubocop|exclude_rules|forgive|lint_off|csoff|rumdl|cfg|rules_to|sourcery|squawk|derived|stryker|secret|ts-check|check\b",
    re.IGNORECASE,
)
"""A word of it is in the line of whatever silences or strengthens: most lines need no closer look."""
