"""Which partition a key's events lie in: the hash of Kafka's own clients, so that any tool finds the same one."""

import struct
from functools import lru_cache
from typing import Final

_MASK: Final = 0xFFFFFFFF
_M: Final = 0x5BD1E995
_SEED: Final = 0x9747B28C


def murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bits, as `org.apache.kafka.common.utils.Utils.murmur2` computes it."""
    length = len(data)
    words = length // 4
    value = _SEED ^ length
    for word in struct.unpack_from(f"<{words}I", data):
        k = word * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        value = (value * _M & _MASK) ^ k
    tail = data[words * 4 :]
    if tail:
        value = (value ^ int.from_bytes(tail, "little")) * _M & _MASK
    value = (value ^ value >> 13) * _M & _MASK
    return value ^ value >> 15


@lru_cache(maxsize=16_384)
def partition_of(key: str, partitions: int) -> int:
    """The place of a key among `partitions`; remembered, because an aggregate is seldom heard of only once."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
