"""A database that has heard of things before it is migrated: what was heard is in the chain, and its body's (X-06)."""

import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from alembic import command
from sqlalchemy import Connection, column, insert, select, table
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from contracts.event import Event
from contracts.events.brokerage import InterestDeclared
from contracts.events.brokerage_commissions import CommissionPlaced, DeliveryLogged
from contracts.events.brokerage_providers import ProviderRegistered
from contracts.events.governance import AgendaItemAdded, MemberAppointed
from contracts.events.governance_decisions import ResolutionMoved
from exchange.domain.chain import Told, last_told
from exchange.service import service
from exchange.storage.body_seats import body_seats
from exchange.storage.chain_tables import chain_records
from exchange.storage.tables import changes
from service_kit.clock import SystemClock
from service_kit.database import Database
from service_kit.migrations.upgrade import configuration, migrate
from testkit.fixtures import FreshDatabase

sys.path.insert(0, str(Path(__file__).parent))

from chain_story import story

OLD = table(
    "changes",
    *(
        column(name)
        for name in (
            "position", "event_id", "type", "aggregate", "key", "subject", "version", "change", "data_class",
            "authority", "school", "time", "data",
        )
    ),
)  # fmt: skip


def sides() -> list[tuple[Event, str]]:
    """A conflict of interest and a delivery as they were told before: without the side of their provider."""
    of_then = dict.fromkeys(("provider_school", "provider_authority"))
    interest = InterestDeclared.model_validate({**InterestDeclared.EXAMPLE, **of_then})
    provider = ProviderRegistered.EXAMPLE | {"person_id": "person-1"}
    commission = {**CommissionPlaced.EXAMPLE, "commission_id": "commission-2"}
    log = {**DeliveryLogged.EXAMPLE, **of_then, "provider_id": None, "commission_id": "commission-2"}
    return [
        (ProviderRegistered.model_validate(provider), ProviderRegistered.EXAMPLE["provider_id"]),
        (interest, "interest-1"),
        (CommissionPlaced.model_validate(commission), "commission-2"),
        (DeliveryLogged.model_validate(log), "delivery-2"),
    ]


def heard() -> list[dict[str, Any]]:
    """The story, an exempt item with its resolution and a seat, as the log had them before it knew of bodies."""
    item = AgendaItemAdded.model_validate({**AgendaItemAdded.EXAMPLE, "exempt_paragraph": 14})
    exempt = ResolutionMoved.model_validate(
        {**ResolutionMoved.EXAMPLE, "agenda_item_id": "item-1", "about": None}
    )
    seat = MemberAppointed.model_validate({**MemberAppointed.EXAMPLE, "sees_exempt": True})
    facts = [*story(), (item, "item-1"), (exempt, "exempt-1"), (seat, "seat-1"), *sides()]
    versions: Counter[str] = Counter()
    rows = []
    for position, (event, key) in enumerate(facts, 1):
        versions[key] += 1
        rows.append(
            {
                "position": position,
                "event_id": f"event-{position}",
                "type": event.TYPE,
                "aggregate": f"{event.PUBLISHER}.{event.AGGREGATE}",
                "key": key,
                "subject": f"/{event.AGGREGATE}s/{key}",
                "version": versions[key],
                "change": event.CHANGE.value,
                # As it was written down then: by the type alone.
                "data_class": event.DATA_CLASS.value,
                "authority": event.authority,
                "school": event.school,
                "time": SystemClock().now(),
                "data": event.model_dump_json().encode(),
            }
        )
    return rows


@asynccontextmanager
async def reading(
    fresh_database: FreshDatabase, rows: list[dict[str, Any]]
) -> AsyncIterator[AsyncConnection]:
    """A database that had heard this before it was migrated."""
    urls = fresh_database("exchange")

    def before(connection: Connection) -> None:
        command.upgrade(configuration(service.version_folders, connection), "exchange_0004")
        connection.execute(insert(OLD), rows)

    engine = create_async_engine(urls.owner_url)
    async with engine.begin() as connection:
        await connection.run_sync(before)
    await engine.dispose()
    await migrate(urls.owner_url, service)

    database = Database(urls.worker_url)
    async with database.transaction() as connection:
        yield connection
    await database.dispose()


async def test_what_was_heard_before_is_kept_by_the_same_rule(fresh_database: FreshDatabase) -> None:
    """X-06, E-15: the chain is rebuilt from the log; entries on exempt items become confidential, seats are known."""
    rows = heard()
    async with reading(fresh_database, rows) as connection:
        kept = {
            row["reference"]: dict(row)
            for row in (await connection.execute(select(chain_records))).mappings()
        }
        logged = (await connection.execute(select(changes.c.key, changes.c.body, changes.c.data_class))).all()
        seats = (await connection.execute(select(body_seats.c.body, body_seats.c.sees_exempt))).all()
    told = [
        Told(
            row["aggregate"],
            row["key"],
            row["version"],
            row["subject"],
            row["data_class"],
            orjson.loads(row["data"]),
        )
        for row in rows
    ]
    expected = {row["reference"]: row for row in last_told(told)}
    expected["resolutions:exempt-1"]["data_class"] = "confidential"
    assert kept == expected
    assert ("item-1", "csc_joint_committee", "confidential") in logged
    assert ("exempt-1", "csc_joint_committee", "confidential") in logged
    assert {row.data_class for row in logged if row.key == "resolution-2"} == {"public"}
    assert [tuple(row) for row in seats] == [("csc_joint_committee", True)]


async def test_what_was_heard_before_has_its_second_side(fresh_database: FreshDatabase) -> None:
    """E-15: also where the event of then carried ids alone; a conflict of interest is internal, as its record is."""
    async with reading(fresh_database, heard()) as connection:
        both = {
            row.key: tuple(row)[1:]
            for row in await connection.execute(
                select(
                    changes.c.key,
                    changes.c.other_authority,
                    changes.c.other_school,
                    changes.c.other_person,
                    changes.c.data_class,
                )
            )
        }
    of_provider = ("681", "6812093", "person-1", "internal")
    assert {both[key] for key in ("interest-1", "commission-2", "delivery-2", "offer-1")} == {of_provider}
    assert both["request-1"][:3] == (None, None, None)
