"""The shipper: sends a log to a transport and moves its cursor behind it, fenced by a compare-and-set.

No transaction is open while the transport answers. Every event up to the cursor has arrived at least once; a batch
is encoded ahead and sent only when the one before it has arrived; so an event is never sent for the first time after
a later one of its key. A second shipper finds the cursor moved: its compare-and-set touches no row, it stops that
round and reads the cursor anew. It may have repeated an older batch behind a newer one, which inbox and last version
render harmless.
"""

import asyncio
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

import structlog
from opentelemetry import trace as otel
from sqlalchemy import (
    BigInteger,
    Double,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from eventing import metrics, trace
from eventing.envelope import kept_traceparent
from eventing.loop import Found, Health, Loop, Pace, heed_cancellation
from eventing.raw import raw_connection, sql_of
from eventing.transports.port import Record, Sending, Transport

_log = structlog.get_logger(__name__)

BATCH_ROWS: Final = 2_000
BATCH_BYTES: Final = 3_600 * 1024
"""Of a backlog: batches of 2,000 ship 1.6 times as fast as of 500. A transport cuts them into what its broker takes."""
RECORD_OVERHEAD: Final = 64
FENCED_REST: Final = 1.0
"""Seconds that a shipper stands back after it lost the cursor, so that a standby does not send everything twice."""
MEASURE_SECONDS: Final = 5.0


@dataclass(frozen=True)
class _Statements:
    """The shipper's SQL, composed once from its tables."""

    begin: str
    cursor: str
    read: str
    move: str
    waiting: str

    @classmethod
    def of(cls, log: Table, cursors: Table) -> "_Statements":
        name = bindparam("name", type_=Text)
        after = bindparam("after", type_=BigInteger)
        read = (
            select(log.c.position, log.c.key, log.c.headers, log.c.data)
            .where(log.c.position > after)
            .order_by(log.c.position)
            .limit(bindparam("limit", type_=Integer))
        )
        # Strictly forward: neither a rival nor a repeated call can take the cursor back.
        move = (
            update(cursors)
            .values(position=bindparam("to", type_=BigInteger), moved_at=func.clock_timestamp())
            .where(cursors.c.name == name, cursors.c.position == bindparam("held", type_=BigInteger))
            .returning(cursors.c.position)
        )
        begin = upsert(cursors).values(name=name).on_conflict_do_nothing()
        return cls(
            begin=sql_of(begin, ("name",)),
            cursor=sql_of(select(cursors.c.position).where(cursors.c.name == name), ("name",)),
            read=sql_of(read, ("after", "limit")),
            move=sql_of(move, ("to", "name", "held")),
            waiting=sql_of(_waiting(log, cursors), ("name",)),
        )


def _waiting(log: Table, cursors: Table) -> Select[Any]:
    """How many events wait, and the age of the oldest in seconds. Positions have no gaps: no need to count."""
    zero = literal_column("0", Integer)
    name = bindparam("name", type_=Text)
    held = func.coalesce(select(cursors.c.position).where(cursors.c.name == name).scalar_subquery(), zero)
    head = func.coalesce(select(func.max(log.c.position)).scalar_subquery(), zero)
    oldest = (
        select(log.c.recorded_at)
        .where(log.c.position > held)
        .order_by(log.c.position)
        .limit(literal_column("1"))
        .scalar_subquery()
    )
    age = cast(func.extract("epoch", func.clock_timestamp() - oldest), Double)
    return select(func.greatest(head - held, zero), func.greatest(func.coalesce(age, zero), zero))


@dataclass(frozen=True, slots=True)
class _Ready:
    """A batch that waits for its turn."""

    batch: list[Record]
    rest: list[Record]
    """Rows that were read with it and did not fit."""
    at_end: bool
    """Whether the log had no more rows than these."""
    send: Sending

    @property
    def last(self) -> int:
        """The position that the cursor takes once it has arrived."""
        return self.batch[-1].position


class Shipper:
    """Ships one log to one topic of a transport, in batches of at most `limit` rows and BATCH_BYTES."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        log: Table,
        cursors: Table,
        transport: Transport,
        topic: str,
        name: str | None = None,
        limit: int = BATCH_ROWS,
        wake: asyncio.Event | None = None,
        pace: Pace | None = None,
        tracer: otel.Tracer | None = None,
    ) -> None:
        self._engine = engine
        self._statements = _Statements.of(log, cursors)
        self._transport = transport
        self._topic = topic
        self._name = name or transport.name
        self._limit = limit
        self._tracer = tracer or otel.get_tracer("eventing")
        self._labels = {"shipper": f"{self._name}:{topic}"}
        self.loop = Loop(f"shipper:{self._name}:{topic}", self._round, wake=wake, pace=pace)

    async def run(self) -> None:
        """Runs until `stop`."""
        measuring = asyncio.create_task(self._measure_always(), name=f"measure {self.loop.health.name}")
        try:
            await self.loop.run()
        finally:
            measuring.cancel()
            await asyncio.gather(measuring, return_exceptions=True)

    async def _measure_always(self) -> None:
        """Beside the rounds: a round that waits for a broker that is away is just what is to be seen."""
        while True:
            try:
                async with raw_connection(self._engine) as connection:
                    lag, age = await connection.fetchrow(self._statements.waiting, self._name)
            except Exception as error:  # noqa: BLE001 - the rounds meet the same database and say more
                heed_cancellation()
                _log.info("not measured", shipper=self._name, error=type(error).__name__)
            else:
                metrics.gauge(metrics.SHIPPER_LAG, lag, self._labels)
                metrics.gauge(metrics.SHIPPER_AGE, age, self._labels)
            await asyncio.sleep(MEASURE_SECONDS)

    def stop(self) -> None:
        """Ends after the batch under way."""
        self.loop.stop()

    @property
    def health(self) -> Health:
        """How it is."""
        return self.loop.health

    async def _round(self) -> Found:
        """Ships from the cursor until the end of the log; the next batch is made ready while this one is answered."""
        cursor, rows = await self._begin()
        ready = await self._ready(rows, len(rows) < self._limit)
        worked = False
        while ready is not None and not self.loop.stopping:
            following = asyncio.create_task(self._following(ready))
            try:
                with self._traced(ready.batch):
                    await ready.send()
                mine = await self._move(cursor, ready.last)
            except BaseException:
                await _dropped(following)
                raise
            if not mine:
                await _dropped(following)
                await self._stand_back()
                return True
            cursor, worked = ready.last, True
            metrics.count(metrics.SHIPPED, len(ready.batch), self._labels)
            ready = await following
        return "all" if worked else False

    async def _ready(self, rows: list[Record], at_end: bool) -> "_Ready | None":
        """The first batch out of these rows, prepared; None where there are none."""
        if not rows:
            return None
        batch, rest = _cut(rows)
        return _Ready(batch, rest, at_end, await self._transport.prepare(self._topic, batch))

    async def _following(self, under_way: "_Ready") -> "_Ready | None":
        """What follows the batch under way: what is left of its rows, or the next rows of the log."""
        if under_way.rest:
            return await self._ready(under_way.rest, under_way.at_end)
        if under_way.at_end:
            return None
        async with raw_connection(self._engine) as connection:
            rows = await self._read(connection, under_way.last)
        return await self._ready(rows, len(rows) < self._limit)

    def _traced(self, batch: list[Record]) -> AbstractContextManager[None]:
        """A span in each trace that is kept of those whose events are sent; looked for in some only."""
        writers = trace.writers(kept_traceparent(record.headers) for record in batch[: trace.MOST])
        return trace.followed(
            self._tracer, f"publish {self._topic}", writers, otel.SpanKind.PRODUCER,
            attributes={"messaging.destination.name": self._topic},
        )  # fmt: skip

    async def _begin(self) -> tuple[int, list[Record]]:
        async with raw_connection(self._engine) as connection:
            cursor = await connection.fetchval(self._statements.cursor, self._name)
            if cursor is None:
                await connection.execute(self._statements.begin, self._name)
                cursor = await connection.fetchval(self._statements.cursor, self._name)
            rows = await self._read(connection, cursor)
        return cursor, rows

    async def _read(self, connection: Any, after: int) -> list[Record]:
        return list(map(Record._make, await connection.fetch(self._statements.read, after, self._limit)))

    async def _move(self, held: int, to: int) -> bool:
        async with raw_connection(self._engine) as connection:
            return await connection.fetchval(self._statements.move, to, self._name, held) is not None

    async def _stand_back(self) -> None:
        metrics.count(metrics.SHIPPER_FENCED, 1, self._labels)
        _log.info("another shipper moved the cursor", shipper=self._name, topic=self._topic)
        await self.loop.rest(FENCED_REST)


async def _dropped(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _cut(rows: list[Record]) -> tuple[list[Record], list[Record]]:
    """The rows that fit in BATCH_BYTES, at least one, and the rest."""
    size = 0
    for place, row in enumerate(rows):
        size += len(row.key) + len(row.headers) + len(row.data) + RECORD_OVERHEAD
        if size > BATCH_BYTES and place > 0:
            return rows[:place], rows[place:]
    return rows, []
