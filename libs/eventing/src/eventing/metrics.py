"""Every metric of the backbone, declared once; the catalogue page and the dashboard are made from this list."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from opentelemetry import metrics as otel

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: what it counts, in which unit (UCUM), under which attributes."""

    name: str
    kind: Kind
    unit: str
    description: str
    attributes: tuple[str, ...]


SEQUENCED: Final = Metric(
    "eventing.sequencer.moved", "counter", "{row}", "Rows moved from an outbox into its log.", ("log",)
)
OUTBOX_DEPTH: Final = Metric(
    "eventing.outbox.depth",
    "gauge",
    "{row}",
    "Rows between the lowest and the highest number in an outbox: an upper bound of what waits.",
    ("log",),
)
OUTBOX_AGE: Final = Metric(
    "eventing.outbox.age", "gauge", "s", "Age of the oldest row waiting in an outbox.", ("log",)
)
SHIPPED: Final = Metric(
    "eventing.shipper.shipped", "counter", "{event}", "Events acknowledged by the transport.", ("shipper",)
)
SHIPPER_LAG: Final = Metric(
    "eventing.shipper.lag", "gauge", "{event}", "Head of the log minus the cursor.", ("shipper",)
)
SHIPPER_FENCED: Final = Metric(
    "eventing.shipper.fenced",
    "counter",
    "{batch}",
    "Batches after which another shipper had moved the cursor.",
    ("shipper",),
)
ROUND_FAILED: Final = Metric(
    "eventing.loop.failed", "counter", "{round}", "Rounds of a loop that failed and were repeated.", ("loop",)
)
CONSUMED: Final = Metric(
    "eventing.consumer.events",
    "counter",
    "{event}",
    "Events received, by outcome: handled, duplicate, stale, ignored, pending, behind, undecodable, failed.",
    ("consumer", "outcome"),
)
CONSUMER_LAG: Final = Metric(
    "eventing.consumer.lag",
    "histogram",
    "s",
    "From an event being recorded to its effect committed.",
    ("consumer",),
)
BATCH_FELL_BACK: Final = Metric(
    "eventing.consumer.fell_back",
    "counter",
    "{batch}",
    "Batches that failed as one transaction and were handled event by event.",
    ("consumer",),
)
PARKED: Final = Metric(
    "eventing.consumer.parked", "gauge", "{event}", "Events parked and not yet resolved.", ("consumer",)
)
PENDING: Final = Metric(
    "eventing.consumer.pending",
    "gauge",
    "{event}",
    "Events waiting for an event of another key.",
    ("consumer",),
)
STOPPED: Final = Metric(
    "eventing.consumer.stopped",
    "gauge",
    "1",
    "1 when a consumer stopped because it parked too much.",
    ("consumer",),
)

CATALOGUE: Final = (
    SEQUENCED,
    OUTBOX_DEPTH,
    OUTBOX_AGE,
    SHIPPED,
    SHIPPER_LAG,
    SHIPPER_FENCED,
    ROUND_FAILED,
    CONSUMED,
    CONSUMER_LAG,
    BATCH_FELL_BACK,
    PARKED,
    PENDING,
    STOPPED,
)


@cache
def _instrument(metric: Metric) -> Any:
    meter = otel.get_meter("eventing")
    make = {"counter": meter.create_counter, "gauge": meter.create_gauge, "histogram": meter.create_histogram}
    return make[metric.kind](metric.name, unit=metric.unit, description=metric.description)


def count(metric: Metric, amount: int, attributes: Mapping[str, str]) -> None:
    """Adds to a counter."""
    _instrument(metric).add(amount, attributes)


def gauge(metric: Metric, value: float, attributes: Mapping[str, str]) -> None:
    """Sets a gauge."""
    _instrument(metric).set(value, attributes)


def observe(metric: Metric, value: float, attributes: Mapping[str, str]) -> None:
    """Records a value in a histogram."""
    _instrument(metric).record(value, attributes)
