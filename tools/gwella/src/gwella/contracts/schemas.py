"""JSON Schemas (2020-12) of the events, from their classes."""

import inspect
import json
from collections.abc import Mapping
from typing import Any, Final

import contracts.events  # noqa: F401  (registers every event class)
from contracts.event import EVENTS, Event

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
EXTENSION: Final = "x-gwella"
"""What a reader must know of an event beyond the form of its data; part of the promise."""


def events_by_publisher() -> dict[str, list[type[Event]]]:
    """Every event class by the service that publishes it, in the order of their types."""
    found: dict[str, list[type[Event]]] = {}
    for _, cls in sorted(EVENTS.items()):
        found.setdefault(cls.PUBLISHER, []).append(cls)
    return found


def event_schema(cls: type[Event]) -> dict[str, Any]:
    """The schema of an event's data. Fields that a reader does not know are allowed: events grow by adding."""
    made = cls.model_json_schema(mode="serialization")
    made.pop("title", None)
    made.pop("description", None)
    return {
        "$schema": DIALECT,
        "$id": f"/schemas/{cls.TYPE}.json",
        "title": cls.__name__,
        "description": inspect.cleandoc(cls.__doc__ or ""),
        EXTENSION: {
            "publisher": cls.PUBLISHER,
            "aggregate": cls.AGGREGATE,
            "change": str(cls.CHANGE),
            "data_class": str(cls.DATA_CLASS),
        },
        **made,
        "examples": [example_of(cls)],
    }


def example_of(cls: type[Event]) -> dict[str, Any]:
    """The example of an event as it travels. Raises ValidationError when it does not fit its class."""
    data: dict[str, Any] = json.loads(cls.model_validate(cls.EXAMPLE).model_dump_json())
    return data


def as_json(document: Mapping[str, Any]) -> str:
    """A document as it is committed: indented, in its own order, with a final line break."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
