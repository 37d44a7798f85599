"""What was released stays readable: E-07, E-08 (additive and optional inside a version, full-transitive)."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events.registry import CalendarPublished, SchoolDetailsChanged
from gwella.contracts.compatibility import all_incompatibilities, incompatibilities
from gwella.contracts.schemas import EXTENSION, event_schema, events_by_publisher

ROOT = Path(__file__).parents[2]
RELEASED = ROOT / "docs" / "reference" / "released"
SCHEMA = event_schema(SchoolDetailsChanged)
NESTED = event_schema(CalendarPublished)


def released() -> dict[str, dict[str, Any]]:
    return {
        folder.name: {
            path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))
        }
        for folder in sorted(RELEASED.iterdir())
        if folder.is_dir()
    }


def current() -> dict[str, Any]:
    return {cls.TYPE: event_schema(cls) for classes in events_by_publisher().values() for cls in classes}


def test_every_released_version_is_kept() -> None:
    """E-08: every schema against all released versions."""
    versions = released()
    assert versions
    assert all(versions.values())
    found = all_incompatibilities(versions, current())
    assert not found, "\n".join(found)


def changed(schema: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    copied = copy.deepcopy(schema)
    change(copied)
    return copied


ALLOWED: list[Callable[[dict[str, Any]], Any]] = [
    lambda s: s["properties"].update(added={"type": "string"}),
    lambda s: s.update(description="said better"),
    lambda s: s["properties"]["name"].update(title="Name", description="said better"),
    lambda s: s.update(examples=[]),
    lambda s: (
        s["properties"].update(nested={"$ref": "#/$defs/New"})
        or s.setdefault("$defs", {}).update(New={"type": "object", "required": ["x"]})
    ),
]


@pytest.mark.parametrize("change", ALLOWED)
def test_adding_and_explaining_is_allowed(change: Callable[[dict[str, Any]], Any]) -> None:
    assert incompatibilities(SCHEMA, changed(SCHEMA, change)) == []


MUTANTS: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda s: s["properties"].pop("postcode"), "postcode: removed"),
    (lambda s: s["required"].remove("name"), "name: was always there, is now optional"),
    (lambda s: s["required"].append("phone"), "phone: was optional, is now required"),
    (
        lambda s: s["properties"].update(added={"type": "string"}) or s["required"].append("added"),
        "added: added as required",
    ),
    (lambda s: s["properties"]["name"].update(type="integer"), "name: type was 'string', is 'integer'"),
    (lambda s: s["properties"]["name"].update(maxLength=9), "name: maxLength was None, is 9"),
    (lambda s: s["properties"]["name"].update(enum=["a"]), "name: enum was None, is ['a']"),
    (lambda s: s["properties"]["phone"]["anyOf"].pop(), "phone: 2 alternatives became 1"),
    (
        lambda s: s["properties"]["school_number"].update(pattern="^[0-9]{8}$"),
        "school_number: pattern was '^[0-9]{7}$', is '^[0-9]{8}$'",
    ),
    (
        lambda s: s["properties"]["address"]["items"].update(type="integer"),
        "address[]: type was 'string', is 'integer'",
    ),
    (lambda s: s["properties"]["address"].pop("items"), "address: items was {'type': 'string'}, is None"),
    (lambda s: s.update(additionalProperties=False), "the event: additionalProperties was None, is False"),
]


@pytest.mark.parametrize(("change", "said"), MUTANTS)
def test_a_broken_promise_is_found(change: Callable[[dict[str, Any]], Any], said: str) -> None:
    assert incompatibilities(SCHEMA, changed(SCHEMA, change)) == [said]


def test_a_change_below_a_reference_is_found() -> None:
    def change(schema: dict[str, Any]) -> None:
        del schema["$defs"]["Period"]["properties"]["last_day"]
        schema["$defs"]["Period"]["required"].remove("last_day")

    assert incompatibilities(NESTED, changed(NESTED, change)) == ["periods[].last_day: removed"]


def test_a_change_of_what_an_event_means_is_found() -> None:
    def change(schema: dict[str, Any]) -> None:
        schema[EXTENSION] = {**schema[EXTENSION], "data_class": "confidential"}

    assert len(incompatibilities(SCHEMA, changed(SCHEMA, change))) == 1


def test_an_event_that_disappeared_and_an_old_version_are_found() -> None:
    older = changed(SCHEMA, lambda s: s["properties"].update(inspected={"type": "string"}))
    versions = {"1": {"gone": NESTED, "kept": older}, "2": {"kept": SCHEMA}}
    assert all_incompatibilities(versions, {"kept": SCHEMA}) == [
        "gone: released with 1, no longer published",
        "kept since 1: inspected: removed",
    ]


@given(st.sampled_from(sorted(SCHEMA["properties"])))
def test_no_field_can_be_taken_away(name: str) -> None:
    def change(schema: dict[str, Any]) -> None:
        del schema["properties"][name]
        schema["required"] = [other for other in schema["required"] if other != name]

    assert incompatibilities(SCHEMA, changed(SCHEMA, change)) == [f"{name}: removed"]
