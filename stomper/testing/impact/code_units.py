"""A Python file as its functions and its other statements: what each binds and mentions, and what a change changes."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stomper.analysis.syntax import OWN, Parser, type_params

_WORD = re.compile(r"[^\W\d]\w*")
_DOTTED = re.compile(r"[\w.:]{1,200}")  # a string that may name something, as the targets of mock.patch do


@dataclass(frozen=True)
class Unit:
    """A function of a module or class, or one of their other statements. Lines are those of the file."""

    path: str
    """Its name, with those of the classes around it; empty for statements."""
    first: int
    last: int
    binds: frozenset[str]
    names: frozenset[str]
    """The names in it that are looked up in the module, or anywhere nearer."""
    elsewhere: frozenset[str]
    """What may be taken from elsewhere: attributes, dotted names in strings, parameters (pytest's fixtures)."""
    takes: frozenset[tuple[str, str]]
    """What it imports by name, and what that is called here."""
    run: str
    """What matters to those who run it: of a function all but its docstring."""
    seen: str
    """What matters to those who look it up: of a function its decorators and its docstring, else the whole statement."""

    is_import: bool = False
    """Whether it only imports: the order of those is of no matter."""

    @property
    def is_function(self) -> bool:
        return bool(self.path)


@dataclass(frozen=True)
class Changed:
    """What is different: lines of the old file whose functions do something else, names that stand for something else."""

    lines: tuple[tuple[int, int], ...]
    names: frozenset[str]
    unclear: bool = False
    """Whether there is more to it than names say: a statement with effects, another order."""


def units(source: bytes, parser: Parser = OWN) -> list[Unit] | None:
    """The units of a module in their order; None when it cannot be read."""
    tree = parser.parse(source)
    return None if tree is None else list(_units(tree.body, "", tree))


def changed(before: bytes, after: bytes, parser: Parser = OWN) -> Changed | None:
    """What leads from one source to another; None when one of them cannot be read."""
    old, new = units(before, parser), units(after, parser)
    if old is None or new is None:
        return None
    lines: set[tuple[int, int]] = set()
    names: set[str] = set()
    unclear = False
    for was, now in _pairs([u for u in old if u.is_function], [u for u in new if u.is_function]):
        if was is None or now is None or was.seen != now.seen:
            names |= (was or now or _NONE).binds
        if was is not None and (now is None or was.run != now.run):
            lines.add((was.first, was.last))
    gone, come = ([u for u in some if not u.is_function] for some in (old, new))
    differ = Counter(u.seen for u in gone)
    differ.subtract(u.seen for u in come)
    for unit in (u for u in (*gone, *come) if differ[u.seen]):
        names |= unit.binds
        unclear = unclear or not unit.binds or "annotations" in unit.binds
        if unit in gone:
            lines.add((unit.first, unit.last))
    still = [[u.seen for u in some if not differ[u.seen] and not u.is_import] for some in (gone, come)]
    return Changed(tuple(sorted(lines)), frozenset(names), unclear or still[0] != still[1])


def _pairs(old: Sequence[Unit], new: Sequence[Unit]) -> Iterator[tuple[Unit | None, Unit | None]]:
    """The functions of the same name, in their order."""
    by_path: dict[str, tuple[list[Unit], list[Unit]]] = defaultdict(lambda: ([], []))
    for side, some in enumerate((old, new)):
        for unit in some:
            by_path[unit.path][side].append(unit)
    for was, now in by_path.values():
        for number in range(max(len(was), len(now))):
            yield was[number] if number < len(was) else None, now[number] if number < len(now) else None


def _units(body: Sequence[ast.stmt], prefix: str, parent: ast.AST) -> Iterator[Unit]:
    for number, node in enumerate(body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            doc = ast.get_docstring(node, clean=False)
            rest = node.body[doc is not None :]
            run = [*type_params(node), node.args, node.returns, *node.decorator_list, *rest]
            yield _unit(node, [node], prefix + node.name, run=run, seen=[*node.decorator_list, doc])
        elif isinstance(node, ast.ClassDef):
            doc = ast.get_docstring(node, clean=False)
            head = [*type_params(node), *node.decorator_list, *node.bases, *node.keywords]
            yield _unit(node, head, "", seen=["class", prefix, node.name, *head, doc], binds={node.name})
            yield from _units(node.body[doc is not None :], f"{prefix}{node.name}.", node)
        elif number == 0 and _is_text(node) and isinstance(parent, ast.Module):
            yield _unit(node, [], "", seen=[node], binds={"__doc__"})
        elif not _is_text(node) and not isinstance(node, ast.Pass):
            owner = {prefix.split(".")[-2]} if prefix else set()
            bound = _bound(node)
            yield _unit(node, [node], "", seen=[prefix, node], binds=bound | owner if bound else bound)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _unit(
    node: ast.stmt,
    parts: Sequence[ast.AST],
    path: str,
    *,
    seen: Sequence[ast.AST | str | None],
    run: Sequence[ast.AST | None] = (),
    binds: set[str] | None = None,
) -> Unit:
    names: set[str] = set()
    elsewhere: set[str] = set()
    takes: set[tuple[str, str]] = set()
    for inner in (inner for part in parts for inner in ast.walk(part)):
        match inner:
            case ast.Name(id=name):
                names.add(name)
            case ast.Attribute(attr=name) | ast.arg(arg=name):
                elsewhere.add(name)
            case ast.Constant(value=str(text)) if _DOTTED.fullmatch(text):
                elsewhere |= set(_WORD.findall(text))
            case ast.ImportFrom(names=aliases):
                takes |= {(alias.name, alias.asname or alias.name) for alias in aliases}
            case _:
                pass
    if binds is None:
        binds = {path.rpartition(".")[2]} if path else _bound(node)
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    return Unit(
        path=path,
        first=first,
        last=node.end_lineno or node.lineno,
        binds=frozenset(binds),
        names=frozenset(names),
        elsewhere=frozenset(elsewhere),
        takes=frozenset(takes),
        run="\n".join(_told(part) for part in run),
        seen="\n".join(_told(part) for part in seen),
        is_import=isinstance(node, ast.Import | ast.ImportFrom),
    )


def _told(part: ast.AST | str | None) -> str:
    return ast.dump(part) if isinstance(part, ast.AST) else repr(part)


def _bound(node: ast.stmt) -> set[str]:
    """The names that a statement binds in its module or class; none when it does something else as well."""
    found: set[str] = set()
    waiting: list[ast.AST] = [node]
    while waiting:
        match inner := waiting.pop():
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
                continue
            case ast.Expr(value=value) if not isinstance(value, ast.Constant):
                return set()  # what a call does is not known
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.add(name)
            case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()):
                return set()
            case ast.Import(names=aliases):
                found |= {(alias.asname or alias.name).partition(".")[0] for alias in aliases}
            case ast.ImportFrom(names=aliases):
                if any(alias.name == "*" for alias in aliases):
                    return set()
                found |= {alias.asname or alias.name for alias in aliases}
            case ast.ExceptHandler(name=str(name)):
                found.add(name)
            case _:
                pass
        waiting += ast.iter_child_nodes(inner)
    return found


_NONE = Unit("", 0, 0, frozenset(), frozenset(), frozenset(), frozenset(), "", "")
