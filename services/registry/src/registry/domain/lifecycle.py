"""A school's life: proposed, open from a day, closed from a day, and never open again under that number (flows §2).

What is recorded for a later day counts: a closing may not undo what is known to begin after it. Schools are joined by
amalgamations: one or more predecessors close on the day from which one successor takes their place. A school may have
several of either; that its line never returns to it is checked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from contracts.text import Text

PROPOSED, OPEN, CLOSED = "proposed", "open", "closed"
_DAY: Final = timedelta(days=1)

REFUSALS: Final[Mapping[str, Text]] = {
    "school_already_open": Text("The school is open on that day.", "Mae'r ysgol ar agor ar y diwrnod hwnnw."),
    "school_already_closed": Text(
        "The school's closing is recorded already.", "Mae cau'r ysgol eisoes wedi'i gofnodi."
    ),
    "school_opens_after_closing": Text(
        "The school has closed. It does not open again: a new school has a number of its own.",
        "Mae'r ysgol wedi cau. Nid yw'n agor eto: mae gan ysgol newydd ei rhif ei hun.",
    ),
    "school_not_open": Text(
        "The school is not open on the day before.", "Nid yw'r ysgol ar agor ar y diwrnod cynt."
    ),
    "school_not_known_then": Text(
        "The register does not know the school on that day.",
        "Nid yw'r gofrestr yn adnabod yr ysgol ar y diwrnod hwnnw.",
    ),
    "school_changes_later": Text(
        "Something is recorded for the school from a later day on, which this would undo.",
        "Mae rhywbeth wedi'i gofnodi am yr ysgol o ddiwrnod diweddarach ymlaen, a byddai hyn yn ei ddadwneud.",
    ),
    "successor_not_open": Text(
        "The successor has closed on that day.", "Mae'r ysgol olynol wedi cau ar y diwrnod hwnnw."
    ),
    "succession_recorded": Text(
        "This succession is recorded already.", "Mae'r olyniaeth hon eisoes wedi'i chofnodi."
    ),
    "lineage_cycle": Text(
        "A school would become its own predecessor.", "Byddai ysgol yn dod yn rhagflaenydd iddi hi ei hun."
    ),
    "school_is_registered": Text(
        "The school is registered already: leave its facts out.",
        "Mae'r ysgol eisoes wedi'i chofrestru: hepgorwch ei ffeithiau.",
    ),
    "school_not_registered": Text(
        "The register has no school with this number.", "Nid oes ysgol â'r rhif hwn yn y gofrestr."
    ),
    "predecessor_repeated": Text(
        "This school stands more than once.", "Mae'r ysgol hon yn ymddangos fwy nag unwaith."
    ),
}
"""Why a step is refused: the code, and the sentence for a person."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a school is, by days: each status holds from its day until the next. In the order of days."""

    school_number: str
    since: tuple[tuple[date, str], ...]

    def on(self, day: date) -> str | None:
        """The status on a day; None before the first day that the register knows."""
        return next((status for start, status in reversed(self.since) if start <= day), None)

    def next_after(self, day: date) -> date | None:
        """The first day after a day from which something else is recorded; None where nothing is."""
        return next((start for start, _ in self.since if start > day), None)

    @property
    def closed_from(self) -> date | None:
        """The day from which it is closed; None while no closing is recorded."""
        return next((start for start, status in self.since if status == CLOSED), None)

    def becoming(self, day: date, status: str) -> "Standing":
        """The same with another status from a day until what is recorded next."""
        kept = [entry for entry in self.since if entry[0] != day]
        return Standing(self.school_number, tuple(sorted([*kept, (day, status)])))


def opening_refused(school: Standing, day: date) -> str | None:
    """Why a school may not open from a day on; None where it may."""
    now = school.on(day)
    if now is None:
        return "school_not_known_then"
    if now == CLOSED:
        return "school_opens_after_closing"
    if now == OPEN:
        return "school_already_open"
    return "school_changes_later" if school.next_after(day) else None


