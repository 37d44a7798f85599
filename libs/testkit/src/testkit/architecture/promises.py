"""Rules about what the services promise: events with one publisher, routes that say who may call them."""

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from contracts.event import Event
from contracts.media_types import EXPORTS
from contracts.operations import OPERATIONS
from service_kit.service import Service
from testkit.architecture.workspace import Breach

_METHODS: Final = ("get", "post", "put", "patch", "delete")


def load_services(names: Iterable[str]) -> list[Service]:
    """The index of each service: `service` in its module `service`. Raises ImportError or TypeError without one."""
    found: list[Service] = []
    for name in names:
        service = importlib.import_module(f"{name}.service").service
        if not isinstance(service, Service):
            raise TypeError(f"{name}.service.service is no Service")
        found.append(service)
    return found


def published_by_others(services: Sequence[Service], events: Mapping[str, type[Event]]) -> Iterator[Breach]:
    """Every event class is published by exactly one service: the one that it names."""
    for event_type, cls in sorted(events.items()):
        publishers = sorted(service.name for service in services if cls in service.publishes)
        if publishers != [cls.PUBLISHER]:
            message = f"names {cls.PUBLISHER}, is published by {', '.join(publishers) or 'nobody'}"
            yield Breach("one-publisher", event_type, 0, message)
    for service in services:
        for cls in service.publishes:
            if events.get(cls.TYPE) is not cls:
                yield Breach("one-publisher", service.name, 0, f"{cls.__qualname__} is not in contracts")


def reacts_to_nothing(services: Sequence[Service]) -> Iterator[Breach]:
    """Every event that a reaction names is published by a service; else it waits for ever."""
    published = {cls for service in services for cls in service.publishes}
    for service in services:
        for reaction in service.reactions:
            for cls in reaction.events:
                if cls not in published:
                    message = f"{reaction.name} waits for {cls.__qualname__}, which nobody publishes"
                    yield Breach("heard-events", service.name, 0, message)


def misnamed(services: Sequence[Service], folders: Sequence[str]) -> Iterator[Breach]:
    """A service is called what its folder is called."""
    for service, folder in zip(services, folders, strict=True):
        if service.name != folder:
            yield Breach("same-names", f"services/{folder}", 0, f"its service is called {service.name}")


def undeclared_routes(service: str, document: Mapping[str, Any]) -> Iterator[Breach]:
    """Every route below `/v1` names an operation that exists, a response model, its problems, and what it does."""
    for path, item in document.get("paths", {}).items():
        if not path.startswith("/v1/"):
            continue
        for method in _METHODS:
            if method in item:
                for said in _missing(item[method]):
                    yield Breach("declared-routes", f"{service} {method.upper()} {path}", 0, said)


def _missing(operation: Mapping[str, Any]) -> Iterator[str]:
    name = operation.get("x-gwella-operation")
    if name not in OPERATIONS:
        yield f"its operation is {name!r}, which no role can be granted"
    if {"oauth2": [name]} not in operation.get("security", []):
        yield "its security does not ask for its operation"
    responses = operation.get("responses", {})
    good = [answer for status, answer in responses.items() if status.startswith("2") and status != "204"]
    if not good or not all(_has_model(answer) for answer in good):
        yield "no response model"
    problems = {status for status in responses if status.startswith(("4", "5")) or status == "default"}
    if not problems:
        yield "no problem is declared"
    if not str(operation.get("description", "")).strip():
        yield "no docstring: it is the public description"


def _has_model(answer: Mapping[str, Any]) -> bool:
    # A list's exports are streams of the records that its JSON describes.
    content = {kind: media for kind, media in answer.get("content", {}).items() if kind not in EXPORTS}
    schemas = [media.get("schema", {}) for media in content.values()]
    return bool(schemas) and all("$ref" in schema for schema in schemas)
