"""How much one client may ask: a rate by the generic cell rate algorithm, and a bulkhead for requests in flight.

One number per client holds the whole rate (ITU-T I.371 annex A): no window to store, nothing to expire, exact
remaining and reset for the RateLimit header (draft-ietf-httpapi-ratelimit-headers).
"""

from dataclasses import dataclass
from typing import Final

WINDOW: Final = 10
"""Seconds of the rate that a client may use up at once."""
SECOND: Final = 1_000_000_000
"""Times are whole nanoseconds: adding up thousands of floats would lose a request here and there."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What each client gets in this copy of the gateway.

    `interval`: nanoseconds that one request costs; `burst`: requests that may come at once; `in_flight`: the bulkhead;
    `policy_line`: the value of RateLimit-Policy, which says the rate as burst per window.
    """

    interval: int
    burst: int
    in_flight: int
    policy_line: bytes

    @classmethod
    def of(cls, requests_per_minute: int, replicas: int, in_flight: int) -> "Quota":
        """The share of one of `replicas` copies in a client's rate over all copies."""
        interval = 60 * SECOND * replicas // requests_per_minute
        burst = max(1, WINDOW * SECOND // interval)
        window = max(1, _seconds(burst * interval))
        return cls(interval, burst, in_flight, f'"client";q={burst};w={window}'.encode())


def _seconds(nanoseconds: int) -> int:
    """Whole seconds, rounded up."""
    return -(-nanoseconds // SECOND)


class Allowance:
    """One client's use of its quota. Times are a monotonic clock's nanoseconds.

    `wrote_at`: when the client last asked for a change; what it reads then must show it.
    """

    __slots__ = ("_full_again", "in_flight", "quota", "wrote_at")

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self.in_flight = 0
        self.wrote_at: int | None = None
        # The theoretical arrival time: the moment at which the whole burst would be there again.
        self._full_again = 0

    def take(self, now: int, requests: int = 1) -> int:
        """Uses requests up, at most a burst: how many are left at once, or -1 when this comes too early."""
        quota = self.quota
        full_again = max(self._full_again, now) + quota.interval * min(requests, quota.burst)
        room = quota.burst * quota.interval - (full_again - now)
        if room < 0:
            return -1
        self._full_again = full_again
        return room // quota.interval

    def seconds_until_next(self, now: int) -> int:
        """Whole seconds, at least one, after which a request will be let in."""
        quota = self.quota
        return max(1, _seconds(self._full_again + quota.interval - quota.burst * quota.interval - now))

    def seconds_until_full(self, now: int) -> int:
        """Whole seconds until the whole burst is there again."""
        return max(0, _seconds(self._full_again - now))

    def idle(self, now: int) -> bool:
        """Whether forgetting this client loses nothing."""
        return self.in_flight == 0 and self._full_again <= now
