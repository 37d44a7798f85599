"""Parked and pending events on the API: look, redrive, discard with a reason (E-11). For the operator.

A redrive runs the consumer's own reactions, so it is a job of the consumer's process; its events commit one by one.
A discard gives up one event; who did it and why stays with the event.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints
from sqlalchemy import Table, func, select
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from eventing import parked
from eventing.reactions import OpenUnit
from service_kit.call import Call, RequestCall
from service_kit.jobs.api import JobView, begin_job
from service_kit.jobs.kinds import JobKind, Work
from service_kit.models import Model, Page, Timestamp, View
from service_kit.paging import ascending
from service_kit.problems import ProblemError
from service_kit.rendering import Row
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from eventing.consuming import Consumer
    from service_kit.foundation import Foundation

_TITLE = Text("Redriving parked events", "Ailyrru digwyddiadau wedi'u parcio")
Reason = Annotated[str, StringConstraints(min_length=3, max_length=500)]


class ParkedEventView(View, data_class=DataClass.internal):
    """An event that could not be handled, or that queues behind one. Its data are not shown: read the record itself."""

    SCOPED_BY = {}  # noqa: RUF012

    number: int
    event_id: str
    type: str
    key: str
    subject: str
    reason: Annotated[str, Field(json_schema_extra={"enum": ["undecodable", "failed", "behind"]})]
    error: str
    attempts: int
    parked_at: Timestamp
    resolution: str | None
    """`redriven` or `discarded`; null while it is parked."""
    resolved_because: str | None
    version: int


class PendingView(View, data_class=DataClass.internal):
    """How many events wait for an event of another key, and since when."""

    consumer: str
    pending: int
    oldest: Timestamp | None
    parked: int


class Redrive(Model):
    """Which key to handle again, and why now."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    reason: Reason


class Discard(Model):
    """Which event to give up, and why."""

    number: Annotated[int, Field(ge=1)]
    reason: Reason


async def _never(work: Work) -> Mapping[str, Any]:
    raise RuntimeError(f"job {work.job_id} belongs to a process that consumes")


REDRIVE = JobKind("redrive", _TITLE, _never)
"""How the API names the job; the consumer's process runs the kind that `redrive_kind` makes."""


def redrive_kind(consumer: "Consumer", open_unit: OpenUnit) -> JobKind:
    """The job that handles a key's parked events again, in order, through the consumer's own reactions."""

    async def run(work: Work) -> Mapping[str, Any]:
        actor, key = work.uow.actor, work.params["key"]
        try:
            outcome = await parked.redrive(
                open_unit, consumer.store, consumer.dispatch, key=key, by=actor.subject,
                because=work.params["reason"],
            )  # fmt: skip
        except parked.NotParkedError:
            raise ProblemError("not_found") from None
        return {
            "done": outcome.done,
            "left": outcome.left,
            "error": outcome.error,
            "waits_for": outcome.waits_for,
        }

    return JobKind(REDRIVE.name, _TITLE, run)


def parked_events_router(consumer: str, shared: "Foundation") -> Router:
    """`/v1/consumers/<consumer>/...` of a service that reacts to events; `create_app` adds it."""
    router = Router(
        "consumers", Text("Consumers", "Defnyddwyr digwyddiadau"), prefix=f"/v1/consumers/{consumer}"
    )
    table, pending = shared.consumed.parked, shared.consumed.pending

    @router.page("/parked-events", operation="events.read", response_model=Page[ParkedEventView], dated=False)
    async def list_parked_events(call: Call, resolved: bool = False) -> Response:
        """Lists parked events in the order in which they were parked; `resolved=true`: those already decided on."""
        open_ = table.c.resolution.is_not(None) if resolved else table.c.resolution.is_(None)
        async with call.read() as uow:
            return await call.page(
                uow, ParkedEventView, select(table).where(open_), [ascending(table.c.number)]
            )

    @router.get("/backlog", operation="events.read", response_model=PendingView, dated=False)
    async def read_backlog(call: Call) -> Response:
        """Counts what waits: parked events, and pending ones whose other record has not come yet."""
        parked_now = select(func.count()).select_from(table).where(table.c.resolution.is_(None))
        query = select(
            func.count().label("pending"), func.min(pending.c.pending_since).label("oldest"),
            parked_now.scalar_subquery().label("parked"),
        ).select_from(pending)  # fmt: skip
        async with call.read() as uow:
            row = (await uow.connection.execute(query)).mappings().one()
            return call.answer(PendingView(consumer=consumer, **row))

    @router.post("/redrives", operation="events.repair", response_model=JobView, status=202)
    async def redrive_parked_events(wanted: Redrive, call: Call) -> Response:
        """Handles a key's parked events again, oldest first, until none is left or one fails."""

        async def do(uow: UnitOfWork) -> Row:
            return await begin_job(call, uow, REDRIVE, wanted.model_dump())

        return await call.command(JobView, do, status=202, location="/v1/jobs/{id}", shown_under="jobs.read")

    @router.post("/discards", operation="events.repair", response_model=ParkedEventView, status=200)
    async def discard_parked_event(wanted: Discard, call: Call) -> Response:
        """Gives up one parked event for a stated reason; what queued behind it stays until it is redriven."""

        async def do(uow: UnitOfWork) -> Row:
            return await _discarded(uow, call, table, wanted)

        return await call.command(ParkedEventView, do, status=200)

    return router


async def _discarded(uow: UnitOfWork, call: RequestCall, table: Table, wanted: Discard) -> Row:
    try:
        await parked.discard(
            uow.connection, table, wanted.number, reason=wanted.reason, by=call.principal.subject
        )
    except parked.NotParkedError:
        raise ProblemError("not_found") from None
    query = select(table).where(table.c.number == wanted.number)
    return dict((await uow.connection.execute(query)).mappings().one())
