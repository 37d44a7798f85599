"""One trace from the HTTP request through outbox, log and transport to the projection; metrics as the catalogue says.

Issue 3, "Telemetry". Exporters in memory, everything else as it runs: two services on their databases, the relay of
one, the consumer of the other, the local transport and Kafka.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr

import exchange.service
import registry.service
from eventing import metrics as backbone
from eventing.transports.kafka import KafkaSettings, KafkaTransport
from eventing.transports.local import LocalTransport
from eventing.transports.port import Transport
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

AUTHORITY = {"authority": "673", "gss_code": "W06000014", "name_en": "Vale", "name_cy": "Bro Morgannwg"}
TOKENS = TokenFactory()


@dataclass
class Watching:
    """What was exported, in memory."""

    spans: InMemorySpanExporter
    reader: InMemoryMetricReader

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans.get_finished_spans() if span.name == name]

    def metrics(self) -> set[str]:
        data = self.reader.get_metrics_data()
        assert data is not None
        return {
            metric.name
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            if not scope.scope.name.startswith("opentelemetry.sdk")
            for metric in scope.metrics
        }


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
    fresh_database: FreshDatabase,
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


async def test_a_request_can_be_followed_to_the_projection(
    watching: Watching, transports: Sequence[Transport], fresh_database: FreshDatabase
) -> None:
    watching.spans.clear()
    async with AsyncExitStack() as stack:
        hears = await started(
            stack, exchange.service.service, transports[1], ["relay", "consumer"], fresh_database
        )
        writes = await started(stack, registry.service.service, transports[0], ["relay"], fresh_database)
        answer = await writes.post(
            "/v1/authorities",
            json={"authorities": [AUTHORITY]},
            headers={"Idempotency-Key": "once", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"},
        )
        assert answer.status_code == 201, answer.text
        assert (
            await heard(hears, answer.headers["x-request-id"])
            == "cymru.gwella.registry.authority.registered.v1"
        )
    (request,) = watching.named("POST /v1/authorities")
    assert f"{request.context.trace_id:032x}" == "a" * 32
    followed = [link.context for span in watching.named("consume exchange") for link in span.links]
    assert (request.context.trace_id, request.context.span_id) in [(c.trace_id, c.span_id) for c in followed]
    assert not [span.name for span in watching.spans.get_finished_spans() if "http receive" in span.name]
    assert "Bro Morgannwg" not in "".join(span.to_json() for span in watching.spans.get_finished_spans())


async def test_what_is_measured_is_what_the_catalogue_says(
    watching: Watching, transports: Sequence[Transport], fresh_database: FreshDatabase
) -> None:
    async with AsyncExitStack() as stack:
        hears = await started(
            stack, exchange.service.service, transports[1], ["relay", "consumer"], fresh_database
        )
        writes = await started(stack, registry.service.service, transports[0], ["relay"], fresh_database)
        answer = await writes.post(
            "/v1/authorities", json={"authorities": [AUTHORITY]}, headers={"Idempotency-Key": "once"}
        )
        await heard(hears, answer.headers["x-request-id"])
        measured = watching.metrics()
    catalogue = {metric.name for metric in (*metrics.CATALOGUE, *backbone.CATALOGUE)}
    assert measured <= catalogue
    expected = {
        metrics.POOL_IN_USE,
        metrics.REQUEST_DURATION,
        backbone.SEQUENCED,
        backbone.SHIPPED,
        backbone.CONSUMED,
    }
    assert {metric.name for metric in expected} <= measured
