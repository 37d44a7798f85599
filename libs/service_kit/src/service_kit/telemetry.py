"""Traces and metrics by OpenTelemetry: nothing leaves the process unless an endpoint is configured.

Sampling follows the parent, and the configured ratio where there is none. A span that begins with the attribute
`error.type` is always kept; `ObservedRequests` begins one for each request that fails without being sampled, so that no
error is lost and the rest costs next to nothing. What is exported names no person: texts of exceptions and query
strings are taken out on the way.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import structlog
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision, ParentBasedTraceIdRatio, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, Status

if TYPE_CHECKING:
    from fastapi import FastAPI
    from opentelemetry.context import Context
    from opentelemetry.trace.span import TraceState
    from opentelemetry.util.types import Attributes
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ERROR_TYPE: Final = "error.type"
"""A span that begins with this attribute is kept whatever the ratio says."""
CHOSEN: Final = "gwella.chosen"
"""So is one with this: whoever begins it has drawn already (the gateway draws before it pays for a span)."""
OBSERVES_ITSELF: Final = "observes_itself"
ENDPOINT_VARIABLE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
UNTRACED: Final = "/livez$,/readyz$,/startupz$"
_HEALTH: Final = frozenset({"/livez", "/readyz", "/startupz"})

_FREE_TEXT: Final = frozenset({"exception.message", "exception.stacktrace", "url.query"})
_ADDRESSES: Final = frozenset({"http.url", "http.target", "url.full", "url.path"})
_TRACER: Final = "service_kit"
_log = structlog.get_logger("requests")


@dataclass(slots=True)
class Telemetry:
    """What was set up for this process; `shutdown` sends what is still held."""

    tracers: TracerProvider
    meters: MeterProvider | None
    _stopped: bool = field(default=False, repr=False)

    def flush(self) -> None:
        """Sends what is held now; for tests and for the end of a command."""
        self.tracers.force_flush()
        if self.meters is not None:
            self.meters.force_flush()

    def shutdown(self) -> None:
        """Sends what is held and stops; a second call does nothing."""
        if self._stopped:
            return
        self._stopped = True
        self.tracers.shutdown()
        if self.meters is not None:
            self.meters.shutdown()


class ErrorsAlways(Sampler):
    """Keeps what begins as an error and what follows from a kept trace; else asks `ratio`, following the parent.

    What follows is what links to it: the batch in which a consumer handles an event of a request that was kept.
    """

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio
        self._others = ParentBasedTraceIdRatio(ratio)

    def should_sample(
        self,
        parent_context: "Context | None",
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: "Attributes" = None,
        links: Sequence[Link] | None = None,
        trace_state: "TraceState | None" = None,
    ) -> SamplingResult:
        """Whether a span is kept; a kept error keeps the trace id of its parent."""
        chosen = attributes and (ERROR_TYPE in attributes or CHOSEN in attributes)
        if chosen or any(link.context.trace_flags.sampled for link in links or ()):
            state = trace.get_current_span(parent_context).get_span_context().trace_state
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, state)
        return self._others.should_sample(parent_context, trace_id, name, kind, attributes, links)

    def get_description(self) -> str:
        """What the sampler is called in the SDK's own output."""
        return f"ErrorsAlways({self._ratio})"


class Discreet(SpanExporter):
    """Passes spans on without texts of exceptions and without query strings: either may name a person."""

    def __init__(self, to: SpanExporter) -> None:
        self._to = to

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends the spans, each without free text."""
        return self._to.export([_without_free_text(span) for span in spans])

    def shutdown(self) -> None:
        """Stops the exporter behind."""
        self._to.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Makes the exporter behind send what it holds."""
        return self._to.force_flush(timeout_millis)


