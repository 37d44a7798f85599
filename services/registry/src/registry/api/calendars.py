"""Calendars: term dates of an authority for a school year, and the half-term periods that follow from them."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from registry.api.fields import AuthorityCode, DatedView
from registry.domain.school_calendar import SchoolCalendar, Term
from registry.domain.years import SchoolYear
from registry.storage.showing import Row, first, showing
from registry.storage.tables import calendars
from registry.usecases.publish_calendar import calendar_id, publish_calendar
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import ProblemError, fault
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("calendars", Text("Calendars", "Calendrau"))


def _school_year(value: str) -> str:
    try:
        return SchoolYear.parse(value).name
    except ValueError:
        raise fault("not_a_school_year") from None


SchoolYearName = Annotated[
    str, AfterValidator(_school_year), WithJsonSchema({"type": "string", "pattern": r"^[0-9]{4}/[0-9]{2}$"})
]


class TermView(View, data_class=DataClass.internal):
    """One term; all days inclusive."""

    name: str
    first_day: date
    last_day: date
    holiday_first_day: date
    holiday_last_day: date


class HalfTermView(View, data_class=DataClass.internal):
    """A half-term period: from its first teaching day to the day before the next period begins."""

    code: str
    """Code of `half_terms`."""
    first_day: date
    last_teaching_day: date
    last_day: date
    provisional: bool
    """True for the last period while the next school year's calendar is not published."""


class CalendarView(DatedView, data_class=DataClass.internal):
    """Term dates of an authority for a school year."""

    SCOPED_BY = {"authority": "authority"}

    id: str
    authority: str
    school_year: str
    """Like `2019/20`: 1 September to 31 August."""
    assumed: bool
    """True where a date was not read at its source."""
    terms: list[TermView]
    half_terms: list[HalfTermView]
    external_references: ExternalReferences = Field(default_factory=list)


class TermIn(Model):
    """One term with the half-term holiday inside it; all days inclusive."""

    name: Literal["autumn", "spring", "summer"]
    first_day: date
    last_day: date
    holiday_first_day: date
    holiday_last_day: date


class PublishedCalendar(Model):
    """Term dates to publish; published again, they take the place of the earlier ones."""

    authority: AuthorityCode
    school_year: SchoolYearName
    terms: Annotated[list[TermIn], Field(min_length=3, max_length=3)]
    assumed: bool = False
    """True where a date was not read at its source."""


FirstYear = Annotated[str, Field(pattern=r"^[0-9]{4}$")]


@router.page("/calendars", operation="calendars.read", response_model=Page[CalendarView], referenced=True)
async def list_calendars(
    call: Call, authority: AuthorityCode | None = None, school_year: SchoolYearName | None = None
) -> Response:
    """Lists calendars by authority and school year."""
    columns = calendars.slices.c
    async with call.read() as uow:
        query = showing(calendars, call.valid_at, call.known_at, call.rows(DataClass.internal))
        for column, value in ((columns.authority, authority), (columns.school_year, school_year)):
            query = query if value is None else query.where(column == value)
        query = call.with_references(query, calendars.kind, columns.id)
        return await call.page(uow, CalendarView, query, [ascending(columns.id)])


@router.get("/calendars/{authority}/{first_year}", operation="calendars.read", response_model=CalendarView)
async def read_calendar(authority: AuthorityCode, first_year: FirstYear, call: Call) -> Response:
    """Reads the calendar of the school year that begins in `first_year`."""
    id_ = await _id_of(authority, first_year)
    async with call.read() as uow:
        return call.record(CalendarView, await _one(call, uow, id_))


@router.post(
    "/calendars", operation="calendars.write", response_model=CalendarView, problems=["calendars_overlap"]
)
async def publish(new: PublishedCalendar, call: Call) -> Response:
    """Publishes term dates, and derives the six half-term periods."""

    async def do(uow: UnitOfWork) -> Row:
        demand(call, DataClass.internal, authority=new.authority)
        terms = tuple(Term(**term.model_dump()) for term in new.terms)
        calendar = SchoolCalendar(SchoolYear.parse(new.school_year), terms, new.assumed)
        id_ = await publish_calendar(uow, new.authority, calendar)
        row = await _one(call, uow, id_)
        if row is None:
            raise ProblemError("not_found")
        return {**row, "first_year": str(calendar.school_year.start_year)}

    return await call.command(CalendarView, do, location="/v1/calendars/{authority}/{first_year}")


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    columns = calendars.slices.c
    query = showing(calendars, call.valid_at, call.known_at).where(columns.id == id_)
    return await first(uow.connection, call.with_references(query, calendars.kind, columns.id))


async def _id_of(authority: AuthorityCode, first_year: FirstYear) -> str:
    return calendar_id(authority, SchoolYear(int(first_year)))


takes_references(
    router,
    "/calendars/{authority}/{first_year}",
    CalendarView,
    "calendar",
    "calendars.read",
    _one,
    identified_by=_id_of,
)
