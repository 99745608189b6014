"""The guard for tests: none may prove less after a fix than before."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

from stomper.guards.base import FUNCTIONS, Diff, Function, dotted, functions, is_test, last

_SKIPS = ("skip", "skipif", "skipIf", "skipUnless", "xfail", "expectedFailure", "importorskip", "skipTest", "SkipTest")
_CATCHES_ALL = ("", "Exception", "BaseException", "AssertionError", "Failed")


def weakened_tests(diff: Diff) -> str:
    """No test vanishes, is skipped, asserts less, asserts what is always true, or is told to expect what it gets."""
    code_too = any(not is_test(p) and p.endswith(".py") for p in diff.patch.paths)
    failing = any(d.code == "test-failed" for d in diff.job.diagnostics)
    for path, old, new in diff.python():
        if not is_test(path):
            continue
        before, after = _tests(old), _tests(new)
        if gone := sorted(before.keys() - after.keys()):
            return f"{path} has no test {gone[0]} any more"
        if added := _skips(new) - _skips(old):
            return f"it added {next(iter(added))} to {path}"
        if any(
            name in ("collect_ignore", "collect_ignore_glob", "__test__") for name in _assigned(new) - _assigned(old)
        ):
            return f"it keeps pytest from collecting in {path}"
        for name, test in before.items():
            if said := _weaker(test, after[name]):
                return f"{path}: {name} {said}"
            if (code_too or failing) and _expected(test) != _expected(after[name]):
                return f"{path}: {name} is told to expect something else"
        helpers = {n: f for n, f in functions(old).items() if n not in before}
        for name, helper in helpers.items():
            now = functions(new).get(name)
            if now is not None and _asserts(now.body) < _asserts(helper.body):
                return f"{path}: {name} asserts less than before"
    return ""


def _tests(tree: ast.Module) -> dict[str, Function]:
    """The tests by name as pytest collects them: functions, and methods of test classes."""
    found = {}
    for name, function in functions(tree).items():
        owner, _, own = name.rpartition(".")
        if own.startswith("test") and (not owner or _is_test_class(tree, owner)):
            found[name] = function
    return found


def _is_test_class(tree: ast.Module, name: str) -> bool:
    node = next((n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == name.rpartition(".")[2]), None)
    return node is not None and (node.name.startswith("Test") or any("TestCase" in dotted(b) for b in node.bases))


def _weaker(before: Function, after: Function) -> str:
    if _asserts(after.body) < _asserts(before.body):
        return "asserts less than before"
    if _trivial(after) > _trivial(before):
        return "asserts what is always true"
    if _cases(after) < _cases(before):
        return "is run with fewer cases"
    return ""


def _asserts(body: Sequence[ast.stmt]) -> int:
    """How many assertions are reached and can fail the test."""
    count = 0
    for statement in body:
        count += _own_asserts(statement)
        for block in _blocks(statement):
            count += _asserts(block)
        if isinstance(statement, ast.Return | ast.Raise | ast.Continue | ast.Break):
            break
    return count


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The inner blocks in which a failing assertion fails the test."""
    match statement:
        case ast.If(test=ast.Constant(value=value), body=body, orelse=orelse):
            yield body if value else orelse
        case ast.While(test=ast.Constant(value=False)):
            return
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
            if not any(_swallows(h) for h in handlers):
                yield body
            yield orelse
            yield final
            for handler in handlers:
                yield handler.body
        case ast.With(items=items) | ast.AsyncWith(items=items) if any(_suppresses(i.context_expr) for i in items):
            return
        case _:
            for name in ("body", "orelse", "finalbody"):
                if isinstance(block := getattr(statement, name, None), list):
                    yield block


def _swallows(handler: ast.ExceptHandler) -> bool:
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    catches = any(t is None or last(t) in _CATCHES_ALL for t in types)
    return catches and not any(isinstance(n, ast.Raise) or _fails(n) for s in handler.body for n in ast.walk(s))


