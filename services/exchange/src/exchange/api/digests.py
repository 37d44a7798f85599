"""The reconciliation digest: `GET /v1/digests`, by which a client finds where its copy differs (E-16, X-02)."""

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import Query
from pydantic import StringConstraints
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.identifiers import AuthorityCode, SchoolNumber
from contracts.text import Text
from exchange.api.changes import ChangeView
from exchange.api.feed_entries import entry_as_told
from exchange.domain.digest import Bucket
from exchange.storage import change_log
from exchange.usecases.feed_policy import FeedPolicy, Wanted, feed_policy
from exchange.usecases.feed_position import ensure_known
from exchange.usecases.read_changes import FEED_OPERATIONS
from exchange.usecases.read_digest import BucketDigest, DigestOf, read_digest
from service_kit.call import Call, RequestCall
from service_kit.models import View
from service_kit.moving import HISTORY
from service_kit.policy.memberships import NO_MEMBERSHIPS
from service_kit.routing import Router

router = Router("digests", Text("Digests", "Crynodebau"))

MAX_BUCKETS = 64
"""Buckets of one request: what differs is followed several at a time."""
MAX_LISTED = 100
"""Records that one bucket lists at most."""

Prefix = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{0,8}$")]
Aggregate = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}\.[a-z_]{1,32}$")]


class BucketView(View, data_class=DataClass.public):
    """How many records a bucket holds, and what they add up to."""

    prefix: str
    """The digits with which the hashes of its records' names begin."""
    count: int
    hash: str
    """Sum, modulo 2^64, of the hashes of its records' states; 16 hexadecimal digits."""


class RecordStateView(View, data_class=DataClass.public):
    """One record of a bucket, as its newest entry that you may see leaves it."""

    aggregate: str
    """`<service>.<aggregate>`, as in `type`."""
    key: str
    version: int
    subject: str
    """Path of the record, below `/v1`."""
    position: int
    """Of the entry that tells this state."""


class DividedBucketView(BucketView, data_class=DataClass.public):
    """A bucket that was asked for: what it is divided into, or the records in it."""

    children: list[BucketView] | None = None
    """Those that are not empty; absent where the records are listed."""
    records: list[RecordStateView] | None = None
    """Where it holds at most `records_up_to` of them."""
    entries: list[ChangeView] | None = None
    """The same records by the entries of the feed that tell their states, where `entries` asks for them."""


class DigestView(View, data_class=DataClass.public):
    """What a follower of the feed with your rights of now holds at a position."""

    at: int
    """Ask on with it: what is written meanwhile changes nothing in the answers."""
    feed: str
    """Which feed `at` is a position of."""
    buckets: list[DividedBucketView]
    """In the order in which they were asked for."""


@router.get(
    "/digests",
    operation="changes.read",
    response_model=DigestView,
    dated=False,
    selects=False,
    problems=["position_not_known", "position_forgotten"],
)
async def read_digests(
    call: Call,
    prefix: Annotated[list[Prefix], Query(max_length=MAX_BUCKETS)] = [""],  # noqa: B006  (never changed)
    digits: Annotated[int, Query(ge=1, le=2)] = 2,
    records_up_to: Annotated[int, Query(ge=0, le=MAX_LISTED)] = 0,
    entries: bool = False,
    at: Annotated[int | None, Query(ge=0, le=2**62)] = None,
    aggregate: Annotated[list[Aggregate], Query(max_length=50)] = [],  # noqa: B006
    authority: Annotated[list[AuthorityCode], Query(max_length=22)] = [],  # noqa: B006
    school: Annotated[list[SchoolNumber], Query(max_length=200)] = [],  # noqa: B006
    feed: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
) -> Response:
    """Counts and hashes by bucket over the records that you may see, as they are at a position of the feed.

    Compare with your copy at its own `next_after`; ask on for the buckets that differ, and for the records of those
    that are small enough. The buckets and hashes are described in the reference on reconciliation, and follow
    from `aggregate`, `key` and `version` alone, so that what you may not see of a record changes nothing.
    """
    call.wishes = {**call.wishes, HISTORY: bool(school)}
    wanted = Wanted(authorities=tuple(authority), schools=tuple(school))
    policy = _known_policy(call)
    under = None if policy is None else policy.decision
    async with call.read(operations=FEED_OPERATIONS, under=under) as uow:
        if policy is None:
            policy = feed_policy(call.principal, call.memberships, call.serving.roles)
            await call.under(uow, policy.decision)
        newest = await change_log.position_now(uow.connection)
        asked_at = newest.safe_until if at is None else at
        ensure_known(newest, asked_at, feed)
        of = DigestOf(asked_at, wanted, tuple(aggregate))
        buckets = [Bucket(one, digits) for one in dict.fromkeys(prefix)]
        found = await read_digest(uow.connection, policy.shown, of, buckets, records_up_to)
    told = [_bucket(one, policy, entries=entries) for one in found]
    body = orjson.dumps({"at": of.at, "feed": newest.feed, "buckets": told})
    return Response(body, 200, call.headers(), "application/json")


def _known_policy(call: RequestCall) -> FeedPolicy | None:
    """What the feed shows to the caller, where no dated fact has to be asked for it."""
    if call.needs_memberships(FEED_OPERATIONS):
        return None
    return feed_policy(call.principal, NO_MEMBERSHIPS, call.serving.roles)


def _bucket(found: BucketDigest, policy: FeedPolicy, *, entries: bool) -> dict[str, Any]:
    told: dict[str, Any] = _summed(found.bucket.prefix, found.sum.count, found.sum.told)
    if found.entries is None:
        told["children"] = [_summed(p, one.count, one.told) for p, one in found.children.items()]
    elif entries:
        told["entries"] = [entry_as_told(policy.shown, row) for row in found.entries]
    else:
        told["records"] = [{name: row[name] for name in _STATE} for row in found.entries]
    return told


def _summed(prefix: str, count: int, told: str) -> dict[str, Any]:
    return {"prefix": prefix, "count": count, "hash": told}


_STATE: Sequence[str] = tuple(RecordStateView.model_fields)
