"""What caused what: correlation and causation ids, and the W3C trace context, carried through every event.

The ids live in context variables, so that an event written anywhere below a request or a reaction names its cause
without any function having to pass it on.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from opentelemetry import trace as otel
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

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


def link_to(traceparent: str) -> otel.Link | None:
    """A link to the span that wrote an event; None when the header is not a valid trace context."""
    carrier: Mapping[str, str] = {"traceparent": traceparent}
    context = otel.get_current_span(_PROPAGATOR.extract(carrier)).get_span_context()
    return otel.Link(context) if context.is_valid else None