def _suppresses(call: ast.expr) -> bool:
    return (
        isinstance(call, ast.Call) and last(call.func) == "suppress" and any(last(a) in _CATCHES_ALL for a in call.args)
    )


def _own_asserts(statement: ast.stmt) -> int:
    """The assertions that a statement makes itself, not those of its blocks."""
    if isinstance(statement, ast.Assert):
        return 1
    if isinstance(statement, ast.Raise):
        exc = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        return int(exc is not None and last(exc) == "AssertionError")
    if isinstance(statement, ast.With | ast.AsyncWith):
        return sum(_fails(node) for item in statement.items for node in ast.walk(item.context_expr))
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef, ast.If, ast.For, ast.While, ast.Try)):
        return 0
    return sum(_fails(node) for node in ast.walk(statement))


def _fails(node: ast.AST) -> bool:
    """Whether it is a call that can fail a test."""
    if not isinstance(node, ast.Call):
        return False
    name = last(node.func)
    return name.startswith(("assert", "fail")) or name in ("raises", "warns", "deprecated_call", "match_snapshot")


def _trivial(function: Function) -> int:
    return sum(isinstance(n, ast.Assert) and _always_true(n.test) for n in ast.walk(function)) + sum(
        isinstance(n, ast.Call)
        and last(n.func) in ("assertTrue", "assertEqual", "assertIs", "assert_")
        and (_always_true(n.args[0]) if len(n.args) == 1 else len(n.args) > 1 and _same(n.args[0], n.args[1]))
        for n in ast.walk(function)
        if isinstance(n, ast.Call) and n.args
    )


def _same(left: ast.AST, right: ast.AST) -> bool:
    return ast.dump(left) == ast.dump(right)


def _always_true(test: ast.expr) -> bool:
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return bool(elements)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Constant(value=value)):
            return not value
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is() | ast.LtE() | ast.GtE()], comparators=[right]):
            return _same(left, right)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(_always_true(v) for v in values) or _has_opposites(values)
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_always_true(v) for v in values)
        case ast.Call(func=function, args=[_, kind]) if last(function) == "isinstance":
            return last(kind) == "object"
        case ast.Call(func=ast.Name(id="bool"), args=[value]):
            return _always_true(value)
        case ast.NamedExpr(value=value):
            return _always_true(value)
    return False


def _has_opposites(values: Sequence[ast.expr]) -> bool:
    denied = [ast.dump(v.operand) for v in values if isinstance(v, ast.UnaryOp) and isinstance(v.op, ast.Not)]
    return any(ast.dump(v) in denied for v in values)


def _cases(function: Function) -> int:
    """How many different cases the literal lists of `parametrize` hold."""
    count = 0
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and last(decorator.func) == "parametrize":
            lists = [*decorator.args[1:2], *(k.value for k in decorator.keywords if k.arg == "argvalues")]
            count += sum(
                len({ast.dump(e) for e in a.elts}) for a in lists if isinstance(a, ast.List | ast.Tuple | ast.Set)
            )
    return count


def _skips(tree: ast.Module) -> Counter[str]:
    found: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and last(node) in _SKIPS:
            found[last(node)] += 1
    return found


def _assigned(tree: ast.Module) -> set[str]:
    names = [t for n in ast.walk(tree) if isinstance(n, ast.Assign) for t in n.targets]
    return {last(t) for t in names} | {
        n.name for n in tree.body if isinstance(n, FUNCTIONS) and n.name.startswith("pytest_")
    }


def _expected(function: Function) -> Counter[str]:
    """The literals that assertions compare with."""
    found: Counter[str] = Counter()
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            parts: list[ast.AST] = [node.test]
        elif _fails(node) and isinstance(node, ast.Call):
            parts = [*node.args, *node.keywords]
        else:
            continue
        # `== None` and `is None`, `== True` and the bare value are the same expectation.
        constants = [n.value for part in parts for n in ast.walk(part) if isinstance(n, ast.Constant)]
        found.update(repr(value) for value in constants if value is not None and not isinstance(value, bool))
    return found
