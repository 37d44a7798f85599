"""Failure between services: nothing is lost, nothing is done twice, and what waits can be seen and is counted.

The register and visits publish as they do: an outbox, a sequencer, a log, a shipper with its cursor. Brokerage reacts.
Everything runs on the local transport and on Kafka; each test has schools and findings of its own, because the topics
of one broker outlive a test.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from pydantic import SecretStr
from sqlalchemy import func, select, update

import brokerage.service
import registry.service
import visits.service
from brokerage.storage.tables import known_findings, known_schools
from contracts.event import Event
from contracts.events.registry import SchoolDetailsChanged, SchoolFacts, SchoolRegistered
from contracts.events.visits import FindingPublished
from contracts.identifiers import new_id
from eventing import metrics, outbox
from eventing.envelope import envelope_of
from eventing.transports.kafka import KafkaSettings, KafkaTransport
from eventing.transports.local import LocalTransport
from eventing.transports.port import Transport
from service_kit.app import create_app
from service_kit.clock import SystemClock
from service_kit.migrations.upgrade import migrate
from service_kit.process import Runtime
from service_kit.service import Service
from service_kit.settings import Settings
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase
from testkit.tokens import TokenFactory

pytestmark = pytest.mark.kafka

TOKENS = TokenFactory()
BROKERAGE = brokerage.service.service
_numbers = count(6_738_000)


def new_school() -> str:
    """The number of a school that no other test has told of."""
    return str(next(_numbers))


async def eventually(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Waits until something holds; fails with `what` after half a minute."""
    for _ in range(600):
        if await holds():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"never: {what}")


@dataclass
class Publisher:
    """A service that publishes: its relay runs on its own database."""

    service: Service
    settings: Settings
    transport: Transport
    versions: dict[str, int] = field(default_factory=dict)
    runtime: Runtime | None = None

    async def start(self) -> None:
        self.runtime = Runtime(self.service, self.settings, self.transport, SystemClock())
        await self.runtime.start(["relay"])

    async def stop(self) -> None:
        if self.runtime is not None:
            await self.runtime.stop()
            self.runtime = None

    async def tell(self, event: Event, key: str) -> None:
        """Writes an event as a use case does: into the outbox, in a transaction."""
        assert self.runtime is not None
        assert self.runtime.worker is not None
        assert self.service.foundation is not None
        self.versions[key] = self.versions.get(key, 0) + 1
        now = SystemClock().now()
        envelope = envelope_of(
            event, event_id=new_id(), key=key, version=self.versions[key], subject=f"/{event.AGGREGATE}s/{key}",
            time=now, recorded_time=now,
        )  # fmt: skip
        async with self.runtime.worker.transaction() as connection:
            row = outbox.OutboxRow.of(envelope)
            await outbox.append(connection, self.service.foundation.published.outbox, [row])

    async def scalar(self, query: Any) -> Any:
        assert self.runtime is not None
        assert self.runtime.worker is not None
        async with self.runtime.worker.transaction() as connection:
            return await connection.scalar(query)


