"""SQL of the day ledger: ceilings, days committed and used, overrides; and how long commissioning took."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, lateral, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import Subquery

from brokerage.domain.ceilings import Ledger
from brokerage.storage.known import KnownCategory, categories_on
from brokerage.storage.tables import ceiling_overrides, commissions, known_categories, known_schools
from service_kit.policy.predicates import row_predicate
from service_kit.policy.scope import RowScope


@dataclass(frozen=True, slots=True)
class SchoolDays:
    """A school's ledger, and the category from which its ceiling comes."""

    ledger: Ledger
    category: KnownCategory | None


async def days_of_school(
    connection: AsyncConnection, number: str, school_year: str, today: date
) -> SchoolDays:
    """The ledger of a school in a school year under the category of today."""
    category = (await categories_on(connection, [number], today)).get(number)
    counted, extra = commissions.slices.c, ceiling_overrides.slices.c
    days = select(
        func.coalesce(func.sum(counted.days), 0), func.coalesce(func.sum(counted.days_used), 0)
    ).where(
        func.upper_inf(counted.known),
        counted.counts_towards_ceiling,
        counted.school_number == number,
        counted.school_year == school_year,
    )
    beyond = select(func.coalesce(func.sum(extra.extra_days), 0)).where(
        func.upper_inf(extra.known), extra.school_number == number, extra.school_year == school_year,
        extra.ceiling_days.is_not(None),
    )  # fmt: skip
    committed, used = (await connection.execute(days)).one()
    allowed = await connection.scalar(beyond)
    ceiling = category.ceiling_days if category is not None else None
    return SchoolDays(Ledger(ceiling, committed, used, int(allowed or 0)), category)


def ledgers(scope: RowScope, school_year: str, today: date) -> Subquery:
    """Each open school that has a category or days, with its ledger in a school year."""
    school, category = known_schools.c, known_categories.c
    held = lateral(
        select(category.scheme, category.value, category.ceiling_days)
        .where(
            category.number == school.number,
            category.dated <= today,
            or_(category.ended.is_(None), category.ended > today),
        )
        .order_by(category.dated.desc(), category.told.desc())
        .limit(1),
        "held",
    )
    days, extra = _committed(school_year), _extra(school_year)
    query = (
        select(
            school.number.label("school_number"),
            school.of_authority.label("authority"),
            school.sector,
            held.c.scheme,
            held.c.value.label("category"),
            held.c.ceiling_days,
            func.coalesce(days.c.committed, 0).label("committed_days"),
            func.coalesce(days.c.used, 0).label("used_days"),
            func.coalesce(extra.c.extra, 0).label("override_days"),
        )
        .select_from(known_schools)
        .outerjoin(held, true())
        .outerjoin(days, days.c.school_number == school.number)
        .outerjoin(extra, extra.c.school_number == school.number)
        .where(
            row_predicate(scope, authority=school.of_authority, school=school.number),
            or_(
                and_(held.c.value.is_not(None), school.status != "closed"), days.c.school_number.is_not(None)
            ),
        )
    )
    return query.subquery("ledgers")


def totals(found: Subquery, authority: str | None = None) -> Select[Any]:
    """The ledgers of each authority (or of one), added up."""
    columns = found.c
    names = ("committed_days", "used_days", "override_days")
    return (
        select(
            columns.authority,
            func.count(columns.category).label("schools_with_category"),
            func.coalesce(func.sum(columns.ceiling_days), 0).label("ceiling_days"),
            *(func.sum(columns[name]).label(name) for name in names),
        )
        .where(true() if authority is None else columns.authority == authority)
        .group_by(columns.authority)
        .order_by(columns.authority)
    )


def _committed(school_year: str) -> Subquery:
    columns = commissions.slices.c
    return (
        select(
            columns.school_number,
            func.sum(columns.days).label("committed"),
            func.sum(columns.days_used).label("used"),
        )
        .where(
            func.upper_inf(columns.known), columns.counts_towards_ceiling, columns.school_year == school_year
        )
        .group_by(columns.school_number)
        .subquery("days")
    )


def _extra(school_year: str) -> Subquery:
    columns = ceiling_overrides.slices.c
    return (
        select(columns.school_number, func.sum(columns.extra_days).label("extra"))
        .where(
            func.upper_inf(columns.known),
            columns.school_year == school_year,
            columns.ceiling_days.is_not(None),
        )
        .group_by(columns.school_number)
        .subquery("extra")
    )


def lead_times(scope: RowScope, first_day: date, last_day: date) -> Select[Any]:
    """Working days from request to commission, per authority: how many, their median and 90th percentile (S2-55).

    Both are days that occurred (the lower median; nearest rank), so a region can be compared with its authorities.
    """
    columns = commissions.slices.c
    days = columns.lead_working_days

    def percentile(share: float) -> ColumnElement[int]:
        return func.percentile_disc(share).within_group(days.asc())

    return (
        select(
            columns.authority,
            func.count().label("commissions"),
            percentile(0.5).label("median_working_days"),
            percentile(0.9).label("p90_working_days"),
        )
        .where(
            func.upper_inf(columns.known),
            columns.commissioned_on.between(first_day, last_day),
            row_predicate(scope, authority=columns.authority, school=columns.school_number),
        )
        .group_by(func.rollup(columns.authority))
        .order_by(columns.authority.nulls_last())
    )


async def overridden(connection: AsyncConnection, offer_id: str) -> bool:
    """Whether the lead officer authorised the commission of an offer."""
    columns = ceiling_overrides.slices.c
    query = select(columns.id).where(func.upper_inf(columns.known), columns.offer_id == offer_id).limit(1)
    return await connection.scalar(query) is not None
