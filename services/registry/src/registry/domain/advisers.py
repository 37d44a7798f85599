"""Lead advisers: at most one per school and day, and who has none.

In scope are open maintained schools and PRUs of an authority that works under a regime on that day; never independent
schools. A second lead adviser on one day is refused; a day without one is reported.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from registry.domain.day_range import DayRange, subtract

_OUT_OF_SCOPE = frozenset({"independent"})


@dataclass(frozen=True, slots=True)
class SchoolFact:
    """What decides whether a school is in scope, for a range of days."""

    school_number: str
    authority: str
    sector: str
    status: str
    days: DayRange


@dataclass(frozen=True, slots=True)
class AuthorityRegime:
    """An authority works under a regime for these days."""

    authority: str
    regime: str
    days: DayRange


@dataclass(frozen=True, slots=True)
class Allocation:
    """A person is the lead adviser of a school for these days."""

    id: str
    school_number: str
    person_id: str
    days: DayRange


@dataclass(frozen=True, slots=True)
class Gap:
    """A school in scope has no lead adviser on these days."""

    school_number: str
    authority: str
    days: DayRange


def overlapping(wanted: Allocation, existing: Iterable[Allocation]) -> list[Allocation]:
    """The allocations of the same school that share a day with the wanted one; it may stand only if there is none."""
    return [
        other
        for other in existing
        if other.id != wanted.id
        and other.school_number == wanted.school_number
        and other.days.overlaps(wanted.days)
    ]


def in_scope(fact: SchoolFact, regimes: Iterable[AuthorityRegime]) -> list[DayRange]:
    """The days of a school fact on which the school must have a lead adviser."""
    if fact.status != "open" or fact.sector in _OUT_OF_SCOPE:
        return []
    return [
        common
        for regime in regimes
        if regime.authority == fact.authority and (common := fact.days.intersection(regime.days))
    ]


def on_closed_schools(
    facts: Iterable[SchoolFact], allocations: Iterable[Allocation], days: DayRange
) -> list[Allocation]:
    """Allocations to a school that is closed, each with the days within `days` on which it is; by school and day."""
    closed: dict[str, list[DayRange]] = {}
    for fact in facts:
        if fact.status == "closed" and (within := fact.days.intersection(days)) is not None:
            closed.setdefault(fact.school_number, []).append(within)
    found = [
        replace(allocation, days=common)
        for allocation in allocations
        for gone in closed.get(allocation.school_number, ())
        if (common := allocation.days.intersection(gone)) is not None
    ]
    return sorted(found, key=lambda held: (held.school_number, str(held.days.start), held.id))


def gaps(
    facts: Iterable[SchoolFact],
    regimes: Sequence[AuthorityRegime],
    allocations: Iterable[Allocation],
    days: DayRange,
) -> list[Gap]:
    """Every school and range within `days` that is in scope and has no lead adviser, by school and day."""
    taken: dict[str, list[DayRange]] = {}
    for allocation in allocations:
        taken.setdefault(allocation.school_number, []).append(allocation.days)
    by_authority: dict[str, list[AuthorityRegime]] = {}
    for regime in regimes:
        by_authority.setdefault(regime.authority, []).append(regime)
    found = []
    for fact in facts:
        for scope in in_scope(fact, by_authority.get(fact.authority, ())):
            asked = scope.intersection(days)
            if asked is None:
                continue
            found += [
                Gap(fact.school_number, fact.authority, left)
                for left in subtract(asked, taken.get(fact.school_number, ()))
            ]
    return sorted(found, key=lambda gap: (gap.school_number, gap.days.start is not None, str(gap.days.start)))