@dataclass
class Region:
    """The register and visits, which publish, and brokerage, which reacts and answers."""

    registry: Publisher
    visits: Publisher
    settings: Settings
    transport: Transport
    client: httpx.AsyncClient
    reader: InMemoryMetricReader
    runtime: Runtime | None = None

    async def start_brokerage(self) -> None:
        self.runtime = Runtime(BROKERAGE, self.settings, self.transport, SystemClock())
        await self.runtime.start(["consumer"])

    async def stop_brokerage(self) -> None:
        if self.runtime is not None:
            await self.runtime.stop()
            self.runtime = None

    async def ask(self, method: str, path: str, role: str, body: Any = None, **of: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKENS.token(role, **of)}", "Idempotency-Key": new_id()}
        return await self.client.request(method, path, headers=headers, json=body)

    async def backlog(self) -> tuple[int, int]:
        """Pending and parked, as the operator sees them."""
        answer = await self.ask("GET", "/v1/consumers/brokerage/backlog", "operator")
        assert answer.status_code == 200, answer.text
        return answer.json()["pending"], answer.json()["parked"]

    def measured(self, metric: metrics.Metric) -> float | None:
        """The last value of one of brokerage's gauges, or the sum of a counter."""
        data = self.reader.get_metrics_data()
        found = [
            point.value
            for resource in (data.resource_metrics if data is not None else ())
            for scope in resource.scope_metrics
            for measured in scope.metrics
            if measured.name == metric.name
            for point in measured.data.data_points
            if point.attributes.get("consumer") == "brokerage"
        ]
        return sum(found) if found else None

    async def told_of(self, school: str, event: type[SchoolFacts] = SchoolRegistered, **facts: Any) -> None:
        given = {
            **SchoolRegistered.EXAMPLE, "authority": school[:3], "school": school, "school_number": school,
            "name": f"School {school}", **facts,
        }  # fmt: skip
        await self.registry.tell(event.model_validate(given), school)

    async def published(self, school: str | None, finding_id: str | None = None) -> str:
        """Visits publishes a finding; gives its id."""
        id_ = finding_id or new_id()
        facts = {
            **FindingPublished.EXAMPLE, "finding_id": id_, "visit_id": new_id(), "school": school,
            "authority": school[:3] if school else None,
        }  # fmt: skip
        await self.visits.tell(FindingPublished.model_validate(facts), id_)
        return id_

    async def requested(self, school: str, finding_id: str) -> httpx.Response:
        body = {"finding_id": finding_id, "specialism": "teaching", "days": 2, "need": "Paired teaching."}
        head = {"school": school, "person_id": f"person-head-{school}"}
        return await self.ask("POST", "/v1/support-requests", "head", body, **head)

    async def rows(self, query: Any) -> Sequence[Any]:
        assert self.runtime is not None
        assert self.runtime.worker is not None
        async with self.runtime.worker.transaction() as connection:
            return (await connection.execute(query)).all()

    async def knows_finding(self, finding_id: str) -> bool:
        return await self.how_often(finding_id) > 0

    async def how_often(self, finding_id: str) -> int:
        query = select(known_findings.c.finding_id).where(known_findings.c.finding_id == finding_id)
        return len(await self.rows(query))

    async def knows_school(self, school: str, status: str = "open") -> bool:
        columns = known_schools.c
        query = select(columns.number).where(columns.number == school, columns.status == status)
        return bool(await self.rows(query))


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemoryMetricReader]:
    """What the backbone measures during one test."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    monkeypatch.setattr(metrics.otel, "get_meter", provider.get_meter)
    metrics._instrument.cache_clear()
    yield reader
    metrics._instrument.cache_clear()
    provider.shutdown()


@pytest.fixture(params=["local", "kafka"])
async def transports(request: pytest.FixtureRequest) -> AsyncIterator[Sequence[Transport]]:
    """The transports of the register, of visits and of brokerage: one bus, or a client each of the session's broker."""
    if request.param == "local":
        local = LocalTransport({topic: frozenset({"brokerage"}) for topic in BROKERAGE.hears})
        yield [local, local, local]
        await local.close()
        return
    broker = request.getfixturevalue("kafka")
    settings = KafkaSettings(broker.bootstrap_servers, fetch_max_wait_ms=10, partitions=4)
    each = [KafkaTransport(settings) for _ in range(3)]
    yield each
    for one in each:
        await one.close()


def settings_for(service: Service, migrated_database: MigratedDatabase) -> Settings:
    async def migrated(database: ServiceDatabase) -> None:
        await migrate(database.owner_url, service)

    migrated.__qualname__ = f"migrated.{service.name}"
    urls = migrated_database(service.name, migrated)
    return Settings(
        database_url=SecretStr(urls.api_url),
        worker_database_url=SecretStr(urls.worker_url),
        cursor_secret=SecretStr("a secret of this test"),
        drain_seconds=5,
    )


@pytest.fixture
async def region(
    transports: Sequence[Transport], migrated_database: MigratedDatabase, reader: InMemoryMetricReader
) -> AsyncIterator[Region]:
    """All three run."""
    async with AsyncExitStack() as stack:
        publishers = []
        for service, transport in (
            (registry.service.service, transports[0]),
            (visits.service.service, transports[1]),
        ):
            publisher = Publisher(service, settings_for(service, migrated_database), transport)
            await publisher.start()
            stack.push_async_callback(publisher.stop)
            publishers.append(publisher)
        settings = settings_for(BROKERAGE, migrated_database)
        app = create_app(BROKERAGE, settings, authenticate=TOKENS.bearer())
        await stack.enter_async_context(app.router.lifespan_context(app))
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://brokerage")
        await stack.enter_async_context(client)
        made = Region(publishers[0], publishers[1], settings, transports[2], client, reader)
        await made.start_brokerage()
        stack.push_async_callback(made.stop_brokerage)
        yield made


