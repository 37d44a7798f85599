"""Replay: a projection rebuilt from the whole topic, as `gwella replay` does, after a consumer has handled all of it.

The services' own projection of schools: as they rebuild it, and as they keep it from event to event.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from eventing.reactions import Reaction, reactions_of
from eventing.replaying import Replay
from eventing.transports.kafka import KafkaTransport
from gwella.bench.events_children import working
from gwella.bench.events_consuming import publish
from gwella.bench.events_end_to_end import consumed
from gwella.bench.events_process import Task
from gwella.bench.events_servers import Servers, Stored, school_events
from gwella.bench.figures import Figure
from service_kit.database import Database
from service_kit.known_schools import keeping_schools, keeping_together
from service_kit.process import settle

AREA = "events: replay"


@dataclass(frozen=True, slots=True)
class _Unit:
    connection: AsyncConnection


async def _rate(servers: Servers, stored: Stored, topic: str, reactions: Sequence[Reaction]) -> float:
    settle()  # as every process of a service does before it works
    transport, own = KafkaTransport(servers.settings), Database(stored.address.owner_url, pool_size=1)
    history = await transport.history([topic])
    try:
        replay = Replay(
            "bench", stored.consumed, tables=[stored.schools], reactions=reactions, history=history, unit_on=_Unit
        )  # fmt: skip
        replayed = await replay.run(own.engine)
    finally:
        await history.close()
        await transport.close()
        await own.dispose()
    if not replayed.equal:
        raise RuntimeError(
            f"the projection was rebuilt with {replayed.mended} rows that differ from the live ones"
        )
    return replayed.applied / replayed.seconds


async def _handled(servers: Servers, stored: Stored, number: int) -> str:
    """A topic of so many events, all of which the consumer `bench` has handled."""
    topic = await servers.topic("replayed")
    await publish(servers, topic, school_events(number))
    async with working(Task("consumer", stored.address.owner_url, servers.bootstrap, topic)):
        await consumed(stored, number)
    return topic


async def measure(servers: Servers) -> list[Figure]:
    """Both ways of keeping the table, over the same topic; each replay must find the live rows equal."""
    async with servers.stored() as stored:
        topic = await _handled(servers, stored, servers.sizes.rows)
        batches = await _rate(servers, stored, topic, keeping_together(stored.schools))
        single = await _rate(servers, stored, topic, reactions_of(keeping_schools(stored.schools)))
    return [
        Figure(AREA, "schools rebuilt, a batch at a time", batches, "events/s", expected=20_000),
        Figure(AREA, "the same kept event by event", single, "events/s"),
    ]
