"""Parked and pending events on the API: look, redrive, discard with a reason, start again (E-11). For the operator.

A redrive runs the consumer's own reactions, so it is a job of the consumer's process; its events commit one by one.
Who decided what and why stands with the event and in the audit, there with the client and the request, in the
transaction of the decision itself: the request for a redrive, each event that it handled or failed at, each discard,
each resumption.

What an event carries is never shown here. It may be of any service, whose policy decides who reads it: the record
itself (`subject`) and the change feed (by `topic` and `position`) show it under the caller's rights to it.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Path
from pydantic import Field, StringConstraints
from sqlalchemy import Select, exists, func, select
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from eventing import parked, stopping
from eventing.reactions import OpenUnit
from eventing.tables import ConsumerTables
from service_kit.call import Call
from service_kit.jobs.api import JobView, begin_job
from service_kit.jobs.kinds import JobKind, Work
from service_kit.journal import Decision
from service_kit.models import Model, Page, Timestamp, View
from service_kit.paging import ascending
from service_kit.problems import ProblemError
from service_kit.reading import first, rows
from service_kit.rendering import Row
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from eventing.consuming import Consumer
    from service_kit.foundation import Foundation

EVENT: Final = "parked_event"
KEY: Final = "parked_key"
CONSUMER: Final = "consumer"
"""On what is decided, as the audit names it; its id begins with the consumer's name: `exchange/7`."""
QUEUE_SHOWN: Final = 100
PARKED, RESOLVED = 1, 2
"""A parked event's version in the audit: it is parked, and once it is resolved that stands for ever."""

_TITLE = Text("Redriving parked events", "Ailyrru digwyddiadau wedi'u parcio")
Reason = Annotated[str, StringConstraints(min_length=3, max_length=500, pattern=r"\S")]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


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


class QueuedEvent(View, data_class=DataClass.internal):
    """An event that waits behind a parked one of its key."""

    number: int
    event_id: str
    type: str
    version: int
    parked_at: Timestamp


class ParkedEventDetail(ParkedEventView, data_class=DataClass.internal):
    """One parked event with who decided on it, and what queues behind it."""

    topic: str
    position: int | None
    """Where the event stands in its publisher's log; null for what came from elsewhere."""
    resolved_by: str | None
    resolved_at: Timestamp | None
    queued: int
    """How many events of its key wait behind it."""
    queue: list[QueuedEvent]
    """The first hundred of them, in the order in which a redrive handles them."""


class PendingView(View, data_class=DataClass.internal):
    """What waits: events for an event of another key and since when, parked ones, and whether the consumer stopped."""

    consumer: str
    pending: int
    oldest: Timestamp | None
    parked: int
    parked_keys: int
    stopped_because: str | None
    """Why the consumer stands still until somebody starts it again; null while it may run."""
    stopped_at: Timestamp | None


class StopView(View, data_class=DataClass.internal):
    """One stop of a consumer, and who started it again for what reason."""

    SCOPED_BY = {}  # noqa: RUF012

    consumer: str
    stopped_because: str
    stopped_at: Timestamp
    resumed_by: str | None
    resumed_because: str | None
    resumed_at: Timestamp | None
    version: int


class Redrive(Model):
    """Which key to handle again, and why now."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    reason: Reason


class Discard(Model):
    """Which event to give up, and why."""

    number: Annotated[int, Field(ge=1, le=2**63 - 1)]
    reason: Reason


class Resumption(Model):
    """Why a consumer that stopped itself may run again: what was wrong, and what was mended."""

    reason: Reason


async def _never(work: Work) -> Mapping[str, Any]:
    raise RuntimeError(f"job {work.job_id} belongs to a process that consumes")


REDRIVE = JobKind("redrive", _TITLE, _never)
"""How the API names the job; the consumer's process runs the kind that `redrive_kind` makes."""


