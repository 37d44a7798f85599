"""What a live consumer is done with: asked of its own tables, while it goes on, by whoever rebuilds what it keeps."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Text, any_, bindparam, func, literal, select, tuple_, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from eventing import shadows
from eventing.delivery import Delivery
from eventing.raw import Composed, driver_of
from eventing.tables import ConsumerTables

REMEMBERED: Final = 200_000
"""How many last versions are kept in memory. They only rise, so one that suffices need not be asked again."""

_GIVEN_UP, _NOT_DONE, _TAKEN = 0, 1, 2


class Settled:
    """Asks the live tables of one consumer, whatever temporary tables stand before them."""

    def __init__(self, consumer: str, consumed: ConsumerTables) -> None:
        self._passed: dict[tuple[str, str], int] = {}
        self._versions = _versions(consumer, consumed)
        self._single = _single(consumer, consumed)

    async def among(self, connection: AsyncConnection, deliveries: Sequence[Delivery]) -> dict[str, bool]:
        """Those that it is done with, by id: True where it handled it, False where it was given up."""
        driver = await driver_of(connection)
        await self._look_up(driver, deliveries)
        passed = {one.event_id for one in deliveries if self._has_passed(one)}
        # What has no version of its own, or a higher one than was handled, may still be in the inbox.
        others = [one.event_id for one in deliveries if one.event_id not in passed]
        asked = self._single.with_(event_id=[one.event_id for one in deliveries], other=others)
        answers: dict[str, set[int]] = {}
        for event_id, state in await driver.fetch(*asked):
            answers.setdefault(event_id, set()).add(state)
        settled = dict.fromkeys(passed, True)
        for event_id, states in answers.items():
            if _NOT_DONE in states:
                settled.pop(event_id, None)
            elif _GIVEN_UP in states or _TAKEN in states:
                settled[event_id] = _GIVEN_UP not in states
        return settled

    def _has_passed(self, delivery: Delivery) -> bool:
        return 0 < delivery.version <= self._passed.get((delivery.key, delivery.aggregate), 0)

    async def _look_up(self, driver: Any, deliveries: Sequence[Delivery]) -> None:
        if len(self._passed) > REMEMBERED:
            self._passed.clear()
        places = {(one.key, one.aggregate) for one in deliveries if not self._has_passed(one)}
        if not places:
            return
        keys, aggregates = zip(*sorted(places), strict=True)
        for key, aggregate, version in await driver.fetch(
            *self._versions.with_(key=list(keys), aggregate=list(aggregates))
        ):
            self._passed[key, aggregate] = version


def _versions(consumer: str, consumed: ConsumerTables) -> Composed:
    """The last versions that it handled. The inbox may have been purged; they know what was handled long ago."""
    last = shadows.live(consumed.last_versions).c
    arrays = [bindparam(name, type_=ARRAY(Text())) for name in ("key", "aggregate")]
    given = func.unnest(*arrays).table_valued("key", "aggregate", name="given").render_derived()
    return Composed.of(
        select(last.key, last.aggregate, last.version).where(
            last.consumer == consumer,
            tuple_(last.key, last.aggregate).in_(select(given.c.key, given.c.aggregate)),
        )
    )


def _single(consumer: str, consumed: ConsumerTables) -> Composed:
    """What is known of single events: parked, pending or given up, and of the others whether they were taken."""
    inbox, parked, pending = (
        shadows.live(table).c for table in (consumed.inbox, consumed.parked, consumed.pending)
    )
    ids = any_(bindparam("event_id", type_=ARRAY(Text())))
    return Composed.of(
        union_all(
            select(parked.event_id, literal(_NOT_DONE)).where(
                parked.consumer == consumer, parked.resolution.is_(None), parked.event_id == ids
            ),
            select(parked.event_id, literal(_GIVEN_UP)).where(
                parked.consumer == consumer, parked.resolution == "discarded", parked.event_id == ids
            ),
            select(pending.event_id, literal(_NOT_DONE)).where(
                pending.consumer == consumer, pending.event_id == ids
            ),
            select(inbox.event_id, literal(_TAKEN)).where(
                inbox.consumer == consumer,
                inbox.event_id == any_(bindparam("other", type_=ARRAY(Text()))),
            ),
        )
    )
