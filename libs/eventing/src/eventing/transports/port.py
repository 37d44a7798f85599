"""The port every transport satisfies: publish a batch, subscribe, commit. One conformance suite runs on all.

What a transport promises: at least once, in order per key as first published; a repeated batch may step back. What
makes the effect exactly-once stands behind it: inbox and last versions.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol


class PublishError(RuntimeError):
    """Not all of a batch is known to have arrived; the caller keeps its cursor and repeats the whole batch."""


class SubscriptionClosedError(RuntimeError):
    """The subscription was closed while waiting for a batch."""


class HistoryLostError(RuntimeError):
    """A topic no longer begins where it began, or nobody here has it: nothing can be rebuilt from it."""


class Record(NamedTuple):
    """One event to be published, as the log holds it: headers packed, see `envelope.packed_headers`."""

    position: int
    key: str
    headers: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """One record as it arrived; `place` names it in its topic (`<partition>/<offset>` on Kafka)."""

    topic: str
    place: str
    key: str
    headers: Sequence[tuple[str, bytes]]
    data: bytes


class Place(NamedTuple):
    """A part of a topic that is read in order; `partition` 0 where a transport has no partitions."""

    topic: str
    partition: int


Sending = Callable[[], Awaitable[None]]
"""Sends what was prepared and returns once all of it has arrived; raises PublishError when that is not known."""

Concerns = Callable[[Received], bool]
"""Whether a consumer has to read a record at all."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records received together, in order per key. `token` is the transport's own note of what to commit."""

    records: Sequence[Received]
    token: Any


class Subscription(Protocol):
    """One consumer's share of the topics it subscribed to."""

    async def receive(self, limit: int, wait: float) -> Batch | None:
        """The next records, at most `limit`; None when none came within `wait` seconds.

        Raises SubscriptionClosedError. The next call gives the records after these, committed or not.
        """
        ...

    def handling(self, batch: Batch) -> AbstractAsyncContextManager[bool]:
        """Holds the batch's partitions while its block handles and commits; False when they were lost already.

        A batch that was lost is dropped: whoever has its partitions now receives it again.
        """
        ...

    async def commit(self, batch: Batch) -> None:
        """Notes the batch as done. A commit that comes too late is no error: the inbox knows better."""
        ...

    async def behind(self) -> Mapping[Place, int]:
        """How many records each place that is ours has beyond the last one handled, as far as is known now."""
        ...

    async def close(self) -> None:
        """Leaves; what was received and not committed will be received again by whoever subscribes next."""
        ...


class History(Protocol):
    """Topics read from their beginning by one reader, in order per place; belongs to no consumer and moves none."""

    async def ahead(self) -> int:
        """How many records lie between here and the end as of now."""
        ...

    def to_end(self, limit: int) -> AsyncGenerator[Sequence[Received], None]:
        """What lies between here and the end as of this call, at most `limit` at a time; the next goes on there."""
        ...

    async def close(self) -> None:
        """Stops reading."""
        ...


class Transport(Protocol):
    """A way for events to travel."""

    @property
    def name(self) -> str:
        """`local` or `kafka`: names the shipper's cursor."""
        ...

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Creates the topics that do not exist yet."""
        ...

    async def prepare(self, topic: str, records: Sequence[Record]) -> Sending:
        """Everything about a batch that may be done before its turn; nothing is sent yet. Raises PublishError."""
        ...

    async def publish(self, topic: str, records: Sequence[Record]) -> None:
        """Prepares and sends. Returns once all records have arrived; raises PublishError when that is not known."""
        ...

    async def subscribe(
        self, consumer: str, topics: Sequence[str], concerns: Concerns | None = None
    ) -> Subscription:
        """Joins the consumer of that name, from where it last committed, or from the beginning.

        A transport may spare it the records that do not concern it; the consumer passes over those that come.
        """
        ...

    async def history(self, topics: Sequence[str]) -> History:
        """Begins to read topics from their beginning. Raises HistoryLostError where a topic does not have it."""
        ...

    async def close(self) -> None:
        """Ends every connection."""
        ...
