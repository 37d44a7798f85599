"""The table of known schools kept event by event and batch by batch: the same rows, whatever is told in which order."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.events.registry import SchoolDetailsChanged
from contracts.identifiers import new_id
from eventing.envelope import Envelope, envelope_of
from service_kit.database import new_metadata
from service_kit.known_schools import keeping_schools, keeping_together, known_schools_table

START = datetime(2026, 9, 1, tzinfo=UTC)
Told = list[tuple[SchoolDetailsChanged, Envelope]]


def _told(chance: Random, number: int) -> Told:
    """Details of three schools: open and closed, of days that end, also with versions that were told before."""
    told = []
    for _ in range(number):
        school = f"673211{chance.randint(1, 3)}"
        closed = chance.random() < 0.6
        facts = {
            **SchoolDetailsChanged.EXAMPLE,
            "school_number": school,
            "name": f"Ysgol {chance.randint(1, 99)}",
            "status": "closed" if closed else "open",
            "valid_from": chance.choice([None, date(2020, chance.randint(1, 12), 1).isoformat()]),
            "valid_to": chance.choice([None, None, None, "2022-01-01"]),
        }
        event = SchoolDetailsChanged.model_validate(facts)
        envelope = envelope_of(
            event, event_id=new_id(), key=school, version=chance.randint(1, 30), subject=f"/schools/{school}",
            time=START, recorded_time=START,
        )  # fmt: skip
        told.append((event, envelope))
    return told


@pytest.mark.parametrize("seed", range(12))
async def test_batches_keep_what_single_events_keep(fresh_database: Callable[..., Any], seed: int) -> None:
    metadata = new_metadata()
    known = known_schools_table(metadata)
    alone = keeping_schools(known)
    together = keeping_together(known)[0].together
    assert together is not None
    engine = create_async_engine(fresh_database().owner_url)
    chance = Random(seed)
    told = _told(chance, 60)
    rows = select(known).order_by(known.c.number)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        unit = SimpleNamespace(connection=connection)
        for event, envelope in told:
            await alone(event, envelope, unit)
        one_by_one = (await connection.execute(rows)).all()
        await connection.execute(delete(known))
        while told:
            some = chance.randint(1, 20)
            await together(told[:some], unit)
            told = told[some:]
        assert (await connection.execute(rows)).all() == one_by_one
        assert one_by_one
    await engine.dispose()