def closing_refused(school: Standing, day: date) -> str | None:
    """Why a school may not close from a day on; None where it may."""
    if school.closed_from is not None:
        return "school_already_closed"
    if school.on(day) is None:
        return "school_not_known_then"
    if school.on(day - _DAY) != OPEN:
        return "school_not_open"
    return "school_changes_later" if school.next_after(day) else None


@dataclass(frozen=True, slots=True)
class Amalgamation:
    """Predecessors close and the successor takes their place from a day on. `new`: it is registered by this."""

    valid_from: date
    predecessors: tuple[str, ...]
    successor: str
    new: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an amalgamation is refused, and where: the index of a predecessor, or None for the successor."""

    code: str
    predecessor: int | None = None


Edge = tuple[str, str]
"""Predecessor and successor."""


@dataclass(frozen=True, slots=True)
class Register:
    """The schools that an amalgamation touches, with the successions known of them."""

    schools: Mapping[str, Standing]
    edges: frozenset[Edge]


def amalgamation_refused(register: Register, wanted: Amalgamation) -> list[Refused]:
    """Every reason against an amalgamation; empty where it may be recorded."""
    found = [
        Refused(code, index)
        for index in range(len(wanted.predecessors))
        if (code := _predecessor_refused(register, wanted, index)) is not None
    ]
    code = _successor_refused(register, wanted)
    return found if code is None else [*found, Refused(code)]


def _predecessor_refused(register: Register, wanted: Amalgamation, index: int) -> str | None:
    number = wanted.predecessors[index]
    if number in wanted.predecessors[:index]:
        return "predecessor_repeated"
    if number == wanted.successor or number in reached(register.edges, wanted.successor):
        return "lineage_cycle"
    if (number, wanted.successor) in register.edges:
        return "succession_recorded"
    school = register.schools.get(number)
    if school is None:
        return "school_not_registered"
    # A school that closed on that very day may have had more than one successor.
    return None if school.closed_from == wanted.valid_from else closing_refused(school, wanted.valid_from)


def _successor_refused(register: Register, wanted: Amalgamation) -> str | None:
    school = register.schools.get(wanted.successor)
    if wanted.new or school is None:
        if wanted.new:
            return None if school is None else "school_is_registered"
        return "school_not_registered"
    match school.on(wanted.valid_from):
        case None:
            return "school_not_known_then"
        case "closed":
            return "successor_not_open"
        case "proposed" if school.next_after(wanted.valid_from):
            return "school_changes_later"
    return None


def amalgamated(register: Register, wanted: Amalgamation) -> Register:
    """The register after an amalgamation that is not refused."""
    schools, day = dict(register.schools), wanted.valid_from
    for number in wanted.predecessors:
        schools[number] = schools[number].becoming(day, CLOSED)
    held = schools.get(wanted.successor, Standing(wanted.successor, ()))
    schools[wanted.successor] = held.becoming(day, OPEN)
    return Register(schools, register.edges | {(number, wanted.successor) for number in wanted.predecessors})


def direct_lineage(edges: Iterable[Edge], number: str) -> dict[str, tuple[str, ...]]:
    """The `predecessors` and `successors` of a school, in the order of their numbers."""
    known = sorted(edges)
    return {
        "predecessors": tuple(before for before, after in known if after == number),
        "successors": tuple(after for before, after in known if before == number),
    }


def reached(edges: Iterable[Edge], number: str) -> frozenset[str]:
    """All schools that follow a school, directly or through others."""
    following: dict[str, set[str]] = {}
    for before, after in edges:
        following.setdefault(before, set()).add(after)
    found: set[str] = set()
    waiting = [number]
    while waiting:
        further = following.get(waiting.pop(), set()) - found
        found |= further
        waiting += further
    return frozenset(found)


def survivors(edges: Iterable[Edge], number: str) -> frozenset[str]:
    """Where a school's line ends: those that follow it and that nobody follows; empty where it has no successor."""
    known = list(edges)
    followed = {before for before, _ in known}
    return reached(known, number) - followed
