"""The files that configure tools, or tell them what to leave out: a row for each tool, with the languages it looks at."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Tool:
    """A tool by the name of its program, and what its files are called."""

    name: str
    files: tuple[str, ...]
    languages: tuple[str, ...] = ()
    """What it checks, where it finds errors; none for what only formats, tests or builds."""


def _tool(name: str, files: str, languages: str = "") -> Tool:
    return Tool(name, tuple(files.split()), tuple(languages.split()))


_SCRIPTS = "typescript javascript vue"
TOOLS = (
    _tool("ruff", "ruff.toml .ruff.toml", "python notebook"),
    _tool("mypy", "mypy.ini .mypy.ini", "python"),
    _tool("flake8", ".flake8", "python"),
    _tool("pylint", ".pylintrc pylintrc .pylintrc.toml pylintrc.toml", "python"),
    _tool("pyright", "pyrightconfig.json basedpyrightconfig.json", "python"),
    _tool("pyre", ".pyre_configuration pyre.toml", "python"),
    _tool("ty", "ty.toml", "python"),
    _tool("pyrefly", "pyrefly.toml", "python"),
    _tool("bandit", ".bandit bandit.yaml bandit.yml", "python"),
    _tool("python", "pyproject.toml setup.cfg tox.ini py.typed *.pth sitecustomize.py usercustomize.py"),
    _tool("pytest", "pytest.ini .pytest.ini conftest.py noxfile.py"),
    _tool("coverage", ".coveragerc .coveragerc.toml codecov.yml .codecov.yml .nycrc* .c8rc*"),
    _tool("eslint", "eslint.config.* .eslintrc* .eslintignore", _SCRIPTS),
    _tool("tsc", "tsconfig*.json jsconfig*.json", "typescript"),
    _tool("biome", "biome.json biome.jsonc rome.json", _SCRIPTS),
    _tool("oxlint", ".oxlintrc* oxlint.config.* oxlint.json", _SCRIPTS),
    _tool("tslint", "tslint.json", "typescript"),
    _tool("jshint", ".jshintrc .jshintignore .jslintrc", "javascript"),
    _tool("standard", ".standardrc* .xo-config* xo.config.*", _SCRIPTS),
    _tool("flow", ".flowconfig", "javascript"),
    _tool("deno", "deno.json deno.jsonc", _SCRIPTS),
    _tool("node", "package.json jest.config.* vitest.config.* vitest.workspace.* babel.config.* .babelrc* stryker.conf*"),
    _tool("prettier", ".prettierrc* prettier.config.* .prettierignore"),
    _tool("dprint", "dprint.json .dprint.json"),
    _tool("stylelint", ".stylelintrc* stylelint.config.* .stylelintignore", "css"),
    _tool("htmlhint", ".htmlhintrc .htmlvalidate.json", "html"),
    _tool("djlint", ".djlintrc", "html"),
    _tool("markdownlint", ".markdownlint* .mdlrc .pymarkdown* .remarkrc* .remarkignore", "markdown"),
    _tool("vale", ".vale.ini _vale.ini .textlintrc* .textlintignore .alexrc* .alexignore .proselintrc", "markdown"),
    _tool("spelling", ".codespellrc .codespellignore cspell.* .cspell.* cspell.config.* _typos.toml typos.toml .typos.toml"),
    _tool("shellcheck", ".shellcheckrc shellcheckrc", "shell"),
    _tool("hadolint", ".hadolint.yaml .hadolint.yml", "dockerfile"),
    _tool("yamllint", ".yamllint .yamllint.yaml .yamllint.yml .yamllint-config*", "yaml"),
    _tool("ansible-lint", ".ansible-lint .ansible-lint-ignore .ansible-lint.y*ml", "yaml"),
    _tool("actionlint", "actionlint.y*ml zizmor.y*ml", "yaml"),
    _tool("kube-linter", ".kube-linter.y*ml .cfnlintrc*", "yaml"),
    _tool("semgrep", ".semgrepignore .semgrep.yml .semgrep.yaml semgrep.y*ml"),
    _tool("security", ".gitleaks.toml .gitleaksignore .trivyignore* trivy.yaml .secrets.baseline .snyk .checkov.y*ml "
                      ".bearer.yml .gitguardian.y*ml .tfsec.y*ml"),
    _tool("tflint", ".tflint.hcl", "terraform"),
    _tool("clippy", "clippy.toml .clippy.toml", "rust"),
    _tool("cargo", "Cargo.toml rustfmt.toml .rustfmt.toml deny.toml"),
    _tool("golangci-lint", ".golangci.*", "go"),
    _tool("staticcheck", "staticcheck.conf revive.toml .revive.toml", "go"),
    _tool("clang-tidy", ".clang-tidy", "c"),
    _tool("cppcheck", "cppcheck.cfg .cppcheck* CPPLINT.cfg", "c"),
    _tool("clang-format", ".clang-format .clang-format-ignore"),
    _tool("rubocop", ".rubocop*.yml .standard.yml .reek.yml", "ruby"),
    _tool("phpstan", "phpstan.neon* phpstan-baseline.*", "php"),
    _tool("psalm", "psalm.xml* phan.php", "php"),
    _tool("phpcs", "phpcs.xml* .phpcs.xml* phpmd.xml* .php-cs-fixer*", "php"),
    _tool("phpunit", "phpunit.xml*"),
    _tool("checkstyle", "checkstyle*.xml pmd*.xml spotbugs*.xml lombok.config", "java"),
    _tool("detekt", "detekt.y*ml detekt-config.y*ml", "kotlin"),
    _tool("scalafix", ".scalafix.conf scalastyle-config.xml", "scala"),
    _tool("swiftlint", ".swiftlint.y*ml", "swift"),
    _tool("dart", "analysis_options.yaml", "dart"),
    _tool("credo", ".credo.exs .dialyzer_ignore.exs", "elixir"),
    _tool("luacheck", ".luacheckrc selene.toml", "lua"),
    _tool("hlint", ".hlint.yaml", "haskell"),
    _tool("lintr", ".lintr", "r"),
    _tool("perlcritic", ".perlcriticrc", "perl"),
    _tool("sqlfluff", ".sqlfluff .sqlfluffignore", "sql"),
    _tool("solhint", ".solhint.json .solhintignore", "solidity"),
    _tool("buf", "buf.yaml .protolint.y*ml", "protobuf"),
    _tool("dotnet", ".globalconfig *.ruleset Directory.Build.props", "csharp"),
    _tool("psscriptanalyzer", "PSScriptAnalyzerSettings.psd1", "powershell"),
    _tool("sonar", "sonar-project.properties .deepsource.toml .codacy.y*ml .codeclimate.yml qodana.yaml"),
    _tool("hooks", ".pre-commit-config.yaml .pre-commit-hooks.yaml lefthook.y*ml .lefthook.y*ml "
                   ".lintstagedrc* .mega-linter.yml .lintstaged* trunk.yaml .overcommit.yml"),
    _tool("git", ".gitattributes .gitignore .editorconfig stomper.toml"),
)  # fmt: skip
FOLDERS = (".github", ".gitlab", ".stomper", ".circleci", ".husky", ".config", ".trunk", ".semgrep", ".vale")
"""Folders in which everything is configuration."""
_PATTERNS = tuple((pattern, tool) for tool in TOOLS for pattern in tool.files)


@lru_cache(maxsize=4096)
def tool_of(path: str) -> Tool | None:
    """Return the tool that a file configures, by its name."""
    name = PurePosixPath(path).name
    return next((tool for pattern, tool in _PATTERNS if fnmatch.fnmatchcase(name, pattern)), None)


def configures(path: str) -> bool:
    """Return whether a file says how code is checked, tested or built."""
    return tool_of(path) is not None or bool(set(PurePosixPath(path).parts[:-1]) & set(FOLDERS))


def configured(paths: Iterable[str]) -> dict[Tool, list[str]]:
    """Return the tools that find errors and are set up by files of their own, with those files."""
    found: dict[Tool, list[str]] = {}
    for path in paths:
        if (tool := tool_of(path)) and tool.languages:
            found.setdefault(tool, []).append(path)
    return found
