"""What GitHub publishes of its REST API, as githubkit generates it from github/rest-api-description."""

from __future__ import annotations

import functools
import inspect
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from githubkit_schemas.v2022_11_28 import models
from githubkit_schemas.v2022_11_28.rest.issues import IssuesClient
from githubkit_schemas.v2022_11_28.rest.pulls import PullsClient
from githubkit_schemas.v2022_11_28.rest.repos import ReposClient
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

_ROUTE = re.compile(r"^ *(GET|POST|PATCH|PUT|DELETE) (/\S+)$", re.MULTILINE)
_NOT_QUERY = {"self", "headers", "stream", "data", "kwargs"}


@dataclass(frozen=True)
class Operation:
    """One published operation: its path, and the parameters that its query may have."""

    method: str
    template: str
    query: Mapping[str, object]
    module: dict[str, object]

    def adapter(self, name: str) -> TypeAdapter[object]:
        """What checks a parameter."""
        annotated = types.SimpleNamespace(__annotations__={name: self.query[name]})
        hint: Any = typing.get_type_hints(annotated, self.module, include_extras=True)[name]
        return TypeAdapter(hint)


@functools.cache
def operations() -> Mapping[tuple[str, str], Operation]:
    """All of the groups that pull requests are in, by method and path."""
    found = {}
    for client in (PullsClient, IssuesClient, ReposClient):
        for name, function in vars(client).items():
            route = _ROUTE.search(function.__doc__ or "") if inspect.isfunction(function) else None
            if route and not name.startswith("async_"):
                method, template = route.groups()
                names = set(re.findall(r"{(\w+)}", template)) | _NOT_QUERY | {"return"}
                hints = {key: hint for key, hint in function.__annotations__.items() if key not in names}
                found[method, template] = Operation(method, template, hints, vars(inspect.getmodule(client)))
    return found


def wrong_query(operation: Operation, query: Mapping[str, str]) -> list[str]:
    """What is wrong with a query."""
    unknown = [f"unknown query parameter {name}" for name in query if name not in operation.query]
    return unknown + [
        f"query parameter {name}: {value!r}"
        for name, value in query.items()
        if name in operation.query and not _valid(operation.adapter(name), value)
    ]


def wrong_body(model: str, raw: bytes) -> list[str]:
    """What is wrong with the body of a request of the published *model*."""
    adapter = TypeAdapter(getattr(models, model))
    try:
        told = adapter.validate_json(raw, strict=True)
    except ValidationError as error:
        return [f"{model}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
    if not isinstance(told, BaseModel):
        return []
    fields = {field.alias or name for name, field in type(told).model_fields.items()}
    sent = TypeAdapter(dict[str, object]).validate_json(raw)
    return [f"{model}: unknown field {name}" for name in sent if name not in fields]


def wrong_answer(model: Any, data: object) -> list[str]:
    """What is wrong with an answer."""
    try:
        TypeAdapter(model).validate_python(data)
    except ValidationError as error:
        return [f"{model}: {e['loc']}: {e['msg']}" for e in error.errors()]
    return []


def filled(model: type[BaseModel], **known: object) -> dict[str, object]:
    """An answer of the published *model* with all that is required in it: what is not *known* is as little as may be."""
    return {
        field.alias or name: known.get(field.alias or name, _least(field.annotation))
        for name, field in model.model_fields.items()
        if _required(field) or (field.alias or name) in known
    }


def _required(field: FieldInfo) -> bool:
    return field.is_required()


def _least(hint: object) -> object:
    """As little as an annotation admits."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is type(None) or type(None) in arguments:
        return None
    if origin is typing.Annotated:
        return _least(arguments[0])
    if origin is typing.Literal:
        return arguments[0]
    if arguments and origin is not list and origin is not dict:
        return _least(arguments[0])
    if inspect.isclass(hint) and issubclass(hint, BaseModel):
        return filled(hint)
    plain: dict[object, object] = {str: "", int: 0, bool: False, float: 0.0, list: [], dict: {}}
    return plain.get(origin or hint, "2026-01-01T00:00:00Z")


def _valid(adapter: TypeAdapter[object], value: str) -> bool:
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True


def inner(model: type[BaseModel], name: str) -> type[BaseModel]:
    """The model that a field of *model* has, or the members of its list."""
    found = _models(model.model_fields[name].annotation)
    if not found:
        raise TypeError(f"{model}.{name} has no model")
    return found[0]


def _models(hint: object) -> list[type[BaseModel]]:
    if inspect.isclass(hint) and issubclass(hint, BaseModel):
        return [hint]
    return [found for argument in typing.get_args(hint) for found in _models(argument)]
