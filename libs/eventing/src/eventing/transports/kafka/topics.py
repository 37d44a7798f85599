"""Creating topics."""

from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import IncompatibleBrokerVersion, TopicAlreadyExistsError, for_code

from eventing.transports.kafka.settings import KafkaSettings

_log = structlog.get_logger(__name__)


async def ensure_topics(settings: KafkaSettings, topics: Sequence[str]) -> None:
    """Creates the topics that do not exist. Raises KafkaError when the broker refuses one.

    A broker that knows no such request (the mock broker) is left to create them by itself.
    """
    admin = AIOKafkaAdminClient(**settings.connection())
    await admin.start()
    try:
        missing = sorted(set(topics) - set(await admin.list_topics()))
        if not missing:
            return
        replicas = settings.replication_factor or await _replicas(admin)
        wanted = [NewTopic(topic, settings.partitions, replicas) for topic in missing]
        response = await admin.create_topics(wanted)
    except IncompatibleBrokerVersion:
        _log.info("the broker cannot be asked to create topics", topics=sorted(topics))
        return
    finally:
        await admin.close()
    for topic, code, *_ in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(f"topic {topic} was not created")


async def _replicas(admin: Any) -> int:
    """Three where there are three brokers, as many as there are otherwise."""
    return min(3, len((await admin.describe_cluster())["brokers"]))
