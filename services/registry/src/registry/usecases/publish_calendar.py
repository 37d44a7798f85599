"""Publishes term dates of an authority for a school year, with the half-term periods that follow from them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from contracts.events.registry import CalendarPublished, Period
from registry.domain.school_calendar import HalfTerm, SchoolCalendar, Term, check, half_terms
from registry.domain.years import SchoolYear
from registry.storage.calendars import calendars_of
from registry.storage.showing import Row
from registry.storage.tables import calendars
from registry.usecases.refusing import refuse, unknown_authority
from service_kit.problems import Fault, ProblemError
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork

_DAYS = ("first_day", "last_day", "holiday_first_day", "holiday_last_day")


def calendar_id(authority: str, school_year: SchoolYear) -> str:
    """The id of a calendar, like `673:2019`."""
    return f"{authority}:{school_year.start_year}"


async def publish_calendar(uow: UnitOfWork, authority: str, calendar: SchoolCalendar) -> str:
    """Publishes a calendar for the first time or again; gives its id.

    The last half-term period of the year before ends where this one begins, so that calendar is published again with
    it where that changes its periods. Raises 422 with every fault of the dates.
    """
    year = calendar.school_year
    before, after = SchoolYear(year.start_year - 1), year.next()
    held = await calendars_of(uow.connection, authority, [before.name, year.name, after.name])
    faults = await unknown_authority(uow, authority)
    faults += [
        Fault(
            f"/terms/{fault.term}/{fault.field}" if fault.term is not None else f"/{fault.field}", fault.code
        )
        for fault in check(calendar)
    ]
    refuse(*faults)
    following = held.get(after.name)
    write = _write(authority, calendar, following["first_day"] if following else None, held.get(year.name))
    writes = [write] if write is not None else []
    earlier = held.get(before.name)
    if earlier is not None:
        moved = _write(authority, stored_calendar(earlier), calendar.terms[0].first_day, earlier)
        writes += [moved] if moved is not None else []
    await uow.write(calendars, writes)
    return calendar_id(authority, year)


def stored_calendar(row: Row) -> SchoolCalendar:
    """The calendar of a stored row."""
    terms = tuple(
        Term(term["name"], *(date.fromisoformat(term[name]) for name in _DAYS)) for term in row["terms"]
    )
    return SchoolCalendar(SchoolYear.parse(row["school_year"]), terms, row["assumed"])


def _write(
    authority: str, calendar: SchoolCalendar, next_first_day: date | None, held: Row | None
) -> Write | None:
    """The write of a calendar; None where it would change nothing."""
    try:
        periods = half_terms(calendar, next_first_day)
    except ValueError as error:
        raise ProblemError("calendars_overlap", {"school_year": calendar.school_year.name}) from error
    values: dict[str, Any] = {
        "authority": authority,
        "school_year": calendar.school_year.name,
        "first_day": calendar.terms[0].first_day,
        "assumed": calendar.assumed,
        "terms": [_json(asdict(term)) for term in calendar.terms],
        "half_terms": [_json(asdict(period)) for period in periods],
    }
    changed = tuple(name for name in values if held is None or held[name] != values[name])
    if not changed:
        return None
    return Write(
        id=calendar_id(authority, calendar.school_year),
        subject=f"/calendars/{calendar_id(authority, calendar.school_year)}",
        values=values,
        event=_event(authority, calendar, periods, changed),
        create=held is None,
    )


def _event(
    authority: str, calendar: SchoolCalendar, periods: Sequence[HalfTerm], changed: tuple[str, ...]
) -> CalendarPublished:
    return CalendarPublished(
        authority=authority,
        school_year=calendar.school_year.name,
        assumed=calendar.assumed,
        periods=tuple(Period(code=p.code, first_day=p.first_day, last_day=p.last_day) for p in periods),
        changed=changed,
    )


def _json(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
