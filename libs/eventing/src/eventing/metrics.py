"""Every metric of the backbone, declared once; the catalogue page, the dashboard and the alert rules are made of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, NamedTuple
from weakref import WeakKeyDictionary, WeakMethod

from opentelemetry import metrics as otel

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""Bounds of a histogram's buckets; the SDK's own are made for milliseconds."""

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Alert:
    """When somebody is to be told: while the metric is above `above` for `minutes`.

    What is compared is a gauge's value, how much a counter grew within ten minutes, a histogram's 99th percentile.
    `page`: at any hour; `ticket`: on the next working day.
    """

    above: float
    minutes: int
    severity: Literal["page", "ticket"] = "ticket"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: what it counts, in which unit (UCUM), under which attributes; what to do when it is high."""

    name: str
    kind: Kind
    unit: str
    description: str
    attributes: tuple[str, ...]
    advice: str = ""
    alert: Alert | None = None


SEQUENCED: Final = Metric(
    "eventing.sequencer.moved",
    "counter",
    "{row}",
    "Rows moved from an outbox into its log.",
    ("log",),
    "High is good. None while the outbox has rows: see `eventing.outbox.age`.",
)
OUTBOX_DEPTH: Final = Metric(
    "eventing.outbox.depth",
    "gauge",
    "{row}",
    "Rows between the lowest and the highest number in an outbox: an upper bound of what waits.",
    ("log",),
    "Is a relay of the service running, and does it log failed rounds? A long list is moved at some ten thousand "
    "rows a second once it is; nothing is lost meanwhile.",
    Alert(50_000, 5),
)
OUTBOX_AGE: Final = Metric(
    "eventing.outbox.age",
    "gauge",
    "s",
    "Age of the oldest row waiting in an outbox.",
    ("log",),
    "The relay's sequencer does not get through: look for a lock on the log's head that is held for long, and "
    "whether the relay runs.",
    Alert(60, 2, "page"),
)
SHIPPED: Final = Metric(
    "eventing.shipper.shipped",
    "counter",
    "{event}",
    "Events acknowledged by the transport.",
    ("shipper",),
    "High is good. None while `eventing.shipper.lag` grows: the broker does not answer.",
)
SHIPPER_LAG: Final = Metric(
    "eventing.shipper.lag",
    "gauge",
    "{event}",
    "Head of the log minus the cursor: events that the transport has not acknowledged.",
    ("shipper",),
    "Is the broker reachable, are its disks full, are enough replicas in sync? The log keeps everything; the shipper "
    "goes on by itself.",
    Alert(10_000, 5, "page"),
)
SHIPPER_AGE: Final = Metric(
    "eventing.shipper.age",
    "gauge",
    "s",
    "Age of the oldest event in the log that the transport has not acknowledged.",
    ("shipper",),
    "As for `eventing.shipper.lag`; in one process without a broker: a consumer stopped and the bus waits for it.",
    Alert(120, 5, "page"),
)
SHIPPER_FENCED: Final = Metric(
    "eventing.shipper.fenced",
    "counter",
    "{batch}",
    "Batches after which another shipper had moved the cursor.",
    ("shipper",),
    "Harmless now and then (a relay was replaced). Steady: two relays ship the same log; one is enough.",
    Alert(50, 10),
)
ROUND_FAILED: Final = Metric(
    "eventing.loop.failed",
    "counter",
    "{round}",
    "Rounds of a loop that failed and were repeated.",
    ("loop",),
    "The log names the error: database or broker away, a right that is missing. The loop goes on by itself.",
    Alert(20, 5),
)
CONSUMED: Final = Metric(
    "eventing.consumer.events",
    "counter",
    "{event}",
    "Events received, by outcome: handled, duplicate, stale, ignored, released, pending, behind, undecodable, failed.",
    ("consumer", "outcome"),
    "Many duplicates: a rebalance or a shipper repeats. `failed` and `undecodable`: see "
    "`eventing.consumer.parked_keys`.",
)
CONSUMER_LAG: Final = Metric(
    "eventing.consumer.lag",
    "histogram",
    "s",
    "From the oldest event of a batch being recorded to its effect committed.",
    ("consumer",),
    "Compare with `eventing.consumer.behind`: this one tells how it was for what arrived. Both high: more members, "
    "or slow reactions.",
    Alert(60, 10),
)
CONSUMER_BEHIND: Final = Metric(
    "eventing.consumer.behind",
    "gauge",
    "s",
    "How far behind now: age of the oldest event received and not yet applied; 0 when all is. It grows while nothing "
    "moves.",
    ("consumer",),
    "A batch cannot be finished: the log of the consumer names the error that it repeats, most often its database. A "
    "stopped consumer counts from the batch at which it stopped.",
    Alert(60, 5, "page"),
)
PARTITION_LAG: Final = Metric(
    "eventing.consumer.partition_lag",
    "gauge",
    "{event}",
    "Records of a partition beyond the last one handled (without a broker: partition 0, what its publisher waits for).",
    ("consumer", "topic", "partition"),
    "One partition alone: a key with very many events, or one member that hangs. All: too few members.",
    Alert(10_000, 10),
)
BATCH_FELL_BACK: Final = Metric(
    "eventing.consumer.fell_back",
    "counter",
    "{batch}",
    "Batches that failed as one transaction and were handled event by event.",
    ("consumer",),
    "Slow, not wrong: some reaction fails or must wait. Followed by parked keys: repair those.",
    Alert(20, 10),
)
PARKED: Final = Metric(
    "eventing.consumer.parked",
    "gauge",
    "{event}",
    "Events parked and not yet resolved, with those that queue behind them.",
    ("consumer",),
    "Grows with a parked key that is busy; see `eventing.consumer.parked_keys`.",
)
PARKED_KEYS: Final = Metric(
    "eventing.consumer.parked_keys",
    "gauge",
    "{key}",
    "Keys with parked events: their records stand still here, all others flow.",
    ("consumer",),
    "`gwella parked list`, then `show`; mend the cause and `redrive` the key, or `discard` one event for a reason.",
    Alert(0, 1),
)
PENDING: Final = Metric(
    "eventing.consumer.pending",
    "gauge",
    "{event}",
    "Events waiting for an event of another key.",
    ("consumer",),
    "Normal for seconds. For long: the awaited record was never published, or its key is parked.",
    Alert(100, 15),
)
STALENESS: Final = Metric(
    "eventing.projection.staleness",
    "gauge",
    "s",
    "Age of the oldest event that a consumer's projections lack: in a batch under way, parked or pending; 0 when none.",
    ("consumer",),
    "Repair what is parked; for pending ones find out why the awaited record does not come.",
    Alert(900, 5),
)
STOPPED: Final = Metric(
    "eventing.consumer.stopped",
    "gauge",
    "{consumer}",
    "1 while a consumer stands still because it parked too much.",
    ("consumer",),
    "Something is wrong with more than an event: a release, a setting, a right. Mend it, redrive what is parked, then "
    "`gwella parked resume` (`POST /v1/consumers/<consumer>/resumptions`).",
    Alert(0, 0, "page"),
)

CATALOGUE: Final = (
    SEQUENCED,
    OUTBOX_DEPTH,
    OUTBOX_AGE,
    SHIPPED,
    SHIPPER_LAG,
    SHIPPER_AGE,
    SHIPPER_FENCED,
    ROUND_FAILED,
    CONSUMED,
    CONSUMER_LAG,
    CONSUMER_BEHIND,
    PARTITION_LAG,
    BATCH_FELL_BACK,
    PARKED,
    PARKED_KEYS,
    PENDING,
    STALENESS,
    STOPPED,
)
LIVE: Final = (CONSUMER_BEHIND, PARTITION_LAG, STALENESS)
"""Gauges that are read whenever metrics are collected, so that a part that hangs shows as well."""


class Reading(NamedTuple):
    """One value of a live gauge."""

    metric: Metric
    value: float
    attributes: Mapping[str, str]


Read = Callable[[], Iterable[Reading]]
_reporting: Final[WeakKeyDictionary[object, WeakMethod[Read]]] = WeakKeyDictionary()


@cache
def _instrument(metric: Metric) -> Any:
    meter = otel.get_meter("eventing")
    if metric in LIVE:
        return meter.create_observable_gauge(
            metric.name,
            [lambda _options: _observed(metric)],
            unit=metric.unit,
            description=metric.description,
        )
    if metric.kind == "histogram":
        return meter.create_histogram(
            metric.name,
            unit=metric.unit,
            description=metric.description,
            explicit_bucket_boundaries_advisory=SECONDS,
        )
    make = meter.create_counter if metric.kind == "counter" else meter.create_gauge
    return make(metric.name, unit=metric.unit, description=metric.description)


def _observed(metric: Metric) -> list[otel.Observation]:
    reads = [read for method in list(_reporting.values()) if (read := method()) is not None]
    return [
        otel.Observation(reading.value, reading.attributes)
        for read in reads
        for reading in read()
        if reading.metric == metric
    ]


def report(owner: object, read: Read) -> None:
    """Reports what `read`, a method of `owner`, gives whenever metrics are collected, for as long as `owner` lives."""
    _reporting[owner] = WeakMethod(read)
    for metric in LIVE:
        _instrument(metric)


def count(metric: Metric, amount: int, attributes: Mapping[str, str]) -> None:
    """Adds to a counter."""
    _instrument(metric).add(amount, attributes)


def gauge(metric: Metric, value: float, attributes: Mapping[str, str]) -> None:
    """Sets a gauge."""
    _instrument(metric).set(value, attributes)


def observe(metric: Metric, value: float, attributes: Mapping[str, str]) -> None:
    """Records a value in a histogram."""
    _instrument(metric).record(value, attributes)
