"""Records in two times: what was true on a day (valid) and what was known at a moment (known).

Every aggregate kind is two tables. The head (`id, version, known_at`) is what writers lock: it serialises them, gives
the version for the ETag and makes known time strictly increasing per aggregate. The slices hold the values, each for
a range of days and a range of moments; nothing is ever overwritten, a superseded slice only stops being known.
An exclusion constraint lets Postgres itself refuse two slices for one day as known now. It needs a range type made
from the key (`textrange`), because no contrib extension is assumed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Identity,
    Index,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import DATERANGE, TSTZRANGE, ExcludeConstraint, Range

from contracts.event import Event


class Record:
    """One kind of aggregate: its name, its two tables and which columns are its own.

    `columns` are those of a slice. `alone`: names of slice columns that may have one slice per value and day, beyond
    the id: `alone=("school_number",)` refuses two live lead advisers of one school on one day.
    """

    def __init__(
        self,
        kind: str,
        plural: str,
        metadata: MetaData,
        columns: Sequence[Column[Any]],
        alone: Sequence[str] = (),
    ) -> None:
        self.kind = kind
        self.plural = plural
        self.own = tuple(str(column.name) for column in columns)
        self.heads = Table(
            plural,
            metadata,
            Column("id", Text, primary_key=True),
            Column("version", BigInteger, nullable=False),
            Column("known_at", DateTime(timezone=True), nullable=False),
        )
        name = f"{kind}_slices"
        self.slices = Table(
            name,
            metadata,
            Column("slice", BigInteger, Identity(always=True), primary_key=True),
            Column("id", Text, nullable=False),
            Column("valid", DATERANGE, nullable=False),
            Column("known", TSTZRANGE, nullable=False),
            Column("version", BigInteger, nullable=False),
            *columns,
            _one_per_day(name, "id"),
            *(_one_per_day(name, column) for column in alone),
            Index(f"ix_{name}_id", "id"),
        )


def _one_per_day(table: str, column: str) -> ExcludeConstraint:
    key = func.textrange(literal_column(column), literal_column(column), literal_column("'[]'"))
    return ExcludeConstraint(
        (key, "="),
        (literal_column("valid"), "&&"),
        where=func.upper_inf(literal_column("known")),
        using="gist",
        name=f"one_{table}_per_{column}_and_day",
    )


@dataclass(frozen=True, slots=True)
class Write:
    """One change of one aggregate: new values for a range of days, and the event that tells of it.

    `values` are all own columns of the slice (a slice is whole, never a patch). `valid_from` None: since always or
    unknown; `valid_to` None: open. `create`: the aggregate must not exist yet; otherwise it must. `expected_version`:
    what If-Match named; None where nobody named one. `alone`: the aggregate holds on these days and no others, so that
    an allocation that is ended early no longer holds afterwards.
    """

    id: str
    subject: str
    values: Mapping[str, Any]
    event: Event
    valid_from: date | None = None
    valid_to: date | None = None
    create: bool = False
    expected_version: int | None = None
    reason: str | None = None
    alone: bool = False

    @property
    def covers(self) -> Range[date]:
        """The days whose earlier values this write replaces."""
        return Range(None, None) if self.alone else self.valid

    @property
    def valid(self) -> Range[date]:
        """The days for which the values hold, `[from, to)`."""
        return Range(self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True)
class Written:
    """What a write made: the aggregate's version and known time, and the values that it replaced (None: none)."""

    id: str
    version: int
    known_at: datetime
    before: Mapping[str, Any] | None = field(default=None, repr=False)


def as_of(record: Record, valid_at: date, known_at: datetime | None) -> ColumnElement[bool]:
    """The condition for the slices that held on a day, as known at a moment (None: as known now)."""
    slices = record.slices.c
    known = func.upper_inf(slices.known) if known_at is None else slices.known.contains(known_at)
    return and_(slices.valid.contains(valid_at), known)


def shown(record: Record, valid_at: date, known_at: datetime | None) -> Select[Any]:
    """Slices as of a day and moment, each with `shown_version`: the version of the aggregate at that moment.

    Read now, that is the head's version, so that a change recorded for another day also changes the ETag.
    """
    slices, heads = record.slices, record.heads
    if known_at is None:
        return (
            select(slices, heads.c.version.label("shown_version"), heads.c.known_at)
            .join(heads, heads.c.id == slices.c.id)
            .where(as_of(record, valid_at, None))
        )
    return select(
        slices, slices.c.version.label("shown_version"), func.lower(slices.c.known).label("known_at")
    ).where(as_of(record, valid_at, known_at))
