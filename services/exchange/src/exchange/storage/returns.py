"""SQL of the returns: versions as a caller may see them, renderings, keys."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.data_class import DataClass
from exchange.storage.return_tables import return_keys, return_renderings, return_versions
from service_kit.policy.decide import Decision
from service_kit.policy.predicates import row_predicate

Version = Mapping[str, Any]
slices, heads = return_versions.slices.c, return_versions.heads.c


def readable(decision: Decision) -> ColumnElement[bool]:
    """The versions that a decision opens: each row in its own class."""
    return or_(
        *(
            and_(
                slices.data_class == data_class.value,
                row_predicate(decision.rows(data_class), authority=slices.authority, body=slices.body),
            )
            for data_class in (DataClass.internal, DataClass.confidential)
        )
    )


def showing(decision: Decision, known_at: datetime | None = None) -> Select[Any]:
    """Versions as known at a moment (None: now), as far as the decision opens them."""
    version = heads.version if known_at is None else slices.version
    query = select(return_versions.slices, version.label("shown_version"), heads.known_at).join(
        return_versions.heads, heads.id == slices.id
    )
    known = func.upper_inf(slices.known) if known_at is None else slices.known.contains(known_at)
    return query.where(known, readable(decision))


async def versions_of(connection: AsyncConnection, return_id: str) -> list[Version]:
    """Every version of a return as known now, by number, as far as row-level security shows them."""
    query = select(return_versions.slices).where(slices.return_id == return_id, func.upper_inf(slices.known))
    rows = (await connection.execute(query.order_by(slices.number))).mappings()
    return [dict(row) for row in rows]


async def all_versions(connection: AsyncConnection, return_ids: Sequence[str]) -> list[Version]:
    """Every version of these returns as known now."""
    query = select(slices.id, slices.return_id, slices.number, slices.state, slices.submitted_at).where(
        slices.return_id == func.any(list(return_ids)), func.upper_inf(slices.known)
    )
    return [dict(row) for row in (await connection.execute(query.order_by(slices.number))).mappings()]


async def locked(connection: AsyncConnection, version_id: str) -> Version | None:
    """One version as known now, its head locked; None where row-level security shows none."""
    await connection.execute(select(heads.id).where(heads.id == version_id).with_for_update())
    query = select(return_versions.slices).where(slices.id == version_id, func.upper_inf(slices.known))
    found = (await connection.execute(query)).mappings().first()
    return dict(found) if found is not None else None


async def keep_renderings(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keeps what was frozen; the same content again is the same rows."""
    await connection.execute(insert(return_renderings).on_conflict_do_nothing(), [dict(row) for row in rows])


async def hand_over_renderings(connection: AsyncConnection, content: str) -> None:
    """Opens the renderings of a content to those who read what was submitted."""
    statement = update(return_renderings).where(return_renderings.c.content == content)
    await connection.execute(statement.values(data_class=DataClass.internal.value))


async def rendering(
    connection: AsyncConnection, content: str, format_: str, language: str
) -> Row[Any, Any] | None:
    """One rendering: digest and bytes."""
    columns = return_renderings.c
    query = select(columns.sha256, columns.bytes).where(
        columns.content == content, columns.format == format_, columns.language == language
    )
    found: Row[Any, Any] | None = (await connection.execute(query)).first()
    return found


async def keep_key(connection: AsyncConnection, kid: str, key: Mapping[str, Any], now: datetime) -> None:
    """Publishes a key that signs; one that is published stays as it is."""
    statement = insert(return_keys).values(kid=kid, key=dict(key), first_used_at=now)
    await connection.execute(statement.on_conflict_do_nothing())


async def published_keys(connection: AsyncConnection) -> Sequence[Mapping[str, Any]]:
    """Every key that ever signed a return, the first one first."""
    query = select(return_keys.c.key).order_by(return_keys.c.first_used_at, return_keys.c.kid)
    return list((await connection.scalars(query)).all())
