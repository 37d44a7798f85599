"""Section "register": schools open at the end of the period, by authority, sector and medium.

Last return + late + opened - closed = now, where a school that moves between cells is closed in one and opened in the
other. What was recorded late for the period before is itemised, never counted silently [flows 3].
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from exchange.domain.facts import Ledger, on_day
from exchange.domain.figures import Figure, Item, Reference, Status, in_order
from exchange.domain.obligations import Days

SCHOOL = "registry.school"


@dataclass(frozen=True, slots=True)
class SchoolThen:
    """An open school on a day."""

    number: str
    authority: str
    sector: str
    medium: str
    reference: Reference

    @property
    def cell(self) -> tuple[str, str, str]:
        """Authority, sector and medium, by which it is counted."""
        return self.authority, self.sector, self.medium

    @property
    def item(self) -> Item:
        """The school as a figure counts it."""
        by = (("medium", self.medium), ("sector", self.sector))
        return Item(self.authority, by, self.reference)


Schools = Mapping[str, SchoolThen]


def open_schools(ledger: Ledger, day: date, known: int, sectors: Collection[str]) -> Schools:
    """The schools in scope that are open on a day, as known at a position, by number."""
    found = {}
    for told in ledger.records(SCHOOL, known):
        facts = [fact for fact in told if "status" in fact.data]
        fact = on_day(facts, day)
        if fact is None or fact.data["status"] != "open" or fact.data["sector"] not in sectors:
            continue
        authority = fact.authority
        if authority is not None:
            medium = fact.data.get("language_category") or "NA"
            reference = Reference("schools", fact.key, told[-1].version, told[-1].position)
            found[fact.key] = SchoolThen(fact.key, authority, fact.data["sector"], medium, reference)
    return found


@dataclass(frozen=True, slots=True)
class Register:
    """The open schools that three figures rest on; `reported` is what the earlier return had known of its last day."""

    now: Schools
    before: Schools
    reported: Schools


def register_at(
    ledger: Ledger, days: Mapping[str, Days], known: int, earlier: int | None, sectors: Collection[str]
) -> Register:
    """The register at the end of the period and of the one before, each authority by its own days.

    `earlier`: the position at which the return of the period before was frozen; None where there is none.
    """
    ends = {authority: span.last_day for authority, span in days.items()}
    starts = {authority: span.day_before for authority, span in days.items()}
    before = _of(ledger, starts, known, sectors)
    reported = before if earlier is None else _of(ledger, starts, earlier, sectors)
    return Register(_of(ledger, ends, known, sectors), before, reported)


def _of(ledger: Ledger, days: Mapping[str, date], known: int, sectors: Collection[str]) -> Schools:
    by_day = {day: open_schools(ledger, day, known, sectors) for day in set(days.values())}
    return {
        number: school
        for day, schools in by_day.items()
        for number, school in schools.items()
        if days.get(school.authority) == day
    }


def register_figures(register: Register, authorities: Iterable[str]) -> list[Figure]:
    """The figures of the section. An authority of which no school was ever told is unknown, not zero."""
    now, before, reported = register.now, register.before, register.reported
    told = {school.authority for schools in (now, before, reported) for school in schools.values()}
    unknown = {authority: Status.unknown for authority in authorities if authority not in told}
    return [
        _figure("register.last", reported, unknown),
        _figure("register.late_added", _beyond(before, reported), unknown),
        _figure("register.late_removed", _beyond(reported, before), unknown),
        _figure("register.opened", _beyond(now, before), unknown),
        _figure("register.closed", _beyond(before, now), unknown),
        _figure("register.open", now, unknown),
    ]


def _beyond(these: Schools, those: Schools) -> Schools:
    """Schools of `these` that `those` lacks, or has in another cell."""
    return {
        number: school
        for number, school in these.items()
        if number not in those or those[number].cell != school.cell
    }


def _figure(code: str, schools: Schools, statuses: Mapping[str, Status]) -> Figure:
    return Figure(code, in_order(school.item for school in schools.values()), statuses)
