"""The transport of the one-process suite: an in-process bus that is durable because the log is.

`publish` returns only after every subscriber has committed the batch, so the shipper's cursor never passes what a
reaction has not done. A subscriber that stopped, or one that is expected and not there yet, makes `publish` fail:
the cursor stays and the batch comes again.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from eventing import log as event_log
from eventing.envelope import header_list
from eventing.transports.port import (
    Batch,
    Concerns,
    HistoryLostError,
    Place,
    PublishError,
    Received,
    Record,
    Sending,
    SubscriptionClosedError,
)


@dataclass(slots=True, eq=False)
class _Delivery:
    """One published batch on its way to one subscriber; `done` is resolved when the last record is committed."""

    records: deque[Received]
    done: asyncio.Future[None]
    unfinished: int = field(init=False)
    topic: str = field(init=False)

    def __post_init__(self) -> None:
        self.unfinished = len(self.records)
        self.topic = self.records[0].topic


class LocalSubscription:
    """One consumer's queue on the bus."""

    def __init__(self, consumer: str, topics: frozenset[str], concerns: Concerns | None = None) -> None:
        self.consumer = consumer
        self.topics = topics
        self.concerns = concerns
        self.closed = False
        self._waiting: deque[_Delivery] = deque()
        self._taken: list[_Delivery] = []
        self._arrived = asyncio.Event()
        self._lock = asyncio.Lock()

    def deliver(self, records: Sequence[Received]) -> asyncio.Future[None]:
        """Queues a batch; the future ends when it is committed, or fails when the subscription closes first."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Delivery(deque(records), done))
        self._arrived.set()
        return done

    async def receive(self, limit: int, wait: float) -> Batch | None:
        """See `port.Subscription`. Takes from as many publishers' batches as fit."""
        if not self._waiting and not self.closed:
            self._arrived.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        if self.closed:
            raise SubscriptionClosedError(self.consumer)
        records: list[Received] = []
        taken: list[tuple[_Delivery, int]] = []
        while self._waiting and len(records) < limit:
            delivery = self._waiting[0]
            number = min(limit - len(records), len(delivery.records))
            records += [delivery.records.popleft() for _ in range(number)]
            taken.append((delivery, number))
            if not delivery.records:
                self._taken.append(self._waiting.popleft())
        return Batch(records, taken)

    @asynccontextmanager
    async def handling(self, batch: Batch) -> AsyncIterator[bool]:
        """See `port.Subscription`; nobody else ever gets this consumer's records."""
        async with self._lock:
            yield not self.closed

    async def commit(self, batch: Batch) -> None:
        """See `port.Subscription`."""
        taken: list[tuple[_Delivery, int]] = batch.token
        for delivery, number in taken:
            delivery.unfinished -= number
            if delivery.unfinished == 0:
                if delivery in self._taken:
                    self._taken.remove(delivery)
                if not delivery.done.done():
                    delivery.done.set_result(None)

    async def behind(self) -> Mapping[Place, int]:
        """See `port.Subscription`: what publishers wait for here."""
        waiting = dict.fromkeys((Place(topic, 0) for topic in sorted(self.topics)), 0)
        for delivery in {id(one): one for one in (*self._taken, *self._waiting)}.values():
            waiting[Place(delivery.topic, 0)] += delivery.unfinished
        return waiting

    async def close(self) -> None:
        """See `port.Subscription`; publishers learn at once that their batch did not arrive."""
        async with self._lock:
            self.closed = True
            self._arrived.set()
            for delivery in (*self._taken, *self._waiting):
                if not delivery.done.done():
                    delivery.done.set_exception(PublishError(f"{self.consumer} has stopped"))
            self._waiting.clear()
            self._taken.clear()


class LocalHistory:
    """The publishers' logs themselves: the bus keeps nothing."""

    def __init__(self, logs: Mapping[str, tuple[AsyncEngine, Table]]) -> None:
        self._logs = logs
        self._reached = dict.fromkeys(logs, 0)

    async def ahead(self) -> int:
        """See `port.History`."""
        ends = await self._ends()
        return sum(ends[topic] - self._reached[topic] for topic in ends)

    async def to_end(self, limit: int) -> AsyncGenerator[Sequence[Received], None]:
        """See `port.History`."""
        for topic, end in (await self._ends()).items():
            engine, log = self._logs[topic]
            while self._reached[topic] < end:
                after = self._reached[topic]
                async with engine.connect() as connection:
                    entries = await event_log.read(connection, log, after, min(limit, end - after))
                if not entries or entries[0].position != after + 1:
                    raise HistoryLostError(f"{topic}: nothing at position {after + 1}")
                self._reached[topic] = entries[-1].position
                yield [
                    Received(topic, str(e.position), e.key, header_list(e.headers, e.position), e.data)
                    for e in entries
                ]

    async def close(self) -> None:
        """See `port.History`."""

    async def _ends(self) -> dict[str, int]:
        found = {}
        for topic, (engine, log) in self._logs.items():
            async with engine.connect() as connection:
                found[topic] = await event_log.head(connection, log)
        return found


class LocalTransport:
    """The bus. `consumers` names those without which nothing may be published, for each topic."""

    name = "local"

    def __init__(self, consumers: dict[str, frozenset[str]] | None = None) -> None:
        self._expected = consumers or {}
        self._subscriptions: dict[str, LocalSubscription] = {}
        self._logs: dict[str, tuple[AsyncEngine, Table]] = {}

    def keep(self, topic: str, engine: AsyncEngine, log: Table) -> None:
        """A publisher tells where its log is, which is the topic's history."""
        self._logs[topic] = (engine, log)

    async def history(self, topics: Sequence[str]) -> LocalHistory:
        """See `port.Transport`."""
        unknown = sorted(set(topics) - self._logs.keys())
        if unknown:
            raise HistoryLostError(f"no relay told where its log is: {', '.join(unknown)}")
        return LocalHistory({topic: self._logs[topic] for topic in sorted(set(topics))})

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Topics need no creation here."""

    async def subscribe(
        self, consumer: str, topics: Sequence[str], concerns: Concerns | None = None
    ) -> LocalSubscription:
        """See `port.Transport`. A consumer has one member here: subscribing again closes the earlier one."""
        earlier = self._subscriptions.pop(consumer, None)
        if earlier is not None:
            await earlier.close()
        subscription = LocalSubscription(consumer, frozenset(topics), concerns)
        self._subscriptions[consumer] = subscription
        return subscription

    async def prepare(self, topic: str, records: Sequence[Record]) -> Sending:
        """See `port.Transport`; there is nothing to do beforehand."""
        return partial(self.publish, topic, records)

    async def publish(self, topic: str, records: Sequence[Record]) -> None:
        """See `port.Transport`; subscribers handle the batch at the same time as one another."""
        hearing = [s for s in self._subscriptions.values() if topic in s.topics]
        present = {subscription.consumer for subscription in hearing if not subscription.closed}
        missing = self._expected.get(topic, frozenset()) - present
        if missing or len(present) < len(hearing):
            absent = missing or {s.consumer for s in hearing if s.closed}
            raise PublishError(f"not running: {', '.join(sorted(absent))}")
        received = [
            Received(topic, str(r.position), r.key, header_list(r.headers, r.position), r.data)
            for r in records
        ]
        answers = [
            subscription.deliver(wanted)
            for subscription in hearing
            if (wanted := [r for r in received if subscription.concerns is None or subscription.concerns(r)])
        ]
        outcomes = await asyncio.gather(*answers, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def close(self) -> None:
        """Closes every subscription."""
        for subscription in self._subscriptions.values():
            await subscription.close()
