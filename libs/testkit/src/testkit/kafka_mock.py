"""The mock cluster inside librdkafka: a Kafka on the wire without Java, for machines that cannot have one.

It comes with the `confluent-kafka` wheel and is reached through ctypes; its header calls the interface
experimental. It keeps little, forgets everything, and cannot rebalance a group of two members, so restart,
rebalance and durability are proved on the real broker only. An empty fetch always waits the whole
`fetch_max_wait_ms`: set that to 10 ms on clients of the mock.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

_PRODUCER = 0
_REBALANCE_DELAY_MS = 100


class MockKafkaError(RuntimeError):
    """librdkafka is not there or refused; the message says what."""


@dataclass
class MockKafka:
    """A running mock cluster, living in threads of this process until `stop`."""

    bootstrap_servers: str
    _library: ctypes.CDLL = field(repr=False)
    _client: int | None = field(repr=False)
    _cluster: int | None = field(repr=False)

    def create_topics(self, names: Iterable[str], partitions: int = 12) -> None:
        """Make topics (the mock does not answer the protocol's own request for it); repeating is no error."""
        for name in names:
            self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)

    def fail_next_requests(self, api_key: int, errors: Iterable[int]) -> None:
        """Answer the next requests of one kind (0 produce, 1 fetch, ...) with these protocol error codes."""
        codes = list(errors)
        array = (ctypes.c_int * len(codes))(*codes)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, ctypes.c_int16(api_key), ctypes.c_size_t(len(codes)), array
        )

    def set_broker(self, *, up: bool) -> None:
        """Take the broker down (connections break, new ones are refused) or bring it back."""
        change = (
            self._library.rd_kafka_mock_broker_set_up if up else self._library.rd_kafka_mock_broker_set_down
        )
        change(self._cluster, 1)

    def stop(self) -> None:
        """End the cluster. Safe to repeat."""
        if self._cluster is not None:
            self._library.rd_kafka_mock_cluster_destroy(self._cluster)
            self._library.rd_kafka_destroy(self._client)
            self._cluster = self._client = None


def start_mock_kafka() -> MockKafka:
    """Start a mock cluster of one broker on a free port. Raises `MockKafkaError`."""
    library = ctypes.CDLL(str(_library_path()))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_new.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    library.rd_kafka_mock_cluster_new.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    library.rd_kafka_mock_cluster_bootstraps.argtypes = [ctypes.c_void_p]
    library.rd_kafka_mock_cluster_destroy.argtypes = [ctypes.c_void_p]
    library.rd_kafka_destroy.argtypes = [ctypes.c_void_p]
    library.rd_kafka_mock_topic_create.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_int,
    ]
    library.rd_kafka_mock_push_request_errors_array.argtypes = [
        ctypes.c_void_p,
        ctypes.c_int16,
        ctypes.c_size_t,
        ctypes.POINTER(ctypes.c_int),
    ]
    for name in ("set_up", "set_down"):
        getattr(library, f"rd_kafka_mock_broker_{name}").argtypes = [ctypes.c_void_p, ctypes.c_int32]
    library.rd_kafka_mock_group_initial_rebalance_delay_ms.argtypes = [ctypes.c_void_p, ctypes.c_int32]

    reason = ctypes.create_string_buffer(512)
    client = library.rd_kafka_new(_PRODUCER, library.rd_kafka_conf_new(), reason, len(reason))
    if not client:
        raise MockKafkaError(f"librdkafka refused a client: {reason.value.decode()}")
    cluster = library.rd_kafka_mock_cluster_new(client, 1)
    if not cluster:
        library.rd_kafka_destroy(client)
        raise MockKafkaError("librdkafka refused a mock cluster")
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, _REBALANCE_DELAY_MS)
    servers = library.rd_kafka_mock_cluster_bootstraps(cluster).decode()
    return MockKafka(servers, library, client, cluster)


def _library_path() -> Path:
    """The shared library that the wheel brings (its name carries a hash)."""
    for file in metadata.files("confluent-kafka") or ():
        if file.name.startswith("librdkafka"):
            return Path(str(file.locate()))
    raise MockKafkaError("this confluent-kafka wheel brings no librdkafka of its own")
