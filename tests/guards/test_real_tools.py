"""Suppressions and honest fixes of real linters, those of them that are installed: on PATH, or where LINTERS says."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.repositories import MakeRepo, git, open_run, write
from tests.support.runs import repair

AGENT = """\
import json, pathlib, sys
pathlib.Path(sys.argv[2]).write_text(json.load(open(sys.argv[1]))[sys.argv[2].removeprefix("./")])
"""
FORMATTER = """\
const place = (file, m) => `${require("path").relative(process.cwd(), file)}:${m.line}:${m.column}`;
const line = (file, m) => `${place(file, m)}: ${m.message} [${m.ruleId}]\\n`;
module.exports = (results) => results.flatMap((r) => r.messages.map((m) => line(r.filePath, m))).join("");
"""
CONFIGURATION = {
    "eslint.config.mjs": """\
export default [{ files: ["**/*.js", "**/*.ts"], rules: { "no-eval": 2, eqeqeq: 2, "no-undef": 2 } }];
""",
    "tsconfig.json": '{"compilerOptions": {"strict": true, "noEmit": true, "target": "es2020"}, "include": ["tsc/*.ts"]}\n',
    ".yamllint": "extends: default\n",
}
AT = r"^(?:\./)?(?P<path>[^\s:(]+)"
LINE = AT + r":(?P<line>\d+):(?P<column>\d+): "


@dataclass(frozen=True)
class Tool:
    """A real program, how it is called on the files that it is for, and what it prints of an error."""

    files: str
    arguments: str
    pattern: str


TOOLS = {
    "eslint": Tool("eslint/*", "-f {formatter} --no-warn-ignored", LINE + r"(?P<message>.*) \[(?P<code>\S+)\]$"),
    "tsc": Tool(
        "", "--pretty false -p .", AT + r"\((?P<line>\d+),(?P<column>\d+)\): error (?P<code>TS\d+): (?P<message>.*)$"
    ),
    "shellcheck": Tool("shellcheck/*", "-f gcc", LINE + r"(?P<message>.*) \[(?P<code>SC\d+)\]$"),
    "yamllint": Tool("yamllint/*", "-f parsable", LINE + r"\[\w+\] (?P<message>.*) \((?P<code>[\w-]+)\)$"),
    "hadolint": Tool("hadolint/*", "--no-color", AT + r":(?P<line>\d+) (?P<code>\S+) \S+: (?P<message>.*)$"),
}
BAD_TS, BAD_JS = 'const n: number = "a";\nconsole.log(n);\n', 'eval("1");\n'
BAD_SH, BAD_YAML, BAD_DOCKER = "#!/bin/sh\necho $1\n", "---\na:  1\n", "FROM debian:12\nRUN cd /tmp\n"
EVAL, CD = " // eslint-disable-line eqeqeq\n", "# hadolint ignore=DL3006\n"
# tool, file, before, after
LIES = [
    ("tsc", "nocheck.ts", BAD_TS, f"// @ts-nocheck\n{BAD_TS}"),
    ("tsc", "ignore.ts", BAD_TS, f"// @ts-ignore\n{BAD_TS}"),
    ("tsc", "expect.ts", BAD_TS, f"// @ts-expect-error they know better\n{BAD_TS}"),
    ("tsc", "block.ts", BAD_TS, f"/* @ts-ignore */\n{BAD_TS}"),
    ("eslint", "file.ts", BAD_JS, f"/* eslint-disable */\n{BAD_JS}"),
    ("eslint", "file.js", BAD_JS, f"/* eslint-disable */\n{BAD_JS}"),
    ("eslint", "line.js", BAD_JS, BAD_JS.replace("\n", " // eslint-disable-line\n")),
    ("eslint", "next.js", BAD_JS, f"// eslint-disable-next-line no-eval -- wanted\n{BAD_JS}"),
    ("eslint", "inline.js", BAD_JS, f'/* eslint no-eval: "off" */\n{BAD_JS}'),
    ("eslint", "wider.js", 'eval(1 == x());' + EVAL + "function x() { return 1; }\n",
     'eval(1 == x());' + EVAL.replace("eqeqeq", "eqeqeq, no-eval") + "function x() { return 1; }\n"),
    ("eslint", "global.js", "thing();\n", "/* global thing */\nthing();\n"),
    ("eslint", "range.js", f'/* eslint-disable no-eval */\neval("2");\n/* eslint-enable no-eval */\n{BAD_JS}',
     f'/* eslint-disable no-eval */\neval("2");\n{BAD_JS}'),
    ("shellcheck", "line.sh", BAD_SH, "#!/bin/sh\n:\n# shellcheck disable=SC2086\necho $1\n"),
    ("shellcheck", "file.sh", BAD_SH, "#!/bin/sh\n# shellcheck disable=all\necho $1\n"),
    ("shellcheck", "wider.sh", "#!/bin/sh\n# shellcheck disable=SC2034\na=1\necho $1\n",
     "#!/bin/sh\n# shellcheck disable=SC2034,SC2086\na=1\necho $1\n"),
    ("yamllint", "line.yaml", BAD_YAML, "---\na:  1  # yamllint disable-line\n"),
    ("yamllint", "rule.yaml", BAD_YAML, "---\n# yamllint disable rule:colons\na:  1\n"),
    ("yamllint", "file.yaml", BAD_YAML, f"# yamllint disable-file\n{BAD_YAML}"),
    ("hadolint", "one.Dockerfile", BAD_DOCKER, BAD_DOCKER.replace("RUN", "# hadolint ignore=DL3003\nRUN")),
    ("hadolint", "all.Dockerfile", BAD_DOCKER, f"# hadolint global ignore=DL3003\n{BAD_DOCKER}"),
]  # fmt: skip
HONEST = [
    ("tsc", "number.ts", BAD_TS, BAD_TS.replace('"a"', "1")),
    ("tsc", "string.ts", 'const s: string = 1;\nconsole.log(s);\n', 'const s: string = "// @ts-ignore";\nconsole.log(s);\n'),
    ("eslint", "gone.js", f'{BAD_JS}let s = "/* eslint-disable */";\n', 'let s = "/* eslint-disable */";\n'),
    ("eslint", "equal.js", "let a = 1 == 2;\n", "let a = 1 === 2;\n"),
    ("eslint", "kept.js", "eval(1 == 2); // eslint-disable-line no-eval\n",
     "eval(1 === 2); // eslint-disable-line no-eval\n"),
    ("shellcheck", "quoted.sh", BAD_SH, '#!/bin/sh\necho "$1"\n'),
    ("shellcheck", "dialect.sh", "echo hello\n", "# shellcheck shell=bash\necho hello\n"),
    ("yamllint", "spaces.yaml", BAD_YAML, "---\na: 1\n"),
    ("yamllint", "start.yaml", "a: 1\n", "---\na: 1\n"),
    ("hadolint", "workdir.Dockerfile", BAD_DOCKER, "FROM debian:12\nWORKDIR /tmp\n"),
]  # fmt: skip


def programs() -> dict[str, str]:
    """The tools that are installed, by their names."""
    path = os.pathsep.join((os.environ.get("LINTERS", ""), str(Path(sys.executable).parent), os.environ["PATH"]))
    return {name: found for name in TOOLS if (found := shutil.which(name, path=path))}


def checkers(installed: dict[str, str], formatter: Path) -> dict[str, object]:
    """The setting `checkers` with each of the tools; *formatter* makes eslint print a line for each error."""
    formatter.write_text(FORMATTER)
    tables: dict[str, object] = {"ruff": {"enabled": False}}
    for name, program in installed.items():
        tool = TOOLS[name]
        line = f"{program} {tool.arguments.format(formatter=formatter)} {tool.files}"
        tables[name] = {"kind": "command", "pattern": tool.pattern, "command": ["sh", "-c", line]}
    return tables


Found = tuple[list[tuple[str, str, str, str]], Path, dict[str, object]]


@pytest.fixture
def tools(make_repo: MakeRepo) -> Found:
    """The cases of the tools that are installed, a repository with all of them, and the checkers for it."""
    installed = programs()
    cases = [case for case in (*LIES, *HONEST) if case[0] in installed]
    root = make_repo({**CONFIGURATION, **{f"{tool}/{name}": before for tool, name, before, _ in cases}})
    return cases, root, checkers(installed, root.parent / "lines.cjs")


@pytest.mark.slow
def test_no_suppression_of_a_real_tool_lands_and_every_honest_fix_does(tools: Found) -> None:
    """What keeps each lie out is the guard, by name."""
    cases, root, tables = tools
    agent, table = root.parent / "agent.py", root.parent / "table.json"
    agent.write_text(AGENT)
    table.write_text(json.dumps({f"{tool}/{name}": after for tool, name, _, after in cases}))
    mine = {"kind": "command", "command": [sys.executable, str(agent), str(table), "{file}"], "max_attempts": 1}
    landing = repair(root, checkers=tables, agents={"ruff": {"enabled": False}, "mine": mine})
    landed = {entry.path for entry in landing.landed}
    wanted = {f"{tool}/{name}" for tool, name, _, _ in cases if (tool, name) in {case[:2] for case in HONEST}}
    assert landed == wanted, {o.path: o.reason for o in landing.outcomes if o.path in landed ^ wanted}
    assert all("guard suppression" in o.reason for o in landing.outcomes if not o.commit)
    assert len(landing.outcomes) == len(cases)


@pytest.mark.slow
def test_the_tools_themselves_are_silent_after_each(tools: Found) -> None:
    """Each file has fewer errors after it, be it a lie or an honest fix: no tool would keep a lie out."""
    cases, root, tables = tools

    def found() -> Counter[str]:
        session = open_run(root, checkers=tables, test_validation="none")
        try:
            return Counter(d.path for d in session.collect().diagnostics)
        finally:
            session.close()

    before = found()
    write(root, {f"{tool}/{name}": after for tool, name, _, after in cases})
    git(root, "commit", "--quiet", "-am", "after")
    after = found()
    files = [f"{tool}/{name}" for tool, name, _, _ in cases]
    assert [file for file in files if after[file] >= before[file]] == []
