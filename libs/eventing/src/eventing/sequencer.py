"""The sequencer: moves outbox rows into a log, numbered without gaps in the order of their commits.

A number drawn by a writer does not say when it commits, so tailing an outbox by identity loses events, and waiting
for all older transactions delivers one aggregate's events in the wrong order. Here one transaction locks the single
row of the head, takes the lowest rows that are committed and numbers them on from the head. Nobody can see n+1 before
n, rivals take turns at the lock, and nothing is elected. docs/decisions tells what was rejected.

The same code serves the event log, the audit log (with a chained hash) and exchange's change log: see `LogTables`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    Integer,
    Select,
    Table,
    Update,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from eventing import metrics
from eventing.bell import Bell
from eventing.loop import Found, Health, Loop, Pace
from eventing.raw import Composed, driver_of, raw_connection, sql_of

MEASURE_SECONDS: Final = 5.0
BATCH_ROWS: Final = 2_000
"""Rows a transaction: 48,000 rows/s at 100, 126,000 at 500, 206,000 at 2,000, and the lock is held accordingly."""


@dataclass(frozen=True, slots=True)
class Chained:
    """A column of the log computed over the rows in order, each value from the one before.

    `expression(rows, seed)` gives the window expression, for instance `chain(seed, rows.c.digest) over (order by
    rows.c.seq)`; `seed` is the head's column `column`, which receives the last value with every batch.
    """

    column: str
    expression: Callable[[FromClause, ColumnElement[Any]], ColumnElement[Any]]


@dataclass(frozen=True)
class LogTables:
    """Which outbox is moved into which log under which head, and what is computed on the way.

    `carried` names the columns copied from outbox to log (default: all that both have). `chained` columns exist in
    log and head.
    """

    outbox: Table
    log: Table
    head: Table
    carried: tuple[str, ...] = ()
    chained: tuple[Chained, ...] = ()

    def columns(self) -> list[str]:
        """Names of the columns copied as they are."""
        if self.carried:
            return list(self.carried)
        computed = {column.column for column in self.chained} | {"seq", "position"}
        return [c.name for c in self.outbox.c if c.name in self.log.c and c.name not in computed]

    def __hash__(self) -> int:
        """By the log's identity: statements are composed once per log."""
        return id(self.log)


def _lock(head: Table) -> Select[tuple[int]]:
    return select(head.c.position).with_for_update()


@lru_cache(maxsize=32)
def _composed(tables: LogTables) -> tuple[Composed, str, Composed]:
    """Making the head, locking it and moving, as the driver takes them: the layer above would cost more than they."""
    begin = upsert(tables.head).values(position=0).on_conflict_do_nothing()
    return Composed.of(begin), sql_of(_lock(tables.head), ()), Composed.of(_move(tables))


def _move(tables: LogTables) -> Update:
    outbox, log, head = tables.outbox, tables.log, tables.head
    names = tables.columns()
    # ARRAY(SELECT ...) is worked out first, so the delete always goes through the index, however large the outbox.
    lowest = select(outbox.c.seq).order_by(outbox.c.seq).limit(bindparam("limit", type_=Integer))
    moved = (
        delete(outbox)
        .where(outbox.c.seq == any_(func.array(lowest.scalar_subquery())))
        .returning(outbox.c.seq, *(outbox.c[name] for name in names))
        .cte("moved")
    )
    position = head.c.position + func.row_number().over(order_by=moved.c.seq)
    chained = [c.expression(moved, head.c[c.column]).label(c.column) for c in tables.chained]
    numbered = (
        select(position.label("position"), *(moved.c[name] for name in names), *chained)
        .select_from(moved.join(head, true()))
        .cte("numbered")
    )
    into = ["position", *names, *(c.column for c in tables.chained)]
    written = insert(log).from_select(
        into, select(*(numbered.c[name] for name in into)), include_defaults=False
    )
    last = [name for name in into if name == "position" or name not in names]
    newest = numbered.c.position.desc()
    values = {name: select(numbered.c[name]).order_by(newest).limit(1).scalar_subquery() for name in last}
    return (
        update(head)
        .values(values)
        .where(exists(select(numbered.c.position)))
        .returning(head.c.position)
        .add_cte(written.cte("written"))
    )


