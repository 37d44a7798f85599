"""Fields are described by their docstrings, read when a schema is asked for (X-04, C-12)."""

from typing import Generic, TypeVar

import pytest
from pydantic import BaseModel, Field

from contracts.docstrings import describe, field_docstrings
from contracts.event import EVENTS, Event
from contracts.events.registry import SchoolRegistered

Inner = TypeVar("Inner")


class Base(BaseModel):
    number: int
    """What the base says."""
    plain: int = 0


class Below(Base, Generic[Inner]):
    number: int
    """What the class says that
    declares it anew."""
    given: str = Field(default="", description="Given already.")
    """Not this."""
    one: Inner | None = None
    """Of the generic."""


def test_a_class_speaks_for_the_fields_that_it_declares() -> None:
    said = field_docstrings(Below[int])
    assert said == {
        "number": "What the class says that\ndeclares it anew.",
        "given": "Not this.",
        "one": "Of the generic.",
    }


def test_what_has_a_description_keeps_it() -> None:
    schema = Below[int].model_json_schema()
    describe(Below[int], schema)
    described = {name: shape.get("description") for name, shape in schema["properties"].items()}
    assert described["given"] == "Given already."
    assert described["one"] == "Of the generic."
    assert described["plain"] is None


def test_every_event_schema_describes_its_fields() -> None:
    """What pydantic would have read as each class is made is there when asked for, inherited fields included."""
    properties = SchoolRegistered.model_json_schema()["properties"]
    assert properties["authority"]["description"].startswith("Code of the local authority")
    undescribed = [
        f"{name}.{field}"
        for name, cls in EVENTS.items()
        for field, shape in cls.model_json_schema()["properties"].items()
        if field in Event.model_fields and "description" not in shape
    ]
    assert undescribed == []


def test_a_class_without_source_has_nothing_to_say() -> None:
    made = type("Made", (BaseModel,), {"__module__": "builtins", "__annotations__": {"a": int}})
    assert field_docstrings(made) == {}
    with pytest.raises(KeyError):
        made.model_json_schema()["properties"]["a"]["description"]
