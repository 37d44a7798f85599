"""What a consumer has in hand, and what it reads ahead while the database works on that."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from eventing.delivery import Delivery, delivered, may_concern
from eventing.reactions import Dispatch
from eventing.transports.port import Batch, Subscription

RECEIVE_SECONDS: Final = 0.5
UNINTERRUPTED: Final = 100
"""Events decoded before others get their turn: about a millisecond."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch, and those of its events that concern the consumer, decoded."""

    batch: Batch
    deliveries: list[Delivery]

    @property
    def ignored(self) -> int:
        """How many events concern it not."""
        return len(self.batch.records) - len(self.deliveries)


class Intake:
    """A subscription read one batch ahead. A batch stays in hand until it is `done`.

    What is read ahead counts for nothing before it is handled: a rebalance voids it like the batch in hand, and
    whoever has its partitions then receives it again.
    """

    def __init__(self, subscription: Subscription, dispatch: Dispatch, limit: int) -> None:
        self.subscription = subscription
        self._dispatch = dispatch
        self._limit = limit
        self._in_hand: Taken | None = None
        self._ahead: asyncio.Task[Taken | None] | None = None

    async def next(self) -> Taken | None:
        """The batch in hand, else the next one; None when none came for a while. Raises what `receive` raises."""
        if self._in_hand is None:
            receiving, self._ahead = self._ahead, None
            self._in_hand = await (receiving or self._receive())
        if self._in_hand is not None and self._ahead is None:
            self._ahead = asyncio.create_task(self._receive(), name="read ahead")
        return self._in_hand

    def handling(self, taken: Taken) -> AbstractAsyncContextManager[bool]:
        """See `port.Subscription`."""
        return self.subscription.handling(taken.batch)

    async def done(self, *, commit: bool) -> None:
        """Lets go of the batch in hand; `commit` it unless it was lost to somebody else."""
        taken, self._in_hand = self._in_hand, None
        if taken is not None and commit:
            await self.subscription.commit(taken.batch)

    async def close(self) -> None:
        """Leaves; what was received and not committed is received again by whoever subscribes next."""
        self._in_hand = None
        receiving, self._ahead = self._ahead, None
        if receiving is not None:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)
        await self.subscription.close()

    async def _receive(self) -> Taken | None:
        batch = await self.subscription.receive(self._limit, RECEIVE_SECONDS)
        if batch is None:
            return None
        deliveries: list[Delivery] = []
        for number, record in enumerate(batch.records, 1):
            if may_concern(record, self._dispatch):
                deliveries.append(delivered(record, self._dispatch))
            if number % UNINTERRUPTED == 0:
                await asyncio.sleep(0)
        return Taken(batch, deliveries)
