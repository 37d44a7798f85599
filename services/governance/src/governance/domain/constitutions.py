"""Constitutions as data: seats, votes, quorum, majority; is a body composed as they say [D-19, S1-28]."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.text import Text

CHAIRS: Final = ("chair", "vice_chair")
"""Offices that preside; the vice chair where the chair is absent [domain 1.2.4]."""
CLERK: Final = "clerk"


@dataclass(frozen=True, slots=True)
class Share:
    """A fraction."""

    numerator: int
    denominator: int

    def rounded_up(self, total: int) -> int:
        """This share of a number, rounded up."""
        return -(-total * self.numerator // self.denominator)


@dataclass(frozen=True, slots=True)
class Seat:
    """A kind of seat. `count` None: any number; `per_authority`: so many of each. Not `member`: attends only."""

    code: str
    title: Text
    count: int | None = None
    per_authority: bool = False
    voting: bool = False
    member: bool = True
    sees_exempt: bool = True


@dataclass(frozen=True, slots=True)
class Quorum:
    """How many must be there: a share of all voting `seats`, or of the `members` in post who vote."""

    of: str
    share: Share
    at_least: int
    counted: str


@dataclass(frozen=True, slots=True)
class Constitution:
    """One version of a constitution. Share of `majority`: of the votes cast for and against."""

    code: str
    body_type: str
    title: Text
    voting: str
    quorum: Quorum
    majority: Share
    casting_vote: bool
    municipal_year_begins: str
    clear_days: int
    meetings_a_year: int
    call_in_days: int
    agenda_agreed_by: tuple[str, ...]
    exempt_paragraphs: tuple[int, ...]
    resolution_kinds: tuple[str, ...]
    seats: Mapping[str, Seat]
    chair_from: str | None = None
    serving_heads: tuple[str, int] | None = None
    members_at_least: int = 0
    share_at_most: tuple[str, Share] | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a seat on a day."""

    id: str
    seat: str
    voting: bool = True
    represents: str | None = None
    office: str | None = None
    serving_head: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a composition: a code of `composition_faults` and what it is about."""

    code: str
    seat: str | None = None
    authority: str | None = None
    wanted: int | None = None
    found: int | None = None


def votes_of(constitution: Constitution, members: Sequence[Member]) -> int:
    """How many votes these members have between them: one a head, or one an authority."""
    voting = [member for member in members if member.voting]
    if constitution.voting == "per_authority":
        return len({member.represents for member in voting})
    return len(voting)


def quorum_of(constitution: Constitution, members: Sequence[Member], authorities: Sequence[str]) -> int:
    """How many must be present to decide, in heads or in authorities as the constitution counts."""
    rule = constitution.quorum
    in_authorities = rule.counted == "authorities"
    if rule.of == "members":
        voting = [member for member in members if member.voting]
        total = len({member.represents for member in voting}) if in_authorities else len(voting)
    else:
        total = len(authorities) if in_authorities else _voting_seats(constitution, members, len(authorities))
    return max(rule.at_least, rule.share.rounded_up(total))


def _voting_seats(constitution: Constitution, members: Sequence[Member], authorities: int) -> int:
    held = Counter(member.seat for member in members)
    return sum(
        held[seat.code] if seat.count is None else seat.count * (authorities if seat.per_authority else 1)
        for seat in constitution.seats.values()
        if seat.voting and seat.member
    )


def counted_present(constitution: Constitution, present: Sequence[Member]) -> int:
    """How many of those present count towards the quorum."""
    voting = [member for member in present if member.voting]
    if constitution.quorum.counted == "authorities":
        return len({member.represents for member in voting})
    return len(voting)


def composition_faults(
    constitution: Constitution, members: Sequence[Member], authorities: Sequence[str]
) -> list[Fault]:
    """Where a body is not composed as its constitution says: vacancies, too many, who may chair, serving heads."""
    faults = [
        fault
        for seat in constitution.seats.values()
        if seat.member and seat.count is not None
        for fault in _seat_faults(seat, members, authorities)
    ]
    chairs = [member for member in members if member.office == "chair"]
    if not chairs:
        faults.append(Fault("no_chair"))
    faults += [
        Fault("chair_not_eligible", chair.seat)
        for chair in chairs
        if constitution.chair_from not in (None, chair.seat)
    ]
    if constitution.serving_heads is not None:
        seat_code, wanted = constitution.serving_heads
        found = sum(1 for member in members if member.seat == seat_code and member.serving_head)
        if found < wanted:
            faults.append(Fault("no_serving_head", seat_code, None, wanted, found))
    return faults + _size_faults(constitution, members)


def _seat_faults(seat: Seat, members: Sequence[Member], authorities: Sequence[str]) -> list[Fault]:
    wanted = seat.count or 0
    faults = []
    for authority in authorities if seat.per_authority else (None,):
        found = sum(
            1 for m in members if m.seat == seat.code and (authority is None or m.represents == authority)
        )
        if found != wanted:
            code = "vacancy" if found < wanted else "too_many"
            faults.append(Fault(code, seat.code, authority, wanted, found))
    return faults


def _size_faults(constitution: Constitution, members: Sequence[Member]) -> list[Fault]:
    sitting = [member for member in members if constitution.seats[member.seat].member]
    faults = []
    if len(sitting) < constitution.members_at_least:
        faults.append(Fault("too_few_members", None, None, constitution.members_at_least, len(sitting)))
    if constitution.share_at_most is not None:
        seat_code, share = constitution.share_at_most
        found = sum(1 for member in sitting if member.seat == seat_code)
        if found * share.denominator > len(sitting) * share.numerator:
            at_most = len(sitting) * share.numerator // share.denominator
            faults.append(Fault("share_too_large", seat_code, None, at_most, found))
    return faults


def appointment_fault(
    constitution: Constitution, wanted: Member, held: Sequence[Member], authorities: Sequence[str]
) -> Fault | None:
    """Why a person may not take a seat beside those who hold one; None where the constitution allows it."""
    seat = constitution.seats.get(wanted.seat)
    if seat is None:
        return Fault("no_such_seat", wanted.seat)
    if seat.per_authority and wanted.represents not in authorities:
        return Fault("authority_not_of_body", wanted.seat, wanted.represents)
    if wanted.office is not None and any(member.office == wanted.office for member in held):
        return Fault("office_taken", wanted.seat)
    if wanted.office == "chair" and constitution.chair_from not in (None, wanted.seat):
        return Fault("chair_not_eligible", wanted.seat)
    if wanted.voting and not seat.member:
        return Fault("attends_only", wanted.seat)
    same = [
        m
        for m in held
        if m.seat == wanted.seat and (not seat.per_authority or m.represents == wanted.represents)
    ]
    if seat.count is not None and len(same) >= seat.count:
        return Fault("seat_full", wanted.seat, wanted.represents, seat.count, len(same))
    return None


def read_constitutions(data: Mapping[str, Any]) -> Mapping[str, Constitution]:
    """Constitutions by code, from `constitutions.toml`. Raises TypeError or KeyError for what is not understood."""
    return {code: _constitution(code, dict(entry)) for code, entry in data.items()}


def _constitution(code: str, entry: dict[str, Any]) -> Constitution:
    quorum = entry.pop("quorum")
    heads, share = entry.pop("serving_heads", None), entry.pop("share_at_most", None)
    title, majority = Text(**entry.pop("title")), Share(**entry.pop("majority"))
    seats = [Seat(**{**seat, "title": Text(**seat["title"])}) for seat in entry.pop("seats")]
    rest: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()
    }
    return Constitution(
        code=code,
        title=title,
        quorum=Quorum(
            quorum["of"], Share(quorum["numerator"], quorum["denominator"]), quorum["at_least"], quorum["counted"]
        ),
        majority=majority,
        seats={seat.code: seat for seat in seats},
        serving_heads=None if heads is None else (heads["seat"], heads["at_least"]),
        share_at_most=None
        if share is None
        else (share["seat"], Share(share["numerator"], share["denominator"])),
        **rest,
    )  # fmt: skip
