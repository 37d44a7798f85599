"""The sequencer: gap-free positions, rivals that take turns, nothing moved by halves."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Column, LargeBinary, MetaData, Text, func, insert, select, text

from eventing import log
from eventing.sequencer import Chained, LogTables, sequence
from eventing.tables import head_table, log_table, outbox_table


async def _positions(world: Any) -> list[int]:
    async with world.engine.connect() as connection:
        rows = await connection.execute(select(world.publisher.log.c.position).order_by(text("1")))
        return list(rows.scalars())


async def test_moves_the_lowest_rows_and_numbers_them_on(world: Any) -> None:
    written = await world.publish("a", "b", "a")
    async with world.engine.begin() as connection:
        assert await sequence(connection, world.log, 2) == 2
    async with world.engine.begin() as connection:
        assert await sequence(connection, world.log, 2) == 1
        assert await sequence(connection, world.log, 2) == 0
        entries = await log.read(connection, world.publisher.log, 0, 10)
        assert await log.head(connection, world.publisher.log) == 3
    assert [entry.position for entry in entries] == [1, 2, 3]
    assert [entry.envelope() for entry in entries] == [e.at(n) for n, e in enumerate(written, 1)]
    assert await world.count(world.publisher.outbox) == 0


async def test_an_uncommitted_lower_number_is_not_lost_and_leaves_no_gap(world: Any) -> None:
    async with world.engine.connect() as early, world.engine.begin() as later:
        await world.change(early, "early")  # draws the lower number
        await world.change(later, "later")
        await later.commit()
        async with world.engine.begin() as connection:
            assert await sequence(connection, world.log) == 1
        await early.commit()
    async with world.engine.begin() as connection:
        assert await sequence(connection, world.log) == 1
        entries = await log.read(connection, world.publisher.log, 0, 10)
    assert [(entry.position, entry.key) for entry in entries] == [(1, "later"), (2, "early")]


async def test_rivals_take_turns(world: Any) -> None:
    await world.publish(*[f"k{n}" for n in range(600)])

    async def move() -> int:
        total = 0
        while True:
            async with world.engine.begin() as connection:
                moved = await sequence(connection, world.log, 50)
            total += moved
            if not moved:
                return total

    totals = await asyncio.gather(*(move() for _ in range(4)))
    assert sum(totals) == 600
    assert sum(1 for total in totals if total) > 1, "no rivalry was tried"
    assert await _positions(world) == list(range(1, 601))


async def test_a_rolled_back_round_moves_nothing(world: Any) -> None:
    await world.publish("a")
    async with world.engine.connect() as connection:
        assert await sequence(connection, world.log) == 1
        await connection.rollback()
    assert await _positions(world) == []
    assert await world.count(world.publisher.outbox) == 1


async def test_kill_between_the_statements_leaves_all_or_nothing(world: Any) -> None:
    """The connection of a sequencer is ended after its lock and after its move: the next one starts clean."""
    await world.publish("a", "b")
    for moves in (False, True):
        async with world.engine.connect() as victim:
            await victim.execute(select(world.publisher.head).with_for_update())
            if moves:
                await sequence(victim, world.log)
            pid = (await victim.execute(select(func.pg_backend_pid()))).scalar_one()
            async with world.engine.connect() as killer:
                await killer.execute(select(func.pg_terminate_backend(pid)))
            await victim.invalidate()
        assert await _positions(world) == []
    async with world.engine.begin() as connection:
        assert await sequence(connection, world.log) == 2
    assert await _positions(world) == [1, 2]


async def test_the_loop_moves_and_wakes_the_shipper(world: Any) -> None:
    moved = asyncio.Event()
    sequencer = world.sequencer(moved=moved)
    world.start(sequencer)
    await world.publish("a")
    async with asyncio.timeout(5):
        await moved.wait()
    assert sequencer.health.ok
    await world.stop()
    assert not sequencer.health.running


@pytest.fixture
def chained() -> tuple[MetaData, LogTables]:
    metadata = MetaData()

    def columns() -> list[Column[Any]]:
        return [Column("entry", LargeBinary, nullable=False)]

    outbox = outbox_table(metadata, "audit_outbox", columns())
    target = log_table(metadata, "audit_log", [*columns(), Column("chain", Text, nullable=False)])
    head = head_table(metadata, "audit_head", [Column("chain", Text, server_default="seed", nullable=False)])
    link = Chained(
        "chain",
        lambda rows, seed: (
            seed + func.string_agg(func.encode(rows.c.entry, "escape"), "").over(order_by=rows.c.seq)
        ),
    )
    return metadata, LogTables(outbox, target, head, chained=(link,))


async def test_another_log_with_a_chained_column(world: Any, chained: tuple[MetaData, LogTables]) -> None:
    """Each value follows from the one before, also across batches: what the audit's hash chain needs."""
    metadata, tables = chained
    async with world.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        for entry in (b"a", b"b", b"c"):
            await connection.execute(insert(tables.outbox).values(entry=entry))
    for expected in (2, 1, 0):
        async with world.engine.begin() as connection:
            assert await sequence(connection, tables, 2) == expected
    async with world.engine.connect() as connection:
        rows = await connection.execute(
            select(tables.log.c.position, tables.log.c.chain).order_by(tables.log.c.position)
        )
        assert [tuple(row) for row in rows] == [(1, "seeda"), (2, "seedab"), (3, "seedabc")]
        head = await connection.execute(select(tables.head.c.chain, tables.head.c.position))
        assert head.one() == ("seedabc", 3)
