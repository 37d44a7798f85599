"""What several use cases refuse: schools that are not known here, closed schools, days that cannot be."""

from datetime import date

from contracts.working_days import YearNotListedError
from service_kit.known_schools import KnownSchool
from service_kit.problems import Fault, ProblemError
from service_kit.unit_of_work import UnitOfWork
from visits.domain.visit_types import RegimeCycle
from visits.storage.conventions import cycles
from visits.storage.known import regimes_on, schools_of


async def announced(uow: UnitOfWork, number: str) -> KnownSchool:
    """The school. Raises 422 where the registry has not announced it here (yet)."""
    known = await schools_of(uow.connection, [number])
    if number not in known:
        raise ProblemError(
            "validation_failed",
            errors=[Fault("/school_number", "school_not_announced", {"school": number})],
        )
    return known[number]


def refuse_closed(school: KnownSchool, day: date) -> None:
    """Raises 409 `visit_to_closed_school` where the school is closed on the day."""
    if school.closed_on(day):
        raise ProblemError("visit_to_closed_school", {"school": school.number, "day": day.isoformat()})


def refuse_future(uow: UnitOfWork, day: date, pointer: str) -> None:
    """Raises 422 where a day of the past is wanted."""
    if day > uow.clock.today():
        raise ProblemError("validation_failed", errors=[Fault(pointer, "day_in_future")])


async def cycle_on(uow: UnitOfWork, authority: str, day: date) -> RegimeCycle:
    """The cycle of the authority's regime on a day. Raises 409 `no_regime`."""
    regime = (await regimes_on(uow.connection, day, authority)).get(authority)
    cycle = cycles().get(regime) if regime is not None else None
    if cycle is None:
        raise ProblemError("no_regime", {"authority": authority, "day": day.isoformat()})
    return cycle


def days_not_listed(error: YearNotListedError) -> ProblemError:
    """409 `working_days_unknown`: the bank holidays of the year are not in the data."""
    return ProblemError("working_days_unknown", {"year": error.year})
