"""Receiving batches from Kafka: explicit offsets, committed by us, never while somebody else owns the partition."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Final, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError

from eventing.transports.kafka.settings import KafkaSettings
from eventing.transports.port import Batch, Place, Received, SubscriptionClosedError

_log = structlog.get_logger(__name__)

COMMIT_SECONDS: Final = 10.0
COMMIT_EVERY_SECONDS: Final = 0.5
"""Offsets only save work after a restart: a commit with every batch would cost the broker more than the batch."""


def received(message: Any) -> Received:
    """A record as the client gives it."""
    return Received(
        message.topic,
        f"{message.partition}/{message.offset}",
        (message.key or b"").decode(errors="replace"),
        message.headers,
        message.value or b"",
    )


class _Token(NamedTuple):
    """What to commit, and in which generation of the assignment the records were received."""

    offsets: dict[Any, int]
    generation: int


class KafkaSubscription(ConsumerRebalanceListener):  # type: ignore[misc]
    """One member of a consumer group. Made by `KafkaTransport.subscribe`."""

    def __init__(self, settings: KafkaSettings, consumer: str, topics: Sequence[str]) -> None:
        self._name = consumer
        # Held while a batch is handled and committed, and by the rebalance: partitions are given up between batches.
        self._lock = asyncio.Lock()
        self._generation = 0
        self._handled: dict[Any, int] = {}
        self._reached: dict[Any, int] = {}
        self._committed_at = 0.0
        self._closed = False
        self._topics = sorted(topics)
        self._client = AIOKafkaConsumer(
            **settings.connection(),
            group_id=consumer,
            group_instance_id=settings.group_instance_id,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=settings.fetch_max_wait_ms,
            fetch_min_bytes=settings.fetch_min_bytes,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.session_timeout_ms // 3,
            max_poll_interval_ms=settings.max_poll_interval_ms,
            rebalance_timeout_ms=60_000,
        )

    @property
    def closed(self) -> bool:
        """Whether it has left the group."""
        return self._closed

    async def start(self) -> None:
        """Joins the group. Raises KafkaError without a broker."""
        self._client.subscribe(self._topics, listener=self)
        try:
            await self._client.start()
        except BaseException:
            await self._client.stop()
            raise

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Waits for the batch under way; batches received before are void from now on."""
        async with self._lock:
            await self._commit_handled()
            self._reached.clear()
            self._generation += 1

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Nothing to prepare: positions come from the committed offsets."""

    async def receive(self, limit: int, wait: float) -> Batch | None:
        """See `port.Subscription`. `getmany`, because `getone` can spin."""
        try:
            found = await self._client.getmany(timeout_ms=int(wait * 1000), max_records=limit)
        except ConsumerStoppedError as stopped:
            raise SubscriptionClosedError(self._name) from stopped
        if self._closed:
            raise SubscriptionClosedError(self._name)
        if not found:
            async with self._lock:
                await self._commit_handled()
            return None
        # Read now and not before the wait: what arrives behind a rebalance belongs to the new assignment, and to
        # drop it would pass it over, because the client's position is already behind it.
        generation = self._generation
        records: list[Received] = []
        for messages in found.values():
            records += [received(message) for message in messages]
        offsets = {part: messages[-1].offset + 1 for part, messages in found.items()}
        for part, messages in found.items():
            self._reached.setdefault(part, messages[0].offset)
        return Batch(records, _Token(offsets, generation))

    @asynccontextmanager
    async def handling(self, batch: Batch) -> AsyncIterator[bool]:
        """See `port.Subscription`."""
        async with self._lock:
            token: _Token = batch.token
            yield token.generation == self._generation and not self._closed

    async def commit(self, batch: Batch) -> None:
        """See `port.Subscription`: kept in mind, and told to the broker now and then, when idle, and before leaving."""
        token: _Token = batch.token
        self._handled.update(token.offsets)
        self._reached.update(token.offsets)
        if monotonic() - self._committed_at >= COMMIT_EVERY_SECONDS:
            await self._commit_handled()

    async def _commit_handled(self) -> None:
        """An offset that cannot be committed only means that its batch comes again."""
        if not self._handled:
            return
        handled, self._handled = self._handled, {}
        self._committed_at = monotonic()
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await self._client.commit(handled)
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            _log.info("offsets not committed", consumer=self._name, error=type(error).__name__)

    async def behind(self) -> Mapping[Place, int]:
        """See `port.Subscription`: by the ends that the broker's latest answers named."""
        ends = {part: self._client.highwater(part) for part in sorted(self._client.assignment())}
        records: dict[Place, int] = {}
        for part, end in ends.items():
            if end is None:
                continue  # not asked yet
            try:
                reached = self._reached.get(part)
                if reached is None:
                    reached = await self._client.position(part)
            except IllegalStateError:
                continue  # given to somebody else meanwhile
            records[Place(part.topic, part.partition)] = max(0, end - reached)
        return records

    async def close(self) -> None:
        """See `port.Subscription`."""
        async with self._lock:
            if self._closed:
                return
            await self._commit_handled()
            self._closed = True
        await self._client.stop()
