"""A figure is the set of records that it counts; cells, totals and traces are made from that one set.

So a count and its trace cannot disagree, zero is told from nothing collected, and a region is the sum of its
authorities because both count the same items.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """What a value is: a count (also zero), or why there is none."""

    value = "value"
    not_collected = "not_collected"
    suppressed = "suppressed"
    unknown = "unknown"


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


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One record counted under an authority and a breakdown."""

    authority: str
    by: By
    reference: Reference


@dataclass(frozen=True, slots=True)
class Figure:
    """What one figure of the definition counts.

    `statuses`: for authorities where it is not a count, why. `scalar`: a figure of the whole return that counts no
    records of an authority (a log position).
    """

    code: str
    items: tuple[Item, ...] = ()
    statuses: Mapping[str, Status] = field(default_factory=dict)
    scalar: int | None = None


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


def cells(figure: Figure, authorities: Sequence[str]) -> list[Cell]:
    """Its cells: the whole, each authority (also with zero), and every breakdown that counts something."""
    if figure.scalar is not None:
        return [Cell(figure.code, None, (), Status.value, figure.scalar)]
    counted = [item for item in figure.items if item.authority not in figure.statuses]
    made = [_whole(figure, authorities, len(counted))]
    totals = Counter(item.authority for item in counted)
    details = Counter((item.authority, item.by) for item in counted if item.by)
    for authority in authorities:
        status = figure.statuses.get(authority, Status.value)
        value = totals[authority] if status is Status.value else None
        made.append(Cell(figure.code, authority, (), status, value))
        made += [
            Cell(figure.code, authority, by, Status.value, count)
            for (of, by), count in sorted(details.items())
            if of == authority
        ]
    return made


def _whole(figure: Figure, authorities: Sequence[str], count: int) -> Cell:
    """The sum over the authorities; where one of them has no count, the sum has none either."""
    statuses = [figure.statuses[authority] for authority in authorities if authority in figure.statuses]
    status = statuses[0] if statuses else Status.value
    return Cell(figure.code, None, (), status, count if status is Status.value else None)
