"""Publishing batches to Kafka: idempotent, acknowledged by all replicas, one record batch a partition at a time.

One record batch a partition is what keeps a key's order when something fails: a partition takes its share of a batch
whole or not at all, and its next share is only sent once this one is answered.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from eventing.envelope import header_list
from eventing.transports.kafka.partitioning import partition_of
from eventing.transports.kafka.settings import KafkaSettings
from eventing.transports.port import PublishError, Record, Sending

_log = structlog.get_logger(__name__)

RECORD_BATCH_BYTES: Final = 1_000_000
STOP_SECONDS: Final = 5.0
UNINTERRUPTED: Final = 250
"""Events encoded before others get their turn: about a millisecond."""


class Publisher:
    """Owns the producer; makes a new one after any failure, because a failed idempotent producer may be unusable."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: Any = None
        self._starting = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()

    async def prepare(self, topic: str, records: Sequence[Record]) -> Sending:
        """Encodes a batch; the answer sends it and waits until all of it is acknowledged.

        While the broker is away that waits: an idempotent producer repeats by itself, for as long as it takes.
        Raises PublishError, here and there, when the broker refuses.
        """
        producer = await self._started()
        with self._failing(topic, producer):
            rounds = await _shares(producer, records, len(await producer.partitions_for(topic)))
        return partial(self._send, topic, producer, rounds)

    async def _send(self, topic: str, producer: Any, rounds: list[dict[int, Any]]) -> None:
        with self._failing(topic, producer):
            for shares in rounds:
                await _sent(producer, topic, shares)

    @contextmanager
    def _failing(self, topic: str, producer: Any) -> Iterator[None]:
        try:
            yield
        except (KafkaError, OSError) as error:
            self._discard(producer)
            raise PublishError(f"{topic}: {error!r}") from error

    async def close(self) -> None:
        """Ends the producer; what it was still sending counts as not arrived."""
        if self._producer is not None:
            self._discard(self._producer)
        if self._ending:
            await asyncio.gather(*self._ending)

    async def _started(self) -> Any:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._settings.connection(),
                    enable_idempotence=True,
                    acks="all",
                    compression_type=self._settings.compression,
                    max_batch_size=RECORD_BATCH_BYTES,
                    max_request_size=RECORD_BATCH_BYTES,
                    linger_ms=0,  # our batches are closed when they are handed over; waiting would only delay
                )
                try:
                    await producer.start()
                except BaseException as error:
                    self._discard(producer)
                    if isinstance(error, KafkaError | OSError):
                        raise PublishError(f"no broker: {error!r}") from error
                    raise
                self._producer = producer
            return self._producer

    def _discard(self, producer: Any) -> None:
        if self._producer is producer:
            self._producer = None
        ending = asyncio.create_task(_end(producer))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)


async def _end(producer: Any) -> None:
    # stop() waits for batches in flight; without a broker that is for ever.
    with suppress(TimeoutError, KafkaError):
        async with asyncio.timeout(STOP_SECONDS):
            await producer.stop()
            return
    _log.warning("a producer was ended with batches in flight")
    await producer.client.close()


async def _shares(producer: Any, records: Sequence[Record], partitions: int) -> list[dict[int, Any]]:
    """The batch as one record batch a partition; further rounds only if a partition's share is too large for one."""
    rounds: list[dict[int, Any]] = []
    shares: dict[int, Any] = {}
    for number, (position, key, headers, data) in enumerate(records, 1):
        partition = partition_of(key, partitions)
        share = shares.get(partition)
        if share is None:
            share = shares[partition] = producer.create_batch()
        fields = {"key": key.encode(), "value": data, "headers": header_list(headers, position)}
        if share.append(timestamp=None, **fields) is None:
            rounds.append(shares)
            share = producer.create_batch()
            shares = {partition: share}
            share.append(timestamp=None, **fields)
        if number % UNINTERRUPTED == 0:
            await asyncio.sleep(0)
    return [*rounds, shares] if shares else rounds


async def _sent(producer: Any, topic: str, shares: dict[int, Any]) -> None:
    answers = []
    for partition, share in shares.items():
        share.close()
        answers.append(await producer.send_batch(share, topic, partition=partition))
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
