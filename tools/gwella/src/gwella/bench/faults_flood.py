"""A full outbox while the broker is away: memory of the relay stays flat, nothing is dropped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from contracts.events.registry import SchoolDetailsChanged
from contracts.identifiers import new_id
from eventing.envelope import envelope_of, packed_headers
from gwella.bench.faults_check import Findings, check, drained, stand
from gwella.bench.faults_place import Place
from gwella.bench.faults_writer import AUTHORITY, Written, writing
from service_kit.clock import SystemClock
from testkit.databases import with_database

MIB: Final = 1024 * 1024
SCHOOLS: Final = 500
FIRST: Final = 6_738_000
ROWS: Final = 10_000
_COLUMNS = ("event_id", "type", "key", "subject", "version", "headers", "data")


@dataclass(frozen=True)
class Flood:
    """What the relay held before and at most while `events` waited, in MiB, and what was found when all had arrived."""

    events: int
    before: float
    most: float
    away_seconds: float
    drained_seconds: float
    findings: Findings

    @property
    def growth(self) -> float:
        """In MiB."""
        return self.most - self.before


def flood(
    place: Place,
    written: Written,
    *,
    events: int,
    seconds: float,
    tell: Callable[[str], None],
    patience: float,
) -> Flood:
    """Stops the broker for at least `seconds`, fills the outbox with `events` meanwhile, and starts it again."""
    relay = place.members["registry-relay"]
    with writing(place.api, place.token, written):
        # Warm: its buffers are what they are when batches are full.
        _fill(place, written, 2_000)
        place.until(lambda: stand(place).drained or stand(place).exchange > 2_000, "the relay has shipped")
        before = most = relay.resident() / MIB
        place.kafka.stop()
        began = time.monotonic()
        for size in _sizes(events):
            _fill(place, written, size)
            most = max(most, relay.resident() / MIB)
        held = [most]

        def sequenced() -> bool:
            held.append(relay.resident() / MIB)
            now = stand(place)
            enough = time.monotonic() - began >= seconds
            return enough and now.sequenced - now.shipped >= events

        place.until(sequenced, f"{events} events wait in the log", patience)
        away = time.monotonic() - began
        tell(f"{events} waited {away:.0f} s; the relay held {before:.0f}, at most {max(held):.0f} MiB")
        place.kafka.restart()
    place.until_ready()
    drained_seconds = drained(place, written, patience)
    most = max(*held, relay.resident() / MIB)
    return Flood(events, before, most, away, drained_seconds, check(place, written))


def _sizes(events: int) -> Iterator[int]:
    while events > 0:
        yield min(events, ROWS)
        events -= ROWS


def _fill(place: Place, written: Written, number: int) -> None:
    """Writes events into the registry's outbox in one transaction, the next versions of schools of their own."""
    now, rows = SystemClock().now(), []
    for turn in range(number):
        school = str(FIRST + turn % SCHOOLS)
        version = written.told[school] = written.told.get(school, 0) + 1
        facts = {
            **SchoolDetailsChanged.EXAMPLE, "authority": AUTHORITY, "school": school, "school_number": school,
            "name": f"Ysgol {school}",
        }  # fmt: skip
        envelope = envelope_of(
            SchoolDetailsChanged.model_validate(facts), event_id=new_id(), key=school, version=version,
            subject=f"/schools/{school}", time=now, recorded_time=now,
        )  # fmt: skip
        rows.append(
            (
                envelope.id,
                envelope.type,
                school,
                envelope.subject,
                version,
                packed_headers(envelope),
                envelope.data,
            )
        )
    asyncio.run(_copy(with_database(place.postgres.superuser_url, "registry"), rows))


async def _copy(url: str, rows: Sequence[tuple[object, ...]]) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.copy_records_to_table("outbox", records=rows, columns=_COLUMNS)
    finally:
        await connection.close()
