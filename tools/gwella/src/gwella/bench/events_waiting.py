"""Memory with a million events waiting: of a relay behind its outbox, of a consumer behind its topic, of PostgreSQL."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
from sqlalchemy import (
    BigInteger,
    Text,
    bindparam,
    cast,
    func,
    insert,
    literal,
    select,
)

from eventing.envelope import header_list
from gwella.bench.events_children import working
from gwella.bench.events_end_to_end import consumed
from gwella.bench.events_process import Task
from gwella.bench.events_servers import KEYS, Ends, Servers, Stored, school_events
from gwella.bench.figures import Figure

AREA = "events: waiting"
MIB = 1024 * 1024
LOOK_SECONDS = 0.1


@dataclass
class Peak:
    """The most that some processes ever held within the block, MiB: resident, or private of all together."""

    process: psutil.Process
    tree: bool = False
    most: float = 0.0
    _task: asyncio.Task[None] | None = field(default=None)

    async def __aenter__(self) -> "Peak":
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *failed: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def held(self) -> float:
        """Now."""
        if not self.tree:
            return float(self.process.memory_info().rss) / MIB
        private = 0
        for process in [self.process, *self.process.children()]:
            with suppress(psutil.NoSuchProcess):
                private += process.memory_full_info().uss
        return private / MIB

    async def _watch(self) -> None:
        while True:
            self.most = max(self.most, self.held())
            await asyncio.sleep(LOOK_SECONDS * (10 if self.tree else 1))


async def _fill(stored: Stored, number: int) -> None:
    """As many copies of one event, each with id, key and version of its own, made by PostgreSQL itself."""
    outbox = stored.published.outbox
    row = school_events(1)[0]
    n = func.generate_series(1, bindparam("number", number, type_=BigInteger)).column_valued("n")
    event_id = func.md5(cast(n, Text))
    key = func.concat("673", func.lpad(cast(n % KEYS, Text), 4, "0"))
    version = n // KEYS + 1
    own = {
        "ce_id": event_id,
        "ce_correlationid": event_id,
        "ce_partitionkey": key,
        "ce_sequence": cast(version, Text),
    }
    parts = [
        part
        for name, value in header_list(row.headers, None)
        for part in (literal(name), own.get(name, literal(value.decode())))
    ]
    data = func.convert_to(func.replace(row.data.decode(), row.key, key), "UTF8")
    headers = func.convert_to(func.concat_ws(func.chr(31), *parts), "UTF8")
    made = select(
        event_id, literal(row.type), key, literal(row.subject), version, headers, data
    )  # fmt: skip
    names = ["event_id", "type", "key", "subject", "version", "headers", "data"]
    async with stored.database.transaction() as connection:
        await connection.execute(insert(outbox).from_select(names, made, include_defaults=False))


async def measure(servers: Servers) -> list[Figure]:
    """The relay works off an outbox, then the consumer the topic; what each held at its start is the baseline."""
    waiting = servers.sizes.waiting
    topic = await servers.topic("waiting")
    postgres = Peak(psutil.Process(servers.postgres.pid), tree=True)
    figures = []
    async with servers.stored() as publisher, servers.stored() as consumer, postgres:
        await _fill(publisher, waiting)
        before = postgres.held()
        relay = Task("relay", publisher.address.owner_url, servers.bootstrap, topic)
        async with working(relay) as process:
            idle = Peak(process).held()
            async with Peak(process) as peak:
                await Ends(servers.bootstrap, topic).reached(waiting)
        figures.append(_figure(f"relay with {waiting:,} in its outbox, most", peak.most, idle))
        reader = Task("consumer", consumer.address.owner_url, servers.bootstrap, topic)
        async with working(reader) as process:
            idle = Peak(process).held()
            async with Peak(process) as peak:
                await consumed(consumer, waiting)
        figures.append(_figure(f"consumer behind {waiting:,}, most", peak.most, idle))
    name = "PostgreSQL meanwhile, private memory, most"
    return [*figures, Figure(AREA, name, postgres.most, "MiB", before, "before")]


def _figure(name: str, most: float, idle: float) -> Figure:
    return Figure(AREA, name, most, "MiB", idle, "the same process at its start", 1.5, "at most")
