"""SQL of matching: what is on the menu for a specialism, with its providers, their free days, and interests."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brokerage.domain.conflicts import Interest, Involvement, blocking
from brokerage.domain.matching import Candidate, Window
from brokerage.storage.conventions import support_types
from brokerage.storage.known import KnownCategory, categories_on, schools_of
from brokerage.storage.tables import capacities, interests, menu_evidence, menu_items, providers
from service_kit.known_schools import KnownSchool

Row = Mapping[str, Any]


async def candidates_for(
    connection: AsyncConnection,
    request: Row,
    involvement: Involvement,
    today: date,
    item_id: str | None = None,
) -> list[Candidate]:
    """Everything on the menu for the specialism of a request (or one entry of it), as matching wants it."""
    rows = await _on_menu(connection, request["specialism"], item_id)
    ids = sorted({row["provider_id"] for row in rows})
    windows = await windows_of(connection, ids, today)
    declared = await interests_of(connection, request["id"])
    numbers = {row["provider_school"] for row in rows if row["provider_school"] is not None}
    known = await schools_of(connection, numbers)
    categories = await categories_on(connection, numbers, today)
    return [
        _candidate(row, known, categories, windows, blocking(
            row["provider_person"], row["provider_school"], involvement, declared.get(row["provider_id"], ())
        ), today)
        for row in rows
    ]  # fmt: skip


async def _on_menu(connection: AsyncConnection, specialism: str, item_id: str | None) -> Sequence[Row]:
    item, provider = menu_items.slices.c, providers.slices.c
    strong = (
        select(func.coalesce(func.sum(menu_evidence.c.judgements), 0))
        .where(menu_evidence.c.menu_item_id == item.id, menu_evidence.c.level == "strong")
        .scalar_subquery()
    )
    query = (
        select(
            item.id.label("menu_item_id"), item.support_type, item.provider_id, provider.provider_school,
            provider.provider_authority, provider.provider_person, provider.languages, provider.phases,
            provider.follow_up, provider.state, strong.label("strong"),
        )
        .join(providers.slices, and_(provider.id == item.provider_id, func.upper_inf(provider.known)))
        .where(func.upper_inf(item.known))
    )  # fmt: skip
    if item_id is None:
        query = query.where(item.state == "published", item.specialism == specialism)
    else:
        query = query.where(item.id == item_id)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def windows_of(
    connection: AsyncConnection, provider_ids: Sequence[str], today: date
) -> dict[str, list[Window]]:
    """The free days of providers in periods that are not over."""
    columns = capacities.slices.c
    query = select(
        columns.provider_id,
        func.lower(columns.valid).label("first_day"),
        (func.upper(columns.valid) - 1).label("last_day"),
        (columns.days - columns.reserved_days).label("free"),
    ).where(
        func.upper_inf(columns.known),
        columns.provider_id == func.any(list(provider_ids)),
        func.upper(columns.valid) > today,
    )
    found: defaultdict[str, list[Window]] = defaultdict(list)
    for row in await connection.execute(query):
        found[row.provider_id].append(Window(row.first_day, row.last_day, row.free))
    return found


async def interests_of(connection: AsyncConnection, request_id: str) -> dict[str, list[Interest]]:
    """The interests declared for a request, by provider."""
    columns = interests.slices.c
    query = select(columns.provider_id, columns.ground, columns.state).where(
        func.upper_inf(columns.known), columns.request_id == request_id
    )
    found: defaultdict[str, list[Interest]] = defaultdict(list)
    for row in await connection.execute(query):
        found[row.provider_id].append(Interest(row.ground, row.state == "mitigated"))
    return found


def _candidate(
    row: Row,
    known: Mapping[str, KnownSchool],
    categories: Mapping[str, KnownCategory],
    windows: Mapping[str, Sequence[Window]],
    conflicts: tuple[str, ...],
    today: date,
) -> Candidate:
    school = known.get(row["provider_school"]) if row["provider_school"] else None
    category = categories.get(row["provider_school"]) if row["provider_school"] else None
    return Candidate(
        menu_item_id=row["menu_item_id"],
        provider_id=row["provider_id"],
        languages=frozenset(row["languages"]),
        phases=frozenset(row["phases"]),
        follow_up=row["follow_up"],
        active=row["state"] == "active",
        school=row["provider_school"],
        school_closed=school is not None and school.closed_on(today),
        authority=row["provider_authority"],
        postcode=school.postcode if school is not None else None,
        category=category.value if category is not None else None,
        other_authority_only=support_types()[row["support_type"]].other_authority_only,
        windows=tuple(windows.get(row["provider_id"], ())),
        strong_impacts=int(row["strong"]),
        conflicts=conflicts,
    )
