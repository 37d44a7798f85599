"""Reading topics from their beginning: every partition, without a group, so no consumer is moved or disturbed."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer

from eventing.transports.kafka.settings import KafkaSettings
from eventing.transports.kafka.subscribing import received
from eventing.transports.port import HistoryLostError, Received

QUIET_SECONDS: Final = 30.0
"""How long the broker may give nothing although something lies ahead."""
FETCH_BYTES: Final = 4 * 1024 * 1024
FETCH_WAIT_MS: Final = 20


class KafkaHistory:
    """Made by `KafkaTransport.history`; see `port.History`."""

    def __init__(self, settings: KafkaSettings, topics: Sequence[str]) -> None:
        self._client = AIOKafkaConsumer(
            *sorted(set(topics)),
            **settings.connection(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=FETCH_BYTES,
            # A broker answers a connection in turn: where the end lies is asked behind the fetch that waits for more.
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )

    async def start(self) -> None:
        """Looks whether the topics have their beginning. Raises HistoryLostError, KafkaError."""
        try:
            await self._client.start()
            begins = await self._client.beginning_offsets(list(self._client.assignment()))
            lost = [f"{part.topic}/{part.partition} begins at {at}" for part, at in begins.items() if at]
            if lost:
                raise HistoryLostError(", ".join(sorted(lost)))
        except BaseException:
            await self._client.stop()
            raise

    async def ahead(self) -> int:
        """See `port.History`."""
        ends = await self._ends()
        return sum([max(0, end - await self._client.position(part)) for part, end in ends.items()])

    async def to_end(self, limit: int) -> AsyncGenerator[Sequence[Received], None]:
        """See `port.History`. Raises TimeoutError where the broker gives nothing although something lies ahead."""
        ends = await self._ends()
        while True:
            open_ones = [part for part, end in ends.items() if await self._client.position(part) < end]
            if not open_ones:
                return
            async with asyncio.timeout(QUIET_SECONDS):
                while not (found := await self._some(open_ones, limit)):
                    pass
            yield [received(message) for messages in found.values() for message in messages]

    async def close(self) -> None:
        """See `port.History`."""
        await self._client.stop()

    async def _ends(self) -> dict[Any, int]:
        parts = list(self._client.assignment())
        return dict(await self._client.end_offsets(parts))

    async def _some(self, parts: Sequence[Any], limit: int) -> Any:
        return await self._client.getmany(*parts, timeout_ms=500, max_records=limit)
