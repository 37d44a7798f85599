"""What the change log says, as the projection reads it: facts by record, as of a day, as known at a position."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry of the change log. `valid_from` and `valid_to` are its days, `[from, to)`; None: open."""

    position: int
    aggregate: str
    """`<publisher>.<aggregate>`."""
    verb: str
    key: str
    version: int
    authority: str | None
    school: str | None
    valid_from: date | None
    valid_to: date | None
    data: Mapping[str, Any]
    told_on: date | None = None
    """The day in Wales on which its publisher recorded it."""

    def on(self, name: str) -> date | None:
        """A day that the event carries; None where it carries none."""
        return _day(self.data.get(name))

    def covers(self, day: date) -> bool:
        """Whether it says anything of this day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day < self.valid_to
        )


def fact_of(
    position: int,
    aggregate: str,
    event_type: str,
    key: str,
    version: int,
    data: Mapping[str, Any],
    told_on: date | None = None,
) -> Fact:
    """The fact of one entry; days are read from the event's own data."""
    return Fact(
        position=position,
        aggregate=aggregate,
        verb=event_type.split(".")[4],
        key=key,
        version=version,
        authority=data.get("authority"),
        school=data.get("school"),
        valid_from=_day(data.get("valid_from")),
        valid_to=_day(data.get("valid_to")),
        data=data,
        told_on=told_on,
    )


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value is not None else None


class Ledger:
    """Facts by aggregate and record, in the order of the log."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._by_record: dict[str, dict[str, list[Fact]]] = defaultdict(lambda: defaultdict(list))
        for fact in sorted(facts, key=lambda fact: fact.position):
            self._by_record[fact.aggregate][fact.key].append(fact)

    def has(self, aggregate: str, known: int) -> bool:
        """Whether anything at all was told of this aggregate up to a position."""
        return next(self.records(aggregate, known), None) is not None

    def records(self, aggregate: str, known: int) -> Iterator[Sequence[Fact]]:
        """For each record, what was told of it up to a position, in order; records untold until then are left out."""
        for facts in self._by_record.get(aggregate, {}).values():
            told = [fact for fact in facts if fact.position <= known]
            if told:
                yield told


def dated(told: Sequence[Fact], *names: str) -> list[tuple[date, Fact]]:
    """What was told of one record, each with the day from which it counts: never before what was told earlier.

    That day is the first of these days that the event carries for the first time, and otherwise the one on which it
    was recorded: a step without a day of its own happens when it is recorded.
    """
    found: list[tuple[date, Fact]] = []
    carried: set[tuple[str, str]] = set()
    for fact in told:
        new = [name for name in names if (value := fact.data.get(name)) and (name, value) not in carried]
        carried.update((name, fact.data[name]) for name in new)
        day = fact.on(new[0]) if new else fact.told_on
        last = found[-1][0] if found else date.min
        found.append((max(day or last, last), fact))
    return found


def until(timeline: Sequence[tuple[date, Fact]], day: date) -> Fact | None:
    """Of the dated facts of one record, the last that counts on a day."""
    return next((fact for since, fact in reversed(timeline) if since <= day), None)


def on_day(told: Sequence[Fact], day: date) -> Fact | None:
    """What holds on a day: of the facts that cover it, the one told last."""
    return next((fact for fact in reversed(told) if fact.covers(day)), None)
