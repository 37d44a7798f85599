"""Statements that go to the driver behave as those of the layer above: in the transaction, and when it is lost."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import bindparam, delete, func, literal, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from eventing.failures import is_transient
from eventing.raw import Composed, driver_of, given_back, raw_connection, sql_of


async def test_a_lost_connection_does_not_come_back_to_the_pool(world: Any) -> None:
    """A driver's error is not seen by the pool: without being told it would hand the dead connection out for ever."""
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        async with raw_connection(world.engine) as driver:
            await driver.execute("select pg_terminate_backend(pg_backend_pid())")
    async with raw_connection(world.engine) as driver:
        assert await driver.fetchval("select 1") == 1


async def test_a_connection_lost_in_a_transaction_does_not_come_back_either(world: Any) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is: it says that another try may do
        async with world.engine.connect() as connection, connection.begin(), given_back(connection):
            await (await driver_of(connection)).execute("select pg_terminate_backend(pg_backend_pid())")
    assert is_transient(raised.value)
    async with world.engine.connect() as connection:
        assert await connection.scalar(text("select 1")) == 1


async def test_a_transaction_left_open_by_a_cancelled_task_is_nobodys(world: Any) -> None:
    """Invariant 1: the next user of that connection would write into it, commit, and have committed nothing."""
    engine = create_async_engine(world.engine.url, pool_size=1, max_overflow=0)
    with pytest.raises(asyncio.CancelledError):
        async with raw_connection(engine) as driver:
            await driver.transaction().start()
            raise asyncio.CancelledError
    async with engine.connect() as connection:
        below: Any = (await connection.get_raw_connection()).driver_connection
        assert not below.is_in_transaction()
    await engine.dispose()


async def test_the_driver_works_within_the_callers_transaction(world: Any) -> None:
    """What is asked of the driver first must not commit by itself."""
    outbox = world.publisher.outbox
    await world.publish("kept")
    async with world.engine.connect() as connection:
        driver = await driver_of(connection)
        assert driver.is_in_transaction()
        assert await driver.execute(sql_of(delete(outbox), ())) == "DELETE 1"
        await connection.rollback()
    async with world.engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(outbox)) == 1


async def test_a_composed_statement_brings_its_own_constants(world: Any) -> None:
    """Parameters are placed by name; one that was not given is an error and never a null."""
    composed = Composed.of(select(bindparam("given", type_=func.now().type) == literal(1), literal("kept")))
    assert composed.with_(given=1)[1:].count("kept") == 1
    with pytest.raises(KeyError):
        composed.with_()
