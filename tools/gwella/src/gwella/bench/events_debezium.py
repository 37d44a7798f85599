"""Debezium Server with its outbox event router: a process of its own, configured by one file of properties."""

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil
from sqlalchemy import Column, MetaData, Table, Text, Uuid, column, func, select, table

from eventing.outbox import OutboxRow
from eventing.raw import appending, driver_of
from gwella.bench.events_children import ended
from gwella.bench.events_fetching import debezium, java_21
from gwella.bench.events_servers import Servers, Stored
from service_kit.database import Database
from testkit.processes import ends_with_parent, free_port, last_lines

START_SECONDS = 120.0
SLOT = "bench_debezium"
# The form that the router asks for; rows stay, so it need not pass over deletions.
OUTBOX = Table(
    "debezium_outbox",
    MetaData(),
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("aggregatetype", Text, nullable=False),
    Column("aggregateid", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("payload", Text, nullable=False),
)
_APPEND = appending(OUTBOX, [column.name for column in OUTBOX.c])


async def write(database: Database, rows: Sequence[OutboxRow]) -> None:
    """Rows into its outbox, one transaction."""
    values = {
        "id": [row.event_id for row in rows],
        "aggregatetype": ["school"] * len(rows),
        "aggregateid": [row.key for row in rows],
        "type": [row.type for row in rows],
        "payload": [row.data.decode() for row in rows],
    }
    async with database.transaction() as connection:
        await (await driver_of(connection)).fetch(*_APPEND.with_(**values))


def _properties(servers: Servers, stored: Stored, topic: str, folder: Path) -> dict[str, str]:
    place = urlsplit(servers.postgres.superuser_url)
    source = {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "offset.storage.file.filename": str(folder / "offsets.dat"),
        "offset.flush.interval.ms": "1000",
        "database.hostname": "127.0.0.1",
        "database.port": str(place.port),
        "database.user": unquote(place.username or ""),
        "database.password": unquote(place.password or ""),
        "database.dbname": stored.address.name,
        "topic.prefix": "bench",
        "plugin.name": "pgoutput",
        "slot.name": SLOT,
        "publication.autocreate.mode": "filtered",
        "table.include.list": f"public.{OUTBOX.name}",
        "snapshot.mode": "no_data",
        # Half a second by default: looked at as often as ours looks.
        "poll.interval.ms": "10",
        "tombstones.on.delete": "false",
    }
    sink = {
        "bootstrap.servers": servers.bootstrap,
        "key.serializer": "org.apache.kafka.common.serialization.StringSerializer",
        "value.serializer": "org.apache.kafka.common.serialization.StringSerializer",
        "acks": "all",
        "enable.idempotence": "true",
        **({"compression.type": servers.settings.compression} if servers.settings.compression else {}),
    }
    return {
        **{f"debezium.source.{name}": value for name, value in source.items()},
        **{f"debezium.sink.kafka.producer.{name}": value for name, value in sink.items()},
        "debezium.sink.type": "kafka",
        "debezium.format.key": "simplestring",
        "debezium.format.value": "simplestring",
        "debezium.transforms": "outbox",
        "debezium.transforms.outbox.type": "io.debezium.transforms.outbox.EventRouter",
        "debezium.transforms.outbox.route.topic.replacement": topic,
        "quarkus.http.port": str(free_port()),
        "quarkus.http.host": "127.0.0.1",
        "quarkus.log.level": "WARN",
        "quarkus.log.console.json": "false",
    }


@asynccontextmanager
async def running(servers: Servers, stored: Stored, topic: str) -> AsyncIterator[psutil.Process]:
    """Debezium Server at work, its replication slot active. Raises PeerNotFetchedError, RuntimeError."""
    home, java = await asyncio.to_thread(debezium), await asyncio.to_thread(java_21)
    folder = servers.folder / "debezium"
    (folder / "config").mkdir(parents=True, exist_ok=True)
    properties = folder / "config" / "application.properties"
    lines = [f"{name}={value}\n" for name, value in _properties(servers, stored, topic, folder).items()]
    properties.touch(mode=0o600)
    properties.write_text("".join(lines), encoding="utf-8")
    runner = next(home.glob("*-runner.jar"))
    log = folder / "debezium.log"
    with log.open("ab") as output:
        child = subprocess.Popen(
            [str(java), "-Xmx512m", "-cp", f"{runner}:config:{home}/lib/*", "io.debezium.server.Main"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=ends_with_parent(signal.SIGTERM),  # noqa: PLW1509 - from the main thread
        )
    try:
        await _follows(child, stored, log)
        yield psutil.Process(child.pid)
    finally:
        await ended(child)


async def _follows(child: subprocess.Popen[bytes], stored: Stored, log: Path) -> None:
    slots = table("pg_replication_slots", column("slot_name"), column("active"))
    following = select(func.count()).select_from(slots).where(slots.c.slot_name == SLOT, slots.c.active)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        async with stored.database.transaction() as connection:
            if await connection.scalar(following):
                return
        await asyncio.sleep(0.05)
    raise RuntimeError(f"Debezium Server did not start; the end of its log:\n{last_lines(log, 40)}")


async def forget(servers: Servers) -> None:
    """Drops its replication slot: PostgreSQL would keep its own log for it, for ever."""
    database = Database(servers.postgres.superuser_url, pool_size=1)
    slots = table("pg_replication_slots", column("slot_name"))
    try:
        async with database.engine.begin() as connection:
            drop = select(func.pg_drop_replication_slot(slots.c.slot_name)).where(slots.c.slot_name == SLOT)
            await connection.execute(drop)
    finally:
        await database.dispose()
