"""The change feed: `GET /v1/changes`, one gap-free order over all services (E-01, E-04, E-05, X-01)."""

import asyncio
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Annotated, Any

import orjson
from fastapi import Query
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.event import Change
from contracts.identifiers import AuthorityCode, SchoolNumber
from contracts.text import Text
from exchange.api.changes_as_cloudevents import asked_for_batch, batch, headers_of
from exchange.api.feed_entries import entry_as_told
from exchange.storage import change_log
from exchange.storage.tables import changes
from exchange.usecases.feed_policy import FeedPolicy, Wanted, feed_policy, reading
from exchange.usecases.feed_position import MAX_PARTITIONS, chosen_partition, ensure_known
from exchange.usecases.read_changes import FEED_OPERATIONS, Shown
from service_kit.call import Call, RequestCall
from service_kit.models import Timestamp, View
from service_kit.moving import HISTORY
from service_kit.policy.memberships import NO_MEMBERSHIPS
from service_kit.routing import Router

router = Router("changes", Text("Changes", "Newidiadau"))

LOG = changes.name
LOOK_AGAIN_SECONDS = 0.02
"""How often a waiting request looks for new entries when nothing in this process can wake it."""
TRUST_SECONDS = 0.25
"""How long it trusts the bell: a rival sequencer in another process rings none here."""


class ChangeView(View, data_class=DataClass.public):
    """One entry: what happened to which record, as the event told it."""

    position: int
    """Place in the feed. Positions have no gaps, but entries that you may not see are left out."""
    event_id: str
    """The same wherever the event is met: use it to recognise what you have already taken."""
    type: str
    """`cymru.gwella.<service>.<aggregate>.<verb>.v<n>`; its schema is at `/schemas/<type>.json`."""
    change: Change
    """What it means for a copy: `upsert`, `delete` or `rekey`; `left_scope` where you may read the record no longer
    (forget it), `entered_scope` where you may from now on."""
    subject: str
    """Path of the record, below `/v1`."""
    key: str
    """Id of the aggregate: entries with the same type prefix and key are in the order in which they happened."""
    version: int
    """Version of the aggregate after the change; refuse a lower one than you hold."""
    authority: AuthorityCode | None = None
    school: SchoolNumber | None = None
    time: Timestamp
    """When it became known."""
    correlation_id: str | None = None
    """Request id of the request that began it all: by it you know your own writes."""
    data: dict[str, Any]
    """The event's data: new values of all public and internal fields; others are named in `changed`. A field that its
    schema gives a class of its own (`x-data-class`) is absent where you may not see that class of the record."""


class FeedView(View, data_class=DataClass.public):
    """Entries in order. Ask again with `after=next_after`; do so also when `items` is empty or short of `limit`."""

    items: list[ChangeView]
    next_after: int
    """Pass it as `after`: everything up to it was considered under your rights."""
    safe_until: int
    """The feed is complete up to here: no entry will ever appear at or before this position."""
    feed: str
    """Which feed this is. Keep it with your copy and send it as `feed`: positions of another one mean nothing here."""


@router.get(
    "/changes",
    operation="changes.read",
    response_model=FeedView,
    dated=False,
    own_types=True,
    problems=["position_not_known", "position_forgotten"],
)
async def read_changes(
    call: Call,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    wait: Annotated[float, Query(ge=0, le=30)] = 0,
    type: Annotated[list[str], Query(max_length=50)] = [],  # noqa: A002, B006  (the contract's name; never changed)
    authority: Annotated[list[AuthorityCode], Query(max_length=22)] = [],  # noqa: B006
    school: Annotated[list[SchoolNumber], Query(max_length=200)] = [],  # noqa: B006
    partition: Annotated[int | None, Query(ge=0, lt=MAX_PARTITIONS)] = None,
    partitions: Annotated[int | None, Query(ge=1, le=MAX_PARTITIONS)] = None,
    feed: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
) -> Response:
    """Everything that changed behind a position, in one order over all services, as far as you may see it.

    `wait` holds an empty answer back for up to so many seconds, until something comes. Keep `next_after` with your
    copy, in the same transaction: after a crash go on from there. Nothing is lost, and `event_id` and `version`
    tell what you already have. Order across records is the order of arrival: a reference may precede its target.
    `partition` of `partitions` gives the entries of some records, each with all of its own, to be pulled in parallel.
    A position that was never given, or is told no longer, is refused (410) with where to begin anew.
    `Accept: application/cloudevents-batch+json` gives the same entries as a batch of CloudEvents 1.0; where to go on is
    then said by the headers `Link` (`rel="next"`), `Gwella-Next-After`, `Gwella-Safe-Until` and `Gwella-Feed`.
    """
    # Asked for by number, a school's history is shown to who has the school now.
    call.wishes = {**call.wishes, HISTORY: bool(school)}
    wanted = Wanted(tuple(type), tuple(authority), tuple(school), chosen_partition(partition, partitions))
    until = monotonic() + wait
    bell = call.serving.bells.get(LOG)
    reader = _Feed(call, limit, wanted)
    with nullcontext() if bell is None else bell.listening() as rung:
        page = await reader.read(after)
        ensure_known(page, after, feed)
        while not page.rows and (left := until - monotonic()) > 0:
            if page.next_after >= page.safe_until:
                await _grown(rung, left)
            page = await reader.read(page.next_after)
    entries = [entry_as_told(reader.shown, row) for row in page.rows]
    if asked_for_batch(call):
        return batch(call, page, entries)
    said = {"next_after": page.next_after, "safe_until": page.safe_until, "feed": page.feed}
    return Response(orjson.dumps({"items": entries, **said}), 200, headers_of(call), "application/json")


async def _grown(rung: asyncio.Event | None, left: float) -> None:
    """Until the log may have grown, at most `left` seconds. No transaction is open meanwhile."""
    if rung is None:
        await asyncio.sleep(min(left, LOOK_AGAIN_SECONDS))
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(min(left, TRUST_SECONDS)):
            await rung.wait()
    rung.clear()


@dataclass
class _Feed:
    """One request's view of the log: what it may see is decided once, also when it looks again."""

    call: RequestCall
    limit: int
    wanted: Wanted
    policy: FeedPolicy | None = None

    async def read(self, after: int) -> change_log.FeedPage:
        """One look, in a transaction of its own."""
        call, roles = self.call, self.call.serving.roles
        if self.policy is None and not call.needs_memberships(FEED_OPERATIONS):
            self.policy = feed_policy(call.principal, NO_MEMBERSHIPS, roles)
        under = None if self.policy is None else self.policy.decision
        async with call.read(operations=FEED_OPERATIONS, under=under) as uow:
            if self.policy is None:
                self.policy = feed_policy(call.principal, call.memberships, roles)
                await call.under(uow, self.policy.decision)
            statement = reading(self.policy.shown, self.wanted)
            looks = change_log.spans(self.limit, *(self.wanted.partition or (0, 1))[1:])
            return await change_log.read_on(uow.connection, after, self.limit, statement, looks)

    @property
    def shown(self) -> tuple[Shown, ...]:
        """What may be seen, once it was decided."""
        return () if self.policy is None else self.policy.shown
