"""Apache Kafka as the transport between services; the only place that knows aiokafka."""

from eventing.transports.kafka.settings import KafkaSettings
from eventing.transports.kafka.transport import KafkaTransport

__all__ = ["KafkaSettings", "KafkaTransport"]
