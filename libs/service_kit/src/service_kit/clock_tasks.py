"""What happens because time passes: replies lapse, actions become overdue, offers expire.

    async def lapse_replies(uow: UnitOfWork) -> int: ...
    LAPSE = ClockTask("lapse_replies", lapse_replies)
    service = Service(..., clock_tasks=[LAPSE])

The worker (role `consumer`) looks every few seconds and gives each task a transaction of its own. A task finds in the
data what is due by `uow.clock` and writes it with its event, so that what was done is not found again: being late,
stopped or started twice loses and repeats nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from itertools import cycle
from typing import Final

import structlog
from sqlalchemy import func, select

from eventing.loop import Health, Loop, Pace
from service_kit.unit_of_work import UnitOfWork

BUSY_SECONDS: Final = 2.0
QUIET_SECONDS: Final = 10.0
"""Within how long every task has its turn. What is due by the day may be some seconds late."""

_log = structlog.get_logger("clock_tasks")


@dataclass(frozen=True, slots=True)
class ClockTask:
    """One kind of thing that falls due. `run` gives how many it wrote; it writes at most some hundreds at a time."""

    name: str
    run: Callable[[UnitOfWork], Awaitable[int]]


OpenUnit = Callable[[], AbstractAsyncContextManager[UnitOfWork]]


class ClockRunner:
    """Runs the clock tasks of one service; of several workers only one runs a task at a time."""

    def __init__(self, service: str, tasks: Sequence[ClockTask], open_unit: OpenUnit) -> None:
        self._service = service
        self._tasks = tasks
        self._open_unit = open_unit
        self._turns = cycle(self._tasks)
        # One task at a time, spread over the period: all at once would keep callers waiting every two seconds.
        busy, quiet = (seconds / max(1, len(tasks)) for seconds in (BUSY_SECONDS, QUIET_SECONDS))
        self.loop = Loop("clock", self.run_next, pace=Pace(hot=busy, busy=busy, quiet=quiet))

    @property
    def health(self) -> Health:
        """How the loop is."""
        return self.loop.health

    async def run(self) -> None:
        """Runs until `stop`; the task under way is finished first."""
        await self.loop.run()

    def stop(self) -> None:
        """Ends after the round under way."""
        self.loop.stop()

    async def run_next(self) -> bool:
        """Runs the task whose turn it is; whether it wrote something. One that fails takes its turn and no other's."""
        task = next(self._turns, None)
        return task is not None and await self._run(task) > 0

    async def run_all(self) -> bool:
        """Runs every task once; whether any of them wrote something. A task that fails keeps no other from running."""
        wrote, failed = False, []
        for task in self._tasks:
            try:
                wrote |= await self._run(task) > 0
            except Exception as error:  # noqa: BLE001  raised again below, once the other tasks have had their turn
                failed.append(error)
                _log.exception("clock_task_failed", task=task.name, error_type=type(error).__name__)
        if failed:
            raise failed[0]
        return wrote

    async def _run(self, task: ClockTask) -> int:
        async with self._open_unit() as uow:
            lock = func.pg_try_advisory_xact_lock(func.hashtext(f"{self._service}.{task.name}"))
            if not await uow.connection.scalar(select(lock)):
                return 0
            count = await task.run(uow)
        if count:
            _log.info("clock_task", task=task.name, count=count)
        return count
