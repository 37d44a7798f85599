"""The steps of a commission: each is a command, refused with the reason and the steps that are possible."""

from datetime import date
from typing import Any

from pydantic import Field
from sqlalchemy import Select
from starlette.responses import Response

from brokerage.api.asking import Asking, of_both_sides
from brokerage.api.commissions import CommissionView, request_of, step, step_within
from brokerage.api.fields import (
    Days,
    ImpactLevel,
    ImpactSide,
    Narrative,
    Pence,
    Reasoned,
    RecordId,
    StatedView,
    TwoSidedView,
)
from brokerage.storage.tables import deliveries, impacts
from brokerage.usecases import deliver_commission, judge_impact, place_commission
from contracts.data_class import DataClass
from contracts.text import Text
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.policy.predicates import row_predicate
from service_kit.problems import ProblemError
from service_kit.reading import Row, first, showing
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("commission-steps", Text("Steps of a commission", "Camau comisiwn"))


class Extension(Model):
    """Further days, a later end, and what they cost."""

    days: Days | None = None
    last_day: date | None = None
    cost_pence: Pence = 0
    """Further cost, in pence."""


class Review(Model):
    """How it goes."""

    review: Narrative


class NewDelivery(Model):
    """Days delivered."""

    delivered_on: date
    days: Days
    note: Narrative | None = None


class DeliveryView(TwoSidedView, data_class=DataClass.internal):
    """Days of a commission that were delivered."""

    commission_id: str
    delivered_on: date
    days: int
    note: str | None
    external_references: ExternalReferences = Field(default_factory=list)


class NewImpact(Model):
    """The impact on one side, judged against the finding, and what shows it."""

    side: ImpactSide
    level: ImpactLevel
    evidence: Narrative


class ImpactView(StatedView, data_class=DataClass.confidential):
    """The impact of support on one side, judged against the finding that it answered."""

    commission_id: str
    request_id: str
    finding_id: str
    support_type: str
    side: str
    """Side that is judged: a code of `impact_sides`."""
    about_school: str | None
    level: str
    """Level of the impact: a code of `impact_levels`."""
    evidence: str
    judged_on: date
    external_references: ExternalReferences = Field(default_factory=list)


