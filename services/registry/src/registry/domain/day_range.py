"""Ranges of days, `[start, end)`: the first day on which something holds and the first on which it no longer does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days from `start` (None: since always) up to, not including, `end` (None: open).

    Raises ValueError when the range would hold no day.
    """

    start: date | None = None
    end: date | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError(f"a range of days must hold at least one: {self.start} to {self.end}")

    def __contains__(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)

    def overlaps(self, other: "DayRange") -> bool:
        """Whether one day lies in both."""
        return self.intersection(other) is not None

    def intersection(self, other: "DayRange") -> "DayRange | None":
        """The days that lie in both; None when there is none."""
        start = max((s for s in (self.start, other.start) if s is not None), default=None)
        end = min((e for e in (self.end, other.end) if e is not None), default=None)
        if start is not None and end is not None and end <= start:
            return None
        return DayRange(start, end)


def subtract(whole: DayRange, taken: Iterable[DayRange]) -> list[DayRange]:
    """The days of `whole` that no range of `taken` holds, in order and merged."""
    left = [whole]
    for cut in taken:
        left = [piece for part in left for piece in _without(part, cut)]
    return sorted(left, key=lambda part: (part.start is not None, part.start or date.min))


def _without(part: DayRange, cut: DayRange) -> Sequence[DayRange]:
    common = part.intersection(cut)
    if common is None:
        return [part]
    pieces = []
    if common.start is not None and common.start != part.start:
        pieces.append(DayRange(part.start, common.start))
    if common.end is not None and common.end != part.end:
        pieces.append(DayRange(common.end, part.end))
    return pieces
