"""Commissions: placed, read, extended, delivered, judged and closed [D-14..16, D-18; flows 2]."""

from collections.abc import Awaitable, Callable
from datetime import date

from pydantic import Field
from starlette.responses import Response

from brokerage.api.asking import Asking
from brokerage.api.fields import (
    AuthorityCode,
    CommissionState,
    FundingStream,
    Narrative,
    RecordId,
    SchoolNumber,
    SchoolYear,
    TwoSidedView,
)
from brokerage.api.shaping import commissions_listed, one_commission, shaped_commission
from brokerage.storage.reading import with_school
from brokerage.storage.tables import RIGHTS, commissions, support_requests
from brokerage.usecases.following import beyond_the_caller
from brokerage.usecases.machines import COMMISSION, REQUEST, commission_why_not, request_why_not
from brokerage.usecases.place_commission import Commissioning, place_commission
from contracts.data_class import DataClass
from contracts.text import Text
from service_kit import caseload
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page
from service_kit.own_references import takes_references
from service_kit.paging import descending
from service_kit.problems import ProblemError
from service_kit.reading import Row, first, lock, locked
from service_kit.routing import Router
from service_kit.transitions import TransitionView, demanded
from service_kit.unit_of_work import UnitOfWork

router = Router("commissions", Text("Commissions of support", "Comisiynau cymorth"))

Take = Callable[[UnitOfWork, Row], Awaitable[object]]


class CommissionView(TwoSidedView, data_class=DataClass.internal):
    """Support that was commissioned, as both sides see it. The finding behind it is the supported side's alone."""

    request_id: str
    offer_id: str
    menu_item_id: str
    support_type: str
    specialism: str
    days: int
    """Days committed, without what was released."""
    days_used: int
    days_released: int
    cost_pence: int
    funding_stream: str
    """Where the money comes from: a code of `funding_streams`."""
    success_measure: str
    school_year: str
    first_day: date
    last_day: date
    counts_towards_ceiling: bool
    state: str
    """State of the commission: a code of `commission_states`."""
    requested_on: date
    commissioned_on: date
    lead_working_days: int
    """Working days from the request to the commission."""
    delivered_on: date | None
    closed_on: date | None
    review: str | None
    reason: str | None
    """Why it was stopped."""
    external_references: ExternalReferences = Field(default_factory=list)
    allowed_transitions: list[TransitionView]


class NewCommission(Model):
    """The commission of an agreed request: the days and the cost are those of its offer."""

    request_id: RecordId
    funding_stream: FundingStream
    success_measure: Narrative


@router.page(
    "/commissions", operation="commissions.read", response_model=Page[CommissionView], referenced=True
)
async def list_commissions(
    call: Call,
    school_number: SchoolNumber | None = None,
    authority: AuthorityCode | None = None,
    provider_id: RecordId | None = None,
    school_year: SchoolYear | None = None,
    state: CommissionState | None = None,
    lead_adviser_id: RecordId | None = None,
) -> Response:
    """Lists commissions of which you may see either side, the latest first."""
    columns = commissions.slices.c
    async with call.read(operations=[caseload.OPERATION]) as uow:
        asking, query = Asking(call), commissions_listed(call)
        for column, value in (
            (columns.school_number, school_number),
            (columns.authority, authority),
            (columns.provider_id, provider_id),
            (columns.school_year, school_year),
            (columns.state, state),
        ):
            query = query if value is None else query.where(column == value)
        if lead_adviser_id is not None:
            led = await caseload.schools_led(call, uow, RIGHTS, lead_adviser_id)
            query = query.where(columns.school_number.in_(led))
        order = [descending(columns.commissioned_on), descending(columns.id)]
        return await call.page(
            uow, CommissionView, query, order, shape=lambda row: shaped_commission(asking, row, call.language)
        )


@router.get("/commissions/{id}", operation="commissions.read", response_model=CommissionView)
async def read_commission(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one commission."""
    async with call.read() as uow:
        return call.record(CommissionView, await one_commission(call, uow, id))


@router.post(
    "/commissions", operation="commissions.write", response_model=CommissionView,
    problems=["transition_not_allowed", "match_blocked", "ceiling_exceeded", "needs_lead_officer",
              "capacity_exceeded", "working_days_unknown"],
)  # fmt: skip
async def place_new_commission(new: NewCommission, call: Call) -> Response:
    """Commissions what both sides agreed: reserves the provider's days, within the ceiling of the school's category."""

    async def do(uow: UnitOfWork) -> Row:
        asking = Asking(call)
        # An officer commissions without the right to read what was asked for: the request is found for the rule.
        await beyond_the_caller(uow)
        columns = support_requests.slices.c
        query = with_school(support_requests, call.clock.today(), None, call.clock.today())
        row = await locked(
            uow.connection, support_requests, new.request_id, query.where(columns.id == new.request_id)
        )
        scope = call.rows(DataClass.internal)
        if row is None or not scope.covers(row["authority"], row["school_number"]):
            raise ProblemError("not_found")
        caller = asking.about(row)
        demanded(REQUEST, row["state"], "commission", request_why_not(row, caller))
        given = Commissioning(new.funding_stream, new.success_measure)
        return await one_commission(call, uow, await place_commission(uow, row, caller, given))

    return await call.command(
        CommissionView, do, location="/v1/commissions/{id}", shown_under="commissions.read"
    )


async def step(call: RequestCall, id_: str, name: str, take: Take) -> Response:
    """Takes one step of a commission, refused with the reason and the steps that are possible."""

    async def do(uow: UnitOfWork) -> Row:
        await step_within(call, uow, id_, name, take)
        return await one_commission(call, uow, id_)

    return await call.command(CommissionView, do, status=200, shown_under="commissions.read")


async def step_within(call: RequestCall, uow: UnitOfWork, id_: str, name: str, take: Take) -> None:
    """The same within a transaction that answers with another record."""
    query = commissions_listed(call).where(commissions.slices.c.id == id_)
    row = await locked(uow.connection, commissions, id_, query)
    if row is None:
        raise ProblemError("not_found")
    demanded(COMMISSION, row["state"], name, commission_why_not(row, Asking(call).about(row)))
    await beyond_the_caller(uow)
    await take(uow, row)


async def request_of(call: RequestCall, uow: UnitOfWork, row: Row) -> Row:
    """The request behind a commission or offer, for the rules; it is not shown."""
    await lock(uow.connection, support_requests, row["request_id"])
    query = with_school(support_requests, call.clock.today(), None, call.clock.today())
    found = await first(uow.connection, query.where(support_requests.slices.c.id == row["request_id"]))
    if found is None:
        raise ProblemError("not_found")
    return found


takes_references(
    router, "/commissions/{id}", CommissionView, "commission", "commissions.read", one_commission
)
