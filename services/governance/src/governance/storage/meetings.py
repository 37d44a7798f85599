"""SQL of meetings: what their next steps turn on, who is present, what was declared."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from governance.domain.constitutions import Constitution, Member, quorum_of
from governance.domain.meetings import meets_on
from governance.domain.resolutions import UNDECIDED
from governance.storage.conventions import constitutions
from governance.storage.memberships import member_of, members_on
from governance.storage.reading import now_of
from governance.storage.tables import agenda_items, attendances, bodies, declarations, meetings, resolutions
from service_kit.reading import Row, first, rows
from service_kit.records import as_of

_ITEMS = agenda_items.slices.c


def _items_of() -> Any:
    return (
        select(func.count())
        .where(
            _ITEMS.meeting_id == meetings.slices.c.id,
            _ITEMS.state == "on_agenda",
            func.upper_inf(_ITEMS.known),
        )
        .correlate(meetings.slices)
    )


def with_facts(query: Select[Any]) -> Select[Any]:
    """Adds what a meeting's next steps turn on: items, those in one language only, resolutions not decided."""
    untranslated = _items_of().where(or_(_ITEMS.title_en.is_(None), _ITEMS.title_cy.is_(None)))
    columns = resolutions.slices.c
    undecided = (
        select(func.count())
        .where(
            columns.meeting_id == meetings.slices.c.id,
            columns.state.in_(sorted(UNDECIDED)),
            func.upper_inf(columns.known),
        )
        .correlate(meetings.slices)
    )
    return query.add_columns(
        _items_of().scalar_subquery().label("items"),
        untranslated.scalar_subquery().label("untranslated"),
        undecided.scalar_subquery().label("undecided"),
    )


def of_authority(body_id: ColumnElement[str], authority: str) -> ColumnElement[bool]:
    """Whether a body is or was an authority's own, or one that it shares with others."""
    columns = bodies.slices.c
    return exists().where(
        columns.id == body_id, func.upper_inf(columns.known), columns.authorities.any_() == authority
    )


async def body_on(connection: AsyncConnection, body_id: str, day: date) -> Row | None:
    """A body as it is constituted on a day."""
    return await first(
        connection, select(bodies.slices).where(bodies.slices.c.id == body_id, as_of(bodies, day, None))
    )


async def meeting_now(connection: AsyncConnection, meeting_id: str) -> Row | None:
    """A meeting as known now."""
    return await first(connection, now_of(meetings, meetings.slices.c.id == meeting_id))


async def items_of(connection: AsyncConnection, meeting_id: str) -> list[Row]:
    """Every item of a meeting, also withdrawn ones."""
    return await rows(connection, now_of(agenda_items, _ITEMS.meeting_id == meeting_id))


async def resolutions_of(connection: AsyncConnection, meeting_id: str) -> list[Row]:
    """Every resolution of a meeting."""
    return await rows(connection, now_of(resolutions, resolutions.slices.c.meeting_id == meeting_id))


async def interested_in(connection: AsyncConnection, agenda_item_id: str) -> frozenset[str]:
    """The members who declared a prejudicial interest in an item."""
    columns = declarations.slices.c
    found = await connection.scalars(
        select(columns.member_id).where(
            columns.agenda_item_id == agenda_item_id,
            columns.kind == "prejudicial",
            func.upper_inf(columns.known),
        )
    )
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Presence:
    """Who is in the room now, and how many must be there to decide."""

    constitution: Constitution
    present: tuple[Member, ...]
    needed: int


async def presence(connection: AsyncConnection, meeting: Row) -> Presence:
    """Presence at a meeting under the constitution of its day. Raises LookupError where its body has none."""
    day = meets_on(meeting["starts_at"])
    body = await body_on(connection, meeting["body_id"], day)
    if body is None:
        raise LookupError(meeting["body_id"])
    rules = constitutions()[meeting["constitution"]]
    sitting = [member_of(row) for row in await members_on(connection, body["id"], day)]
    columns = attendances.slices.c
    here = set(
        await connection.scalars(
            select(columns.member_id).where(
                columns.meeting_id == meeting["id"], columns.present, func.upper_inf(columns.known)
            )
        )
    )
    present = tuple(member for member in sitting if member.id in here)
    return Presence(rules, present, quorum_of(rules, sitting, body["authorities"]))
