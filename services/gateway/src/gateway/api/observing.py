"""The gateway's own span and metrics: one span a request, sampled at its root, and one duration.

A client's trace context is linked, not followed: an outsider must not decide what we keep.
"""

from time import perf_counter
from typing import Final

import structlog
from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind

from gateway.domain.routes import RoutedOperation
from service_kit.telemetry import ERROR_TYPE

_ROOT: Final = Context()

log = structlog.get_logger(__name__)


class Observation:
    """What is known of one request: filled as it goes, recorded at its end."""

    __slots__ = (
        "began", "client_id", "code", "method", "service", "span", "started", "status", "template", "traceparent",
    )  # fmt: skip

    def __init__(self, method: str, template: str, service: str, span: Span) -> None:
        self.method = method
        self.template = template
        self.service = service
        self.span = span
        self.began = perf_counter()
        self.status = 0
        self.started = False
        """Whether the head of the answer has been sent."""
        self.code: str | None = None
        """Code of the problem, or kind of the failure."""
        self.client_id: str | None = None
        context = span.get_span_context()
        self.traceparent: str | None = (
            f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
            if context.is_valid
            else None
        )


class Observer:
    """Begins and ends observations. Instruments are the API's: without a configured provider they do nothing."""

    def __init__(self, tracer: trace.Tracer | None = None, meter: metrics.Meter | None = None) -> None:
        self._tracer = tracer or trace.get_tracer("gateway")
        self._duration = (meter or metrics.get_meter("gateway")).create_histogram(
            "http.server.request.duration",
            unit="s",
            description="Time from a request's head to the end of its answer",
        )
        self._names: dict[tuple[str, str], str] = {}

    def begin(self, operation: RoutedOperation | None, method: str, template: str) -> Observation:
        """Starts the clock and the span of one request."""
        key = (method, template)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = f"{method} {template}"
        span = self._tracer.start_span(name, context=_ROOT, kind=SpanKind.SERVER)
        return Observation(method, template, operation.service if operation else "gateway", span)

    def end(self, observation: Observation, request_id: bytes) -> None:
        """Records how a request ended; a failure that was not sampled leaves a span of its own."""
        seconds = perf_counter() - observation.began
        status, span = observation.status, observation.span
        attributes: dict[str, str | int] = {
            "http.request.method": observation.method,
            "http.route": observation.template,
            "http.response.status_code": status,
            "gwella.upstream": observation.service,
        }
        self._duration.record(seconds, attributes)
        failed = status >= 500 or status == 0
        if span.is_recording():
            span.set_attributes(attributes)
            if failed:
                span.set_attribute(ERROR_TYPE, observation.code or str(status))
        elif failed:
            attributes[ERROR_TYPE] = observation.code or str(status)
            parent = trace.set_span_in_context(NonRecordingSpan(span.get_span_context()))
            self._tracer.start_span("error", context=parent, attributes=attributes).end()
        span.end()
        if failed or status == 429:
            log.warning(
                "request_refused" if status == 429 else "request_failed",
                request_id=request_id.decode("latin-1"),
                client_id=observation.client_id,
                upstream=observation.service,
                method=observation.method,
                route=observation.template,
                status=status,
                code=observation.code,
                duration_ms=round(seconds * 1000, 1),
            )
