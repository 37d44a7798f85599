"""A relay or a consumer of the bench in a process of its own, as a service's role runs: `python -m` this module.

It reads one JSON object from its input (`Task`), says `ready`, and works until SIGTERM.
"""

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from eventing.consuming import Consumer
from eventing.envelope import Envelope
from eventing.reactions import Reaction, Unit, hears_all, reactions_of
from eventing.sequencer import LogTables, Sequencer
from eventing.shipping import Shipper
from eventing.tables import consumer_tables, publisher_tables
from eventing.transports.kafka import KafkaSettings, KafkaTransport
from gwella.bench.events_projection import in_batches
from service_kit.database import Database, new_metadata
from service_kit.known_schools import known_schools_table
from service_kit.process import FOLLOWING, settle, uvloop_run


@dataclass(frozen=True, slots=True)
class Task:
    """What to be: of which database and topic. A consumer keeps schools, a statement a batch, and writes
    when each effect was committed to `stamps`."""

    role: Literal["relay", "consumer"]
    database_url: str
    bootstrap: str
    topic: str
    stamps: str | None = None


@dataclass
class _Unit:
    """A transaction, and what it heard."""

    connection: AsyncConnection
    heard: list[str] = field(default_factory=list)


def _relay(task: Task, database: Database, transport: KafkaTransport) -> list[Sequencer | Shipper | Consumer]:
    published = publisher_tables(new_metadata())
    moved = asyncio.Event()
    log = LogTables(published.outbox, published.log, published.head)
    shipper = Shipper(
        database.engine, log=published.log, cursors=published.cursors, transport=transport, topic=task.topic,
        wake=moved, pace=FOLLOWING,
    )  # fmt: skip
    return [Sequencer(database.engine, log, moved=moved), shipper]


def _consumer(
    task: Task, database: Database, transport: KafkaTransport, stamps: list[tuple[float, list[str]]]
) -> list[Sequencer | Shipper | Consumer]:
    metadata = new_metadata()
    consumed, schools = consumer_tables(metadata), known_schools_table(metadata)

    @hears_all
    async def note(envelopes: Sequence[Envelope], unit: Unit) -> None:
        if isinstance(unit, _Unit):
            unit.heard += [envelope.id for envelope in envelopes]

    @asynccontextmanager
    async def open_unit() -> AsyncIterator[_Unit]:
        async with database.transaction() as connection:
            unit = _Unit(connection)
            yield unit
        if unit.heard:
            stamps.append((time.monotonic(), unit.heard))

    reactions: tuple[Reaction, ...] = in_batches(schools)
    if task.stamps is not None:
        reactions += reactions_of(note)
    return [
        Consumer(
            "bench", transport=transport, topics=[task.topic], reactions=reactions, open_unit=open_unit,
            tables=consumed,
        )
    ]  # fmt: skip


async def _work(task: Task) -> None:
    database = Database(task.database_url, pool_size=6)
    transport = KafkaTransport(KafkaSettings(task.bootstrap))
    stamps: list[tuple[float, list[str]]] = []
    if task.role == "relay":
        parts = _relay(task, database, transport)
    else:
        parts = _consumer(task, database, transport, stamps)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    settle()
    tasks = [asyncio.create_task(part.run()) for part in parts]
    print("ready", flush=True)
    await ended.wait()
    for part in parts:
        part.stop()
    await asyncio.gather(*tasks)
    await transport.close()
    await database.dispose()
    if task.stamps is not None:
        Path(task.stamps).write_text(json.dumps(stamps), encoding="utf-8")


if __name__ == "__main__":
    uvloop_run(_work(Task(**json.load(sys.stdin))))
