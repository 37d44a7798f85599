"""How much one client may ask: a rate by the generic cell rate algorithm, and a bulkhead for requests in flight.

One float per client holds the whole rate (ITU-T I.371 annex A): no window to store, nothing to expire, exact
remaining and reset for the RateLimit header (draft-ietf-httpapi-ratelimit-headers).
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

WINDOW: Final = 10
"""Seconds of the rate that a client may use up at once."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What each client gets in this copy of the gateway.

    `interval`: seconds that one request costs; `burst`: requests that may come at once; `in_flight`: the bulkhead;
    `policy_line`: the value of RateLimit-Policy, which says the rate as burst per window.
    """

    interval: float
    burst: int
    in_flight: int
    policy_line: bytes

    @classmethod
    def of(cls, requests_per_minute: int, replicas: int, in_flight: int) -> "Quota":
        """The share of one of `replicas` copies in a client's rate over all copies."""
        per_second = requests_per_minute / 60 / replicas
        burst = max(1, int(per_second * WINDOW))
        window = max(1, ceil(burst / per_second))
        return cls(1 / per_second, burst, in_flight, f'"client";q={burst};w={window}'.encode())


class Allowance:
    """One client's use of its quota. Times are a monotonic clock's seconds."""

    __slots__ = ("_full_again", "in_flight", "quota")

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self.in_flight = 0
        # The theoretical arrival time: the moment at which the whole burst would be there again.
        self._full_again = 0.0

    def take(self, now: float) -> int:
        """Uses one request up: how many are left at once, or -1 when this one comes too early."""
        quota = self.quota
        full_again = max(self._full_again, now) + quota.interval
        room = quota.burst * quota.interval - (full_again - now)
        if room < -1e-9:
            return -1
        self._full_again = full_again
        return int(room / quota.interval + 1e-9)

    def seconds_until_next(self, now: float) -> int:
        """Whole seconds, at least one, after which a request will be let in."""
        quota = self.quota
        return max(1, ceil(self._full_again + quota.interval - quota.burst * quota.interval - now))

    def seconds_until_full(self, now: float) -> int:
        """Whole seconds until the whole burst is there again."""
        return max(0, ceil(self._full_again - now))

    def idle(self, now: float) -> bool:
        """Whether forgetting this client loses nothing."""
        return self.in_flight == 0 and self._full_again <= now
