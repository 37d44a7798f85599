"""What caused what: correlation and causation ids, and the W3C trace context, carried through every event.

The ids live in context variables, so that an event written anywhere below a request or a reaction names its cause
without any function having to pass it on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

MOST: Final = 32
"""Writers of a batch that are followed: enough to find the story, not one for each of 500 events."""
_PROPAGATOR: Final = TraceContextTextMapPropagator()


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something happens now: `correlation_id` groups the whole story, `causation_id` is the event handled."""

    correlation_id: str | None = None
    causation_id: str | None = None


_NO_CAUSE: Final = Cause()
_cause: ContextVar[Cause] = ContextVar("eventing_cause", default=_NO_CAUSE)


def cause() -> Cause:
    """The cause of what runs now; both ids None outside a request and outside a reaction."""
    return _cause.get()


@contextmanager
def caused_by(correlation_id: str | None, causation_id: str | None = None) -> Iterator[None]:
    """Within the block, written events carry these ids. A request passes its request id as correlation id."""
    token = _cause.set(Cause(correlation_id, causation_id))
    try:
        yield
    finally:
        _cause.reset(token)


def traceparent() -> str | None:
    """The W3C `traceparent` of the current span; None when nothing is traced."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def writers(traceparents: Iterable[str | None]) -> list[otel.SpanContext]:
    """The spans that wrote some events, each once, MOST at most; what is no valid trace context is left out."""
    found: dict[str, otel.SpanContext] = {}
    for header in traceparents:
        if header is None or header in found:
            continue
        carrier: Mapping[str, str] = {"traceparent": header}
        context = otel.get_current_span(_PROPAGATOR.extract(carrier)).get_span_context()
        if context.is_valid:
            found[header] = context
            if len(found) == MOST:
                break
    return list(found.values())


@contextmanager
def followed(
    tracer: otel.Tracer,
    name: str,
    writers: Sequence[otel.SpanContext],
    kind: otel.SpanKind,
    *,
    attributes: Mapping[str, str],
    beside: otel.Span | None = None,
) -> Iterator[None]:
    """Goes on with each trace that is kept: a span in it around the block, a child of what wrote the event.

    A batch holds events of many requests; so each request's own trace shows when they were sent and when applied.
    `beside`: the span of the batch, to which each is linked. The spans are not the current one within the block.
    """
    links = [] if beside is None else [otel.Link(beside.get_span_context())]
    spans = [
        tracer.start_span(
            name,
            context=otel.set_span_in_context(otel.NonRecordingSpan(writer), Context()),
            kind=kind,
            attributes=attributes,
            links=links,
        )
        for writer in writers
        if writer.trace_flags.sampled
    ]
    try:
        yield
    except BaseException as error:
        for span in spans:
            span.set_status(otel.Status(otel.StatusCode.ERROR, type(error).__name__))
        raise
    finally:
        for span in spans:
            span.end()
