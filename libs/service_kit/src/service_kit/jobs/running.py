"""The worker's loop over jobs: lease, run in one transaction, finish in the same; safe to kill at any point.

A job's effect commits together with its success, and only while the lease is held. A killed run leaves nothing and
its lease runs out; a run that was cancelled or overtaken finds its lease gone when it finishes, and rolls back.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.identifiers import new_id
from eventing.loop import Health, Loop, Pace
from eventing.raw import raw_connection
from eventing.trace import caused_by
from service_kit.clock import Clock
from service_kit.database import Database
from service_kit.jobs import queue
from service_kit.jobs.kinds import JobKind, Work
from service_kit.jobs.problems import stored_problem
from service_kit.journal import Actor, Journal
from service_kit.problems import ProblemError
from service_kit.refusals import refused_by_database
from service_kit.unit_of_work import UnitOfWork

HEARTBEAT_SECONDS: Final = 10.0
REST: Final = timedelta(seconds=5)
"""How long a job rests that met a database that could not answer."""
PACE: Final = Pace(busy=0.5, quiet=1.0)

log = structlog.get_logger("jobs")


class JobRunner:
    """Runs the jobs of one service, one after the other. `database` is that of the worker role."""

    def __init__(
        self,
        database: Database,
        table: Table,
        kinds: Sequence[JobKind],
        clock: Clock,
        journal: Journal,
        *,
        wake: asyncio.Event | None = None,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._database = database
        self._table = table
        self._kinds = {kind.name: kind for kind in kinds}
        self._clock = clock
        self._journal = journal
        self._heartbeat_seconds = heartbeat_seconds
        self._worker = new_id()
        self._looking = queue.looking(table)
        self.loop = Loop("jobs", self.run_one, wake=wake, pace=PACE)

    @property
    def health(self) -> Health:
        """How the loop is."""
        return self.loop.health

    async def run(self) -> None:
        """Runs until `stop`; the job under way is finished first."""
        await self.loop.run()

    def stop(self) -> None:
        """Ends after the job under way."""
        self.loop.stop()

    async def run_one(self) -> bool:
        """Runs the oldest job that waits; False where there is none."""
        async with raw_connection(self._database.engine) as driver:
            if not await driver.fetchval(*self._looking.with_(now=self._clock.system_now())):
                return False
        async with self._database.transaction() as connection:
            job = await queue.lease(connection, self._table, self._worker, self._clock.system_now())
        if job is None:
            return False
        kind = self._kinds.get(job["kind"])
        if kind is None or job["attempt"] > kind.attempts:
            log.error("job_given_up", job=job["id"], job_kind=job["kind"], attempt=job["attempt"])
            await self._fail(job, ProblemError("job_failed"))
            return True
        try:
            async with self._heartbeat(job["id"]):
                await self._run(job, kind)
        except queue.LeaseLostError:
            log.warning("job_lease_lost", job=job["id"], job_kind=kind.name)
        except ProblemError as problem:
            if problem.code == "unavailable":
                await self._rest(job)
            else:
                await self._fail(job, problem)
        except Exception as error:
            log.exception("job_failed", job=job["id"], job_kind=kind.name, error_type=type(error).__name__)
            await self._fail(job, ProblemError("job_failed"))
        return True

    async def _run(self, job: Mapping[str, Any], kind: JobKind) -> None:
        actor = Actor(job["subject"], job["client_id"], job["request_id"])
        with refused_by_database(), caused_by(job["request_id"]):
            async with self._database.transaction() as connection:
                uow = UnitOfWork(connection, self._clock, actor, self._journal)

                async def progress(done: int, total: int) -> None:
                    async with self._database.transaction() as beside:
                        await queue.report(beside, self._table, job["id"], self._worker, done, total)

                result = await kind.run(Work(job["id"], uow, job["params"], progress))
                await self._finish(connection, job, state="succeeded", result=dict(result))

    async def _fail(self, job: Mapping[str, Any], problem: ProblemError) -> None:
        try:
            async with self._database.transaction() as connection:
                await self._finish(connection, job, state="failed", problem=stored_problem(problem))
        except queue.LeaseLostError:
            log.warning("job_lease_lost", job=job["id"], job_kind=job["kind"])

    async def _finish(self, connection: AsyncConnection, job: Mapping[str, Any], **outcome: Any) -> None:
        await queue.finish(
            connection, self._table, job["id"], self._worker, self._clock.system_now(), **outcome
        )

    async def _rest(self, job: Mapping[str, Any]) -> None:
        async with self._database.transaction() as connection:
            until = self._clock.system_now() + REST
            await queue.put_back(connection, self._table, job["id"], self._worker, until)

    @asynccontextmanager
    async def _heartbeat(self, job_id: str) -> AsyncIterator[None]:
        async def beat() -> None:
            held = True
            while held:
                await asyncio.sleep(self._heartbeat_seconds)
                async with self._database.transaction() as connection:
                    now = self._clock.system_now()
                    held = await queue.renew(connection, self._table, job_id, self._worker, now)

        task = asyncio.create_task(beat(), name="job-heartbeat")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