def redrive_kind(consumer: "Consumer", open_unit: OpenUnit) -> JobKind:
    """The job that handles a key's parked events again, in order, through the consumer's own reactions.

    A run that follows one that was killed finds less to do, or nothing, and says so.
    """

    async def run(work: Work) -> Mapping[str, Any]:
        actor, key, reason = work.uow.actor, work.params["key"], work.params["reason"]

        async def note(unit: UnitOfWork, decided: Sequence[parked.Decided]) -> None:
            await unit.decide([_redriven(consumer.name, one, reason) for one in decided], actor)

        try:
            outcome = await parked.redrive(
                open_unit, consumer.store, consumer.dispatch, key=key, by=actor.subject, because=reason, note=note
            )  # fmt: skip
        except parked.NotParkedError:
            outcome = parked.Redriven(0, 0)
        return {
            "done": outcome.done,
            "left": outcome.left,
            "error": outcome.error,
            "waits_for": outcome.waits_for,
        }

    return JobKind(REDRIVE.name, _TITLE, run)


def _redriven(consumer: str, decided: parked.Decided, reason: str) -> Decision:
    on_id = f"{consumer}/{decided.number}"
    if decided.resolution is None:
        before, after = {"attempts": decided.attempts - 1}, {"attempts": decided.attempts}
        return Decision(EVENT, on_id, PARKED, before, after, reason)
    return Decision(EVENT, on_id, RESOLVED, {"resolution": None}, {"resolution": decided.resolution}, reason)


def parked_events_router(consumer: str, shared: "Foundation") -> Router:
    """`/v1/consumers/<consumer>/...` of a service that reacts to events; `create_app` adds it."""
    router = Router(
        "consumers", Text("Consumers", "Defnyddwyr digwyddiadau"), prefix=f"/v1/consumers/{consumer}"
    )
    _add_reads(router, consumer, shared.consumed)
    _add_commands(router, consumer, shared.consumed)
    return router


def _add_reads(router: Router, consumer: str, consumed: ConsumerTables) -> None:
    table = consumed.parked

    @router.page("/parked-events", operation="events.read", response_model=Page[ParkedEventView], dated=False)
    async def list_parked_events(call: Call, resolved: bool = False) -> Response:
        """Lists parked events in the order in which they were parked; `resolved=true`: those already decided on."""
        decided = table.c.resolution.is_not(None) if resolved else table.c.resolution.is_(None)
        query = select(table).where(table.c.consumer == consumer, decided)
        async with call.read() as uow:
            return await call.page(uow, ParkedEventView, query, [ascending(table.c.number)])

    @router.get(
        "/parked-events/{number}", operation="events.read", response_model=ParkedEventDetail, dated=False
    )
    async def read_parked_event(number: Number, call: Call) -> Response:
        """Shows one parked event: its error, who decided on it and why, what queues behind it. Never its data."""
        async with call.read() as uow:
            row = await first(uow.connection, _of(consumed, consumer, number))
            if row is None:
                raise ProblemError("not_found")
            behind = _behind(consumed, consumer, row)
            queued = await uow.connection.scalar(select(func.count()).select_from(behind.subquery()))
            queue = await rows(uow.connection, behind.order_by(table.c.number).limit(QUEUE_SHOWN))
            return call.answer(ParkedEventDetail.model_validate({**row, "queued": queued, "queue": queue}))

    @router.get("/backlog", operation="events.read", response_model=PendingView, dated=False)
    async def read_backlog(call: Call) -> Response:
        """Counts what waits: parked events, and pending ones whose other record has not come yet."""
        async with call.read() as uow:
            row = await first(uow.connection, _backlog(consumed, consumer))
            return call.answer(PendingView.model_validate({"consumer": consumer, **(row or {})}))


