"""SQL of categories: which hold around a day, what is known of a round, lists that came in."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.data_class import DataClass
from service_kit.policy.predicates import row_predicate
from service_kit.policy.scope import RowScope
from service_kit.records import as_of
from visits.storage.tables import categories, category_lists

COLUMNS = categories.slices.c


def visible(public: RowScope, confidential: RowScope) -> ColumnElement[bool]:
    """The slices that a caller may see: each row has its own class."""
    parts = [
        and_(
            COLUMNS.data_class == data_class.value,
            row_predicate(scope, authority=COLUMNS.authority, school=COLUMNS.school_number),
        )
        for data_class, scope in ((DataClass.public, public), (DataClass.confidential, confidential))
    ]
    return or_(*parts)


async def held_around(
    connection: AsyncConnection, numbers: Collection[str], day: date
) -> Sequence[Mapping[str, Any]]:
    """Categories of these schools that hold on a day or from a later one on."""
    begins, ends = func.lower(COLUMNS.valid), func.upper(COLUMNS.valid)
    query = select(categories.slices, begins.label("valid_from")).where(
        COLUMNS.holds_for == func.any(sorted(numbers)),
        func.upper_inf(COLUMNS.known),
        or_(ends.is_(None), ends > day),
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def rounds(connection: AsyncConnection, ids: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """What is known now of these rounds, by id; of one that changed within its year, what held first."""
    query = (
        select(categories.slices, func.lower(COLUMNS.valid).label("valid_from"))
        .where(COLUMNS.id == func.any(sorted(ids)), func.upper_inf(COLUMNS.known))
        .order_by(func.lower(COLUMNS.valid).desc())
    )
    return {row["id"]: dict(row) for row in (await connection.execute(query)).mappings()}


async def intensive_on(connection: AsyncConnection, day: date) -> Sequence[Mapping[str, Any]]:
    """Categories that hold on a day and call for more frequent monitoring."""
    query = select(categories.slices).where(
        COLUMNS.state == "published",
        COLUMNS.intensive_monitoring,
        func.upper_inf(COLUMNS.known),
        COLUMNS.valid.contains(day),
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def keep_list(connection: AsyncConnection, received_at: datetime, **values: Any) -> None:
    """Keeps a list as it came in."""
    await connection.execute(insert(category_lists).values(received_at=received_at, **values))


async def list_with(connection: AsyncConnection, list_id: str) -> Mapping[str, Any]:
    """A list with its bytes. Raises LookupError where there is none."""
    query = select(category_lists).where(category_lists.c.id == list_id)
    found = (await connection.execute(query)).mappings().one_or_none()
    if found is None:
        raise LookupError(list_id)
    return dict(found)


def latest(id_: str, seen: ColumnElement[bool]) -> Select[Any]:
    """What is known now of one category, of its last days: on this its next step turns."""
    heads = categories.heads
    return (
        select(
            categories.slices,
            heads.c.version.label("shown_version"),
            heads.c.known_at,
            func.lower(COLUMNS.valid).label("valid_from"),
            func.upper(COLUMNS.valid).label("valid_to"),
        )
        .join(heads, heads.c.id == COLUMNS.id)
        .where(COLUMNS.id == id_, func.upper_inf(COLUMNS.known), seen)
        .order_by(func.lower(COLUMNS.valid).desc().nulls_last())
        .limit(1)
    )


def counted(
    seen: ColumnElement[bool], day: date, known_at: datetime | None, scheme: str | None, authority: str | None
) -> Subquery:
    """Schools and days of support by authority, scheme and value, of the categories that hold on a day."""
    conditions = [
        as_of(categories, day, known_at),
        seen,
        COLUMNS.state == "published",
    ]
    if scheme is not None:
        conditions.append(COLUMNS.scheme == scheme)
    if authority is not None:
        conditions.append(COLUMNS.authority == authority)
    return (
        select(
            COLUMNS.authority,
            COLUMNS.scheme,
            func.coalesce(COLUMNS.value, "").label("value"),
            func.count().label("schools"),
            func.sum(COLUMNS.ceiling_days).label("ceiling_days"),
            func.bool_or(COLUMNS.intensive_monitoring).label("intensive_monitoring"),
        )
        .where(*conditions)
        .group_by(COLUMNS.authority, COLUMNS.scheme, COLUMNS.value)
        .subquery("counted")
    )
