"""What several use cases refuse: schools that are not known here, closed schools, days that cannot be."""

from datetime import date

from brokerage.storage.known import schools_of
from contracts.working_days import YearNotListedError
from service_kit.known_schools import KnownSchool
from service_kit.problems import Fault, ProblemError
from service_kit.unit_of_work import UnitOfWork


async def announced(uow: UnitOfWork, number: str, pointer: str = "/school_number") -> KnownSchool:
    """The school. Raises 422 where the registry has not announced it here (yet)."""
    known = await schools_of(uow.connection, [number])
    if number not in known:
        raise ProblemError(
            "validation_failed", errors=[Fault(pointer, "school_not_announced", {"school": number})]
        )
    return known[number]


def refuse_closed(school: KnownSchool, day: date) -> None:
    """Raises 409 `school_is_closed` where the school is closed on the day."""
    if school.closed_on(day):
        raise ProblemError("school_is_closed", {"school": school.number})


def refuse_future(uow: UnitOfWork, day: date, pointer: str) -> None:
    """Raises 422 where a day of the past is wanted."""
    if day > uow.clock.today():
        raise ProblemError("validation_failed", errors=[Fault(pointer, "day_in_future")])


def refuse_reversed(first_day: date, last_day: date) -> None:
    """Raises 422 where a period would end before it begins."""
    if last_day < first_day:
        raise ProblemError("validation_failed", errors=[Fault("/last_day", "ends_before_it_begins")])


def days_not_listed(error: YearNotListedError) -> ProblemError:
    """409 `working_days_unknown`: the bank holidays of the year are not in the data."""
    return ProblemError("working_days_unknown", {"year": error.year})
