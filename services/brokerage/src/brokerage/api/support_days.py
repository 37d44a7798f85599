"""The day ledger: support days against the ceiling of the category, overrides, lead times [D-16, S2-55]."""

from datetime import date

from pydantic import Field
from sqlalchemy import Select, select
from starlette.responses import Response

from brokerage.api.asking import Asking
from brokerage.api.commissions import request_of
from brokerage.api.fields import (
    SUPPORTED,
    AuthorityCode,
    Days,
    Narrative,
    RecordId,
    SchoolNumber,
    SchoolYear,
    StatedView,
)
from brokerage.api.shaping import offers_listed
from brokerage.storage.support_days import lead_times, ledgers, totals
from brokerage.storage.tables import ceiling_overrides, offers
from brokerage.usecases.following import beyond_the_caller
from brokerage.usecases.override_ceiling import override_ceiling
from contracts.data_class import DataClass
from contracts.school_year import school_year_of
from contracts.text import Text
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.policy.predicates import row_predicate
from service_kit.problems import Fault, ProblemError
from service_kit.reading import Row, first, showing
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("support-days", Text("Support days", "Diwrnodau cymorth"))


class SupportDaysView(View, data_class=DataClass.internal):
    """The support days of one school in a school year. Without a category there is no ceiling."""

    SCOPED_BY = SUPPORTED

    school_number: str
    authority: str
    sector: str
    scheme: str | None
    category: str | None
    ceiling_days: int | None
    committed_days: int
    used_days: int
    override_days: int


class AuthorityDaysView(View, data_class=DataClass.internal):
    """The same for an authority: its schools added up."""

    authority: str
    schools_with_category: int
    ceiling_days: int
    committed_days: int
    used_days: int
    override_days: int


class SupportDayTotals(View, data_class=DataClass.internal):
    """Support days by authority in a school year."""

    school_year: str
    items: list[AuthorityDaysView]


class LeadTimeView(View, data_class=DataClass.internal):
    """Working days from the request to the commission."""

    authority: str | None
    """Three-digit code of the local authority; null: all of them together."""
    commissions: int
    median_working_days: int
    p90_working_days: int


class LeadTimes(View, data_class=DataClass.internal):
    """How swiftly support was commissioned between two days; without a commission there is no figure."""

    first_day: date
    last_day: date
    items: list[LeadTimeView]


class NewOverride(Model):
    """Days beyond the ceiling for one offer, with the reason."""

    offer_id: RecordId
    extra_days: Days
    reason: Narrative


class OverrideView(StatedView, data_class=DataClass.internal):
    """Days that the authority's lead officer allowed beyond a ceiling."""

    offer_id: str
    request_id: str
    school_year: str
    extra_days: int
    ceiling_days: int | None
    committed_days: int
    scheme: str | None
    category: str | None
    reason: str
    external_references: ExternalReferences = Field(default_factory=list)


@router.page("/support-days", operation="commissions.read", response_model=Page[SupportDaysView], dated=False)
async def list_support_days(
    call: Call,
    school_year: SchoolYear | None = None,
    authority: AuthorityCode | None = None,
    school_number: SchoolNumber | None = None,
) -> Response:
    """Lists schools that have a category or commissioned days, with their ledger; of this school year by default."""
    today = call.clock.today()
    async with call.read() as uow:
        found = ledgers(call.rows(DataClass.internal), school_year or school_year_of(today), today)
        query: Select[tuple[object, ...]] = select(found)
        if authority is not None:
            query = query.where(found.c.authority == authority)
        if school_number is not None:
            query = query.where(found.c.school_number == school_number)
        return await call.page(uow, SupportDaysView, query, [ascending(found.c.school_number)])


@router.get("/support-day-totals", operation="commissions.read", response_model=SupportDayTotals, dated=False)
async def read_support_day_totals(
    call: Call, school_year: SchoolYear | None = None, authority: AuthorityCode | None = None
) -> Response:
    """Adds the ledgers of your schools up by authority; of this school year by default."""
    today = call.clock.today()
    year = school_year or school_year_of(today)
    async with call.read() as uow:
        found = ledgers(call.rows(DataClass.internal), year, today)
        rows = (await uow.connection.execute(totals(found, authority))).mappings().all()
    items = [AuthorityDaysView.model_validate(dict(row)) for row in rows]
    return call.answer(SupportDayTotals(school_year=year, items=items))


@router.get("/support-lead-times", operation="commissions.read", response_model=LeadTimes, dated=False)
async def read_lead_times(call: Call, first_day: date, last_day: date) -> Response:
    """Median and 90th percentile of the working days from request to commission, by authority and together."""
    if last_day < first_day:
        raise ProblemError(
            "validation_failed", errors=[Fault("last_day", "ends_before_it_begins", part="query")]
        )
    async with call.read() as uow:
        query = lead_times(call.rows(DataClass.internal), first_day, last_day)
        rows = (await uow.connection.execute(query)).mappings().all()
    items = [LeadTimeView.model_validate(dict(row)) for row in rows if row["commissions"]]
    return call.answer(LeadTimes(first_day=first_day, last_day=last_day, items=items))


@router.post(
    "/ceiling-overrides", operation="commissions.override", response_model=OverrideView,
    problems=["override_barred", "offer_not_open"],
)  # fmt: skip
async def override_a_ceiling(new: NewOverride, call: Call) -> Response:
    """Allows days beyond a school's ceiling. The lead officer does, with a reason; never a proposer or the provider."""

    async def do(uow: UnitOfWork) -> Row:
        offer = await first(uow.connection, offers_listed(call).where(offers.slices.c.id == new.offer_id))
        if offer is None:
            raise ProblemError("not_found")
        if not call.rows(DataClass.internal).covers(offer["authority"], offer["school_number"]):
            # The supporting side knows of the offer, but the ceiling is not that of its school.
            raise ProblemError("operation_not_permitted", {"operation": "commissions.override"})
        caller = Asking(call).about(offer)
        await beyond_the_caller(uow)
        request = await request_of(call, uow, offer)
        id_ = await override_ceiling(uow, offer, request, caller, new.extra_days, new.reason)
        row = await _one(call, uow, id_)
        if row is None:
            raise ProblemError("not_found")
        return row

    return await call.command(
        OverrideView, do, location="/v1/ceiling-overrides/{id}", shown_under="commissions.read"
    )


@router.page(
    "/ceiling-overrides", operation="commissions.read", response_model=Page[OverrideView], referenced=True
)
async def list_ceiling_overrides(call: Call, school_year: SchoolYear | None = None) -> Response:
    """Lists overrides of ceilings."""
    columns = ceiling_overrides.slices.c
    async with call.read() as uow:
        query = _listed(call)
        if school_year is not None:
            query = query.where(columns.school_year == school_year)
        return await call.page(uow, OverrideView, query, [ascending(columns.id)])


@router.get("/ceiling-overrides/{id}", operation="commissions.read", response_model=OverrideView)
async def read_ceiling_override(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one override."""
    async with call.read() as uow:
        return call.record(OverrideView, await _one(call, uow, id))


def _listed(call: RequestCall) -> Select[tuple[object, ...]]:
    columns = ceiling_overrides.slices.c
    covered = row_predicate(
        call.rows(DataClass.internal), authority=columns.authority, school=columns.school_number
    )
    query = showing(ceiling_overrides, call.valid_at, call.known_at, covered)
    return call.with_references(query, "ceiling", columns.id)


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    return await first(uow.connection, _listed(call).where(ceiling_overrides.slices.c.id == id_))


takes_references(router, "/ceiling-overrides/{id}", OverrideView, "ceiling", "commissions.read", _one)
