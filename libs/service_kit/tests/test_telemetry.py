"""Sampling, errors that are always kept, and spans that name nobody (design §8, notes §3.12)."""

import logging
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags

from service_kit.telemetry import Discreet, ErrorsAlways, ObservedRequests, instrument_app

NAME = "Angharad Prys-Jones"


def tracing(ratio: float) -> tuple[TracerProvider, InMemorySpanExporter]:
    memory = InMemorySpanExporter()
    tracers = TracerProvider(sampler=ErrorsAlways(ratio))
    tracers.add_span_processor(SimpleSpanProcessor(Discreet(memory)))
    return tracers, memory


def test_the_ratio_decides_and_children_follow() -> None:
    tracers, memory = tracing(0.25)
    tracer = tracers.get_tracer("test")
    for _ in range(400):
        with tracer.start_as_current_span("parent"), tracer.start_as_current_span("child"):
            pass
    names = [span.name for span in memory.get_finished_spans()]
    assert names.count("parent") == names.count("child")
    assert 40 < names.count("parent") < 180


def test_a_span_that_begins_as_an_error_is_kept_in_its_trace() -> None:
    tracers, memory = tracing(0)
    tracer = tracers.get_tracer("test")
    with tracer.start_as_current_span("dropped") as parent:
        tracer.start_span("failed", attributes={"error.type": "Timeout"}).end()
    (kept,) = memory.get_finished_spans()
    assert kept.name == "failed"
    assert kept.context.trace_id == parent.get_span_context().trace_id


@pytest.mark.parametrize(("flags", "kept"), [(TraceFlags.SAMPLED, 1), (TraceFlags.DEFAULT, 0)])
def test_what_links_to_a_kept_trace_is_kept(flags: int, kept: int) -> None:
    tracers, memory = tracing(0)
    link = Link(SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(flags)))
    tracers.get_tracer("test").start_span("consume exchange", links=[link]).end()
    assert len(memory.get_finished_spans()) == kept


def test_exported_spans_have_no_free_text() -> None:
    tracers, memory = tracing(1)
    with tracers.get_tracer("test").start_as_current_span("request") as span:
        span.set_attribute("http.target", f"/v1/people?name={NAME}")
        span.set_attribute("url.query", f"name={NAME}")
        span.set_attribute("http.route", "/v1/people")
        span.record_exception(ValueError(NAME))
        span.set_status(Status(StatusCode.ERROR, f"ValueError: {NAME}"))
    (exported,) = memory.get_finished_spans()
    assert NAME not in exported.to_json()
    assert dict(exported.attributes or {}) == {"http.target": "/v1/people", "http.route": "/v1/people"}
    assert exported.status.status_code is StatusCode.ERROR
    assert exported.events[0].attributes is not None
    assert exported.events[0].attributes["exception.type"] == "ValueError"


def failing_app(tracers: TracerProvider) -> FastAPI:
    app = FastAPI()
    app.add_middleware(ObservedRequests, tracers=tracers)

    @app.get("/fine")
    async def fine() -> dict[str, str]:
        return {}

    @app.get("/people/{person_id}")
    async def broken(person_id: str) -> dict[str, str]:
        raise RuntimeError(person_id)

    return app


@pytest.mark.parametrize(
    ("ratio", "expected"), [(0.0, ["error"]), (1.0, ["GET /fine", "GET /people/{person_id}"])]
)
async def test_a_failed_request_leaves_a_span_also_when_not_sampled(
    ratio: float, expected: list[str]
) -> None:
    tracers, memory = tracing(ratio)
    app = failing_app(tracers)
    instrument_app(app, tracers=tracers)
    transport = ASGITransport(app=app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/fine")).status_code == 200
        assert (await client.get("/people/0199?name=Prys")).status_code == 500
    spans = memory.get_finished_spans()
    assert [span.name for span in spans] == expected
    attributes = spans[-1].attributes or {}
    assert attributes["error.type"] == ("500" if ratio else "RuntimeError")
    assert attributes["http.route"] == "/people/{person_id}"
    assert "Prys" not in spans[-1].to_json()


@pytest.fixture
def told() -> Iterator[list[MutableMapping[str, Any]]]:
    """Every log line from INFO on."""
    configured = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    with structlog.testing.capture_logs() as lines:
        yield lines
    structlog.configure(**configured)


async def test_each_request_leaves_a_line_that_names_route_and_outcome(
    told: list[MutableMapping[str, Any]],
) -> None:
    """The line has the route as written, never the path: ids and queries stay out."""
    app = failing_app(tracing(0)[0])
    transport = ASGITransport(app=app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        await client.get("/fine")
        await client.get("/people/0199?name=Prys")
        await client.get("/nowhere/0199")
    answered = [line for line in told if line["event"] == "request_answered"]
    assert [(line["method"], line["route"], line["status"]) for line in answered] == [
        ("GET", "/fine", 200),
        ("GET", "/people/{person_id}", 500),
        ("GET", "unmatched", 404),
    ]
    assert all(line["duration_ms"] > 0 for line in answered)
    assert "0199" not in str(answered)


async def test_health_is_not_traced() -> None:
    tracers, memory = tracing(1)
    app = FastAPI()

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {}

    instrument_app(app, tracers=tracers)
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        assert (await client.get("/readyz")).status_code == 200
    assert memory.get_finished_spans() == ()
