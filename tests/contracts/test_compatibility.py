"""What was released stays readable: E-07, E-08 (additive and optional inside a version, full-transitive)."""

import copy
import itertools
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
    (lambda s: s["properties"]["valid_from"].update(default="2020-01-01"),
     "valid_from: default was None, is '2020-01-01'"),
    (lambda s: s["properties"]["valid_from"]["anyOf"][0].update(format="date-time"),
     "valid_from|0: format was 'date', is 'date-time'"),
    (lambda s: s["properties"]["phone"]["anyOf"].reverse(), "phone|"),
    (lambda s: s["properties"]["name"].update({"x-data-class": "public"}),
     "name: x-data-class was None, is 'public'"),
    (lambda s: s["properties"]["name"].update(const=1), "name: const was None, is 1"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), MUTANTS)
def test_a_broken_promise_is_found(change: Callable[[dict[str, Any]], Any], said: str) -> None:
    found = incompatibilities(SCHEMA, changed(SCHEMA, change))
    assert found
    assert all(one.startswith(said) for one in found) if said.endswith("|") else found == [said]


@pytest.mark.parametrize(("change", "said"), MUTANTS)
def test_and_so_it_is_the_other_way_round(change: Callable[[dict[str, Any]], Any], said: str) -> None:
    """Full: what a new reader cannot take of an old writer, an old one cannot take of a new; both are refused.

    Only a field that is gone is no fault backwards, where it was optional: there it is one that was added.
    """
    assert incompatibilities(changed(SCHEMA, change), SCHEMA) or said == "postcode: removed"


PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "an object": lambda part: {"type": "object", "properties": {"x": part}},
    "entries": lambda part: {"type": "array", "items": part},
    "an object of entries": lambda part: {"type": "array", "items": {"properties": {"x": part}}},
    "an alternative": lambda part: {"anyOf": [part, {"type": "null"}]},
    "values by name": lambda part: {"type": "object", "additionalProperties": part},
    "one of": lambda part: {"oneOf": [part]},
    "all of": lambda part: {"allOf": [part]},
    "places of a list": lambda part: {"prefixItems": [part]},
    "values by pattern": lambda part: {"patternProperties": {"^x": part}},
}
BELOW: list[tuple[Any, Any]] = [
    ({"type": "string"}, {"type": "integer"}),
    ({"type": "string", "enum": ["a", "b"]}, {"type": "string", "enum": ["a"]}),
    ({"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["a", "b"]}),
    ({"type": "integer", "maximum": 5}, {"type": "integer", "maximum": 4}),
    ({"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^ab"}),
    ({"type": "string", "format": "date"}, {"type": "string"}),
    ({"type": "string", "x-data-class": "confidential"}, {"type": "string", "x-data-class": "public"}),
    ({"properties": {"y": {}}, "required": ["y"]}, {"properties": {"y": {}}}),
    ({"properties": {"y": {}}}, {"properties": {}}),
    ({"const": 1}, {"const": True}),
    (True, False),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("one", "other"), BELOW)
def test_a_change_is_found_wherever_it_is(place: str, one: Any, other: Any) -> None:
    """Nested objects, arrays, alternatives; written in place and behind a reference whose own text stays as it was."""
    for before, after in ((one, other), (other, one)):
        if "properties" in str(before) and not before["properties"]:
            continue  # an optional field was added: allowed
        put = PLACES[place]
        assert incompatibilities(put(before), put(after)), (before, after)
        referred = put({"$ref": "#/$defs/Part"})
        assert incompatibilities(
            {**referred, "$defs": {"Part": before}}, {**referred, "$defs": {"Part": after}}
        )
        moved = incompatibilities(put(before), {**referred, "$defs": {"Part": before}})
        assert moved == [] or before is True, "the same, written elsewhere"


def test_a_schema_that_refers_to_itself_is_compared_once() -> None:
    tree = {
        "$ref": "#/$defs/Tree",
        "$defs": {"Tree": {"properties": {"of": {"$ref": "#/$defs/Tree", "title": "x"}}}},
    }
    taller = copy.deepcopy(tree)
    taller["$defs"]["Tree"]["properties"]["of"]["maxProperties"] = 2  # type: ignore[index]
    assert incompatibilities(tree, tree) == []
    assert incompatibilities(tree, taller)


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


def test_both_released_versions_are_held() -> None:
    """E-08, transitive: what fits the newest alone, or the oldest alone, is refused by the other's name."""
    versions = released()
    oldest, newest = "0.1.0", "0.2.0"
    event_type = SchoolDetailsChanged.TYPE

    def with_field(schema: dict[str, Any], kind: str) -> dict[str, Any]:
        return changed(schema, lambda s: s["properties"].update(inspected={"type": kind}))

    since_then = with_field(SCHEMA, "string")
    history = {
        **versions,
        oldest: {event_type: versions[oldest][event_type]},
        newest: {event_type: since_then},
    }
    assert all_incompatibilities(history, {event_type: since_then}) == []
    # Never promised by the oldest, and promised by the newest.
    for now in (SCHEMA, with_field(SCHEMA, "integer")):
        assert not all_incompatibilities({oldest: history[oldest]}, {event_type: now})
        assert {one.split(": ")[0] for one in all_incompatibilities(history, {event_type: now})} == {
            f"{event_type} since {newest}"
        }
    # A mutant that compares with the newest alone would not see this: the newest itself broke the oldest's promise.
    broken = changed(SCHEMA, lambda s: s["properties"].pop("postcode"))
    assert all_incompatibilities({newest: {event_type: broken}}, {event_type: broken}) == []
    found = all_incompatibilities(
        {oldest: history[oldest], newest: {event_type: broken}}, {event_type: broken}
    )
    assert found == [f"{event_type} since {oldest}: postcode: removed"]


def test_the_newest_release_holds_every_service_and_all_that_was_released_before() -> None:
    """Otherwise a schema could be let out of the gate by leaving it out of a release."""
    versions = released()
    names = sorted(versions, key=lambda name: [int(part) for part in name.split(".")])
    for earlier, later in itertools.pairwise(names):
        assert versions[earlier].keys() <= versions[later].keys()
    publishers = {event_type.split(".")[2] for event_type in versions[names[-1]]}
    assert publishers == {"registry", "visits", "brokerage", "governance", "exchange"}
    assert len(versions[names[-1]]) > 150


@given(st.sampled_from(sorted(SCHEMA["properties"])))
def test_no_field_can_be_taken_away(name: str) -> None:
    def change(schema: dict[str, Any]) -> None:
        del schema["properties"][name]
        schema["required"] = [other for other in schema["required"] if other != name]

    assert incompatibilities(SCHEMA, changed(SCHEMA, change)) == [f"{name}: removed"]
