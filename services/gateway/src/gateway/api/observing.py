"""The gateway's own span and metrics: one span a request, drawn at its root, and one duration.

A client's trace context is not followed: an outsider must not decide what we keep. Whether a request is kept is drawn
here, before a span is paid for; the services are told by `traceparent` and follow.
"""

from random import getrandbits, random
from time import perf_counter
from typing import Final

import structlog
from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags

from gateway.usecases.measure import RequestCounts
from service_kit.metrics import REQUEST_DURATION
from service_kit.telemetry import CHOSEN, ERROR_TYPE

_ROOT: Final = Context()
_NOT_KEPT: Final = TraceFlags(TraceFlags.DEFAULT)

log = structlog.get_logger(__name__)


class Observation:
    """What is known of one request: filled as it goes, recorded at its end.

    `started`: the head of the answer has been sent; `sending`: the client is to take the next piece. `code`: the
    problem's, or the kind of the failure.
    """

    __slots__ = (
        "began", "client_id", "code", "method", "sending", "span", "started", "status", "template", "trace",
    )  # fmt: skip

    def __init__(self, method: str, template: str, trace: tuple[int, int], span: Span | None) -> None:
        self.method = method
        self.template = template
        self.trace = trace
        self.span = span
        self.began = perf_counter()
        self.status = 0
        self.started = False
        self.sending = False
        self.code: str | None = None
        self.client_id: str | None = None

    @property
    def traceparent(self) -> str:
        """The trace context that goes on to the service (W3C)."""
        trace_id, span_id = self.trace
        return f"00-{trace_id:032x}-{span_id:016x}-{'00' if self.span is None else '01'}"


class Observer:
    """Begins and ends observations; keeps the share `ratio` of them, and every failure.

    Tracer and meter are the API's: without a configured provider they do nothing. `counts` are for the service levels.
    """

    def __init__(
        self,
        ratio: float,
        tracer: trace.Tracer | None = None,
        meter: metrics.Meter | None = None,
        counts: RequestCounts | None = None,
    ) -> None:
        self._ratio = ratio
        self._counts = counts
        self._tracer = tracer or trace.get_tracer("gateway")
        self._duration = (meter or metrics.get_meter("gateway")).create_histogram(
            REQUEST_DURATION.name, unit=REQUEST_DURATION.unit, description=REQUEST_DURATION.description
        )

    def begin(self, method: str, template: str) -> Observation:
        """Starts the clock of one request, and its span when it is drawn."""
        if random() < self._ratio:  # noqa: S311
            span = self._tracer.start_span(
                f"{method} {template}", context=_ROOT, kind=SpanKind.SERVER, attributes={CHOSEN: True}
            )
            context = span.get_span_context()
            if context.is_valid:
                return Observation(method, template, (context.trace_id, context.span_id), span)
        return Observation(method, template, (getrandbits(128) | 1, getrandbits(64) | 1), None)

    def end(self, observation: Observation, request_id: bytes) -> None:
        """Records how a request ended; a failure that was not drawn leaves a span of its own in the same trace."""
        seconds = perf_counter() - observation.began
        status, span = observation.status, observation.span
        attributes: dict[str, str | int] = {
            "http.request.method": observation.method,
            "http.route": observation.template,
            "http.response.status_code": status,
        }
        self._duration.record(seconds, attributes)
        if self._counts is not None:
            self._counts.add(observation.method, observation.template, status, seconds)
        failed = status >= 500 or status == 0
        if failed:
            attributes[ERROR_TYPE] = observation.code or str(status)
        if span is not None:
            span.set_attributes(attributes)
            span.end()
        elif failed:
            context = SpanContext(*observation.trace, is_remote=True, trace_flags=_NOT_KEPT)
            parent = trace.set_span_in_context(NonRecordingSpan(context), _ROOT)
            self._tracer.start_span("error", context=parent, attributes=attributes).end()
        if failed or status == 429:
            log.warning(
                "request_failed" if failed else "request_refused",
                request_id=request_id.decode("latin-1"),
                trace_id=f"{observation.trace[0]:032x}",
                client_id=observation.client_id,
                method=observation.method,
                route=observation.template,
                status=status,
                code=observation.code,
                duration_ms=round(seconds * 1000, 1),
            )