@dataclass(frozen=True)
class _Idle:
    """What an idle sequencer asks."""

    waiting: str
    depth: str

    @classmethod
    def of(cls, outbox: Table) -> "_Idle":
        oldest = (
            select(outbox.c.recorded_at).order_by(outbox.c.seq).limit(literal_column("1")).scalar_subquery()
        )
        spread = select(
            func.max(outbox.c.seq) - func.min(outbox.c.seq) + literal_column("1")
        ).scalar_subquery()
        age = cast(func.extract("epoch", func.clock_timestamp() - oldest), Double)
        zero = literal_column("0", Integer)
        depth = select(func.coalesce(spread, zero), func.coalesce(age, zero))
        return cls(sql_of(select(exists(select(outbox.c.seq))), ()), sql_of(depth, ()))


async def sequence(connection: AsyncConnection, tables: LogTables, limit: int = BATCH_ROWS) -> int:
    """Moves up to `limit` rows in the caller's transaction, which must then commit at once. Returns how many."""
    return await _sequence(await driver_of(connection), tables, limit)


async def _sequence(driver: Any, tables: LogTables, limit: int) -> int:
    """The same for an asyncpg connection in a transaction.

    The lock is a statement of its own: the statement that moves then sees everything that the previous holder of
    the lock committed, which a single statement's older snapshot would not.
    """
    begin, lock, move = _composed(tables)
    head = await driver.fetchval(lock)
    if head is None:
        await driver.fetch(*begin.with_())
        head = await driver.fetchval(lock)
    moved_to = await driver.fetchval(*move.with_(limit=limit))
    return 0 if moved_to is None else int(moved_to) - int(head)


class Sequencer:
    """The loop around `sequence`. Any number may run on one log; they take turns.

    `wake` (an event set by writers after their commit) spares the sleep in one process; `moved`, when given, is set
    after each batch and wakes the shipper.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        tables: LogTables,
        *,
        limit: int = BATCH_ROWS,
        wake: asyncio.Event | None = None,
        moved: asyncio.Event | Bell | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._engine = engine
        self._tables = tables
        self._statements = _Idle.of(tables.outbox)
        self._limit = limit
        self._moved = moved
        self._full = False
        self._measured_at = 0.0
        self._labels = {"log": tables.log.name}
        self.loop = Loop(f"sequencer:{tables.log.name}", self._round, wake=wake, pace=pace)

    async def run(self) -> None:
        """Runs until `stop`."""
        await self.loop.run()

    def stop(self) -> None:
        """Ends after the batch under way."""
        self.loop.stop()

    @property
    def health(self) -> Health:
        """How it is."""
        return self.loop.health

    async def _round(self) -> Found:
        async with raw_connection(self._engine) as driver:
            await self._measure(driver)
            # An idle look takes no lock: locking the head some fifty times a second would write for nothing.
            if not self._full and not await driver.fetchval(self._statements.waiting):
                return False
            async with driver.transaction():
                moved = await _sequence(driver, self._tables, self._limit)
        self._full = moved == self._limit
        if moved:
            metrics.count(metrics.SEQUENCED, moved, self._labels)
            if self._moved is not None:
                self._moved.set()
        if self._full:
            return True
        return "all" if moved else False

    async def _measure(self, connection: Any) -> None:
        now = monotonic()
        if now - self._measured_at < MEASURE_SECONDS:
            return
        self._measured_at = now
        depth, age = await connection.fetchrow(self._statements.depth)
        metrics.gauge(metrics.OUTBOX_DEPTH, depth, self._labels)
        metrics.gauge(metrics.OUTBOX_AGE, age, self._labels)
