"""What the gate lets pass is read by old and new classes alike; what they cannot read, it refuses (E-08).

The reference is no second opinion about schemas but the thing itself: events of one class, as JSON, validated by the
other's schema (the `jsonschema` package) and read by the other's class.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from contracts.event import Event
from gwella.contracts.compatibility import incompatibilities
from gwella.contracts.schemas import event_schema

sys.path.insert(0, str(Path(__file__).parent))

from random_events import MUTATIONS, changed, event_of, random_form, told

EVERY = {**MUTATIONS.harmless, **MUTATIONS.harmful}
BOUNDED = settings(max_examples=30, deadline=None, derandomize=True)


def schema_of(cls: type[Event], example: dict[str, Any]) -> dict[str, Any]:
    cls.EXAMPLE = example
    return event_schema(cls)


def misread(
    writer: type[Event], reader: type[Event], schema: dict[str, Any], sent: dict[str, Any]
) -> str | None:
    """What goes wrong when this event of one class is read as the other; None when nothing does.

    Read right means: valid by the reader's schema, accepted by its class, and every field that it has read as it
    was written, those that were not sent as absent.
    """
    written = json.loads(writer.model_validate(sent).model_dump_json(exclude_unset=True))
    if (fault := next(Draft202012Validator(schema).iter_errors(written), None)) is not None:
        return f"invalid: {fault.message}"
    try:
        read = reader.model_validate_json(json.dumps(written))
    except ValidationError as refused:
        return f"refused: {refused.error_count()}"
    got = json.loads(read.model_dump_json(exclude_unset=True))
    return None if _within(got, written) else f"read as {got}, was {written}"


def _within(got: Any, written: Any) -> bool:
    """Whether all that was read is what was written; what the reader does not know, it left out."""
    if isinstance(got, dict):
        return isinstance(written, dict) and all(
            k in written and _within(v, written[k]) for k, v in got.items()
        )
    if isinstance(got, list):
        return isinstance(written, list) and len(got) == len(written) and all(map(_within, got, written))
    return bool(got == written) and type(got) is type(written)


@dataclass(frozen=True)
class Case:
    """A change: which it was, what the gate says of it, what goes wrong with events of both sides."""

    mutation: str
    said: list[str]
    wrong: list[str]


def case(seed: int, names: Sequence[str]) -> Case:
    """A class, one of these changes of it, and a few events of both: all of them from the seed."""
    chance = Random(seed)
    form = random_form(chance)
    name = names[seed % len(names)]
    other = changed(chance, form, EVERY[name])
    old, new = event_of(form), event_of(other)
    olds, news = ([told(chance, one) for _ in range(6)] for one in (form, other))
    before, after = schema_of(old, olds[0]), schema_of(new, news[0])
    wrong = [f"new reads old: {said}" for sent in olds if (said := misread(old, new, after, sent))]
    wrong += [f"old reads new: {said}" for sent in news if (said := misread(new, old, before, sent))]
    return Case(name, incompatibilities(before, after), wrong)


@cache
def tried() -> list[Case]:
    """Changes of all kinds, each as often as the others."""
    return [case(seed, sorted(EVERY)) for seed in range(24 * len(EVERY))]


def let_through(cases: Iterable[Case], deaf_to: str | None = None) -> list[Case]:
    """Changes that a gate lets pass although something goes wrong; `deaf_to`: what that gate does not notice."""
    return [
        one
        for one in cases
        if one.wrong and not [said for said in one.said if deaf_to is None or deaf_to not in said]
    ]


def test_changes_of_every_kind_are_tried_that_break_and_that_do_not() -> None:
    """Otherwise the tests below would say nothing."""
    cases = tried()
    assert let_through(cases) == []
    outcomes = Counter((bool(one.said), bool(one.wrong)) for one in cases)
    assert outcomes[True, True] > 80, outcomes
    assert outcomes[False, False] > 40, outcomes
    broke = {one.mutation for one in cases if one.wrong}
    # A class is a promise that no reader breaks over; closing breaks over what is added later.
    assert broke >= MUTATIONS.harmful.keys() - {"class", "closed"}
    refused = {one.mutation for one in cases if one.said}
    assert refused >= MUTATIONS.harmful.keys()


@BOUNDED
@given(st.integers(0, 2**63))
def test_what_passes_is_read_in_both_directions(seed: int) -> None:
    """Any change at all: where an event of either side goes wrong for the other, the gate said so."""
    assert let_through([case(seed, sorted(EVERY))]) == []


@BOUNDED
@given(st.integers(0, 2**63))
def test_what_only_adds_passes_and_is_read(seed: int) -> None:
    """The gate refuses nothing that events may grow by, where the object is open to growing."""
    found = case(seed, sorted(MUTATIONS.harmless))
    assert all("allow no other fields" in said for said in found.said), found
    assert bool(found.said) or not found.wrong


PROTECTIONS = {
    "removed": {"removed", "renamed"},
    "is now required": {"required"},
    "is now optional": {"required"},
    "added as required": {"added as required"},
    "alternatives": {"null", "many", "type", "type of number"},
    "type was": {"many", "type", "type of number"},
    "enum was": {"narrowed", "widened"},
    "maximum was": {"narrowed", "widened"},
    "pattern was": {"narrowed", "widened"},
    "allow no other fields": {"added", "added with a class"},
}
"""What a gate notices, and changes that only this tells it of."""


@pytest.mark.parametrize("deaf_to", PROTECTIONS)
def test_a_gate_that_does_not_notice_one_thing_lets_exactly_that_through(deaf_to: str) -> None:
    """The mutants: the gate without one of its protections; the events that go wrong show it."""
    names = {one.mutation for one in let_through(tried(), deaf_to)}
    assert names, "nothing was let through"
    assert names <= PROTECTIONS[deaf_to]
