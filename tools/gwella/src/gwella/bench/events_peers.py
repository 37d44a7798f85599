"""Our relay beside that of faststream-outbox and Debezium Server with its outbox router: same rows, same servers.

Each has an outbox table of the form that it asks for. Ours sends fifteen headers with an event, the peers key and
payload only. Ours and Debezium keep the order of a key; faststream-outbox does so with one worker.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import orjson
from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, func, select
from sqlalchemy.dialects.postgresql import JSONB

from eventing.outbox import OutboxRow
from eventing.raw import appending, driver_of
from gwella.bench import events_debezium
from gwella.bench.events_children import started, working
from gwella.bench.events_fetching import FASTSTREAM, PeerNotFetchedError, environment
from gwella.bench.events_process import Task
from gwella.bench.events_relays import Measured, Relay, measured
from gwella.bench.events_servers import Servers, Stored, fill
from gwella.bench.figures import Figure

AREA = "events: peers"
DEBEZIUM = "Debezium Server"
FASTSTREAM_ORDERED = "faststream-outbox, one worker"
FASTSTREAM_FAST = "faststream-outbox, 20 workers"
WORKERS = 20
_FASTSTREAM_SCRIPT = Path(__file__).with_name("events_faststream_relay.txt")
_FASTSTREAM_OUTBOX = Table(
    "outbox", MetaData(), Column("queue", Text), Column("payload", LargeBinary), Column("headers", JSONB)
)
_APPEND = appending(_FASTSTREAM_OUTBOX, ["queue", "payload", "headers"])


async def ours(servers: Servers) -> Measured:
    """Sequencer and shipper in a process of their own."""
    topic = await servers.topic("ours")
    async with servers.stored() as stored:
        task = Task("relay", stored.address.owner_url, servers.bootstrap, topic)

        async def write(rows: Sequence[OutboxRow]) -> None:
            await fill(stored, rows)

        relay = Relay("ours", topic, write, partial(working, task))
        return await measured(servers, relay, servers.sizes.relay_rows, servers.sizes.relay_rates)


async def _write_faststream(stored: Stored, rows: Sequence[OutboxRow]) -> None:
    """What its `publish` does: the row, and one NOTIFY a transaction."""
    values = {
        "queue": ["bench"] * len(rows),
        "payload": [row.data for row in rows],
        "headers": [orjson.dumps({"key": row.key}).decode() for row in rows],
    }
    async with stored.database.transaction() as connection:
        await (await driver_of(connection)).fetch(*_APPEND.with_(**values))
        await connection.execute(select(func.pg_notify("outbox_outbox", "bench")))


async def _faststream(servers: Servers, name: str, workers: int, part: int, rates: Sequence[int]) -> Measured:
    python = await asyncio.to_thread(environment, "faststream-outbox", FASTSTREAM)
    topic = await servers.topic("faststream")
    async with servers.stored() as stored:
        async with stored.database.transaction() as connection:
            # The database is new and ours has nothing in it: theirs has the same name, and other columns.
            await connection.run_sync(stored.published.outbox.drop)
        task = {
            "database_url": stored.address.owner_url, "bootstrap": servers.bootstrap, "topic": topic,
            "workers": workers,
        }  # fmt: skip
        running = partial(started, [str(python), str(_FASTSTREAM_SCRIPT)], task)
        relay = Relay(name, topic, partial(_write_faststream, stored), running)
        return await measured(servers, relay, max(1, servers.sizes.relay_rows // part), rates)


async def faststream_ordered(servers: Servers) -> Measured:
    """One worker keeps the order; each record is awaited, so a twentieth of the rows tells enough."""
    return await _faststream(servers, FASTSTREAM_ORDERED, 1, 20, ())


async def faststream_fast(servers: Servers) -> Measured:
    """Many workers: faster, and the events of a key overtake each other."""
    return await _faststream(servers, FASTSTREAM_FAST, WORKERS, 5, servers.sizes.relay_rates[:1])


async def debezium(servers: Servers) -> Measured:
    """Debezium Server, reading the log of the database."""
    topic = await servers.topic("debezium")
    async with servers.stored(extra=[events_debezium.OUTBOX]) as stored:
        running = partial(events_debezium.running, servers, stored, topic)
        relay = Relay(DEBEZIUM, topic, partial(events_debezium.write, stored.database), running)
        try:
            return await measured(servers, relay, servers.sizes.relay_rows, servers.sizes.relay_rates)
        finally:
            await events_debezium.forget(servers)


PEERS: Mapping[str, Callable[[Servers], Awaitable[Measured]]] = {
    FASTSTREAM_ORDERED: faststream_ordered, FASTSTREAM_FAST: faststream_fast, DEBEZIUM: debezium,
}  # fmt: skip


def of_ours(own: Measured) -> list[Figure]:
    """What our relay does by itself."""
    figures = [
        Figure(AREA, "our relay, warm", median(own.warm), "events/s"),
        Figure(AREA, "our relay, its first rows after a start", own.cold, "events/s"),
        Figure(AREA, "our relay, CPU", own.cpu, "µs/event"),
        Figure(AREA, "our relay, resident memory", own.memory, "MiB"),
    ]
    for rate, (p50, p99, p999) in own.latency.items():
        for name, value in (("p50", p50), ("p99", p99), ("p99.9", p999)):
            told = f"our relay, commit to topic at {rate:,}/s, {name}"
            figures.append(Figure(AREA, told, value, "ms", note=own.notes[rate]))
    return figures


def beside(own: Measured, peer: Measured) -> list[Figure]:
    """Ours over a peer's; of Debezium it is expected that ours is twice as fast when warm, and no later at p99."""
    strict = peer.name == DEBEZIUM
    figures = [
        Figure(
            AREA, "our relay, warm", median(own.warm), "events/s", median(peer.warm), peer.name,
            2.0 if strict else 1.0, note=f"its best turn {max(peer.warm):,.0f}, its first rows {peer.cold:,.0f}",
        ),
        Figure(AREA, "our relay, CPU", own.cpu, "µs/event", peer.cpu, peer.name),
        Figure(AREA, "our relay, resident memory", own.memory, "MiB", peer.memory, peer.name),
    ]  # fmt: skip
    for rate, (p50, p99, _) in peer.latency.items():
        told, note = f"our relay, commit to topic at {rate:,}/s", peer.notes[rate]
        own_p50, own_p99, _ = own.latency[rate]
        figures += [
            Figure(AREA, f"{told}, p50", own_p50, "ms", p50, peer.name, note=note),
            Figure(
                AREA, f"{told}, p99", own_p99, "ms", p99, peer.name, 1.0 if strict else None, "at most", note
            ),
        ]
    return figures


async def peers_beside(own: Measured, peers: Mapping[str, Callable[[], Awaitable[Measured]]]) -> list[Figure]:
    """Each peer that can be had; one that cannot is named with the reason."""
    figures: list[Figure] = []
    for name, of_peer in peers.items():
        try:
            figures += beside(own, await of_peer())
        except PeerNotFetchedError as reason:
            figures.append(Figure(AREA, f"beside {name}", None, "events/s", expected=1.0, note=str(reason)))
    return figures


async def measure(servers: Servers) -> list[Figure]:
    """Ours, then the peers."""
    own = await ours(servers)
    peers = {name: partial(of_peer, servers) for name, of_peer in PEERS.items()}
    return of_ours(own) + await peers_beside(own, peers)
