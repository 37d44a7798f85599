"""How much one client may ask: a rate by the generic cell rate algorithm, and a bulkhead for requests in flight.

One number per client holds the whole rate (ITU-T I.371 annex A): no window to store, nothing to expire, exact
remaining and reset for the RateLimit header (draft-ietf-httpapi-ratelimit-headers).
"""

from dataclasses import dataclass
from random import uniform
from typing import Final

WINDOW: Final = 10
"""Seconds of the rate that a client may use up at once."""
SECOND: Final = 1_000_000_000
"""Times are whole nanoseconds: adding up thousands of floats would lose a request here and there."""

REFUSED_AT_ONCE: Final = 20
"""Refusals of one client in a second that are said at once."""
HELD_BACK: Final = (0.25, 0.75)
"""Seconds for which each further one is held back, apart by chance: whoever asks again without listening to Retry-After
then asks hardly more often than it may, and a refusal costs less than an answer."""
MOST_HELD_BACK: Final = 500
"""Refusals of one client that are held back at once; each holds a connection open."""


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

    `wrote_at`: when the client last asked for a change; what it reads then must show it. `held_back`: its refusals
    that are being held back.
    """

    __slots__ = (
        "_full_again", "_refused", "_refused_since", "held_back", "in_flight", "quota", "wrote_at",
    )  # fmt: skip

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self.in_flight = 0
        self.held_back = 0
        self.wrote_at: int | None = None
        self._refused = 0
        self._refused_since = 0
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

    def pause_of_refusal(self, now: int) -> float:
        """Counts a refusal: for how many seconds it is to be held back; 0: it is said at once."""
        if now - self._refused_since >= SECOND:
            self._refused, self._refused_since = 0, now
        self._refused += 1
        if self._refused <= REFUSED_AT_ONCE or self.held_back >= MOST_HELD_BACK:
            return 0.0
        return uniform(*HELD_BACK)  # noqa: S311

    def idle(self, now: int) -> bool:
        """Whether forgetting this client loses nothing."""
        return self.in_flight == 0 and self.held_back == 0 and self._full_again <= now
