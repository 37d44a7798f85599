"""Every event class keeps the promises of the contracts package (E-07, E-08, X-04)."""

from collections.abc import Iterable

import pytest

from contracts import events as _  # noqa: F401  (registers every class)
from contracts.aggregates import READ_OPERATIONS
from contracts.event import EVENTS, Change, Event, Moved, event
from contracts.operations import OPERATIONS

CLASSES = sorted(EVENTS.items())


@pytest.mark.parametrize(("type_", "cls"), CLASSES)
def test_example_validates_and_survives_a_round_trip(type_: str, cls: type[Event]) -> None:
    """E-07: the example of each event is valid and equal after JSON."""
    example = cls.model_validate(cls.EXAMPLE)
    assert cls.model_validate_json(example.model_dump_json()) == example
    assert type_.startswith(f"cymru.gwella.{cls.PUBLISHER}.{cls.AGGREGATE}.")


@pytest.mark.parametrize(("type_", "cls"), CLASSES)
def test_every_aggregate_has_a_read_operation(type_: str, cls: type[Event]) -> None:
    """X-04: what the feed shows is decided by the operation that reads the aggregate."""
    assert READ_OPERATIONS[cls.PUBLISHER, cls.AGGREGATE] in OPERATIONS, type_


@pytest.mark.parametrize(("type_", "cls"), CLASSES)
def test_a_newer_publisher_may_add_fields(type_: str, cls: type[Event]) -> None:
    """E-08: a reader ignores what it does not know."""
    assert cls.model_validate({**cls.EXAMPLE, "added_later": 1}) == cls.model_validate(cls.EXAMPLE), type_


def test_a_type_cannot_be_declared_twice_nor_without_example() -> None:
    """E-08: one class per type, each with docstring and example."""

    class SchoolRegisteredAgain(Event):
        """A second class for a type that exists."""

        EXAMPLE = {}

    class Undocumented(Event):
        pass

    with pytest.raises(ValueError, match="declared twice"):
        event(publisher="registry", aggregate="school", happened="registered")(SchoolRegisteredAgain)
    with pytest.raises(ValueError, match="docstring"):
        event(publisher="registry", aggregate="school", happened="never_heard")(Undocumented)


def lacking(cls: type[Event], others: Iterable[type[Event]]) -> set[str]:
    """Fields that every event of the aggregate tells of its record, and this one does not."""
    told = [
        {name for name, field in other.model_fields.items() if field.is_required()}
        for other in others
        if other.AGGREGATE == cls.AGGREGATE
        and other.PUBLISHER == cls.PUBLISHER
        and not issubclass(other, Moved)
    ]
    return set.intersection(*told) - cls.model_fields.keys()


def test_what_takes_a_record_away_carries_its_natural_keys() -> None:
    """E-02: a copy that is keyed by number, code or digest, and not by our id, finds what it is to forget."""
    every = list(EVENTS.values())
    taking = [cls for cls in every if cls.CHANGE in (Change.delete, Change.rekey)]
    assert {cls.CHANGE for cls in taking} == {Change.delete, Change.rekey}
    assert {cls.__name__: missing for cls in taking if (missing := lacking(cls, every))} == {}

    class Bare(Event):
        """A delete that tells the reason alone."""

        reason: str

    Bare.PUBLISHER, Bare.AGGREGATE = taking[0].PUBLISHER, taking[0].AGGREGATE
    assert lacking(Bare, every)
