"""Reading the digest: what a follower of the feed, with these rights, would hold at a position, bucket by bucket.

The state of a record is its newest entry that the feed shows to the caller: held there unless that entry deletes the
record or says that it left the caller's scope. So the digest and the feed ask the same function (E-15, E-16, X-02).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, any_, bindparam, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from contracts.event import Change
from exchange.domain.digest import Bucket, Sum, summed
from exchange.storage import digests
from exchange.storage.tables import changes
from exchange.usecases.feed_policy import Wanted
from exchange.usecases.read_changes import Shown, visible, visible_as_it_is


@dataclass(frozen=True, slots=True)
class DigestOf:
    """What is compared: up to which position, of which aggregates, authorities and schools."""

    at: int
    wanted: Wanted
    aggregates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BucketDigest:
    """One bucket; its children that are not empty, or the newest entries of its records where it is small enough."""

    bucket: Bucket
    sum: Sum
    children: Mapping[str, Sum]
    entries: Sequence[Mapping[str, Any]] | None


async def read_digest(
    connection: AsyncConnection,
    shown: Sequence[Shown],
    of: DigestOf,
    buckets: Sequence[Bucket],
    entries_up_to: int,
) -> list[BucketDigest]:
    """Each bucket under the caller's policy; one that holds at most `entries_up_to` records with their entries."""
    conditions = [visible(shown), *_wanted(of)]
    held = _held(shown)
    divided = await digests.children(connection, buckets, of.at, conditions, held)
    totals = [summed(children.values()) for children in divided]
    small = [
        bucket for bucket, total in zip(buckets, totals, strict=True) if 0 < total.count <= entries_up_to
    ]
    listed: dict[str, Sequence[Mapping[str, Any]]] = {}
    if small:
        found = await digests.entries(connection, small, of.at, conditions, held)
        listed = {bucket.prefix: rows for bucket, rows in zip(small, found, strict=True)}
    return [
        BucketDigest(bucket, total, children, listed.get(bucket.prefix))
        for bucket, total, children in zip(buckets, totals, divided, strict=True)
    ]


def _wanted(of: DigestOf) -> list[ColumnElement[bool]]:
    wanted = of.wanted.conditions()
    if of.aggregates:
        among = bindparam(None, list(of.aggregates), type_=ARRAY(Text))
        wanted.append(changes.c.aggregate == any_(among))
    return wanted


def _held(shown: Sequence[Shown]) -> ColumnElement[bool]:
    """Whether an entry that is shown leaves its record with the caller; null and false alike: it does not."""
    stayed = and_(changes.c.from_school.is_(None), changes.c.from_other_school.is_(None))
    return and_(changes.c.change != Change.delete.value, or_(stayed, visible_as_it_is(shown)))
