"""What must be true once everything is drained, looked up in every database: each fault found is one sentence."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from gwella.bench.faults_place import PATIENCE_SECONDS, Place
from gwella.bench.faults_writer import Written
from testkit.databases import with_database

OPENED: Final = 2
"""The version of a school once it is open: registered, opened."""


@dataclass(frozen=True)
class Logged:
    """One event as a log shows it."""

    position: int
    event_id: str
    aggregate: str
    key: str
    version: int


@dataclass
class Findings:
    """What was found, by kind; all empty is what must be."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    events: int = 0

    @property
    def none(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.reordered or self.other)


@dataclass(frozen=True)
class Stand:
    """How far everything is: what the registry has written, and what has arrived."""

    written: int
    sequenced: int
    shipped: int
    exchange: int
    visits: int
    parked: int

    @property
    def drained(self) -> bool:
        """Whether nothing is under way."""
        return self.written == self.sequenced == self.shipped == self.exchange


def ask(place: Place, service: str, *queries: str) -> list[Any]:
    """Rows of each query in a service's database, as nobody's row-level policy shows them."""
    return asyncio.run(_ask(with_database(place.postgres.superuser_url, service), queries))


async def _ask(url: str, queries: Sequence[str]) -> list[Any]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return [await connection.fetch(query) for query in queries]
    finally:
        await connection.close()


def stand(place: Place) -> Stand:
    """Where everything stands now."""
    registry = ask(
        place, "registry",
        "select (select coalesce(max(position), 0) from log_head) + (select count(*) from outbox) as written,"
        " (select coalesce(max(position), 0) from log_head) as head,"
        " (select coalesce(max(position), 0) from cursors) as cursor",
    )[0][0]  # fmt: skip
    exchange = ask(
        place, "exchange",
        "select (select coalesce(max(position), 0) from changes_head) as head,"
        " (select count(*) from parked_events) + (select count(*) from pending_events) as parked",
    )[0][0]  # fmt: skip
    visits = ask(
        place, "visits",
        "select (select coalesce(max(position), 0) from last_versions) as position,"
        " (select count(*) from parked_events) + (select count(*) from pending_events) as parked",
    )[0][0]  # fmt: skip
    return Stand(
        registry["written"], registry["head"], registry["cursor"], exchange["head"], visits["position"],
        exchange["parked"] + visits["parked"],
    )  # fmt: skip


def check(place: Place, written: Written) -> Findings:
    """Compares what was acknowledged, the registry's records and log, the exchange's change log, visits' projection."""
    found = Findings(other=[f"refused: {answer}" for answer in written.refused])
    heads, known = _schools(place)
    people, entries = ask(
        place, "registry",
        "select name, count(distinct person_id) as times from person_slices group by name",
        "select position, event_id, split_part(type, '.', 4) as aggregate, key, version"
        " from event_log order by position",
    )  # fmt: skip
    log = [Logged(*row) for row in entries]
    found.events = len(log)
    _acknowledged(found, written, heads, people)
    _log(found, log)
    changes = ask(
        place, "exchange",
        "select position, event_id, split_part(type, '.', 4) as aggregate, key, version from changes"
        " where type like 'cymru.gwella.registry.%' order by position",
    )[0]  # fmt: skip
    compared(found, log, [Logged(*row) for row in changes])
    _projected(found, written, heads, known)
    parked = stand(place).parked
    found.other += [f"{parked} events parked or pending"] if parked else []
    return found


def _acknowledged(found: Findings, written: Written, heads: Sequence[Any], people: Sequence[Any]) -> None:
    versions = {row["id"]: row["version"] for row in heads}
    named = {row["name"]: row["times"] for row in people}
    found.lost += [f"school {number}" for number in written.schools if number not in versions]
    found.lost += [f"opening of {number}" for number in written.opened if versions.get(number, 0) < OPENED]
    found.doubled += [f"opening of {number}" for number in written.opened if versions.get(number, 0) > OPENED]
    found.lost += [name for name in written.people if name not in named]
    found.doubled += [f"{name} {times} times" for name, times in named.items() if times > 1]


def _log(found: Findings, log: Sequence[Logged]) -> None:
    """Positions from 1 without a gap; each event once; versions of an aggregate 1, 2, 3 in the log's order."""
    if [entry.position for entry in log] != list(range(1, len(log) + 1)):
        found.lost.append("the log has gaps")
    found.doubled += [
        f"{id_} in the log" for id_, times in Counter(e.event_id for e in log).items() if times > 1
    ]
    _in_order(found, log, "the log")


def compared(found: Findings, log: Sequence[Logged], changes: Sequence[Logged]) -> Findings:
    """The change log holds each event of the log exactly once, those of an aggregate in the same order."""
    arrived = Counter(entry.event_id for entry in changes)
    found.lost += [f"{e.aggregate} {e.key} {e.version}" for e in log if e.event_id not in arrived]
    found.doubled += [f"{id_} in the change log" for id_, times in arrived.items() if times > 1]
    _in_order(found, changes, "the change log")
    return found


def _in_order(found: Findings, entries: Sequence[Logged], where: str) -> None:
    versions: dict[tuple[str, str], list[int]] = defaultdict(list)
    for entry in entries:
        versions[entry.aggregate, entry.key].append(entry.version)
    for (aggregate, key), seen in versions.items():
        if seen != sorted(seen):
            found.reordered.append(f"{aggregate} {key} in {where}: {seen}")
        if sorted(set(seen)) != list(range(1, max(seen) + 1)):
            found.lost.append(f"{aggregate} {key} in {where} has holes: {seen}")


def _projected(found: Findings, written: Written, heads: Sequence[Any], known: Sequence[Any]) -> None:
    """Visits knows every school of the register as its last event told of it."""
    told = {row["number"]: (row["told"], row["status"]) for row in known}
    expected = {row["id"]: row["version"] for row in heads} | written.told
    for number, version in expected.items():
        reached, status = told.get(number, (0, ""))
        if reached != version or (number not in written.told and version == OPENED and status != "open"):
            found.lost.append(f"school {number} in visits: {reached} {status}, of {version}")


def drained(place: Place, written: Written, patience: float = PATIENCE_SECONDS) -> float:
    """Waits until all that was written has arrived; gives the seconds. Raises FaultsError."""

    def arrived() -> bool:
        if not stand(place).drained:
            return False
        told = Findings()
        _projected(told, written, *_schools(place))
        return not told.lost

    return place.until(arrived, "everything written has arrived", patience)


def _schools(place: Place) -> tuple[Sequence[Any], Sequence[Any]]:
    """The register's schools, and what visits was told of them."""
    heads = ask(place, "registry", "select id, version from schools")[0]
    return heads, ask(place, "visits", "select number, status, told from known_schools")[0]
