"""The gateway's own spans and metrics: drawn at the root, every failure kept, one duration per request."""

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.api.observing import Observer
from service_kit.telemetry import ErrorsAlways

TEMPLATE = "/v1/schools/{number}"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


def observer(
    ratio: float, spans: InMemorySpanExporter, reader: InMemoryMetricReader | None = None
) -> Observer:
    # The process's own sampler at ratio 0: what is kept is kept because the gateway drew it, or because it failed.
    tracers = TracerProvider(sampler=ErrorsAlways(0.0))
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    meters = MeterProvider([reader]) if reader is not None else MeterProvider()
    return Observer(ratio, tracers.get_tracer("test"), meters.get_meter("test"))


def finish(watching: Observer, status: int, code: str | None = None) -> str:
    observation = watching.begin("GET", TEMPLATE)
    observation.status, observation.code = status, code
    watching.end(observation, b"request-1")
    return observation.traceparent


def test_what_is_drawn_is_kept_under_the_id_that_the_service_is_told(spans: InMemorySpanExporter):
    told = finish(observer(1.0, spans), 200)
    (span,) = spans.get_finished_spans()
    assert span.name == f"GET {TEMPLATE}"
    assert told == f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-01"
    assert span.attributes["http.response.status_code"] == 200


def test_what_is_not_drawn_costs_no_span_and_the_service_does_not_draw_again(spans: InMemorySpanExporter):
    told = finish(observer(0.0, spans), 200)
    assert spans.get_finished_spans() == ()
    assert told.endswith("-00")


def test_a_failure_is_always_kept_in_its_own_trace(spans: InMemorySpanExporter):
    told = finish(observer(0.0, spans), 503, "upstream_unavailable")
    (span,) = spans.get_finished_spans()
    assert told.split("-")[1] == f"{span.context.trace_id:032x}"
    assert span.attributes["error.type"] == "upstream_unavailable"
    assert span.attributes["http.route"] == TEMPLATE


def test_every_request_is_measured_under_its_template(spans: InMemorySpanExporter):
    reader = InMemoryMetricReader()
    watching = observer(0.0, spans, reader)
    for status in (200, 200, 404):
        finish(watching, status)
    metric = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics[0]
    assert (metric.name, metric.unit) == ("http.server.request.duration", "s")
    counts = {p.attributes["http.response.status_code"]: p.count for p in metric.data.data_points}
    assert counts == {200: 2, 404: 1}
    assert {p.attributes["http.route"] for p in metric.data.data_points} == {TEMPLATE}
