"""SQL of the change log: appending what was heard, reading what a caller may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from sqlalchemy import BigInteger, ColumnElement, Integer, Text, bindparam, cast, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.event import EVENTS, Change
from contracts.ownership import body_of, other_side_of, person_of
from eventing.envelope import Envelope
from eventing.raw import Composed, appending, driver_of
from eventing.wakes import added_to
from exchange.storage.tables import changes, changes_head, changes_outbox

_COLUMNS = tuple(column.name for column in changes_outbox.c if column.name not in ("seq", "recorded_at"))
_APPEND = appending(changes_outbox, _COLUMNS)

MOST_AT_FIRST: Final = 16_384
"""Positions at the first look for a page."""


async def append_changes(connection: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
    """Writes what was heard, one round trip for a batch; the sequencer gives the positions."""
    rows = [_row(envelope) for envelope in envelopes]
    columns = {name: [row[name] for row in rows] for name in _COLUMNS}
    await (await driver_of(connection)).fetch(*_APPEND.with_(**columns))
    added_to(connection, changes_outbox)


def _row(envelope: Envelope) -> dict[str, Any]:
    data = orjson.loads(envelope.data)
    known = EVENTS.get(envelope.type)
    other = other_side_of(envelope.aggregate, data)
    return {
        "event_id": envelope.id,
        "type": envelope.type,
        "aggregate": envelope.aggregate,
        "key": envelope.key,
        "subject": envelope.subject,
        "version": envelope.version,
        # A newer publisher's event is an upsert of an aggregate until this service knows better.
        "change": (known.CHANGE if known else Change.upsert).value,
        "data_class": envelope.data_class,
        "authority": data.get("authority"),
        "school": data.get("school"),
        "person": person_of(envelope.aggregate, data),
        "body": body_of(envelope.aggregate, data),
        "from_authority": data.get("from_authority"),
        "from_school": data.get("from_school"),
        "other_authority": other.authority,
        "other_school": other.school,
        "other_person": other.person,
        "from_other_authority": other.from_authority,
        "from_other_school": other.from_school,
        "time": envelope.time,
        "correlation_id": envelope.correlation_id,
        "data": envelope.data,
    }


def in_partition(partition: int, partitions: int) -> ColumnElement[bool]:
    """Entries of one of so many partitions, counted from 0."""
    of = (bindparam(None, value, type_=BigInteger) for value in (partitions, partition))
    return changes.c.key_hash % next(of) == next(of)


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Entries in order, where to go on, and the position up to which the log is complete.

    `feed`: which feed it is. `floor`: entries up to there are told no longer.
    """

    rows: Sequence[Mapping[str, Any]]
    next_after: int
    safe_until: int
    feed: str
    floor: int


async def head(connection: AsyncConnection) -> int:
    """The last position given. Positions are gap-free, so everything up to it is there."""
    return int(await connection.scalar(select(changes_head.c.position)) or 0)


async def position_now(connection: AsyncConnection) -> FeedPage:
    """Where the feed stands, without an entry."""
    stands = (await connection.execute(select(changes_head))).one()
    return FeedPage([], stands.position, stands.position, stands.feed, stands.floor)


def reading(conditions: Sequence[ColumnElement[bool]]) -> Composed:
    """The statement for `read`: entries in a span under these conditions, and the head of the same moment.

    The span bounds what is looked at: how many entries fit the conditions PostgreSQL cannot know, and where it thinks
    of too few it would sort all that follow, on every page anew.
    """
    entries = (
        select(changes)
        .where(
            changes.c.position > bindparam("after", type_=BigInteger),
            changes.c.position <= bindparam("until", type_=BigInteger),
            *conditions,
        )
        .order_by(changes.c.position)
        .limit(bindparam("limit", type_=Integer))
        .subquery("entry")
    )
    return Composed.of(
        select(changes_head.c.position.label("head"), changes_head.c.feed, changes_head.c.floor, entries)
        .select_from(changes_head.outerjoin(entries, true()))
        .order_by(entries.c.position)
    )


def spans(limit: int, partitions: int = 1) -> list[int]:
    """How many positions are looked at for one page, look by look: more each time that too little was shown.

    Whoever is shown everything has a full page at the first look, whoever is shown little no endless request: together
    they bound it, and `next_after` moves on.
    """
    first = min(max(limit, MOST_AT_FIRST // 64) * partitions, MOST_AT_FIRST)
    return [first, first * 2, first * 4, first * 8]


async def read(
    connection: AsyncConnection, after: int, limit: int, statement: Composed, span: int
) -> FeedPage:
    """Entries of the next `span` positions that the caller may see and asked for, and the head as of this statement.

    Whatever the conditions hide is behind the caller, so that `next_after` moves on over entries that were not shown.
    """
    driver = await driver_of(connection)
    found = await driver.fetch(*statement.with_(after=after, until=after + span, limit=limit))
    head_now = int(found[0]["head"])
    rows = [row for row in found if row["position"] is not None]
    next_after = rows[-1]["position"] if len(rows) == limit else max(after, min(after + span, head_now))
    return FeedPage(rows, next_after, head_now, found[0]["feed"], int(found[0]["floor"]))


async def read_on(
    connection: AsyncConnection, after: int, limit: int, statement: Composed, looks: Sequence[int]
) -> FeedPage:
    """A page of up to `limit` entries: looks until it is half full or at the head, at most as often as `looks` says."""
    page = await read(connection, after, limit, statement, looks[0])
    rows = list(page.rows)
    for span in looks[1:]:
        if len(rows) * 2 >= limit or page.next_after >= page.safe_until:
            break
        page = await read(connection, page.next_after, limit - len(rows), statement, span)
        rows += page.rows
    return replace(page, rows=rows)


async def raise_floor(connection: AsyncConnection, floor: int) -> int:
    """Lets the feed begin behind `floor`; returns where it begins now. It is never lowered, nor beyond the head.

    Nothing is deleted: returns are counted from the whole log.
    """
    begins = func.greatest(changes_head.c.floor, func.least(floor, changes_head.c.position))
    return int(
        await connection.scalar(update(changes_head).values(floor=begins).returning(changes_head.c.floor))
        or 0
    )


async def renew_feed(connection: AsyncConnection) -> str:
    """Makes it another feed, after a restore to an earlier state: who followed the former one is told to begin anew."""
    renewed = (
        update(changes_head).values(feed=cast(func.gen_random_uuid(), Text)).returning(changes_head.c.feed)
    )
    return str(await connection.scalar(renewed))
