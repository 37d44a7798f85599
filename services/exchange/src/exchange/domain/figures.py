"""A figure is the set of records that it counts; cells, totals and traces are made from that one set.

So a count and its trace cannot disagree, zero is told from nothing collected, and a region is the sum of its
authorities (and of what belongs to the region as such) because both count the same items.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final


class Status(StrEnum):
    """What a value is: a number (also zero), or why there is none."""

    value = "value"
    not_collected = "not_collected"
    suppressed = "suppressed"
    unknown = "unknown"
    no_figure = "no_figure"
    """There is nothing of which it could be made: a share without a denominator, a median of nothing."""


class Measure(StrEnum):
    """How the value of a figure is made from its items."""

    counted = "count"
    total = "total"
    """The sum of the amounts."""
    share = "share"
    """Of the items, how many have the amount 1 (the others 0): in hundredths of a percent, half rounded up."""
    median = "median"
    """By nearest rank, so that it is always an amount that there was."""
    percentile_90 = "percentile_90"
    """By nearest rank."""
    day = "day"
    """A day of a single record, as the number YYYYMMDD (ISO 8601, basic format); it has no total."""


ADDITIVE: Final = frozenset({Measure.counted, Measure.total})
"""Measures of which a region is the sum of its authorities."""


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A record at a version: what a figure counts, as the change feed told of it at a position."""

    subject: str
    """Plural of the resource, as in its path: `schools`."""
    id: str
    version: int
    position: int


By = tuple[tuple[str, str], ...]
"""The breakdown of a cell: pairs of dimension and code; empty for a total."""


@dataclass(frozen=True, slots=True)
class Item:
    """One record counted under an authority and a breakdown. Without an authority it belongs to the region as such."""

    authority: str | None
    by: By
    reference: Reference
    amount: int = 1
    """What it adds to a figure that is no count: days, pence, working days, or 1 and 0 in a share."""


def in_order(items: Iterable[Item]) -> tuple[Item, ...]:
    """Items in the one order in which documents and traces have them."""
    return tuple(sorted(items, key=lambda item: (item.authority or "", item.by, item.reference, item.amount)))


@dataclass(frozen=True, slots=True)
class Figure:
    """What one figure of the definition counts.

    `statuses`: for authorities where it is no number, why. `scalar`: a figure of the whole return that counts no
    records of an authority (a log position).
    """

    code: str
    items: tuple[Item, ...] = ()
    statuses: Mapping[str, Status] = field(default_factory=dict)
    scalar: int | None = None
    measure: Measure = Measure.counted


@dataclass(frozen=True, slots=True)
class Cell:
    """One value. `authority` None is the whole return; `by` empty is the total of its row."""

    figure: str
    authority: str | None
    by: By
    status: Status
    value: int | None


def absent(code: str, authorities: Iterable[str], status: Status = Status.not_collected) -> Figure:
    """A figure of which nothing can be said."""
    return Figure(code, statuses=dict.fromkeys(authorities, status))


def day_number(day: date) -> int:
    """A day as a value: YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


def share_of(part: int, whole: int) -> int:
    """A part of a whole in hundredths of a percent, half rounded up. The whole is not zero."""
    return int(Fraction(part * 10_000, whole) + Fraction(1, 2))


def nearest_rank(amounts: Sequence[int], percent: int) -> int:
    """The smallest amount that at least this share of them does not exceed. There is at least one."""
    return sorted(amounts)[-(-len(amounts) * percent // 100) - 1]


_MADE: Final[Mapping[Measure, Callable[[Sequence[int]], int]]] = {
    Measure.counted: len,
    Measure.total: sum,
    Measure.share: lambda amounts: share_of(sum(amounts), len(amounts)),
    Measure.median: lambda amounts: nearest_rank(amounts, 50),
    Measure.percentile_90: lambda amounts: nearest_rank(amounts, 90),
    Measure.day: max,
}


def cells(figure: Figure, authorities: Sequence[str]) -> list[Cell]:
    """Its cells: the whole, each authority (also with zero), and every breakdown that counts something."""
    if figure.scalar is not None:
        return [Cell(figure.code, None, (), Status.value, figure.scalar)]
    amounts: dict[tuple[str | None, By], list[int]] = defaultdict(list)
    whole: list[int] = []
    for item in figure.items:
        if item.authority not in figure.statuses:
            whole.append(item.amount)
            amounts[item.authority, ()].append(item.amount)
            if item.by:
                amounts[item.authority, item.by].append(item.amount)
    details: dict[str | None, list[By]] = defaultdict(list)
    for authority, by in amounts:
        if by:
            details[authority].append(by)
    missing = [figure.statuses[authority] for authority in authorities if authority in figure.statuses]
    made = [_cell(figure, None, (), whole, missing[0] if missing else None)]
    for row in (None, *authorities):
        if row is not None:
            made.append(_cell(figure, row, (), amounts.get((row, ()), ()), figure.statuses.get(row)))
        made += [_cell(figure, row, by, amounts[row, by], None) for by in sorted(details[row])]
    return [cell for cell in made if cell.by or figure.measure is not Measure.day]


def _cell(
    figure: Figure, authority: str | None, by: By, amounts: Sequence[int], status: Status | None
) -> Cell:
    """Where one authority has no number, the sum has none either: then `status` says why."""
    if status is None and not amounts and figure.measure not in ADDITIVE:
        status = Status.no_figure
    if status is not None:
        return Cell(figure.code, authority, by, status, None)
    return Cell(figure.code, authority, by, Status.value, _MADE[figure.measure](amounts))
