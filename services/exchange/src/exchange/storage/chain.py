"""SQL of the chain: keeping the last version of each record, walking the links, finding the returns that counted."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, Text, and_, any_, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eventing.raw import Composed, driver_of
from exchange.domain.chain import FINDING, PUBLISHED, RETURN, content, reference
from exchange.storage.chain_tables import chain_counts, chain_records
from exchange.storage.tables import changes_head

_RECORD = chain_records.c


def _keeping() -> Composed:
    """One text for any number of records, given as one JSON array: it is prepared once, whoever hears of them."""
    given = func.jsonb_to_recordset(cast(bindparam("rows", type_=Text), JSONB)).table_valued(
        *(column(one.name, one.type) for one in chain_records.c)
    )
    rows = select(given.render_derived(name="given", with_types=True))
    statement = insert(chain_records).from_select(chain_records.c.keys(), rows)
    told = {name: column for name, column in statement.excluded.items() if name != "reference"}
    newer = statement.excluded.version > _RECORD.version
    return Composed.of(
        statement.on_conflict_do_update(index_elements=[_RECORD.reference], set_=told, where=newer)
    )


_KEEPING = _keeping()


async def keep(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes records down, one statement however many; an earlier version than the one held changes nothing."""
    driver = await driver_of(connection)
    await driver.execute(*_KEEPING.with_(rows=orjson.dumps(list(rows)).decode()))


async def keep_counts(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keeps what a frozen return counts; the same content again is the same rows."""
    await connection.execute(insert(chain_counts).on_conflict_do_nothing(), [dict(row) for row in rows])


async def walk(
    connection: AsyncConnection, finding_id: str, visible: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    """Every record of a published finding's chain that may be seen, with `as_of`, the position of the change log.

    A link is followed where the record that tells it may be seen: so nothing hidden shows by what hangs on it. No
    rows: there is no such finding, or it may not be known.
    """
    beginning = and_(
        _RECORD.reference == reference("findings", finding_id),
        _RECORD.aggregate == FINDING,
        _RECORD.data["state"].astext == PUBLISHED,
    )
    further = func.unnest(func.array_append(_RECORD.leads_to, _RECORD.reference)).label("reference")
    reached = select(further).where(beginning, visible).cte("reached", recursive=True)
    step = select(further).where(_RECORD.follows_from.contains(array([reached.c.reference])), visible)
    reached = reached.union(step)
    query = select(chain_records, select(changes_head.c.position).scalar_subquery().label("as_of")).where(
        _RECORD.reference.in_(select(reached.c.reference)), visible
    )
    return (await connection.execute(query)).all()


async def counted_by(
    connection: AsyncConnection, references: Sequence[str], visible: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    """The versions of returns that may be seen and count any of these records: each with `counted` and `figures`.

    A test return counts for nothing, so it is no part of a chain.
    """
    among = chain_counts.c.reference == any_(bindparam(None, list(references), type_=ARRAY(Text)))
    frozen = _RECORD.follows_from.contains(array([content_of(chain_counts.c.content)]))
    real = func.coalesce(_RECORD.data["test"].as_boolean(), False).is_(False)
    query = (
        select(chain_records, chain_counts.c.reference.label("counted"), chain_counts.c.figures)
        .join(chain_counts, frozen)
        .where(among, _RECORD.aggregate == RETURN, real, visible)
    )
    return (await connection.execute(query)).all()


def content_of(digest: ColumnElement[str]) -> ColumnElement[str]:
    """The link to what was frozen (`chain.content`) of a column of digests."""
    return func.concat(content(""), digest, type_=Text)
