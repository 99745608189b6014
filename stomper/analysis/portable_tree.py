"""Syntax trees that another interpreter made, as nodes of our own `ast`: what `environment/dump_syntax.py` printed.

A kind of node that this Python does not know becomes a class made here, below the nearest base that it knows. What a node
has beyond its class here (the type parameters of a function) is among its `_fields` where it is not empty: so a tree that
this Python can make is just that tree, and nothing is hidden from who looks at all of it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_PLACE = ("lineno", "col_offset", "end_lineno", "end_col_offset")


def rebuild(kinds: Sequence[Sequence[Any]], nodes: Sequence[Sequence[Any]]) -> ast.Module:
    """Return the tree of *nodes*, each of one of *kinds*. Raises ValueError, TypeError or LookupError for odd data."""
    built: list[ast.AST] = [ast.Pass()] * len(nodes)
    for number in range(len(nodes) - 1, -1, -1):  # a node comes after its parent
        built[number] = _node(nodes[number], kinds, built)
    root = built[0]
    if not isinstance(root, ast.Module):
        raise TypeError(f"the tree of a file is a module, no {type(root).__name__}")
    return root


def _node(row: Sequence[Any], kinds: Sequence[Sequence[Any]], built: Sequence[ast.AST]) -> ast.AST:
    name, bases, fields, has_place = kinds[row[0]]
    given = dict(zip(_PLACE, row[1:5], strict=True)) if has_place else {}
    values = row[5:] if has_place else row[1:]
    given |= {field: _value(v, kinds, built) for field, v in zip(fields, values, strict=True)}
    return _made(name, tuple(bases), tuple(fields), given)


def _made(name: str, bases: tuple[str, ...], fields: tuple[str, ...], given: dict[str, Any]) -> ast.AST:
    known = _known(name)
    shown = fields if known is None else tuple(f for f in fields if f in known._fields or given[f] not in (None, []))
    cls = _class(name, bases, shown, _PLACE if "lineno" in given else ())
    node: ast.AST = cls.__new__(cls)  # to call it would warn of fields that are missing
    vars(node).update(given)
    return node


def _value(value: Any, kinds: Sequence[Sequence[Any]], built: Sequence[ast.AST]) -> Any:
    match value:
        case list():
            return [_value(item, kinds, built) for item in value]
        case None | bool() | str():
            return value
        case int() if value < 0:
            name, bases, fields, _ = kinds[-1 - value]
            return _made(name, tuple(bases), tuple(fields), {})
        case int():
            return built[value]
        case {"int": number}:
            return int(number, 16)
        case {"float": number}:
            return float.fromhex(number)
        case {"complex": [real, imaginary]}:
            return complex(float.fromhex(real), float.fromhex(imaginary))
        case {"bytes": digits}:
            return bytes.fromhex(digits)
        case {"text": digits}:
            return bytes.fromhex(digits).decode("utf-32-le", "surrogatepass")
        case {"ellipsis": True}:
            return ...
    raise ValueError(f"no part of a tree: {value!r}")


@lru_cache(maxsize=1024)  # there are about a hundred kinds of nodes
def _class(name: str, bases: tuple[str, ...], fields: tuple[str, ...], place: tuple[str, ...]) -> type[ast.AST]:
    known = _known(name)
    if known is not None and known._fields == fields:
        return known
    base = known or next((found for word in bases if (found := _known(word))), ast.AST)
    return type(name, (base,), {"_fields": fields, "__match_args__": fields, "_attributes": place})


def _known(name: str) -> type[ast.AST] | None:
    found = getattr(ast, name, None)
    return found if isinstance(found, type) and issubclass(found, ast.AST) else None