async def test_a_finding_published_while_brokerage_is_down_is_taken_when_it_is_back(region: Region) -> None:
    """Down, then up: the event waits at the publisher or at the broker, in no memory of a process."""
    school = new_school()
    await region.told_of(school)
    await eventually(lambda: region.knows_school(school), "the school is known")
    await region.stop_brokerage()
    finding = await region.published(school)
    outbox_depth = select(func.count()).select_from(visits.service.service.foundation.published.outbox)

    async def sequenced() -> bool:
        return await region.visits.scalar(outbox_depth) == 0

    await eventually(sequenced, "visits has the finding in its log")
    assert (await region.requested(school, finding)).status_code == 422  # not known of yet
    await region.start_brokerage()
    await eventually(lambda: region.knows_finding(finding), "brokerage takes the finding")
    assert (await region.requested(school, finding)).status_code == 201
    assert await region.backlog() == (0, 0)


async def test_a_finding_of_a_school_that_was_not_announced_waits_in_sight(region: Region) -> None:
    """It is pending: at the operator's endpoint, in the metric; the announcement of the school brings it in."""
    school = new_school()
    finding = await region.published(school)

    async def waits() -> bool:
        return await region.backlog() == (1, 0)

    async def counted() -> bool:
        return region.measured(metrics.PENDING) == 1

    await eventually(waits, "the operator sees what waits")
    await eventually(counted, "the metric counts what waits")
    assert not await region.knows_finding(finding)
    await region.told_of(school)
    await eventually(lambda: region.knows_finding(finding), "the announcement brings the finding in")
    assert await region.backlog() == (0, 0)
    assert (await region.requested(school, finding)).status_code == 201


async def test_the_same_event_twice_has_one_effect(region: Region) -> None:
    """A shipper that dies between the broker's answer and its own cursor sends again: brokerage has one effect."""
    school = new_school()
    await region.told_of(school)
    finding = await region.published(school)
    await eventually(lambda: region.knows_finding(finding), "brokerage takes the finding")
    before = region.measured(metrics.CONSUMED) or 0
    cursors = visits.service.service.foundation.published.cursors
    assert region.visits.runtime is not None
    assert region.visits.runtime.worker is not None
    async with region.visits.runtime.worker.transaction() as connection:
        moved = await connection.execute(update(cursors).values(position=0))
        assert moved.rowcount == 1

    async def again() -> bool:
        return (region.measured(metrics.CONSUMED) or 0) > before

    await region.visits.stop()
    await region.visits.start()
    await eventually(again, "the finding arrives a second time")
    assert await region.how_often(finding) == 1
    assert await region.backlog() == (0, 0)
    assert (await region.requested(school, finding)).status_code == 201


async def test_events_of_a_school_that_closed_are_kept_and_nothing_new_begins(region: Region) -> None:
    """What visits publishes after the closing is history of the school: kept, never parked; new support is refused."""
    school = new_school()
    await region.told_of(school)
    await region.told_of(school, SchoolDetailsChanged, status="closed", valid_from="2020-01-10")
    await eventually(lambda: region.knows_school(school, "closed"), "the school is known to be closed")
    finding = await region.published(school)
    await eventually(lambda: region.knows_finding(finding), "the finding of the closed school is kept")
    await region.told_of(
        school, SchoolDetailsChanged, status="closed", valid_from="2020-03-01", name="Renamed"
    )

    async def renamed() -> bool:
        query = select(known_schools.c.name, known_schools.c.closed_from).where(
            known_schools.c.number == school
        )
        return [(row.name, str(row.closed_from)) for row in await region.rows(query)] == [
            ("Renamed", "2020-01-10")
        ]

    await eventually(renamed, "a later detail is kept and does not move the day of the closing")
    refused = await region.requested(school, finding)
    assert (refused.status_code, refused.json()["code"]) == (409, "school_is_closed")
    assert await region.backlog() == (0, 0)


async def test_what_cannot_be_handled_is_parked_in_sight_and_the_others_pass(region: Region) -> None:
    """A fault of one event stops neither its topic nor its consumer; the operator sees it and decides on it."""
    school = new_school()
    await region.told_of(school)
    broken = await region.published(None)
    finding = await region.published(school)
    await eventually(lambda: region.knows_finding(finding), "the finding behind the broken one passes")

    async def parked() -> bool:
        return await region.backlog() == (0, 1) and region.measured(metrics.PARKED) == 1

    await eventually(parked, "the operator and the metric see the parked event")
    listed = await region.ask("GET", "/v1/consumers/brokerage/parked-events", "operator")
    (event,) = listed.json()["items"]
    assert (event["key"], event["reason"], event["type"]) == (broken, "failed", FindingPublished.TYPE)
    assert (await region.ask("GET", "/v1/consumers/brokerage/parked-events", "head")).status_code == 403
    given_up = {"number": event["number"], "reason": "It names no school."}
    answer = await region.ask("POST", "/v1/consumers/brokerage/discards", "operator", given_up)
    assert answer.status_code == 200, answer.text
    assert await region.backlog() == (0, 0)
