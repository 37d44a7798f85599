"""The Kafka transport: publisher, subscriptions and topics behind the port."""

from collections.abc import Sequence

from eventing.transports.kafka.history import KafkaHistory
from eventing.transports.kafka.publishing import Publisher
from eventing.transports.kafka.settings import KafkaSettings
from eventing.transports.kafka.subscribing import KafkaSubscription
from eventing.transports.kafka.topics import ensure_topics
from eventing.transports.port import Concerns, Record, Sending


class KafkaTransport:
    """Kafka behind the port. One per process: it shares one producer and hands out subscriptions."""

    name = "kafka"

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self._publisher = Publisher(settings)
        self._subscriptions: list[KafkaSubscription] = []

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """See `port.Transport`."""
        await ensure_topics(self.settings, topics)

    async def prepare(self, topic: str, records: Sequence[Record]) -> Sending:
        """See `port.Transport`."""
        return await self._publisher.prepare(topic, records)

    async def publish(self, topic: str, records: Sequence[Record]) -> None:
        """See `port.Transport`."""
        send = await self._publisher.prepare(topic, records)
        await send()

    async def subscribe(
        self, consumer: str, topics: Sequence[str], concerns: Concerns | None = None
    ) -> KafkaSubscription:
        """See `port.Transport`; the topics must exist (`ensure_topics`). Raises KafkaError without a broker."""
        subscription = KafkaSubscription(self.settings, consumer, topics)
        await subscription.start()
        self._subscriptions = [*(s for s in self._subscriptions if not s.closed), subscription]
        return subscription

    async def history(self, topics: Sequence[str]) -> KafkaHistory:
        """See `port.Transport`; the caller closes it. Raises KafkaError without a broker."""
        history = KafkaHistory(self.settings, topics)
        await history.start()
        return history

    async def close(self) -> None:
        """See `port.Transport`."""
        for subscription in self._subscriptions:
            await subscription.close()
        self._subscriptions.clear()
        await self._publisher.close()
