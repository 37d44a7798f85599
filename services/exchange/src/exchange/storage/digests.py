"""SQL of the digest: the state of each record at a position, counted and added up bucket by bucket."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, BIT, distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from exchange.domain.digest import Bucket, Sum, sum_of
from exchange.storage.tables import changes

_ASKED: Final = (
    func.unnest(
        bindparam("first", type_=ARRAY(BigInteger)),
        bindparam("beyond", type_=ARRAY(BigInteger)),
        bindparam("shift", type_=ARRAY(Integer)),
    )
    .table_valued("first", "beyond", "shift", with_ordinality="place", name="asked")
    .render_derived()
)


def _newest(conditions: Sequence[ColumnElement[bool]], held: ColumnElement[bool], *more: Any) -> FromClause:
    """For each bucket asked for the newest entry of each record under these conditions, up to a position.

    The index on the state of records has everything that this reads but what is asked for in `more`.
    """
    record = (changes.c.key_hash, changes.c.aggregate, changes.c.key)
    return (
        select(*record, changes.c.version, changes.c.position, held.label("held"), *more)
        .where(
            changes.c.key_hash >= _ASKED.c.first,
            changes.c.key_hash < _ASKED.c.beyond,
            changes.c.position <= bindparam("at", type_=BigInteger),
            *conditions,
        )
        .ext(distinct_on(*record))
        .order_by(*record, changes.c.position.desc())
        .correlate(_ASKED)
        .lateral("newest")
    )


def asked(buckets: Sequence[Bucket], at: int) -> dict[str, Any]:
    """The parameters of a query for these buckets at a position."""
    return {
        "first": [bucket.first for bucket in buckets],
        "beyond": [bucket.beyond for bucket in buckets],
        "shift": [bucket.shift for bucket in buckets],
        "at": at,
    }


def dividing(conditions: Sequence[ColumnElement[bool]], held: ColumnElement[bool]) -> Select[Any]:
    """The query of `children`: by place of the bucket and number of the child how many records, and their sum."""
    newest = _newest(conditions, held)
    child = newest.c.key_hash.op(">>")(_ASKED.c.shift)
    return (
        select(_ASKED.c.place, child.label("child"), func.count(), func.sum(_hash_of(newest)))
        .select_from(_ASKED.join(newest, newest.c.held))
        .group_by(_ASKED.c.place, child)
        .order_by(_ASKED.c.place, child)
    )


async def children(
    connection: AsyncConnection,
    buckets: Sequence[Bucket],
    at: int,
    conditions: Sequence[ColumnElement[bool]],
    held: ColumnElement[bool],
) -> list[dict[str, Sum]]:
    """For each bucket its children that are not empty, by prefix. `held`: whether an entry leaves the record there."""
    query = dividing(conditions, held)
    found: list[dict[str, Sum]] = [{} for _ in buckets]
    for place, number, count, total in await connection.execute(query, asked(buckets, at)):
        found[place - 1][buckets[place - 1].child(number)] = sum_of(count, int(total))
    return found


async def entries(
    connection: AsyncConnection,
    buckets: Sequence[Bucket],
    at: int,
    conditions: Sequence[ColumnElement[bool]],
    held: ColumnElement[bool],
) -> list[list[Mapping[str, Any]]]:
    """For each bucket the entries that tell the states of its records, by aggregate and key."""
    more = [
        column
        for column in changes.c
        if column.name not in ("key_hash", "aggregate", "key", "version", "position")
    ]
    newest = _newest(conditions, held, *more)
    query = (
        select(_ASKED.c.place, newest)
        .select_from(_ASKED.join(newest, newest.c.held))
        .order_by(_ASKED.c.place, newest.c.aggregate, newest.c.key)
    )
    found: list[list[Mapping[str, Any]]] = [[] for _ in buckets]
    for row in (await connection.execute(query, asked(buckets, at))).mappings():
        found[row["place"] - 1].append(row)
    return found


def _hash_of(state: FromClause) -> ColumnElement[int]:
    """The first eight bytes of the digest of a state, as Postgres reads them: with a sign, which no sum feels."""
    told = state.c.aggregate + ":" + state.c.key + ":" + cast(state.c.version, Text)
    digest = func.encode(func.substring(func.sha256(func.convert_to(told, "UTF8")), 1, 8), "hex")
    return cast(cast("x" + digest, BIT(64)), BigInteger)
