"""Jobs in the database: begun in a caller's transaction, leased by one worker at a time, finished once."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, DateTime, Table, and_, bindparam, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.identifiers import new_id
from eventing.raw import Composed
from eventing.wakes import added_to
from service_kit.jobs.kinds import JobKind
from service_kit.unit_of_work import UnitOfWork

LEASE: Final = timedelta(seconds=30)
"""How long a worker that says nothing keeps a job."""


class LeaseLostError(RuntimeError):
    """Somebody else took the job over, or it was cancelled: nothing of this run may stay."""


async def enqueue(
    uow: UnitOfWork, table: Table, service: str, kind: JobKind, params: Mapping[str, Any]
) -> dict[str, Any]:
    """Begins a job in the transaction of the command that asks for it; gives its row.

    `params` are ids and codes, never a person's data: a job is kept. The id begins with the service that does the
    work, so that a gateway knows where to ask.
    """
    row: dict[str, Any] = dict.fromkeys(column.name for column in table.c) | {
        "id": f"{service}-{new_id()}",
        "kind": kind.name,
        "state": "queued",
        "version": 1,
        "subject": uow.actor.subject,
        "client_id": uow.actor.client_id,
        "request_id": uow.actor.request_id,
        "params": dict(params),
        "done": 0,
        "attempt": 0,
        "created_at": uow.clock.system_now(),
    }
    # Nothing is read back: whoever may begin a job need not be allowed to see rows under this operation.
    given = {name: value for name, value in row.items() if value is not None}
    await uow.connection.execute(insert(table).values(given))
    added_to(uow.connection, table)
    return row


def _waits(table: Table, now: Any) -> ColumnElement[bool]:
    rested = or_(table.c.leased_until.is_(None), table.c.leased_until < now)
    return or_(
        and_(table.c.state == "queued", rested),
        and_(table.c.state == "running", table.c.leased_until < now),
    )


def looking(table: Table) -> Composed:
    """Whether any job waits at `now`: what an idle worker asks, some times a second."""
    now = bindparam("now", type_=DateTime(timezone=True))
    return Composed.of(select(exists(select(table.c.id).where(_waits(table, now)))))


async def lease(
    connection: AsyncConnection, table: Table, worker: str, now: datetime
) -> dict[str, Any] | None:
    """Takes the oldest job that waits, or whose worker fell silent; None where there is none."""
    waiting = (
        select(table.c.id)
        .where(_waits(table, now))
        .order_by(table.c.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(table)
        .where(table.c.id == waiting.scalar_subquery())
        .values(
            state="running",
            version=table.c.version + 1,
            lease=worker,
            leased_until=now + LEASE,
            attempt=table.c.attempt + 1,
            started_at=now,
            done=0,
            total=None,
        )
        .returning(table)
    )
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def renew(connection: AsyncConnection, table: Table, job_id: str, worker: str, now: datetime) -> bool:
    """Prolongs the lease; False where it is lost."""
    return await _held(connection, table, job_id, worker, leased_until=now + LEASE)


async def report(
    connection: AsyncConnection, table: Table, job_id: str, worker: str, done: int, total: int
) -> None:
    """Tells how far a run is. Raises LeaseLostError."""
    if not await _held(
        connection, table, job_id, worker, version=table.c.version + 1, done=done, total=total
    ):
        raise LeaseLostError(job_id)


async def finish(
    connection: AsyncConnection,
    table: Table,
    job_id: str,
    worker: str,
    now: datetime,
    *,
    state: str,
    result: Mapping[str, Any] | None = None,
    problem: Mapping[str, Any] | None = None,
) -> None:
    """Ends a job, in the transaction of its effect where it succeeds. Raises LeaseLostError: then roll back."""
    held = await _held(
        connection, table, job_id, worker, state=state, version=table.c.version + 1, finished_at=now, lease=None,
        leased_until=None, result=result, problem=problem,
    )  # fmt: skip
    if not held:
        raise LeaseLostError(job_id)


async def put_back(
    connection: AsyncConnection, table: Table, job_id: str, worker: str, until: datetime
) -> None:
    """Gives a job back that could not be done now, not to be tried before `until`."""
    await _held(
        connection, table, job_id, worker, state="queued", version=table.c.version + 1, lease=None,
        leased_until=until,
    )  # fmt: skip


async def cancel(connection: AsyncConnection, table: Table, job_id: str, now: datetime) -> bool:
    """Cancels a job that has not finished; a run under way loses its lease and rolls back. False: it had finished."""
    statement = (
        update(table)
        .where(table.c.id == job_id, table.c.state.in_(("queued", "running")))
        .values(
            state="cancelled", version=table.c.version + 1, finished_at=now, lease=None, leased_until=None
        )
    )
    return (await connection.execute(statement)).rowcount == 1


async def _held(connection: AsyncConnection, table: Table, job_id: str, worker: str, **values: Any) -> bool:
    mine = and_(table.c.id == job_id, table.c.lease == worker, table.c.state == "running")
    return (await connection.execute(update(table).where(mine).values(**values))).rowcount == 1
