"""When a consumer must stop: parking everything is no way to go on when something is misconfigured."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass


class ConsumerStoppedError(RuntimeError):
    """The consumer parked too much and stopped itself; it takes a person to look, repair and start it again."""


@dataclass(frozen=True, slots=True)
class ParkingLimit:
    """Stop at `consecutive` parked events with no good one between, or at more than `ratio` of the last `window`.

    Events queueing behind a parked one and pending events do not count. The ratio is judged once `least` events
    were seen.
    """

    ratio: float = 0.05
    consecutive: int = 20
    window: int = 1000
    least: int = 200


class ParkingRecord:
    """What was parked lately, held against a limit."""

    def __init__(self, limit: ParkingLimit) -> None:
        self._limit = limit
        self._recent: deque[tuple[int, int]] = deque()
        self._good = self._bad = self._in_a_row = 0

    def note(self, verdicts: Sequence[bool]) -> None:
        """Notes events in order, False for a parked one. Raises ConsumerStoppedError when a limit is passed."""
        bad = verdicts.count(False)
        self._recent.append((len(verdicts) - bad, bad))
        self._good += len(verdicts) - bad
        self._bad += bad
        while self._recent and self._good + self._bad - sum(self._recent[0]) >= self._limit.window:
            old_good, old_bad = self._recent.popleft()
            self._good -= old_good
            self._bad -= old_bad
        longest = 0
        for verdict in verdicts:
            self._in_a_row = 0 if verdict else self._in_a_row + 1
            longest = max(longest, self._in_a_row)
        if longest >= self._limit.consecutive:
            raise ConsumerStoppedError(f"{longest} events in a row were parked")
        seen = self._good + self._bad
        if bad and seen >= self._limit.least and self._bad > self._limit.ratio * seen:
            raise ConsumerStoppedError(f"{self._bad} of the last {seen} events were parked")