def _add_commands(router: Router, consumer: str, consumed: ConsumerTables) -> None:
    @router.post("/redrives", operation="events.repair", response_model=JobView, status=202)
    async def redrive_parked_events(wanted: Redrive, call: Call) -> Response:
        """Handles a key's parked events again, oldest first, until none is left or one fails."""

        async def do(uow: UnitOfWork) -> Row:
            if not await uow.connection.scalar(select(_is_parked(consumed, consumer, wanted.key))):
                raise ProblemError("not_found")
            job = await begin_job(call, uow, REDRIVE, wanted.model_dump())
            after = {"redrive": job["id"]}
            await uow.decide([Decision(KEY, f"{consumer}/{wanted.key}", 1, {}, after, wanted.reason)])
            return job

        return await call.command(JobView, do, status=202, location="/v1/jobs/{id}", shown_under="jobs.read")

    @router.post("/discards", operation="events.repair", response_model=ParkedEventView, status=200)
    async def discard_parked_event(wanted: Discard, call: Call) -> Response:
        """Gives up one parked event for a stated reason; what queued behind it stays until it is redriven."""

        async def do(uow: UnitOfWork) -> Row:
            return await _discarded(uow, consumed, consumer, wanted)

        return await call.command(ParkedEventView, do, status=200)

    @router.post(
        "/resumptions",
        operation="events.repair",
        response_model=StopView,
        status=200,
        problems=["consumer_not_stopped"],
    )
    async def resume_consumer(wanted: Resumption, call: Call) -> Response:
        """Starts a consumer again that stopped because it parked too much: every process of it, within seconds."""

        async def do(uow: UnitOfWork) -> Row:
            return await _resumed(uow, consumed, consumer, wanted.reason)

        return await call.command(StopView, do, status=200)


async def _discarded(uow: UnitOfWork, consumed: ConsumerTables, consumer: str, wanted: Discard) -> Row:
    this = _of(consumed, consumer, wanted.number)
    if await first(uow.connection, this) is None:
        raise ProblemError("not_found")
    try:
        await parked.discard(
            uow.connection, consumed.parked, wanted.number, reason=wanted.reason, by=uow.actor.subject
        )
    except parked.NotParkedError:
        raise ProblemError("not_found") from None
    on_id, after = f"{consumer}/{wanted.number}", {"resolution": "discarded"}
    await uow.decide([Decision(EVENT, on_id, RESOLVED, {"resolution": None}, after, wanted.reason)])
    return dict((await uow.connection.execute(this)).mappings().one())


async def _resumed(uow: UnitOfWork, consumed: ConsumerTables, consumer: str, reason: str) -> Row:
    try:
        stop = await stopping.resume(
            uow.connection, consumed.stops, consumer, reason=reason, by=uow.actor.subject
        )
    except stopping.NotStoppedError:
        raise ProblemError("consumer_not_stopped") from None
    before, after = {"stopped_because": stop.stopped_because}, {"stopped_because": None}
    await uow.decide([Decision(CONSUMER, consumer, stop.number, before, after, reason)])
    return {name: getattr(stop, name) for name in StopView.model_fields if name != "version"} | {
        "version": stop.number
    }


def _of(consumed: ConsumerTables, consumer: str, number: int) -> Select[Any]:
    table = consumed.parked
    return select(table).where(table.c.consumer == consumer, table.c.number == number)


def _is_parked(consumed: ConsumerTables, consumer: str, key: str) -> Any:
    table = consumed.parked
    return exists(select(table.c.number).where(
        table.c.consumer == consumer, table.c.key == key, table.c.resolution.is_(None)
    ))  # fmt: skip


def _behind(consumed: ConsumerTables, consumer: str, row: Mapping[str, Any]) -> Select[Any]:
    table = consumed.parked
    return select(table).where(
        table.c.consumer == consumer, table.c.key == row["key"], table.c.number > row["number"],
        table.c.resolution.is_(None),
    )  # fmt: skip


def _backlog(consumed: ConsumerTables, consumer: str) -> Select[Any]:
    held, pending, stops = consumed.parked, consumed.pending, consumed.stops
    still = (held.c.consumer == consumer, held.c.resolution.is_(None))
    stop = (stops.c.consumer == consumer, stops.c.resumed_at.is_(None))
    return select(
        func.count().label("pending"),
        func.min(pending.c.pending_since).label("oldest"),
        select(func.count()).where(*still).scalar_subquery().label("parked"),
        select(func.count(held.c.key.distinct())).where(*still).scalar_subquery().label("parked_keys"),
        select(stops.c.stopped_because).where(*stop).scalar_subquery().label("stopped_because"),
        select(stops.c.stopped_at).where(*stop).scalar_subquery().label("stopped_at"),
    ).where(pending.c.consumer == consumer)
