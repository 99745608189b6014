"""Guards about what the code does: it goes on doing it."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from stomper.analysis.syntax import alias_of_type, walk
from stomper.guards.base import FUNCTIONS, Diff, Function, dotted, functions, hollow, is_test, last, nodes

# Errors whose cure is to take the flagged statement away.
_USELESS = (
    "F401",
    "F811",
    "F841",
    "B018",
    "B015",
    "ERA001",
    "PIE790",
    "PLW0104",
    "PLW0127",
    "PLW0120",
    "SIM105",
    "T201",
)
_NAMING = ("E74", "N8", "F811", "C0103", "invalid-name")  # errors whose cure is another name
_LARGE, _KEPT = 60, 0.5  # a body of so many nodes keeps at least that share of them
_TRICKS = (
    "exec",
    "eval",
    "__import__",
    "os._exit",
    "sys.settrace",
    "sys.setprofile",
    "unittest.mock.patch",
    "mock.patch",
)


def emptied_bodies(diff: Diff) -> str:
    """No body is emptied or hollowed out, unless the errors are about just the statements that went."""
    for path, old, new in diff.python():
        useless = {d.line for d in diff.job.diagnostics if d.path == path and d.code in _USELESS}
        after = functions(new)
        for name, function in functions(old).items():
            now = after.get(name)
            work = [s for s in function.body if not hollow(s)]
            if now is None or not work or all(s.lineno in useless for s in work):
                continue
            if all(hollow(s) for s in now.body):
                return f"it emptied {name} in {path}"
            size, left = _size(function), _size(now)
            if size >= _LARGE and left < size * _KEPT:
                return f"it took most of {name} in {path} away"
        if any(not _passive(s) for s in old.body) and all(_passive(s) for s in new.body) and not useless:
            return f"it emptied {path}"
    return ""


def _passive(statement: ast.stmt) -> bool:
    return hollow(statement) or isinstance(statement, ast.Import | ast.ImportFrom)


def _size(function: Function) -> int:
    annotations = [a.annotation for a in walk(function) if isinstance(a, ast.arg) and a.annotation is not None]
    return sum(len(walk(s)) for s in function.body) - sum(len(walk(a)) for a in annotations)


def swallowed_exceptions(diff: Diff) -> str:
    """No exception is newly caught and forgotten."""
    for path, old, new in diff.python():
        if _swallowed(new) > _swallowed(old):
            return f"it swallows exceptions in {path}"
    return ""


def _swallowed(tree: ast.Module) -> int:
    count = 0
    for node in nodes(tree):
        if isinstance(node, ast.ExceptHandler):
            types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            broad = any(t is None or last(t) in ("Exception", "BaseException") for t in types)
            count += broad and all(hollow(s) or isinstance(s, ast.Continue | ast.Break) for s in node.body)
        elif isinstance(node, ast.Call) and last(node.func) == "suppress":
            count += any(last(a) in ("Exception", "BaseException") for a in node.args)
    return count


def typing_escapes(diff: Diff) -> str:
    """No type error is silenced by giving up the type: `Any`, `object`, `cast`, or no annotation any more."""
    for path, old, new in diff.python():
        if _calls(new, "cast") > _calls(old, "cast"):
            return f"it added a cast in {path}"
        if _any_values(new) > _any_values(old):
            return f"it made Any a name for a type in {path}"
        before, after = _annotations(old), _annotations(new)
        for place, annotation in after.items():
            was = before.get(place)
            vague = last(annotation) in ("Any", "object") if annotation is not None else False
            if vague and not (was is not None and last(was) in ("Any", "object")) and not place[2].startswith("*"):
                return f"it typed {place[1]} {place[2]} as {last(annotation) if annotation else ''} in {path}"
        lost = [p for p, annotation in before.items() if annotation is not None and after.get(p, annotation) is None]
        if lost:
            return f"it took the annotation of {lost[0][1]} {lost[0][2]} away in {path}"
    return ""


def _annotations(tree: ast.Module) -> dict[tuple[int, str, str], ast.expr | None]:
    """(number of the definition of that name, function, parameter or "return") → annotation, None for none."""
    found: dict[tuple[int, str, str], ast.expr | None] = {}
    for name, function in functions(tree).items():
        args = function.args
        named = [*args.posonlyargs, *args.args, *args.kwonlyargs]
        found |= {(0, name, a.arg): a.annotation for a in named}
        found |= {(0, name, f"*{a.arg}"): a.annotation for a in (args.vararg, args.kwarg) if a is not None}
        found[0, name, "return"] = function.returns
    for node in nodes(tree):
        if isinstance(node, ast.AnnAssign) and dotted(node.target):
            found[1, "variable", dotted(node.target)] = node.annotation
    return found


def _any_values(tree: ast.Module) -> int:
    """How often Any is used as a value: assigned, or given to a call."""
    values = [n.value for n in nodes(tree) if isinstance(n, ast.Assign | ast.Return) and n.value is not None]
    aliases = [alias[1] for n in nodes(tree) if (alias := alias_of_type(n))]
    return sum(last(v) == "Any" for v in [*values, *aliases])


def _calls(tree: ast.Module, name: str) -> int:
    return sum(isinstance(n, ast.Call) and last(n.func) == name for n in nodes(tree))


def public_names(diff: Diff) -> str:
    """What others may import is still there: public names and methods, `__all__`, re-exports."""
    for path, old, new in diff.python():
        if is_test(path):
            continue
        package = path.rpartition("/")[2] in ("__init__.py", "__init__.pyi")
        misnamed = {d.line for d in diff.job.diagnostics if d.path == path and d.code.startswith(_NAMING)}
        kept = _public(new, package=package) | _named_on(old, misnamed)
        if gone := sorted(_public(old, package=package) - kept):
            return f"it removed the public name {gone[0]} from {path}"
    return ""


def _named_on(tree: ast.Module, lines: set[int]) -> set[str]:
    """The names, and the methods as `Class.method`, that are made on *lines*."""
    found = {n.id for n in nodes(tree) if isinstance(n, ast.Name) and n.lineno in lines}
    for node in nodes(tree):
        if isinstance(node, ast.ClassDef):
            methods = [m for m in node.body if isinstance(m, FUNCTIONS)]
            found |= {f"{node.name}.{m.name}" for m in methods if m.lineno in lines or node.lineno in lines}
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and node.lineno in lines:
            found.add(node.name)
    return found


def _public(tree: ast.Module, *, package: bool) -> set[str]:
    listed = set(_all_of(tree))
    found = set(listed)
    for statement in _at_top(tree.body):
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.ClassDef(name=name, body=body):
                methods = {f"{name}.{m.name}" for m in body if isinstance(m, FUNCTIONS)}
                found |= {name} | (methods if not name.startswith("_") else set())
            case ast.Assign(targets=targets):
                found |= {t.id for target in targets for t in ast.walk(target) if isinstance(t, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case ast.Import(names=names):
                found |= {a.asname or a.name for a in names if _exported(a, a.name, listed, package=package)}
            case ast.ImportFrom(names=names, module=module, level=level):
                origin = "." if level else module or ""
                found |= {a.asname or a.name for a in names if _exported(a, origin, listed, package=package)}
            case _ if alias := alias_of_type(statement):
                found.add(alias[0])
    return {name for name in found if not name.rpartition(".")[2].startswith("_")}


def _exported(alias: ast.alias, origin: str, listed: set[str], *, package: bool) -> bool:
    foreign = origin.partition(".")[0] not in (*sys.stdlib_module_names, "typing_extensions")
    return (package and foreign) or alias.asname == alias.name or (alias.asname or alias.name) in listed


def _at_top(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With):
            for name in ("body", "orelse", "finalbody"):
                yield from _at_top(getattr(statement, name, []))
            for handler in getattr(statement, "handlers", []):
                yield from _at_top(handler.body)


def _all_of(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets) and value is not None:
            yield from (n.value for n in ast.walk(value) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def tricks(diff: Diff) -> str:
    """No code is newly hidden from checkers or tests: run from text, never run, patched, or ended early."""
    for path, old, new in diff.python():
        if added := _used(new, tests=is_test(path)) - _used(old, tests=is_test(path)):
            return f"it added {next(iter(added))} to {path}"
    return ""


def _used(tree: ast.Module, *, tests: bool) -> Counter[str]:
    found: Counter[str] = Counter()
    for node in nodes(tree):
        match node:
            case ast.Call(func=function):
                name = dotted(function)
                hidden = [t for t in _TRICKS if name == t and not (tests and "mock" in t)]
                found.update(f"{t}()" for t in hidden)
            case ast.Subscript(value=value, ctx=ast.Store()) if dotted(value) in ("sys.modules", "globals"):
                found[f"an entry of {dotted(value)}"] += 1
            case ast.If(test=ast.Constant(value=value)) if not value:
                found["code that never runs"] += 1
            case ast.If(test=test, body=body) if last(test) == "TYPE_CHECKING":
                late = sum(
                    not isinstance(s, ast.Import | ast.ImportFrom | ast.ClassDef | ast.Assign | ast.AnnAssign)
                    and not alias_of_type(s)
                    for s in body
                )
                found["code that only a type checker runs"] += late
    for statement in tree.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            name = dotted(statement.value.func)
            found[f"{name}() at the top of the module"] += name in ("sys.exit", "exit", "quit", "pytest.exit")
        if isinstance(statement, ast.Raise):
            found["an exception at the top of the module"] += 1
    return +found
