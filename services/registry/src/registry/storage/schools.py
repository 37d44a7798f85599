"""SQL of schools: the list with its filters, and the whole register as of a day for comparing a list with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, false, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import Subquery

from contracts.welsh import fold, sort_key
from registry.domain.address_list import ListedSchool
from registry.domain.list_differences import RegisteredSchool, part_of_sector
from registry.storage.showing import showing
from registry.storage.tables import schools
from service_kit.policy.scope import RowScope
from service_kit.records import as_of

COLUMNS = schools.slices.c


@dataclass(frozen=True, slots=True)
class SchoolFilter:
    """What a list of schools is narrowed to; None does not narrow. `words`: all must be in the name or place."""

    authority: str | None = None
    sector: str | None = None
    status: str | None = None
    language_category: str | None = None
    words: str | None = None


def listed(scope: RowScope, valid_at: date, known_at: datetime | None, wanted: SchoolFilter) -> Select[Any]:
    """Schools that the caller may know of, as of a day and moment."""
    query = showing(schools, valid_at, known_at, scope)
    for column, value in (
        (COLUMNS.authority, wanted.authority),
        (COLUMNS.sector, wanted.sector),
        (COLUMNS.status, wanted.status),
        (COLUMNS.language_category, wanted.language_category),
    ):
        if value is not None:
            query = query.where(column == value)
    words = fold(wanted.words or "").split()
    if wanted.words is not None and not words:
        return query.where(false())
    for word in words:
        # A folded word holds letters and digits only: nothing in it is a pattern to LIKE.
        query = query.where(COLUMNS.search_folded.contains(word))
    return query


def counted(scope: RowScope, valid_at: date, known_at: datetime | None, wanted: SchoolFilter) -> Subquery:
    """The same, counted by authority, sector and status."""
    found = listed(scope, valid_at, known_at, wanted).subquery("found")
    by = (found.c.authority, found.c.sector, found.c.status)
    return select(*by, func.count().label("schools")).group_by(*by).subquery("counted")


def derived(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored beside a school's facts so that it can be found and ordered in Welsh."""
    place = " ".join([values["name"], *values["address"], values["postcode"] or ""])
    return {"name_sort": sort_key(values["name"]), "search_folded": fold(place)}


async def registered_on(connection: AsyncConnection, day: date) -> dict[str, RegisteredSchool]:
    """The whole register as of a day, as known now, in the form in which a list is compared with it."""
    query = select(
        COLUMNS.school_number, COLUMNS.name, COLUMNS.authority, COLUMNS.status, COLUMNS.sector,
        COLUMNS.governance, COLUMNS.school_type, COLUMNS.language_category, COLUMNS.religious_character,
        COLUMNS.address, COLUMNS.postcode, COLUMNS.phone, COLUMNS.pupils, schools.heads.c.version,
    ).join(schools.heads, schools.heads.c.id == COLUMNS.id).where(as_of(schools, day, None))  # fmt: skip
    return {
        row.school_number: RegisteredSchool(
            ListedSchool(
                row.school_number, row.name, row.authority, part_of_sector(row.sector), row.sector,
                row.governance, row.school_type, row.language_category, row.religious_character,
                tuple(row.address), row.postcode, row.phone, row.pupils,
            ),
            row.status,
            row.version,
        )
        for row in await connection.execute(query)
    }  # fmt: skip


async def numbers_ever(connection: AsyncConnection) -> frozenset[str]:
    """The numbers of all schools that the register has, whatever their days."""
    return frozenset(await connection.scalars(select(schools.heads.c.id)))


async def authority_on(connection: AsyncConnection, number: str, day: date) -> str | None:
    """The authority of a school on a day; None where the register has no such school then."""
    query = select(COLUMNS.authority).where(COLUMNS.id == number, as_of(schools, day, None))
    authority: str | None = await connection.scalar(query)
    return authority
