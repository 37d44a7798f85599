"""Replays on the API: which projections a consumer has, and rebuilding one from the topics while everything runs.

A replay is a job of the consumer's process, like a redrive (`parked_events`). It compares what the live tables hold
with what the topics say, by digest, and mends the rows that differ in one transaction; `eventing.replaying` says how.
The request is audited in its own transaction, the outcome in the one that mends. For the operator.
"""

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Annotated, Any, Final

from pydantic import StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from eventing.replaying import Replay, Replayed, ReplayRefusedError
from eventing.transports.port import HistoryLostError, Transport
from service_kit.call import Call
from service_kit.database import Database
from service_kit.jobs.api import JobView, begin_job
from service_kit.jobs.kinds import JobKind, Work
from service_kit.journal import Decision
from service_kit.models import Model, View
from service_kit.problems import ProblemError
from service_kit.projections import Projection
from service_kit.rendering import Row
from service_kit.routing import Router
from service_kit.service import Service
from service_kit.unit_of_work import UnitOfWork

PROJECTION: Final = "projection"
"""On what is decided, as the audit names it; its id is `<consumer>/<projection>`."""
REPORT_SECONDS: Final = 0.5
_TITLE = Text("Rebuilding a projection", "Ailadeiladu tafluniad")


class ProjectionView(View, data_class=DataClass.internal):
    """Tables that a consumer keeps from events alone."""

    name: str
    title: str
    tables: list[str]
    topics: list[str]
    """From which it is rebuilt."""


class ProjectionsView(View, data_class=DataClass.internal):
    """The projections of a consumer, in the order in which they are best rebuilt."""

    consumer: str
    items: list[ProjectionView]


class ReplayRequest(Model):
    """Which projection to rebuild, and why now."""

    projection: Annotated[str, StringConstraints(min_length=1, max_length=63)]
    reason: Annotated[str, StringConstraints(min_length=3, max_length=500, pattern=r"\S")]


async def _never(work: Work) -> Mapping[str, Any]:
    raise RuntimeError(f"job {work.job_id} belongs to a process that consumes")


REPLAY = JobKind("replay", _TITLE, _never)
"""How the API names the job; the consumer's process runs the kind that `replay_kind` makes."""


def replay_kind(
    service: Service,
    transport: Transport,
    worker_url: str,
    unit_on: Callable[[AsyncConnection], UnitOfWork],
) -> JobKind:
    """The job that rebuilds a projection; killed, it leaves the live tables as they were and is begun again."""
    projections = {projection.name: projection for projection in service.projections}

    async def run(work: Work) -> Mapping[str, Any]:
        projection = projections.get(work.params["projection"])
        if projection is None:
            raise ProblemError("not_found")
        try:
            replayed = await _replayed(service, projection, transport, worker_url, unit_on, work)
        except (ReplayRefusedError, HistoryLostError) as refused:
            return {"refused": str(refused)}
        return {
            "read": replayed.read,
            "applied": replayed.applied,
            "events_per_second": round(replayed.read / max(replayed.seconds, 0.001)),
            "rows": replayed.rows,
            "digest_before": replayed.digest_before,
            "digest": replayed.digest,
            "equal": replayed.equal,
            "mended": replayed.mended,
        }

    return JobKind(REPLAY.name, _TITLE, run)


async def _replayed(
    service: Service,
    projection: Projection,
    transport: Transport,
    worker_url: str,
    unit_on: Callable[[AsyncConnection], UnitOfWork],
    work: Work,
) -> Replayed:
    if service.foundation is None:
        raise RuntimeError(f"{service.name} has no database")
    reported = 0.0

    async def progress(done: int, total: int) -> None:
        nonlocal reported
        if done == total or monotonic() - reported >= REPORT_SECONDS:
            reported = monotonic()
            await work.progress(done, total)

    async def concluded(unit: UnitOfWork, replayed: Replayed) -> None:
        before, after = (
            {"digest": replayed.digest_before},
            {"digest": replayed.digest, "mended": replayed.mended},
        )
        on_id = f"{service.name}/{projection.name}"
        decision = Decision(PROJECTION, on_id, 1, before, after, work.params["reason"])
        await unit.decide([decision], work.uow.actor)

    database = Database(worker_url, pool_size=1, application=f"{service.name}-replay")
    try:
        history = await transport.history(projection.topics(service.hears))
        try:
            replay = Replay(
                service.name, service.foundation.consumed, tables=projection.tables,
                reactions=projection.reactions, history=history, unit_on=unit_on, progress=progress,
                concluded=concluded,
            )  # fmt: skip
            return await replay.run(database.engine)
        finally:
            await history.close()
    finally:
        await database.dispose()


def replays_router(service: Service) -> Router:
    """`/v1/consumers/<consumer>/projections` and `.../replays`; `create_app` adds it."""
    consumer = service.name
    router = Router(
        "consumers", Text("Consumers", "Defnyddwyr digwyddiadau"), prefix=f"/v1/consumers/{consumer}"
    )

    @router.get("/projections", operation="events.read", response_model=ProjectionsView, dated=False)
    async def list_projections(call: Call) -> Response:
        """Lists the projections of a consumer: what it keeps from events alone."""
        items = [
            ProjectionView(
                name=projection.name,
                title=projection.title.in_(call.language),
                tables=[table.name for table in projection.tables],
                topics=list(projection.topics(service.hears)),
            )
            for projection in service.projections
        ]
        return call.answer(ProjectionsView(consumer=consumer, items=items))

    @router.post("/replays", operation="events.repair", response_model=JobView, status=202)
    async def replay_projection(wanted: ReplayRequest, call: Call) -> Response:
        """Rebuilds a projection from the topics while everything runs, compares it by digest and mends what differs."""

        async def do(uow: UnitOfWork) -> Row:
            if wanted.projection not in {projection.name for projection in service.projections}:
                raise ProblemError("not_found")
            job = await begin_job(call, uow, REPLAY, wanted.model_dump())
            on_id, after = f"{consumer}/{wanted.projection}", {"replay": job["id"]}
            await uow.decide([Decision(PROJECTION, on_id, 1, {}, after, wanted.reason)])
            return job

        return await call.command(JobView, do, status=202, location="/v1/jobs/{id}", shown_under="jobs.read")

    return router
