"""What other services told: schools, published findings, who held their visits, categories. Kept and asked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import Table, func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from brokerage.storage.tables import known_categories, known_findings, known_schools, known_visits
from service_kit import known_schools as known

schools_of = partial(known.schools_of, known_schools)
"""The schools with these numbers that were announced, by number."""


@dataclass(frozen=True, slots=True)
class KnownCategory:
    """A category that holds: its value, and the days that it allows (None: the scheme sets no ceiling)."""

    number: str
    scheme: str
    value: str
    ceiling_days: int | None


async def keep_finding(connection: AsyncConnection, told: int, values: Mapping[str, Any]) -> None:
    """Keeps a published finding, as it was told last."""
    await _keep(connection, known_findings, ["finding_id"], told, values)


async def keep_visit(connection: AsyncConnection, told: int, values: Mapping[str, Any]) -> None:
    """Keeps who held a visit."""
    await _keep(connection, known_visits, ["visit_id"], told, values)


async def keep_category(connection: AsyncConnection, told: int, values: Mapping[str, Any]) -> None:
    """Keeps a category that holds from its date on."""
    await _keep(connection, known_categories, ["category_id", "dated"], told, values)


async def end_category(connection: AsyncConnection, category_id: str, ended: date) -> None:
    """A later category took the place of this one, which holds until a day."""
    columns = known_categories.c
    await connection.execute(
        update(known_categories).where(columns.category_id == category_id).values(ended=ended)
    )


async def _keep(
    connection: AsyncConnection, table: Table, key: list[str], told: int, values: Mapping[str, Any]
) -> None:
    statement = insert(table).values(told=told, **values)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=key, set_={**values, "told": told}, where=table.c.told < told
        )
    )


async def lock_school(connection: AsyncConnection, number: str) -> None:
    """Holds a school until the transaction ends: days are committed for it by one at a time."""
    await connection.execute(
        select(known_schools.c.number).where(known_schools.c.number == number).with_for_update()
    )


async def finding_with(connection: AsyncConnection, finding_id: str) -> Mapping[str, Any] | None:
    """A published finding as far as the transaction may see it; None for any other."""
    query = select(known_findings).where(known_findings.c.finding_id == finding_id)
    found = (await connection.execute(query)).mappings().first()
    return dict(found) if found is not None else None


async def visitor_of(connection: AsyncConnection, visit_id: str) -> str | None:
    """Who held a visit; None where it was not told."""
    found: str | None = await connection.scalar(
        select(known_visits.c.adviser_id).where(known_visits.c.visit_id == visit_id)
    )
    return found


async def categories_on(
    connection: AsyncConnection, numbers: Collection[str], day: date
) -> dict[str, KnownCategory]:
    """The category of each of these schools on a day: the one dated last, where none ended it."""
    columns = known_categories.c
    query = (
        select(columns.number, columns.scheme, columns.value, columns.ceiling_days)
        .ext(distinct_on(columns.number))
        .where(
            columns.number == func.any(sorted(numbers)),
            columns.dated <= day,
            or_(columns.ended.is_(None), columns.ended > day),
        )
        .order_by(columns.number, columns.dated.desc(), columns.told.desc())
    )
    return {row.number: KnownCategory(*row) for row in await connection.execute(query)}
