"""One trace from the HTTP request through outbox, log and transport to the projection; metrics as the catalogue says.

Issue 3, "Telemetry". Exporters in memory, everything else as it runs: two services on their databases, the relay of
one, the consumer of the other, the gateway before both, the local transport and a real Kafka.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from typing import cast

import httpx
import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from pydantic import SecretStr
from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

import exchange.service
import gateway.service
import registry.service
from eventing import metrics as backbone
from eventing.loop import Pace
from eventing.metrics import Metric
from eventing.shipping import Shipper
from eventing.transports.kafka import KafkaSettings, KafkaTransport
from eventing.transports.local import LocalTransport
from eventing.transports.port import Record, Sending, Transport
from gateway.api.install import install_upstreams
from service_kit import metrics
from service_kit.app import create_app
from service_kit.clock import SystemClock
from service_kit.migrations.upgrade import migrate
from service_kit.process import Runtime
from service_kit.service import Service
from service_kit.settings import Settings
from service_kit.telemetry import Discreet, configure_telemetry, instrument_app
from testkit.databases import ServiceDatabase
from testkit.fixtures import FreshDatabase
from testkit.kafka import Kafka
from testkit.tokens import TokenFactory
from testkit.whole_suite import served

AUTHORITY = {"authority": "673", "gss_code": "W06000014", "name_en": "Vale", "name_cy": "Bro Morgannwg"}
TOKENS = TokenFactory()


@dataclass
class Watching:
    """What was exported, in memory."""

    spans: InMemorySpanExporter
    reader: InMemoryMetricReader

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans.get_finished_spans() if span.name == name]

    def points(self) -> dict[str, set[str]]:
        """The attributes that the points of each metric bear."""
        data = self.reader.get_metrics_data()
        found: dict[str, set[str]] = {}
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics if not scope.scope.name.startswith("opentelemetry.sdk") else ():
                    borne = found.setdefault(metric.name, set())
                    for point in metric.data.data_points:
                        borne.update(point.attributes or ())
        return found

    def metrics(self) -> set[str]:
        """The names of what was measured."""
        return set(self.points())


@pytest.fixture(scope="module")
def watching() -> Iterator[Watching]:
    """Tracing of this process, every trace kept. It can be set up once in a process, so it is stopped afterwards."""
    spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
    telemetry = configure_telemetry(
        service="test", ratio=1, processors=[SimpleSpanProcessor(Discreet(spans))], readers=[reader]
    )
    yield Watching(spans, reader)
    telemetry.shutdown()


@pytest.fixture(params=["local", "kafka"])
async def transports(request: pytest.FixtureRequest) -> AsyncIterator[Sequence[Transport]]:
    """The transport of the publisher and that of the consumer."""
    if request.param == "local":
        local = LocalTransport({registry.service.service.topic: frozenset({"exchange"})})
        yield [local, local]
        await local.close()
        return
    kafka: Kafka = request.getfixturevalue("kafka")
    settings = KafkaSettings(kafka.bootstrap_servers, fetch_max_wait_ms=10, partitions=4)
    both = [KafkaTransport(settings), KafkaTransport(settings)]
    yield both
    for one in both:
        await one.close()


async def started(
    stack: AsyncExitStack,
    service: Service,
    transport: Transport,
    roles: Sequence[str],
    fresh_database: Callable[[str], ServiceDatabase],
) -> httpx.AsyncClient:
    database: ServiceDatabase = fresh_database(service.name)
    await migrate(database.owner_url, service)
    settings = Settings(
        database_url=SecretStr(database.api_url),
        worker_database_url=SecretStr(database.worker_url),
        cursor_secret=SecretStr("known to this test"),
    )
    runtime = Runtime(service, settings, transport, SystemClock())
    await runtime.start(roles)
    stack.push_async_callback(runtime.stop)
    app = create_app(service, settings, authenticate=TOKENS.bearer(), runtime=runtime)
    instrument_app(app)
    await stack.enter_async_context(app.router.lifespan_context(app))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=f"http://{service.name}")
    client.headers["Authorization"] = f"Bearer {TOKENS.token('operator')}"
    return await stack.enter_async_context(client)


async def fronted(stack: AsyncExitStack, *behind: httpx.AsyncClient) -> httpx.AsyncClient:
    """The gateway before some services, each on a port of its own."""
    urls, documents = {}, {}
    for client in behind:
        name, transport = client.base_url.host, client._transport
        assert isinstance(transport, httpx.ASGITransport)
        urls[name] = await stack.enter_async_context(served(transport.app))
        documents[name] = (await client.get("/openapi.json")).json()
    front = replace(gateway.service.service, install=lambda app: install_upstreams(app, documents))
    app = create_app(front, Settings(upstreams=urls, trace_ratio=1), authenticate=TOKENS.bearer())
    url = await stack.enter_async_context(served(app))
    client = httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {TOKENS.token('operator')}"})
    return await stack.enter_async_context(client)


async def heard(client: httpx.AsyncClient, request_id: str) -> str:
    """Waits until the feed has the event of a request; gives its type."""
    async with asyncio.timeout(30):
        after = 0
        while True:
            page = (await client.get("/v1/changes", params={"after": after, "wait": 5})).json()
            for item in page["items"]:
                if item["correlation_id"] == request_id:
                    return str(item["type"])
            after = page["next_after"]


def _linked(span: ReadableSpan, to: ReadableSpan) -> bool:
    return to.context.span_id in [link.context.span_id for link in span.links]


async def test_a_request_can_be_followed_to_the_projection(
    watching: Watching, transports: Sequence[Transport], fresh_database: FreshDatabase
) -> None:
    watching.spans.clear()
    async with AsyncExitStack() as stack:
        hears = await started(
            stack, exchange.service.service, transports[1], ["relay", "consumer"], fresh_database
        )
        writes = await started(stack, registry.service.service, transports[0], ["relay"], fresh_database)
        front = await fronted(stack, writes, hears)
        answer = await front.post(
            "/v1/authorities", json={"authorities": [AUTHORITY]}, headers={"Idempotency-Key": "once"}
        )
        assert answer.status_code == 201, answer.text
        assert (
            await heard(hears, answer.headers["x-request-id"])
            == "cymru.gwella.registry.authority.registered.v1"
        )
    found = watching.spans.get_finished_spans()
    at_gateway, at_register = sorted(
        watching.named("POST /v1/authorities"), key=lambda span: bool(span.parent)
    )
    assert at_gateway.parent is None
    trace = [span for span in found if span.context.trace_id == at_gateway.context.trace_id]
    parents = {span.name: span.parent.span_id for span in trace if span.parent is not None}
    written = at_register.context.span_id
    # Request, service, shipper, projection: one trace. What the sequencer does lies between the last two.
    assert parents == {
        "POST /v1/authorities": at_gateway.context.span_id,
        "publish registry.events": written,
        "process exchange": written,
    }
    by_name = {span.name: span for span in trace if span is not at_gateway}
    sent, applied = by_name["publish registry.events"], by_name["process exchange"]
    assert (sent.kind, applied.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    assert (at_register.start_time or 0) < (sent.start_time or 0) < (applied.start_time or 0)
    (batch,) = (span for span in watching.named("consume exchange") if _linked(span, at_register))
    assert _linked(applied, batch), "the batch in which it was handled cannot be found from the request"
    assert not [span.name for span in watching.spans.get_finished_spans() if "http receive" in span.name]
    assert "Bro Morgannwg" not in "".join(span.to_json() for span in watching.spans.get_finished_spans())


@dataclass
class Overtaken:
    """A transport that answers only once another shipper has moved the cursor: as a relay that was paused."""

    engine: AsyncEngine
    cursors: Table

    async def prepare(self, topic: str, records: Sequence[Record]) -> Sending:
        return partial(self.publish, topic, records)

    async def publish(self, topic: str, records: Sequence[Record]) -> None:
        query = select(self.cursors.c.position)
        async with asyncio.timeout(60):
            for pause in repeat(0.02):
                async with self.engine.connect() as connection:
                    if (await connection.scalar(query) or 0) >= records[-1].position:
                        return
                await asyncio.sleep(pause)


async def provoked(watching: Watching, databases: Mapping[str, ServiceDatabase], front: httpx.AsyncClient,
                   transport: str) -> None:  # fmt: skip
    """Makes happen what seldom does: a round that fails, a batch that falls back, a shipper that is overtaken."""
    shared = registry.service.service.foundation
    assert shared is not None
    engine = create_async_engine(databases["registry"].owner_url)
    hearing = create_async_engine(databases["exchange"].owner_url)
    published = shared.published
    late = Shipper(
        engine, log=published.log, cursors=published.cursors, topic=registry.service.service.topic,
        transport=cast("Transport", Overtaken(engine, published.cursors)), name=transport,
        pace=Pace(hot=0.002, busy=0.002, quiet=0.002),
    )  # fmt: skip
    running = asyncio.create_task(late.run())
    await told(hearing, "alter table changes_outbox add constraint broken check (key <> '674') not valid")
    await told(engine, "alter table outbox rename to outbox_away")
    await until(watching, backbone.ROUND_FAILED)
    await told(engine, "alter table outbox_away rename to outbox")
    for number in (674, *range(700, 990)):
        one = {**AUTHORITY, "authority": str(number), "gss_code": f"W06000{number}"}
        answer = await front.post(
            "/v1/authorities", json={"authorities": [one]}, headers={"Idempotency-Key": f"one-{number}"}
        )
        assert answer.status_code == 201, answer.text
        if number == 674:
            await until(watching, backbone.BATCH_FELL_BACK)
            await told(hearing, "alter table changes_outbox drop constraint broken")
        await asyncio.sleep(0.05)
        if backbone.SHIPPER_FENCED.name in watching.metrics():
            break
    late.stop()
    await asyncio.wait([running], timeout=60)
    for one_engine in (engine, hearing):
        await one_engine.dispose()


async def told(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement))


async def until(watching: Watching, metric: Metric) -> None:
    async with asyncio.timeout(60):
        for pause in repeat(0.05):
            if metric.name in watching.metrics():
                return
            await asyncio.sleep(pause)


async def test_what_is_measured_is_what_the_catalogue_says(
    watching: Watching, transports: Sequence[Transport], fresh_database: FreshDatabase
) -> None:
    """E-18: every metric of the catalogue is measured by services that run, with the attributes declared there."""
    databases: dict[str, ServiceDatabase] = {}

    def kept(name: str) -> ServiceDatabase:
        databases[name] = fresh_database(name)
        return databases[name]

    async with AsyncExitStack() as stack:
        hears = await started(stack, exchange.service.service, transports[1], ["relay", "consumer"], kept)
        writes = await started(stack, registry.service.service, transports[0], ["relay"], kept)
        front = await fronted(stack, writes, hears)
        await provoked(watching, databases, front, transports[0].name)
        answer = await front.post(
            "/v1/authorities", json={"authorities": [AUTHORITY]}, headers={"Idempotency-Key": "once"}
        )
        await heard(hears, answer.headers["x-request-id"])
        await until(watching, backbone.PARTITION_LAG)
        measured = watching.points()
    catalogue = {metric.name: set(metric.attributes) for metric in (*metrics.CATALOGUE, *backbone.CATALOGUE)}
    # Nothing is deprecated here: contract/test_deprecation.py counts its uses.
    assert set(measured) == set(catalogue) - {metrics.DEPRECATED_USED.name}
    # Of a request that ended in an error one says which; nothing else is left out or added.
    assert {
        name: borne for name, borne in measured.items() if borne - {"error.type"} != catalogue[name]
    } == {}
