"""What follows from the visits: schools that are outstanding, documents in time, monitoring that is due."""

from datetime import date
from typing import Any

from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from service_kit.call import Call
from service_kit.models import Page, View
from service_kit.paging import ascending
from service_kit.policy.predicates import row_predicate
from service_kit.routing import Router
from visits.api.fields import (
    OWN_SCHOOL,
    AuthorityCode,
    MonitoringState,
    SchoolNumber,
    SchoolYear,
    StatedView,
    VisitTypeCode,
)
from visits.domain.school_year import school_year_of
from visits.storage.conventions import cycles
from visits.storage.known import regimes_on
from visits.storage.reading import Row, showing
from visits.storage.tables import known_schools, monitoring
from visits.storage.visits import outstanding, timeliness

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
    """The day by which it is due has passed."""
    planned_for: date | None
    """The next day for which it is planned."""


class TimelinessView(View, data_class=DataClass.confidential):
    """How many documents of an authority's visits were in time. Without a denominator there is no share."""

    authority: str
    school_year: str
    visits_held: int
    drafts_due: int
    drafts_in_time: int
    drafts_in_time_share: float | None
    """Per cent, to one decimal; null where no draft was due."""
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
    """Code of `monitoring_states`."""
    visit_id: str | None


@router.page(
    "/outstanding-visits",
    operation="draft_visits.read",
    response_model=Page[OutstandingVisitView],
    dated=False,
)
async def list_outstanding_visits(
    call: Call,
    visit_type: VisitTypeCode,
    school_year: SchoolYear | None = None,
    authority: AuthorityCode | None = None,
) -> Response:
    """Lists open schools that are owed a visit by their regime's cycle and have not had it in the year."""
    today = call.clock.today()
    year = school_year or school_year_of(today)
    async with call.read() as uow:
        owed = {}
        for code, regime in (await regimes_on(uow.connection, today, authority)).items():
            cycle = cycles().get(regime)
            entry = cycle.cycle.get(visit_type) if cycle is not None else None
            if entry is not None and entry.universal:
                owed[code] = entry
        query = outstanding(call.rows(DataClass.confidential), visit_type, year, owed, today)

        def shape(row: Row) -> dict[str, Any]:
            due_by = owed[row["authority"]].last_day(year)
            return {
                **row,
                "visit_type": visit_type,
                "school_year": year,
                "due_by": due_by,
                "overdue": due_by is not None and due_by < today,
            }

        order = [ascending(known_schools.c.number)]
        query = query.add_columns(known_schools.c.number)
        return await call.page(uow, OutstandingVisitView, query, order, shape=shape)


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
) -> Response:
    """Lists monitoring that became due, what is due first in front."""
    columns = monitoring.slices.c
    async with call.read() as uow:
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
        return await call.page(uow, MonitoringView, query, [ascending(columns.due_by), ascending(columns.id)])


def _with_shares(row: Row) -> dict[str, Any]:
    return {
        **row,
        "drafts_in_time_share": _share(row["drafts_in_time"], row["drafts_due"]),
        "finals_in_time_share": _share(row["finals_in_time"], row["finals_due"]),
    }


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
