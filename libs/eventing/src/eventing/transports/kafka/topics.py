"""Creating topics."""

from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from eventing.transports.kafka.settings import KafkaSettings

_log = structlog.get_logger(__name__)

KEPT_FOR_EVER: Final[Mapping[str, str]] = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
}
"""Projections are rebuilt from their topics, so a topic must have its beginning."""


async def ensure_topics(settings: KafkaSettings, topics: Sequence[str]) -> None:
    """Creates the topics that do not exist, with three replicas where there are three brokers.

    Raises KafkaError when the broker refuses one. A broker without a controller (the mock broker) cannot be asked
    and is left to create topics by itself.
    """
    admin = AIOKafkaAdminClient(**settings.connection())
    await admin.start()
    try:
        missing = sorted(set(topics) - set(await admin.list_topics()))
        if not missing:
            return
        cluster = await admin.describe_cluster()
        if cluster["controller_id"] not in [broker["node_id"] for broker in cluster["brokers"]]:
            _log.info("the broker cannot be asked to create topics", topics=missing)
            return
        replicas = settings.replication_factor or min(3, len(cluster["brokers"]))
        response = await admin.create_topics(
            [
                NewTopic(topic, settings.partitions, replicas, topic_configs=dict(KEPT_FOR_EVER))
                for topic in missing
            ]
        )
    finally:
        await admin.close()
    for topic, code, *_ in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(f"topic {topic} was not created")
