"""What follows from the visits: schools that are outstanding, documents in time, monitoring that is due."""

from datetime import date
from typing import Any

from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.school_year import school_year_of
from contracts.text import Text
from service_kit import caseload
from service_kit.call import Call, RequestCall
from service_kit.models import Page, View
from service_kit.paging import ascending
from service_kit.policy.predicates import row_predicate
from service_kit.reading import Row, showing
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork
from visits.api.fields import (
    OWN_SCHOOL,
    AuthorityCode,
    MonitoringState,
    RecordId,
    SchoolNumber,
    SchoolYear,
    StatedView,
    VisitTypeCode,
)
from visits.storage.conventions import cycles
from visits.storage.known import regimes_on
from visits.storage.tables import RIGHTS, monitoring
from visits.storage.visits import Owed, owed, owed_counts, timeliness

router = Router("visit-overview", Text("Overview of visits", "Trosolwg o ymweliadau"))


class OutstandingVisitView(View, data_class=DataClass.confidential):
    """A school that is owed a visit and has not had it in the school year."""

    SCOPED_BY = OWN_SCHOOL

    school_number: str
    authority: str
    name: str
    sector: str
    language_category: str | None
    visit_type: str
    school_year: str
    due_by: date | None
    overdue: bool
    """Whether the day by which it is due has passed."""
    planned_for: date | None
    """The next day for which it is planned."""


class OutstandingVisitCountView(View, data_class=DataClass.confidential):
    """How far an authority's schools have come with one visit of the cycle: held and outstanding make up owed."""

    authority: str
    visit_type: str
    school_year: str
    due_by: date | None
    overdue: bool
    """Whether the day by which it is due has passed."""
    owed: int
    held: int
    outstanding: int
    planned: int
    """Outstanding schools with a day for which the visit is planned."""


class TimelinessView(View, data_class=DataClass.confidential):
    """How many documents of an authority's visits were in time. Without a denominator there is no share."""

    authority: str
    school_year: str
    visits_held: int
    drafts_due: int
    drafts_in_time: int
    drafts_in_time_share: float | None
    """Share of the drafts due that were in time: per cent, to one decimal; null where no draft was due."""
    finals_due: int
    finals_in_time: int
    finals_in_time_share: float | None
    disputes: int


class MonitoringView(StatedView, data_class=DataClass.confidential):
    """Monitoring that a school's category calls for in one period."""

    category_id: str
    visit_type: str
    school_year: str
    period: str
    due_from: date
    due_by: date
    state: str
    """Whether it is due or met: a code of `monitoring_states`."""
    visit_id: str | None


@router.page(
    "/outstanding-visits",
    operation="draft_visits.read",
    response_model=Page[OutstandingVisitView],
    dated=False,
)
async def list_outstanding_visits(
    call: Call,
    visit_type: VisitTypeCode | None = None,
    school_year: SchoolYear | None = None,
    authority: AuthorityCode | None = None,
    school_number: SchoolNumber | None = None,
    lead_adviser_id: RecordId | None = None,
) -> Response:
    """Lists open schools that are owed a visit by their regime's cycle and have not had it in the year."""
    async with call.read(operations=[caseload.OPERATION]) as uow:
        wanted = await _owed(call, uow, school_year, authority, visit_type)
        found = owed(call.rows(DataClass.confidential), wanted, school_number)
        query = found.select().where(~found.c.held)
        if lead_adviser_id is not None:
            led = await caseload.schools_led(call, uow, RIGHTS, lead_adviser_id)
            query = query.where(found.c.school_number.in_(led))
        order = [ascending(found.c.school_number), ascending(found.c.visit_type)]
        return await call.page(uow, OutstandingVisitView, query, order)


@router.page(
    "/outstanding-visit-counts",
    operation="draft_visits.read",
    response_model=Page[OutstandingVisitCountView],
    dated=False,
)
async def count_outstanding_visits(
    call: Call, school_year: SchoolYear | None = None, authority: AuthorityCode | None = None
) -> Response:
    """Counts by authority and visit type how many schools are owed a visit, have had it, and have not."""
    async with call.read() as uow:
        wanted = await _owed(call, uow, school_year, authority, None)
        table = owed_counts(owed(call.rows(DataClass.confidential), wanted))
        order = [ascending(table.c.authority), ascending(table.c.visit_type)]
        return await call.page(uow, OutstandingVisitCountView, table.select(), order)


async def _owed(
    call: RequestCall, uow: UnitOfWork, school_year: str | None, authority: str | None, visit_type: str | None
) -> Owed:
    """The universal visits of each authority's cycle as its regime of today has it, narrowed to one type."""
    today = call.clock.today()
    entries = {
        code: [
            entry
            for name, entry in cycles()[regime].cycle.items()
            if entry.universal and visit_type in (None, name)
        ]
        for code, regime in (await regimes_on(uow.connection, today, authority)).items()
        if regime in cycles()
    }
    return Owed(school_year or school_year_of(today), entries, today)


@router.page(
    "/visit-timeliness", operation="draft_visits.read", response_model=Page[TimelinessView], dated=False
)
async def list_visit_timeliness(call: Call, school_year: SchoolYear | None = None) -> Response:
    """Share of drafts and final reports in time, by authority, of the visits held in a school year."""
    today = call.clock.today()
    async with call.read() as uow:
        table = timeliness(call.rows(DataClass.confidential), school_year or school_year_of(today), today)
        return await call.page(
            uow, TimelinessView, table.select(), [ascending(table.c.authority)], shape=_with_shares
        )


@router.page("/monitoring", operation="monitoring.read", response_model=Page[MonitoringView], dated=False)
async def list_monitoring(
    call: Call,
    school_number: SchoolNumber | None = None,
    authority: AuthorityCode | None = None,
    school_year: SchoolYear | None = None,
    visit_type: VisitTypeCode | None = None,
    state: MonitoringState | None = None,
    lead_adviser_id: RecordId | None = None,
) -> Response:
    """Lists monitoring that became due, what is due first in front."""
    columns = monitoring.slices.c
    async with call.read(operations=[caseload.OPERATION]) as uow:
        scope = call.rows(DataClass.confidential)
        covered = row_predicate(scope, authority=columns.authority, school=columns.school_number)
        query = showing(monitoring, call.clock.today(), None, covered)
        for column, value in (
            (columns.school_number, school_number),
            (columns.authority, authority),
            (columns.school_year, school_year),
            (columns.visit_type, visit_type),
            (columns.state, state),
        ):
            query = query if value is None else query.where(column == value)
        if lead_adviser_id is not None:
            led = await caseload.schools_led(call, uow, RIGHTS, lead_adviser_id)
            query = query.where(columns.school_number.in_(led))
        return await call.page(uow, MonitoringView, query, [ascending(columns.due_by), ascending(columns.id)])


def _with_shares(row: Row) -> dict[str, Any]:
    return {
        **row,
        "drafts_in_time_share": _share(row["drafts_in_time"], row["drafts_due"]),
        "finals_in_time_share": _share(row["finals_in_time"], row["finals_due"]),
    }


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
