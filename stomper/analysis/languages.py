"""Languages by the names of their files, each with the syntax of its comments."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

_DOUBLE, _SINGLE = r'"(?:\\.|[^"\\\n])*"', r"(?<!\w)'(?:\\.|[^'\\\n])*'"
_CHARACTER = r"'(?:\\[^'\n]+|[^'\\\n])'"
_TRIPLE = r'"""(?:\\.|[^\\])*?"""|' + r"'''(?:\\.|[^\\])*?'''"
# A template with one level of templates in its expressions.
_TEMPLATE = r"`(?:\\.|\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\}|[^`\\])*`"
# What begins where no operand has ended is a regular expression and no division; one that runs into a comment is neither.
_BODY = r"/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/(?![/*])"
_REGEX = rf"(?<=[=(,:\[!&|?{{}};+*%^~<>\-])[ \t]*{_BODY}|\b(?:return|typeof|case|in|of|void|throw|else|do)[ \t]*{_BODY}"
_QUOTES = (_DOUBLE, _SINGLE)
_C = (r"//[^\n]*", r"/\*.*?(?:\*/|\Z)")
_HASH = r"#[^\n]*"
_HASH_WORD = r"(?<![^\s;|&()`])#[^\n]*"  # in shells and YAML: `a#b` is a word
_HTML = r"<!--.*?(?:-->|\Z)"


@dataclass(frozen=True)
class Syntax:
    """The comments and the strings of a language, as regular expressions. A string counts only where it certainly is one."""

    comments: tuple[str, ...]
    strings: tuple[str, ...] = _QUOTES
    others: tuple[str, ...] = ()
    """What is neither, and might look like one of them."""


_SLASHES = Syntax(_C, (_DOUBLE, _CHARACTER))
_SLASHES_QUOTED = Syntax(_C)
_SCRIPT = Syntax(_C, (*_QUOTES, _TEMPLATE), (_REGEX,))
_HASHES = Syntax((_HASH,))
_SHELL = Syntax((_HASH_WORD,), others=(r"\\.",))
_PAGE = Syntax((_HTML, r"\{#.*?#\}", r"\{\{!.*?\}\}", r"<%#.*?%>", *_C), (*_QUOTES, _TEMPLATE))
_DASHES = Syntax((r"--\[\[.*?(?:\]\]|\Z)", r"\{-.*?(?:-\}|\Z)", r"--[^\n]*", r"/\*.*?(?:\*/|\Z)"))
_ANY = Syntax((_HASH_WORD, *_C, _HTML, r"(?<!\S)--[^\n]*", r"(?<!\S)[;%][^\n]*", r"\{#.*?#\}"))


@dataclass(frozen=True)
class Language:
    """A language that people write: what its files are called, and how it is commented."""

    name: str
    files: tuple[str, ...]
    syntax: Syntax = _SLASHES
    code: bool = True
    """Whether it is a programming language, which somebody ought to check, and no data or text."""
    shebang: str = "$^"
    """What programs run it."""


LANGUAGES = (
    Language("python", ("*.py", "*.pyi", "*.pyw"), Syntax((_HASH,), (_TRIPLE, *_QUOTES)), shebang=r"python|pypy"),
    Language("notebook", ("*.ipynb",), Syntax((_HASH,), (_TRIPLE, *_QUOTES))),
    Language("typescript", ("*.ts", "*.tsx", "*.mts", "*.cts"), _SCRIPT, shebang=r"ts-node|tsx|deno|bun"),
    Language("javascript", ("*.js", "*.jsx", "*.mjs", "*.cjs"), _SCRIPT, shebang=r"node"),
    Language("vue", ("*.vue", "*.svelte", "*.astro"), _PAGE),
    Language(
        "shell", ("*.sh", "*.bash", "*.zsh", "*.ksh", "*.bats", ".envrc", ".bashrc", ".profile", "PKGBUILD"), _SHELL,
        shebang=r"(?:ba|da|z|k|a)?sh\b",
    ),
    Language("dockerfile", ("Dockerfile*", "*.dockerfile", "Containerfile*"), _SHELL),
    Language(
        "yaml", ("*.yaml", "*.yml", ".yamllint", ".clang-format", ".clang-tidy"),
        Syntax((_HASH_WORD,), (r'(?<![^\s\[{,:(-])"(?:\\.|[^"\\\n])*"', r"(?<![^\s\[{,:(-])'[^'\n]*'")), code=False,
    ),
    Language("css", ("*.css", "*.scss", "*.sass", "*.less"), _SLASHES_QUOTED, code=False),
    Language("html", ("*.html", "*.htm", "*.xhtml", "*.hbs", "*.erb", "*.njk", "*.j2", "*.twig"), _PAGE, code=False),
    Language("xml", ("*.xml", "*.svg", "*.xsl", "*.csproj", "*.props"), Syntax((_HTML,), ()), code=False),
    Language(
        "markdown", ("*.md", "*.markdown", "*.mdx"),
        Syntax((_HTML, r"^\[[^\]\n]*\]:[ \t]*#[^\n]*", r"\{/\*.*?\*/\}"), ()), code=False,
    ),
    Language("restructuredtext", ("*.rst",), Syntax((r"^[ \t]*\.\.[^\n]*",), ()), code=False),
    Language("json", ("*.json", "*.jsonc", "*.json5", ".eslintrc", ".swcrc"), Syntax(_C, (_DOUBLE,)), code=False),
    Language("toml", ("*.toml",), _HASHES, code=False),
    Language("ini", ("*.ini", "*.cfg", "*.conf", "*.properties", ".env*", ".editorconfig"), _ANY, code=False),
    Language("go", ("*.go",), Syntax(_C, (_DOUBLE, r"`[^`\n]*`", _CHARACTER))),
    Language("rust", ("*.rs",)),
    Language("c", ("*.c", "*.h", "*.cc", "*.cpp", "*.cxx", "*.hh", "*.hpp", "*.hxx", "*.m", "*.mm", "*.cu", "*.ino")),
    Language("java", ("*.java",)),
    Language("kotlin", ("*.kt", "*.kts")),
    Language("scala", ("*.scala", "*.sc")),
    Language("groovy", ("*.groovy", "*.gradle", "Jenkinsfile"), _SLASHES_QUOTED),
    Language("csharp", ("*.cs",)),
    Language("fsharp", ("*.fs", "*.fsx"), Syntax((r"\(\*.*?(?:\*\)|\Z)", *_C), (_DOUBLE, _CHARACTER))),
    Language("swift", ("*.swift",)),
    Language("dart", ("*.dart",), _SLASHES_QUOTED),
    Language("zig", ("*.zig",)),
    Language("protobuf", ("*.proto",), _SLASHES_QUOTED),
    Language("solidity", ("*.sol",), _SLASHES_QUOTED),
    Language("php", ("*.php",), Syntax((r"#(?!\[)[^\n]*", *_C, _HTML)), shebang=r"php"),
    Language("ruby", ("*.rb", "*.rake", "Gemfile", "Rakefile", "*.gemspec"), _HASHES, shebang=r"ruby"),
    Language("perl", ("*.pl", "*.pm", "*.t"), _HASHES, shebang=r"perl"),
    Language("r", ("*.r", "*.R", "*.Rmd"), _HASHES, shebang=r"Rscript"),
    Language("julia", ("*.jl",), _HASHES, shebang=r"julia"),
    Language("elixir", ("*.ex", "*.exs"), _HASHES, shebang=r"elixir"),
    Language("erlang", ("*.erl", "*.hrl"), Syntax((r"%[^\n]*",))),
    Language("haskell", ("*.hs", "*.lhs"), Syntax((r"\{-(?!#).*?(?:-\}|\Z)", r"--[^\n]*"), (_DOUBLE,))),
    Language("lua", ("*.lua",), _DASHES, shebang=r"lua"),
    Language("sql", ("*.sql",), Syntax((r"--[^\n]*", r"/\*.*?(?:\*/|\Z)"))),
    Language("powershell", ("*.ps1", "*.psm1"), Syntax((r"<#.*?(?:#>|\Z)", _HASH)), shebang=r"pwsh"),
    Language("terraform", ("*.tf", "*.tfvars", "*.hcl"), Syntax((_HASH, *_C), (_DOUBLE,))),
    Language("graphql", ("*.graphql", "*.gql"), _HASHES),
    Language("nix", ("*.nix",), Syntax((_HASH, r"/\*.*?(?:\*/|\Z)"))),
    Language("makefile", ("Makefile*", "GNUmakefile", "*.mk", "CMakeLists.txt", "*.cmake"), _HASHES, code=False),
)  # fmt: skip
OTHER = Language("other", (), _ANY, code=False)
"""Any other: whatever begins a comment somewhere may begin one in it."""
_BY_SUFFIX = {f[1:].lower(): entry for entry in LANGUAGES for f in entry.files if f.startswith("*.")}
_BY_NAME = [(f, entry) for entry in LANGUAGES for f in entry.files if not f.startswith("*.")]
_SHEBANG = re.compile(rb"#![^\n]*")


@lru_cache(maxsize=4096)
def named(path: str) -> Language:
    """Return the language that a file is in by its name; OTHER where the name does not say."""
    pure = PurePosixPath(path)
    if found := _BY_SUFFIX.get(pure.suffix.lower()):
        return found
    return next((entry for pattern, entry in _BY_NAME if fnmatch.fnmatchcase(pure.name, pattern)), OTHER)


def language(path: str, source: bytes) -> Language:
    """Return the language of a file by its name, or else by the program that its first line says runs it."""
    found = named(path)
    if found is OTHER and (first := _SHEBANG.match(source)):
        line = first[0].decode("latin-1")
        return next((entry for entry in LANGUAGES if re.search(rf"[/ ](?:{entry.shebang})", line)), OTHER)
    return found


def languages(paths: Sequence[str]) -> dict[str, list[str]]:
    """Return the paths of each language, by its name, in the order of the names."""
    found: dict[str, list[str]] = {}
    for path in paths:
        found.setdefault(named(path).name, []).append(path)
    return dict(sorted(found.items()))