def configure_telemetry(
    *,
    service: str,
    role: str = "all",
    ratio: float = 0.01,
    endpoint: str | None = None,
    processors: Sequence[SpanProcessor] = (),
    readers: Sequence[MetricReader] = (),
) -> Telemetry:
    """Sets up tracing and metrics for this process, once.

    `ratio`: share of traces that are kept (0 to 1). `endpoint`: address of a collector that speaks OTLP over HTTP,
    without path; when None, OTEL_EXPORTER_OTLP_ENDPOINT counts; without either nothing is exported. `processors` and
    `readers` are added to those: tests read spans and metrics in memory with them.
    """
    resource = Resource.create({"service.namespace": "gwella", "service.name": service, "gwella.role": role})
    to = endpoint or os.environ.get(ENDPOINT_VARIABLE)
    tracers = TracerProvider(sampler=ErrorsAlways(ratio), resource=resource)
    all_readers = list(readers)
    for processor in processors:
        tracers.add_span_processor(processor)
    if to:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        address = to.rstrip("/")
        spans_to = Discreet(OTLPSpanExporter(endpoint=f"{address}/v1/traces"))
        tracers.add_span_processor(BatchSpanProcessor(spans_to))
        all_readers.append(
            PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{address}/v1/metrics"))
        )
    # Without a reader the API's own instruments, which do nothing, are the cheapest there are.
    meters = MeterProvider(metric_readers=all_readers, resource=resource) if all_readers else None
    trace.set_tracer_provider(tracers)
    if meters is not None:
        metrics.set_meter_provider(meters)
    return Telemetry(tracers, meters)


def instrument_app(app: "FastAPI", *, tracers: TracerProvider | None = None) -> None:
    """Gives each request of a service's application a server span and the HTTP metrics.

    An application whose state says OBSERVES_ITSELF (the gateway) is left alone: this would cost it more than all else.
    No spans for the parts of a request (receive, send): they double the cost and say nothing. Health is not traced.
    """
    _use_stable_names()
    if getattr(app.state, OBSERVES_ITSELF, False):
        return
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    FastAPIInstrumentor.instrument_app(
        app, tracer_provider=tracers, excluded_urls=UNTRACED, exclude_spans=["receive", "send"]
    )


def _use_stable_names() -> None:
    # The contrib packages still write the attribute names of 2022 unless told otherwise before their first use.
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")


class ObservedRequests:
    """ASGI middleware: one log line a request, and a span of its own for one that failed without being sampled.

    A failure is an exception that escapes, or a status of 500 and above. Health is neither logged nor traced.
    """

    def __init__(self, app: "ASGIApp", *, tracers: trace.TracerProvider | None = None) -> None:
        self._app = app
        self._tracers = tracers

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Passes the request on and looks at how it ended."""
        if scope["type"] != "http" or scope["path"] in _HEALTH:
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        status = 0

        async def watch(message: "Message") -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            self._ended(scope, 500, began, type(error).__qualname__)
            raise
        self._ended(scope, status, began, str(status) if status >= 500 else None)

    def _ended(self, scope: "Scope", status: int, began: float, error_type: str | None) -> None:
        milliseconds = round((perf_counter() - began) * 1000, 3)
        found = scope.get("route")
        route = getattr(found, "path_format", None) or getattr(found, "path", None) or "unmatched"
        call = scope.get("gwella.call")
        _log.info(
            "request_answered",
            method=scope["method"],
            route=route,
            status=status,
            duration_ms=milliseconds,
            client_id=None if call is None else call.principal.client_id,
        )
        if error_type is not None:
            attributes = {
                "http.request.method": scope["method"],
                "http.route": route,
                "http.response.status_code": status,
                "gwella.duration_ms": milliseconds,
            }
            keep_error(error_type, attributes, self._tracers)


def keep_error(
    error_type: str,
    attributes: Mapping[str, str | int | float],
    tracers: trace.TracerProvider | None = None,
) -> None:
    """Leaves a span for a failure where the current one is not kept; attributes hold codes and numbers only."""
    if trace.get_current_span().get_span_context().trace_flags.sampled:
        return
    tracer = trace.get_tracer(_TRACER, tracer_provider=tracers)
    tracer.start_span("error", attributes={**attributes, ERROR_TYPE: error_type}).end()


def _discreet(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in (attributes or {}).items():
        if key in _ADDRESSES:
            kept[key] = str(value).split("?", 1)[0]
        elif key not in _FREE_TEXT:
            kept[key] = value
    return kept


def _without_free_text(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_discreet(span.attributes),
        events=[Event(event.name, _discreet(event.attributes), event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
