"""Every metric of a service's HTTP side and its database, declared once; the backbone has its own list.

The instruments of HTTP are those of OpenTelemetry's semantic conventions: the gateway records its own, the services
let the contrib instrumentation record them. Together with `eventing.metrics.CATALOGUE` this is the catalogue page.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final, Protocol
from weakref import WeakKeyDictionary

from opentelemetry import metrics as otel
from opentelemetry.metrics import CallbackOptions, Observation

from eventing.metrics import Alert, Metric

_HTTP: Final = (
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "network.protocol.version",
    "url.scheme",
)
"""The gateway leaves out the last two; what ended in an error also bears `error.type`."""

REQUEST_DURATION: Final = Metric(
    "http.server.request.duration",
    "histogram",
    "s",
    "From a request's head to the end of its answer.",
    _HTTP,
    "One route alone: its query, or a composition that waits for a service. All: too few connections or processes.",
    Alert(2, 10),
)
REQUESTS_IN_FLIGHT: Final = Metric(
    "http.server.active_requests",
    "gauge",
    "{request}",
    "Requests that a service is answering now.",
    ("http.request.method", "url.scheme"),
    "Requests pile up: see the duration by route, and the connections in use.",
    Alert(200, 5),
)
REQUEST_SIZE: Final = Metric(
    "http.server.request.body.size",
    "histogram",
    "By",
    "Bodies received by a service.",
    _HTTP,
    "Uploads; bodies beyond the limits of a route are refused.",
)
RESPONSE_SIZE: Final = Metric(
    "http.server.response.body.size",
    "histogram",
    "By",
    "Bodies sent by a service.",
    _HTTP,
    "Large pages and files; a client that reads everything again and again should follow the change feed.",
)
POOL_IN_USE: Final = Metric(
    "service_kit.database.in_use",
    "gauge",
    "{connection}",
    "Connections of a pool that are lent out; at the pool's size requests begin to wait.",
    ("pool",),
    "At the pool's size for long: slow statements, or too small a pool for the load (`GWELLA_DATABASE_POOL`).",
)

DEPRECATED_USED: Final = Metric(
    "service_kit.deprecated.uses",
    "counter",
    "{request}",
    "Requests that used a deprecated operation, or the parameter named, by client.",
    ("http.route", "parameter", "client"),
    "Before its sunset each client that still uses it is to be told; `docs/reference/changelog.md` has the dates.",
)

CATALOGUE: Final = (
    REQUEST_DURATION,
    REQUESTS_IN_FLIGHT,
    REQUEST_SIZE,
    RESPONSE_SIZE,
    POOL_IN_USE,
    DEPRECATED_USED,
)


class LendsConnections(Protocol):
    """A pool that can say how many connections are lent out (SQLAlchemy's QueuePool does)."""

    def checkedout(self) -> int:
        """Connections lent out now."""
        ...


_watched: Final[WeakKeyDictionary[LendsConnections, str]] = WeakKeyDictionary()


def watch_pool(pool: LendsConnections, name: str) -> None:
    """Reports how many connections of a pool are lent out, whenever metrics are collected, for as long as it exists.

    `name` says whose it is: `registry-api`, `registry-worker`.
    """
    _watched[pool] = name
    _instrument()


@cache
def _instrument() -> None:
    otel.get_meter("service_kit").create_observable_gauge(
        POOL_IN_USE.name, [_observe], unit=POOL_IN_USE.unit, description=POOL_IN_USE.description
    )


def _observe(_options: CallbackOptions) -> Iterable[Observation]:
    return [Observation(pool.checkedout(), {"pool": name}) for pool, name in list(_watched.items())]
