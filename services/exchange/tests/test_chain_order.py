"""The same events in any order across the services give the same chain, also heard twice (X-06, E-10)."""

import asyncio
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.data_class import DataClass
from contracts.identifiers import new_id
from eventing.envelope import Envelope, envelope_of
from exchange.domain.chain import STEP_OF, Told, last_told
from exchange.service import service
from exchange.storage.chain_tables import chain_records
from exchange.usecases.keep_chain import keep_records
from exchange.usecases.read_chain import Chain, read_chain
from exchange.usecases.read_changes import Shown
from service_kit.clock import SystemClock
from service_kit.database import Database
from service_kit.migrations.upgrade import migrate
from service_kit.policy.scope import ALL_ROWS
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase

sys.path.insert(0, str(Path(__file__).parent))

from chain_story import FINDING, story

EVERYTHING = [Shown(tuple(STEP_OF), data_class, ALL_ROWS) for data_class in DataClass]


def by_record() -> list[list[Envelope]]:
    """The story as envelopes, record by record: only within one of these is the order given."""
    now = SystemClock().now()
    told: dict[tuple[str, str], list[Envelope]] = defaultdict(list)
    for event, key in story():
        own = told[event.AGGREGATE, key]
        own.append(
            envelope_of(
                event, event_id=new_id(), key=key, version=len(own) + 1, subject=f"/{event.AGGREGATE}s/{key}",
                time=now, recorded_time=now,
            )
        )  # fmt: skip
    return list(told.values())


STORY = by_record()
HAPPENED = [one for events in STORY for one in events]


@st.composite
def interleavings(draw: st.DrawFn) -> list[list[Envelope]]:
    """Batches of every event: any order across records, the order of each kept, and some of them heard again."""
    waiting = [list(events) for events in STORY]
    heard: list[Envelope] = []
    for pick in draw(st.permutations([place for place, events in enumerate(STORY) for _ in events])):
        heard.append(waiting[pick].pop(0))
    for again in draw(st.lists(st.sampled_from(range(len(heard))), max_size=8)):
        heard.insert(draw(st.integers(again + 1, len(heard))), heard[again])
    cuts = sorted(draw(st.sets(st.integers(1, len(heard) - 1), max_size=6)))
    return [heard[first:last] for first, last in zip([0, *cuts], [*cuts, len(heard)], strict=True)]


async def kept(connection: AsyncConnection) -> list[dict[str, Any]]:
    """The whole projection."""
    rows = await connection.execute(select(chain_records).order_by(chain_records.c.aggregate))
    return sorted((dict(row) for row in rows.mappings()), key=lambda row: row["reference"])


def migrated(database: ServiceDatabase) -> Any:
    """Fills the session's template."""
    return migrate(database.owner_url, service)


def test_any_order_across_records_gives_the_same_chain(migrated_database: MigratedDatabase) -> None:
    """E-10: order is promised per aggregate only, so a reference may precede its target; repeats change nothing."""
    urls = migrated_database("exchange", migrated)
    expected: list[Chain] = []

    async def hear(batches: list[list[Envelope]]) -> Chain:
        database = Database(urls.worker_url)
        try:
            async with database.transaction() as connection:
                await connection.execute(delete(chain_records).where(true()))
            for batch in batches:
                async with database.transaction() as connection:
                    await keep_records(connection, batch)
            async with database.transaction() as connection:
                told = [
                    Told(e.aggregate, e.key, e.version, e.subject, e.data_class, _data(e)) for e in HAPPENED
                ]
                rebuilt = sorted(last_told(told), key=lambda row: row["reference"])
                assert await kept(connection) == rebuilt
                found = await read_chain(connection, FINDING, EVERYTHING)
        finally:
            await database.dispose()
        assert found is not None
        return found

    expected.append(asyncio.run(hear([HAPPENED])))

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(interleavings())
    def same(batches: list[list[Envelope]]) -> None:
        assert asyncio.run(hear(batches)) == expected[0]

    same()
    assert [len(links) for _, links in expected[0].steps] == [1, 1, 1, 1, 1, 1, 1, 3, 1, 2, 0]


def _data(envelope: Envelope) -> Any:
    return orjson.loads(envelope.data)
