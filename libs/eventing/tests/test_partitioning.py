"""A key lies where every Kafka client would look for it."""

from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from eventing.transports.kafka.partitioning import murmur2, partition_of


@given(st.binary(max_size=80))
def test_the_hash_is_kafkas_own(data: bytes) -> None:
    assert murmur2(data) == reference(data)


@given(st.text(max_size=40), st.integers(1, 48))
def test_a_partition_exists_and_stays(key: str, partitions: int) -> None:
    place = partition_of(key, partitions)
    assert 0 <= place < partitions
    assert place == partition_of(key, partitions) == (reference(key.encode()) & 0x7FFFFFFF) % partitions


def test_known_hashes_of_the_java_client() -> None:
    """From Kafka's own UtilsTest.testMurmur2 (signed there)."""
    known = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    assert {data: murmur2(data) - 2**32 for data in known} == known
