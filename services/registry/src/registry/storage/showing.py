"""Reading records: which slices a caller is shown for a day and a moment."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit.policy.predicates import row_predicate
from service_kit.policy.scope import RowScope
from service_kit.records import Record, shown

Row = Mapping[str, Any]


def showing(
    record: Record, valid_at: date, known_at: datetime | None, scope: RowScope | None = None
) -> Select[Any]:
    """Slices as of a day and moment with `valid_from` and `valid_to`.

    `scope`: the rows that the caller may see, for a list; None for one record, whose answer the policy decides.
    """
    return _covered(record, _with_days(record, shown(record, valid_at, known_at)), scope)


def showing_current(record: Record, scope: RowScope | None = None) -> Select[Any]:
    """Every slice as known now, whatever its days: for facts that are periods, such as an allocation."""
    slices, heads = record.slices, record.heads
    query = (
        select(slices, heads.c.version.label("shown_version"), heads.c.known_at)
        .join(heads, heads.c.id == slices.c.id)
        .where(func.upper_inf(slices.c.known))
    )
    return _covered(record, _with_days(record, query), scope)


def _with_days(record: Record, query: Select[Any]) -> Select[Any]:
    valid = record.slices.c.valid
    return query.add_columns(func.lower(valid).label("valid_from"), func.upper(valid).label("valid_to"))


def _covered(record: Record, query: Select[Any], scope: RowScope | None) -> Select[Any]:
    if scope is None:
        return query
    rule = record.slices.info["rls"]
    tenants = {tenant: record.slices.c[name] for tenant, name in rule.columns.items()}
    return query.where(row_predicate(scope, **tenants))


async def first(connection: AsyncConnection, query: Select[Any]) -> Row | None:
    """The first row of a query as a mapping; None where there is none."""
    rows = (await connection.execute(query)).mappings()
    found = rows.first()
    return dict(found) if found is not None else None


async def one(
    connection: AsyncConnection, record: Record, id_: str, valid_at: date, known_at: datetime | None = None
) -> Row | None:
    """One record as of a day and moment."""
    return await first(connection, showing(record, valid_at, known_at).where(record.slices.c.id == id_))


async def one_period(connection: AsyncConnection, record: Record, id_: str) -> Row | None:
    """One record that is a period, as known now, whether or not it holds today."""
    return await first(connection, showing_current(record).where(record.slices.c.id == id_))


async def next_starts(
    connection: AsyncConnection, record: Record, ids: Sequence[str], day: date
) -> dict[str, date]:
    """The first day after `day` on which something else is known to begin, for each aggregate that has one.

    A change that is told for an earlier day must not overwrite what is already known of later days.
    """
    slices = record.slices.c
    begins = func.lower(slices.valid)
    query = (
        select(slices.id, func.min(begins).label("begins"))
        .where(slices.id == func.any(list(ids)), func.upper_inf(slices.known), begins > day)
        .group_by(slices.id)
    )
    return {row.id: row.begins for row in await connection.execute(query)}