@router.post(
    "/commissions/{id}/start", operation="deliveries.write", response_model=CommissionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def start_commission(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Begins delivery."""
    return await step(call, id, "start", deliver_commission.start)


@router.post(
    "/commissions/{id}/review", operation="deliveries.write", response_model=CommissionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def review_commission(id: RecordId, given: Review, call: Call) -> Response:  # noqa: A002
    """Reviews progress on the way."""
    return await step(call, id, "review", lambda uow, row: deliver_commission.review(uow, row, given.review))


@router.post(
    "/commissions/{id}/deliver", operation="deliveries.write", response_model=CommissionView, status=200,
    problems=["transition_not_allowed", "nothing_delivered"],
)  # fmt: skip
async def deliver_a_commission(id: RecordId, call: Call) -> Response:  # noqa: A002
    """Records that everything was delivered; unused days are free again."""
    return await step(call, id, "deliver", deliver_commission.deliver)


@router.post(
    "/commissions/{id}/extend", operation="commissions.write", response_model=CommissionView, status=200,
    problems=["transition_not_allowed", "ceiling_exceeded", "needs_lead_officer", "capacity_exceeded"],
)  # fmt: skip
async def extend_commission(id: RecordId, given: Extension, call: Call) -> Response:  # noqa: A002
    """Adds days or a later end; checked against ceiling and capacity as a new commission is."""

    async def take(uow: UnitOfWork, row: Row) -> None:
        request = await request_of(call, uow, row)
        last_day = given.last_day or row["last_day"]
        caller = Asking(call).about(row)
        await place_commission.extend(uow, row, request, caller, given.days or 0, last_day, given.cost_pence)

    return await step(call, id, "extend", take)


@router.post(
    "/commissions/{id}/stop", operation="commissions.write", response_model=CommissionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def stop_commission(id: RecordId, why: Reasoned, call: Call) -> Response:  # noqa: A002
    """Ends a commission before its time; unused days are free again."""
    return await step(call, id, "stop", lambda uow, row: place_commission.stop(uow, row, why.reason))


@router.post(
    "/commissions/{id}/close", operation="commissions.write", response_model=CommissionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def close_commission(id: RecordId, call: Call) -> Response:  # noqa: A002
    """Closes an evaluated commission."""
    return await step(call, id, "close", judge_impact.close)


@router.post(
    "/commissions/{id}/deliveries", operation="deliveries.write", response_model=DeliveryView,
    problems=["transition_not_allowed", "days_used_up"],
)  # fmt: skip
async def log_delivered_days(id: RecordId, new: NewDelivery, call: Call) -> Response:  # noqa: A002
    """Logs days delivered."""

    async def do(uow: UnitOfWork) -> Row:
        made: list[str] = []

        async def take(unit: UnitOfWork, row: Row) -> None:
            made.append(
                await deliver_commission.log_delivery(
                    unit, row, new.delivered_on, new.days, new.note, Asking(call).who
                )
            )

        await step_within(call, uow, id, "log", take)
        query = showing(deliveries, call.clock.today(), None, deliveries.slices.c.id == made[0])
        return await _made(uow, query)

    return await call.command(
        DeliveryView, do, location="/v1/deliveries/{id}", shown_under="commissions.read"
    )


@router.page(
    "/commissions/{id}/deliveries",
    operation="commissions.read",
    response_model=Page[DeliveryView],
    referenced=True,
)
async def list_deliveries(id: RecordId, call: Call) -> Response:  # noqa: A002
    """Lists the days delivered of a commission, in order."""
    columns = deliveries.slices.c
    async with call.read() as uow:
        query = _deliveries(call).where(columns.commission_id == id)
        order = [ascending(columns.delivered_on), ascending(columns.id)]
        return await call.page(uow, DeliveryView, query, order)


@router.get("/deliveries/{id}", operation="commissions.read", response_model=DeliveryView)
async def read_delivery(id: RecordId, call: Call) -> Response:  # noqa: A002
    """Reads one log entry of delivery."""
    async with call.read() as uow:
        return call.record(DeliveryView, await _delivery(call, uow, id))


@router.post(
    "/commissions/{id}/impacts", operation="impacts.write", response_model=ImpactView,
    problems=["transition_not_allowed", "side_is_judged"],
)  # fmt: skip
async def judge_impact_of_commission(id: RecordId, new: NewImpact, call: Call) -> Response:  # noqa: A002
    """Judges the impact on one side. The provider does not; the second side's judgement makes it evaluated."""

    async def do(uow: UnitOfWork) -> Row:
        made: list[str] = []

        async def take(unit: UnitOfWork, row: Row) -> None:
            made.append(
                await judge_impact.judge_impact(
                    unit, row, new.side, new.level, new.evidence, Asking(call).who
                )
            )

        await step_within(call, uow, id, "judge", take)
        query = showing(impacts, call.clock.today(), None, impacts.slices.c.id == made[0])
        return await _made(uow, query)

    return await call.command(ImpactView, do, location="/v1/impacts/{id}")


@router.page("/impacts", operation="impacts.read", response_model=Page[ImpactView], referenced=True)
async def list_impacts(
    call: Call, finding_id: RecordId | None = None, commission_id: RecordId | None = None
) -> Response:
    """Lists judgements of impact, also by the finding that was answered."""
    columns = impacts.slices.c
    async with call.read() as uow:
        query = _impacts(call)
        for column, value in ((columns.finding_id, finding_id), (columns.commission_id, commission_id)):
            query = query if value is None else query.where(column == value)
        return await call.page(uow, ImpactView, query, [ascending(columns.id)])


@router.get("/impacts/{id}", operation="impacts.read", response_model=ImpactView)
async def read_impact(id: RecordId, call: Call) -> Response:  # noqa: A002
    """Reads one judgement of impact."""
    async with call.read() as uow:
        return call.record(ImpactView, await _impact(call, uow, id))


def _deliveries(call: RequestCall) -> Select[Any]:
    columns = deliveries.slices.c
    covered = of_both_sides(call.rows(DataClass.internal), columns)
    query = showing(deliveries, call.valid_at, call.known_at, covered)
    return call.with_references(query, "delivery", columns.id)


async def _delivery(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    return await first(uow.connection, _deliveries(call).where(deliveries.slices.c.id == id_))


def _impacts(call: RequestCall) -> Select[Any]:
    columns = impacts.slices.c
    covered = row_predicate(
        call.rows(DataClass.confidential), authority=columns.authority, school=columns.school_number
    )
    query = showing(impacts, call.valid_at, call.known_at, covered)
    return call.with_references(query, "impact", columns.id)


async def _impact(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    return await first(uow.connection, _impacts(call).where(impacts.slices.c.id == id_))


async def _made(uow: UnitOfWork, query: Any) -> Row:
    row = await first(uow.connection, query)
    if row is None:
        raise ProblemError("not_found")
    return row


takes_references(router, "/deliveries/{id}", DeliveryView, "delivery", "commissions.read", _delivery)
takes_references(router, "/impacts/{id}", ImpactView, "impact", "impacts.read", _impact)
