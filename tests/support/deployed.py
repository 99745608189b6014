"""What is wrong with a prefect.yaml: Prefect itself ignores the keys that it does not know."""

from __future__ import annotations

import functools
import importlib
import inspect
import types
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin

from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.client.schemas.schedules import CronSchedule
from prefect.utilities.callables import parameter_schema
from prefect.utilities.importtools import import_object
from prefect.utilities.schema_tools import is_valid_schema, validate
from prefect.workers.process import ProcessWorker
from pydantic import BaseModel, ValidationError

from stomper.server.prefect_internals import deployment_models

Raw = dict[str, Any]
PrefectYamlModel, DeploymentConfig = deployment_models()
DeploymentConfig.model_rebuild()  # its fields name models that are defined after it
NEEDED = ("name", "description", "entrypoint", "work_pool", "parameters", "tags")
VARIABLES = ProcessWorker.get_default_base_job_template()["variables"]["properties"]


def wrong(raw: Raw) -> list[str]:
    """Everything in the file *raw* that Prefect would ignore, refuse or fail on later; empty when all is well."""
    if found := [f"{where}: unknown key" for where in _unknown(raw, PrefectYamlModel, "")]:
        return found
    try:
        PrefectYamlModel.model_validate(raw)
    except ValidationError as error:
        return [str(error)]
    for step in raw.get("pull", []):
        found += _wrong_step(step)
    names = [(one.get("entrypoint"), one.get("name")) for one in raw.get("deployments", [])]
    if not names or len(set(names)) < len(names):
        found.append(f"the deployments are named {names}")
    for one in raw.get("deployments", []):
        found += [f"{one.get('name')}: {said}" for said in _wrong_deployment(one)]
    return found


def flow_of(entrypoint: str) -> Flow[..., Any]:
    """The flow at `folder/file.py:name`."""
    path, _, name = entrypoint.partition(":")
    found = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)
    assert isinstance(found, Flow)
    return found


def _unknown(value: object, annotation: object, where: str) -> Iterator[str]:
    """The keys in *value* that no model in *annotation* has."""
    models = list(_models(annotation))
    if isinstance(value, list):
        for number, below in enumerate(value):
            yield from _unknown(below, annotation, f"{where}[{number}]")
    elif isinstance(value, Mapping) and models:
        fields = {name: f for model in models for n, f in model.model_fields.items() for name in (n, f.alias) if name}
        for key, below in value.items():
            if key not in fields:
                yield f"{where}.{key}"
            else:
                yield from _unknown(below, fields[key].annotation, f"{where}.{key}")


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    """The pydantic models that *annotation* is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (list, Union, types.UnionType):
        for part in get_args(annotation):
            yield from _models(part)


def _wrong_step(step: Raw) -> Iterator[str]:
    for name, inputs in step.items():
        try:
            inspect.signature(import_object(name)).bind(**inputs)
        except (ImportError, AttributeError, ValueError, TypeError) as error:
            yield f"{name}: {error}"


@functools.cache
def _flow_and_schema(entrypoint: str) -> tuple[Flow[..., Any], Raw]:
    flow = flow_of(entrypoint)
    schema = parameter_schema(flow).model_dump()
    is_valid_schema(schema)
    return flow, schema


def _wrong_deployment(one: Raw) -> Iterator[str]:
    if missing := [key for key in NEEDED if not one.get(key)]:
        yield f"without {', '.join(missing)}"
        return
    try:
        for schedule in one.get("schedules", []):
            CronSchedule(cron=schedule["cron"].replace("{{ $MINUTE }}", "59"), timezone=schedule["timezone"])
            if not isinstance(schedule["active"], bool):
                yield "active is neither true nor false"
        if "concurrency_limit" in one:
            ConcurrencyLimitConfig(**one["concurrency_limit"])
        flow, schema = _flow_and_schema(one["entrypoint"])
    except (KeyError, TypeError, ValueError, ImportError, AttributeError, AssertionError) as error:
        yield f"{type(error).__name__}: {error}"
        return
    yield from (f"parameters: {error.message}" for error in validate(one["parameters"], schema))
    yield from (f"parameters: {name} is none" for name in one["parameters"] if name not in flow.parameters.properties)
    pool = one["work_pool"]
    yield from (f"job_variables: {name} is none" for name in pool.get("job_variables", {}) if name not in VARIABLES)
    if pool.get("name") != "stomper":
        yield f"the work pool is {pool.get('name')!r}"
