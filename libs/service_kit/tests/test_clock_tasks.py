"""What happens because time passes is run by the worker, one worker at a time (S2-28)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from service_kit.clock import FixedClock
from service_kit.clock_tasks import ClockRunner, ClockTask
from service_kit.journal import Actor
from service_kit.unit_of_work import UnitOfWork
from testkit.fixtures import FreshDatabase


async def test_a_failing_task_keeps_no_other_from_running_and_two_workers_do_not_run_one_twice(
    fresh_database: FreshDatabase,
) -> None:
    """Each task has its own transaction and lock; the failure is told after all had their turn."""
    engine = create_async_engine(fresh_database().owner_url)
    clock = FixedClock(datetime(2020, 1, 20, tzinfo=UTC))
    inside, go_on = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def open_unit() -> AsyncIterator[UnitOfWork]:
        async with engine.begin() as connection:
            yield UnitOfWork(connection, clock, Actor("service:x", "service:x", "r"), cast(Any, None))

    async def failing(uow: UnitOfWork) -> int:
        await uow.connection.execute(text("create table left_over (n int)"))
        raise LookupError("calendar")

    async def slow(uow: UnitOfWork) -> int:
        await uow.connection.execute(text("create table if not exists done (n int)"))
        inside.set()
        await go_on.wait()
        return 1

    tasks = [ClockTask("failing", failing), ClockTask("slow", slow)]
    first, second = (ClockRunner("x", tasks, open_unit) for _ in range(2))
    running = asyncio.create_task(first.run_all())
    await inside.wait()
    alone = ClockRunner("x", tasks[1:], open_unit)
    assert await alone.run_all() is False, "the other worker holds the lock of this task"
    go_on.set()
    with pytest.raises(LookupError):
        await running
    with pytest.raises(LookupError):
        await second.run_all()
    async with engine.connect() as connection:
        kept = await connection.scalars(text("select tablename from pg_tables where schemaname = 'public'"))
        assert set(kept) == {"done"}
    await engine.dispose()


async def test_tasks_take_turns_and_one_that_fails_takes_its_own_only(
    fresh_database: FreshDatabase,
) -> None:
    """The loop runs one task a round, so that no round is long; a failure is the loop's to note and to go on from."""
    engine = create_async_engine(fresh_database().worker_url)
    clock = FixedClock(datetime(2020, 1, 20, tzinfo=UTC))
    turns: list[str] = []

    @asynccontextmanager
    async def open_unit() -> AsyncIterator[UnitOfWork]:
        async with engine.begin() as connection:
            yield UnitOfWork(connection, clock, Actor("service:x", "service:x", "r"), cast(Any, None))

    async def failing(uow: UnitOfWork) -> int:
        turns.append("failing")
        raise LookupError("calendar")

    async def idle(uow: UnitOfWork) -> int:
        turns.append("idle")
        return 0

    runner = ClockRunner("x", [ClockTask("failing", failing), ClockTask("idle", idle)], open_unit)
    for _ in range(2):
        with pytest.raises(LookupError):
            await runner.run_next()
        assert await runner.run_next() is False
    assert turns == ["failing", "idle"] * 2
    assert await ClockRunner("x", [], open_unit).run_next() is False
    await engine.dispose()
