"""Jobs on the API: one, the caller's own, and their cancellation."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.identifiers import RecordId
from contracts.text import Text
from service_kit.call import Call, RequestCall
from service_kit.jobs.kinds import JobKind
from service_kit.jobs.problems import shown_problem
from service_kit.jobs.queue import cancel, enqueue
from service_kit.journal import Decision
from service_kit.models import Page, Timestamp, View
from service_kit.paging import descending
from service_kit.policy.predicates import row_predicate
from service_kit.problems import ProblemError
from service_kit.rendering import Row
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

STATE_TITLES: Mapping[str, Text] = {
    "queued": Text("Waiting", "Yn aros"),
    "running": Text("Running", "Yn rhedeg"),
    "succeeded": Text("Succeeded", "Wedi llwyddo"),
    "failed": Text("Failed", "Wedi methu"),
    "cancelled": Text("Cancelled", "Wedi'i chanslo"),
}

_ENDED = Text("The job has ended already.", "Mae'r dasg eisoes wedi dod i ben.")


class ProgressView(View, data_class=DataClass.internal):
    """How far a job is; `total` is null until the work knows it."""

    done: int
    total: int | None


class JobView(View, data_class=DataClass.internal):
    """Long work: watch it until its state is succeeded, failed or cancelled."""

    id: str
    kind: str
    kind_title: str
    state: Annotated[str, Field(json_schema_extra={"enum": list(STATE_TITLES)})]
    state_title: str
    version: int
    progress: ProgressView
    result: dict[str, Any] | None
    """What came of it, once it has succeeded."""
    problem: dict[str, Any] | None
    """Why it failed: a problem document."""
    created_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None


def job_row(call: RequestCall, row: Row, kinds: Mapping[str, JobKind]) -> dict[str, Any]:
    """A row of the table as JobView wants it. A kind that is no longer known keeps its name as its title."""
    kind, problem, language = kinds.get(row["kind"]), row["problem"], call.language
    return {
        **row,
        "kind_title": kind.title.in_(language) if kind is not None else row["kind"],
        "state_title": STATE_TITLES[row["state"]].in_(language),
        "progress": {"done": row["done"], "total": row["total"]},
        "problem": shown_problem(problem, call.serving.catalogue, language, row["request_id"])
        if problem is not None
        else None,
    }


async def begin_job(call: RequestCall, uow: UnitOfWork, kind: JobKind, params: Mapping[str, Any]) -> Row:
    """Begins a job inside a command; gives the row to answer with.

    async def do(uow: UnitOfWork) -> Row:
        return await begin_job(call, uow, APPLY_LIST, {"list": list_id})
    return await call.command(JobView, do, status=202, location="/v1/jobs/{id}", shown_under="jobs.read")
    """
    if call.serving.foundation is None:
        raise RuntimeError(f"{call.serving.service} has no database")
    row = await enqueue(uow, call.serving.foundation.jobs, call.serving.service, kind, params)
    return job_row(call, row, {kind.name: kind})


def jobs_router(kinds: Sequence[JobKind]) -> Router:
    """`/v1/jobs` of a service with long work; `create_app` adds it."""
    router = Router("jobs", Text("Jobs", "Tasgau"))
    by_name = {kind.name: kind for kind in kinds}

    @router.get("/jobs/{id}", operation="jobs.read", response_model=JobView, dated=False)
    async def read_job(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
        """Reads one job."""
        async with call.read() as uow:
            table = _table(call)
            allowed = row_predicate(call.rows(DataClass.internal), subject=table.c.subject)
            found = await uow.connection.execute(select(table).where(table.c.id == id, allowed))
            row: Any = found.mappings().one_or_none()
            return call.record(JobView, job_row(call, row, by_name) if row is not None else None)

    @router.page("/jobs", operation="jobs.read", response_model=Page[JobView], dated=False)
    async def list_jobs(call: Call) -> Response:
        """Lists the caller's jobs, the newest first."""
        async with call.read() as uow:
            table = _table(call)
            query = select(table).where(row_predicate(call.rows(DataClass.internal), subject=table.c.subject))
            order = [descending(table.c.created_at), descending(table.c.id)]
            return await call.page(uow, JobView, query, order, shape=lambda row: job_row(call, row, by_name))

    @router.post(
        "/jobs/{id}/cancel", operation="jobs.cancel", response_model=JobView, status=200,
        problems=["transition_not_allowed"],
    )  # fmt: skip
    async def cancel_job(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
        """Cancels a job that has not ended; a run under way stops at its next step and leaves nothing."""

        async def do(uow: UnitOfWork) -> Row:
            return job_row(call, await _cancelled(call, uow, id), by_name)

        return await call.command(JobView, do, status=200, shown_under="jobs.read")

    return router


async def _cancelled(call: RequestCall, uow: UnitOfWork, job_id: str) -> Row:
    table = _table(call)
    allowed = row_predicate(call.rows(DataClass.internal), subject=table.c.subject)
    this = select(table).where(table.c.id == job_id, allowed)
    before = (await uow.connection.execute(this)).mappings().one_or_none()
    if before is None:
        raise ProblemError("not_found")
    if not await cancel(uow.connection, table, job_id, uow.clock.system_now()):
        raise ProblemError("transition_not_allowed", {"reason": _ENDED})
    after = (await uow.connection.execute(this)).mappings().one()
    states = {"state": before["state"]}, {"state": after["state"]}
    await uow.decide([Decision("job", job_id, after["version"], *states)])
    return dict(after)


def _table(call: RequestCall) -> Any:
    if call.serving.foundation is None:
        raise RuntimeError(f"{call.serving.service} has no database")
    return call.serving.foundation.jobs
