"""Counts how requests ended, by minute and class, for the service levels that the exchange keeps.

Paid by every request: a look-up, a comparison of the minute, a few additions.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from contracts.identifiers import new_id
from contracts.measurements import (
    BOUNDS,
    KEPT_MINUTES,
    Measurements,
    MinuteCounts,
    RequestClass,
    minute_of,
)
from gateway.domain.routes import DEFAULT_DEADLINE, RouteTable

_SECONDS: Final = tuple(float(bound) for bound in BOUNDS)
CLIENT_GONE: Final = 499
"""The client went away before it was answered: nobody can say how it would have ended."""


class _Counts:
    __slots__ = ("answered", "failed", "within")

    def __init__(self) -> None:
        self.answered = self.failed = 0
        self.within = [0] * len(BOUNDS)


class RequestCounts:
    """The counts of one copy of the gateway. `now` is the machine's time, aware."""

    def __init__(self, table: RouteTable, now: Callable[[], datetime]) -> None:
        self._now = now
        self._classes = _classes(table)
        self._passed = frozenset(route.template for route in table.routes)
        self._copy = new_id()
        # Of the minute in which it began this copy saw a part only.
        self._since = minute_of(now()) + timedelta(minutes=1)
        self._minutes: dict[int, dict[RequestClass, _Counts]] = {}

    def add(self, method: str, template: str, status: int, seconds: float) -> None:
        """One request has ended; `status` 0: it was broken off."""
        name = self._classes.get((method, template))
        if name is None and template not in self._passed:
            name = "composed"
        if name is None or status == CLIENT_GONE:
            return  # a method that the path does not have is no operation of ours
        number = int(self._now().timestamp()) // 60
        minute = self._minutes.get(number)
        if minute is None:
            minute = self._minutes[number] = {}
            self._forget(number - KEPT_MINUTES)
        counts = minute.get(name)
        if counts is None:
            counts = minute[name] = _Counts()
        if status >= 500 or status == 0:
            counts.failed += 1
            return
        counts.answered += 1
        for at, bound in enumerate(_SECONDS):
            if seconds <= bound:
                counts.within[at] += 1

    def told(self) -> Measurements:
        """Everything that is remembered, the minute under way too."""
        until = minute_of(self._now())
        self._forget(int(until.timestamp()) // 60 - KEPT_MINUTES)
        since = max(self._since, until - timedelta(minutes=KEPT_MINUTES))
        return Measurements(copy_id=self._copy, since=since, until=until, counts=list(self._counted()))

    def _counted(self) -> list[MinuteCounts]:
        return [
            MinuteCounts(
                minute=datetime.fromtimestamp(number * 60, UTC), request_class=name,
                answered=counts.answered, failed=counts.failed, within=dict(zip(BOUNDS, counts.within, strict=True)),
            )
            for number, minute in sorted(self._minutes.items())
            for name, counts in sorted(minute.items())
        ]  # fmt: skip

    def _forget(self, before: int) -> None:
        for number in [one for one in self._minutes if one < before]:
            del self._minutes[number]


def _classes(table: RouteTable) -> Mapping[tuple[str, str], RequestClass]:
    """The class of every method and template that a service answers; what is not here the gateway composes."""
    found: dict[tuple[str, str], RequestClass] = {}
    for route in table.routes:
        for method, operation in route.methods.items():
            quick: RequestClass = "read" if method in ("GET", "HEAD") else "write"
            long = operation.upload or operation.deadline > DEFAULT_DEADLINE
            found[method, route.template] = "long" if long else quick
    return found
