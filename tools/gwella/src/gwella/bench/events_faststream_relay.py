"""The relay of faststream-outbox, run by the Python of an environment of its own; nothing of ours is imported here.

Reads one JSON object from its input: `database_url`, `bootstrap`, `topic`, `workers`. Makes the outbox table by the
library's own means, says `ready`, and relays until SIGTERM. Key and payload only: not the fifteen headers of ours.
"""

import asyncio
import json
import logging
import signal
import sys

from faststream.kafka import KafkaBroker, KafkaResponse  # type: ignore[import-not-found,unused-ignore]
from faststream_outbox import OutboxBroker, make_outbox_table  # type: ignore[import-not-found,unused-ignore]
from faststream_outbox.annotations import OutboxMessage  # type: ignore[import-not-found,unused-ignore]
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import create_async_engine

BATCH = 500
FLUSH = 100


async def _relay(task: dict[str, str | int]) -> None:
    metadata = MetaData()
    table = make_outbox_table(metadata, table_name="outbox")
    workers = int(task["workers"])
    engine = create_async_engine(str(task["database_url"]), pool_size=workers + 4)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    outbox = OutboxBroker(engine, outbox_table=table, logger=None)
    kafka = KafkaBroker(str(task["bootstrap"]), acks="all", enable_idempotence=True, logger=None)

    @kafka.publisher(str(task["topic"]))  # type: ignore[untyped-decorator,unused-ignore]
    @outbox.subscriber(  # type: ignore[untyped-decorator,unused-ignore]
        "bench",
        max_workers=workers,
        fetch_batch_size=BATCH,
        terminal_flush_batch_size=FLUSH,
        min_fetch_interval=0.01,
        max_fetch_interval=0.25,
    )
    async def relay(message: OutboxMessage) -> KafkaResponse:
        return KafkaResponse(message.body, key=message.headers["key"].encode())

    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await kafka.connect()
    await kafka.start()
    await outbox.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await ended.wait()
    await outbox.stop()
    await kafka.stop()
    await engine.dispose()


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.run(_relay(json.load(sys.stdin)))
