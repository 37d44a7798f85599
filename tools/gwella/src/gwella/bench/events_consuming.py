"""Consumption with inbox, order per key and last versions, beside a bare consumer that runs the same SQL of the effect.

Two effects of the suite's own: the projection of schools that most services keep, one statement an event, and the
change log of the exchange, one statement a batch. The bare consumer knows neither duplicates nor order nor poison.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from aiokafka import AIOKafkaConsumer
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events.registry import SchoolRegistered
from eventing.consuming import BATCH_ROWS, Consumer
from eventing.envelope import Envelope, from_headers
from eventing.outbox import OutboxRow
from eventing.reactions import Reaction, Unit, hears_all, reactions_of
from eventing.transports.kafka import KafkaTransport
from eventing.transports.port import Record
from exchange.storage.change_log import append_changes
from exchange.storage.tables import changes_outbox
from gwella.bench.events_servers import BATCH, Servers, Stored, school_events
from gwella.bench.figures import Figure
from service_kit.known_schools import keep_school, keeping_schools

AREA = "events: consumer"
Apply = Callable[[AsyncConnection, Sequence[Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect, as a reaction and as what a bare consumer does with the messages of a batch."""

    name: str
    reactions: tuple[Reaction, ...]
    apply: Apply
    part: int
    """One of how many rows is measured: one statement an event is slow, with and without us."""


@dataclass
class _Taken:
    """How many were taken, and from when to when, in seconds of the clock and of our CPU."""

    number: int = 0
    began: float = 0.0
    ended: float = 0.0
    cpu_began: float = 0.0
    cpu_ended: float = 0.0

    def start(self) -> None:
        if not self.number:
            self.began, self.cpu_began = time.monotonic(), time.process_time()

    def took(self, number: int) -> None:
        self.number += number
        self.ended, self.cpu_ended = time.monotonic(), time.process_time()

    def rates(self) -> tuple[float, float]:
        """Events a second, and microseconds of our CPU for each."""
        return self.number / (self.ended - self.began), 1e6 * (self.cpu_ended - self.cpu_began) / self.number


@dataclass(frozen=True, slots=True)
class _Unit:
    connection: AsyncConnection


def _effects(stored: Stored) -> list[Effect]:
    @hears_all
    async def keep_change(envelopes: Sequence[Envelope], unit: Unit) -> None:
        await append_changes(unit.connection, envelopes)

    async def schools(connection: AsyncConnection, messages: Sequence[Any]) -> None:
        for message in messages:
            version = int(dict(message.headers)["ce_sequence"])
            event = SchoolRegistered.model_validate_json(message.value)
            await keep_school(stored.schools, connection, version, event)

    async def changes(connection: AsyncConnection, messages: Sequence[Any]) -> None:
        await append_changes(connection, [from_headers(one.headers, one.value) for one in messages])

    return [
        Effect("projection of schools", reactions_of(keeping_schools(stored.schools)), schools, 8),
        Effect("change log of the exchange", reactions_of(keep_change), changes, 1),
    ]


async def _ours(servers: Servers, stored: Stored, topic: str, effect: Effect, number: int) -> _Taken:
    taken, done = _Taken(), asyncio.Event()
    heard = 0

    @hears_all
    async def count(envelopes: Sequence[Envelope], unit: Unit) -> None:
        nonlocal heard
        heard += len(envelopes)

    @asynccontextmanager
    async def open_unit() -> AsyncIterator[_Unit]:
        nonlocal heard
        # Set anew by each until one has taken something: what comes before the first batch does not count.
        taken.start()
        async with stored.database.transaction() as connection:
            yield _Unit(connection)
        if heard:
            taken.took(heard)
            heard = 0
            if taken.number >= number:
                done.set()

    transport = KafkaTransport(servers.settings)
    consumer = Consumer(
        f"bench-{time.monotonic_ns()}", transport=transport, topics=[topic], open_unit=open_unit,
        reactions=(*effect.reactions, *reactions_of(count)), tables=stored.consumed,
    )  # fmt: skip
    running = asyncio.create_task(consumer.run())
    await done.wait()
    consumer.stop()
    await running
    await transport.close()
    return taken


async def _bare(servers: Servers, stored: Stored, topic: str, effect: Effect, number: int) -> _Taken:
    taken = _Taken()
    client = AIOKafkaConsumer(
        topic, bootstrap_servers=servers.bootstrap, group_id=f"bare-{time.monotonic_ns()}",
        auto_offset_reset="earliest", fetch_max_wait_ms=servers.settings.fetch_max_wait_ms,
    )  # fmt: skip
    await client.start()
    try:
        while taken.number < number:
            found = await client.getmany(timeout_ms=500, max_records=BATCH_ROWS)
            messages = [message for of_partition in found.values() for message in of_partition]
            taken.start()
            if messages:
                async with stored.database.transaction() as connection:
                    await effect.apply(connection, messages)
                taken.took(len(messages))
    finally:
        await client.stop()
    return taken


async def publish(servers: Servers, topic: str, rows: Sequence[OutboxRow]) -> None:
    """Puts events on a topic as the shipper would."""
    transport = KafkaTransport(servers.settings)
    for at in range(0, len(rows), BATCH):
        batch = rows[at : at + BATCH]
        await transport.publish(
            topic, [Record(at + n, r.key, r.headers, r.data) for n, r in enumerate(batch, 1)]
        )
    await transport.close()


async def _compared(servers: Servers, stored: Stored, effect: Effect) -> list[Figure]:
    ours: list[tuple[float, float]] = []
    bare: list[tuple[float, float]] = []
    topic, number = await servers.topic("consumed"), servers.sizes.rows // effect.part
    await publish(servers, topic, school_events(number))
    for _ in range(servers.sizes.turns):
        for kind, found in ((_bare, bare), (_ours, ours)):
            # What the turn before left behind would make this one's updates of it.
            async with stored.database.transaction() as connection:
                await connection.execute(stored.schools.delete())
                await connection.execute(changes_outbox.delete())
            found.append((await kind(servers, stored, topic, effect, number)).rates())
    rate, bare_rate = (median(turn[0] for turn in turns) for turns in (ours, bare))
    cpu, bare_cpu = (median(turn[1] for turn in turns) for turns in (ours, bare))
    other = "bare aiokafka and the same SQL"
    return [
        Figure(AREA, effect.name, rate, "events/s", bare_rate, other, 0.7),
        Figure(AREA, f"{effect.name}, CPU", cpu, "µs/event", bare_cpu, other),
    ]


async def measure(servers: Servers) -> list[Figure]:
    """Each effect over a topic of its own, ours and bare in turns."""
    async with servers.stored(extra=[changes_outbox]) as stored:
        return [figure for effect in _effects(stored) for figure in await _compared(servers, stored, effect)]
