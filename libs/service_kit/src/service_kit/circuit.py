"""What keeps one failing upstream from failing everything: a circuit breaker and a budget for retries."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True, slots=True)
class UpstreamLimits:
    """What one upstream may cost; times in seconds."""

    connections: int = 256
    connect: float = 2.0
    # Below the 75 s for which our servers keep an idle connection (process.server_options), so that it is nearly
    # always we who drop it: a POST sent on a connection that the server is just closing cannot be repeated.
    keep_alive: float = 30.0
    circuit_failures: int = 5
    circuit_open: float = 2.0
    circuit_open_longest: float = 30.0
    retry_share: float = 0.1
    retry_reserve: float = 10.0


class Circuit:
    """Stops calls to an upstream that keeps failing, then lets one probe through at a time.

    Opens after `failures` in a row; each probe that fails doubles the pause up to `longest`.
    """

    def __init__(self, limits: UpstreamLimits, now: Callable[[], float] = monotonic) -> None:
        self._limits = limits
        self._now = now
        self._failures = 0
        self._pause = limits.circuit_open
        self._open_until = 0.0
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether calls are being held back (also while the one probe is out)."""
        return self._failures >= self._limits.circuit_failures

    def seconds_until_probe(self) -> float:
        """How long the circuit stays open before it tries again; 0 when a call may go now."""
        return max(0.0, self._open_until - self._now()) if self.is_open else 0.0

    def admit(self) -> bool:
        """Whether a call may go; an open circuit whose pause is over admits exactly one."""
        if self._failures < self._limits.circuit_failures:
            return True
        if self._probing or self._now() < self._open_until:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """The upstream answered: the circuit closes."""
        if self._failures or self._probing:
            self._failures = 0
            self._probing = False
            self._pause = self._limits.circuit_open

    def failed(self) -> None:
        """The upstream gave no answer."""
        if self._probing:
            self._pause = min(self._pause * 2, self._limits.circuit_open_longest)
        self._probing = False
        self._failures += 1
        if self._failures >= self._limits.circuit_failures:
            self._open_until = self._now() + self._pause

    def abandoned(self) -> None:
        """The caller went away before an answer: nothing was learned, so a probe's place is free again."""
        self._probing = False


class RetryBudget:
    """Allows retries for a share of the calls, so that retries cannot multiply an outage."""

    def __init__(self, share: float, reserve: float) -> None:
        self._share = share
        self._reserve = reserve
        self._tokens = reserve

    def earn(self) -> None:
        """One call was made."""
        if self._tokens < self._reserve:
            self._tokens += self._share

    def spend(self) -> bool:
        """Whether one retry may be made."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
