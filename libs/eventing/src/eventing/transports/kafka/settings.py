"""How to reach a Kafka, and the choices that matter for what this suite promises."""

import ssl
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class KafkaSettings:
    """Where the brokers are and how to talk to them; times in milliseconds.

    `group_instance_id` makes membership static: only where the process name is fixed, because a member that left
    then keeps its partitions until its session times out. Without a `replication_factor` there are three replicas,
    or as many as there are brokers. The number of partitions of a topic must never change: it decides where the
    events of a key lie.
    """

    bootstrap_servers: str
    client_id: str = "gwella"
    partitions: int = 12
    replication_factor: int | None = None
    compression: str | None = "zstd"
    """Of what is published: events of one kind repeat themselves, so a topic takes a twelfth of the room."""
    request_timeout_ms: int = 30_000
    fetch_max_wait_ms: int = 50
    fetch_min_bytes: int = 1
    """How much the broker gathers before it answers, at most for `fetch_max_wait_ms`: 1 answers at once."""
    session_timeout_ms: int = 10_000
    max_poll_interval_ms: int = 600_000
    group_instance_id: str | None = None
    security_protocol: str = "PLAINTEXT"
    ssl_context: ssl.SSLContext | None = None
    sasl_mechanism: str = "PLAIN"
    sasl_username: str | None = None
    sasl_password: str | None = None

    def patient(self) -> "KafkaSettings":
        """For a consumer on which nobody waits: few large batches instead of many small ones."""
        return replace(self, fetch_max_wait_ms=100, fetch_min_bytes=64 * 1024)

    def connection(self) -> dict[str, Any]:
        """What producer, consumer and admin client share."""
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": self.client_id,
            "request_timeout_ms": self.request_timeout_ms,
            "security_protocol": self.security_protocol,
            "ssl_context": self.ssl_context,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": self.sasl_password,
        }
