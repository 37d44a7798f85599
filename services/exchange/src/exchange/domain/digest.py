"""The tree of buckets by which a copy is compared with the feed.

A record's bucket is told by the first four bytes of SHA-256 of `<service>.<aggregate>:<key>`, as eight hexadecimal
digits: a bucket is a prefix of them, from the empty one (everything) to eight digits (in practice one record). A
bucket's hash is the sum, modulo 2^64, of the first eight bytes (big-endian) of SHA-256 of
`<service>.<aggregate>:<key>:<version>` over its records: any order, any language, and parents from their children.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

DIGITS: Final = 8
"""Digits of a full bucket."""
_BITS_OF_A_DIGIT: Final = 4
_SUMS: Final = 2**64


@dataclass(frozen=True, slots=True)
class Bucket:
    """The records whose bucket begins with `prefix`, divided by so many further digits."""

    prefix: str
    digits: int

    @property
    def first(self) -> int:
        """The lowest key hash in it."""
        return int(self.prefix.ljust(DIGITS, "0"), 16)

    @property
    def beyond(self) -> int:
        """The lowest key hash behind it."""
        return self.first + (1 << _BITS_OF_A_DIGIT * (DIGITS - len(self.prefix)))

    @property
    def depth(self) -> int:
        """Digits of its children: never more than there are."""
        return min(len(self.prefix) + self.digits, DIGITS)

    @property
    def shift(self) -> int:
        """By how many bits a key hash is shifted to become the number of its child."""
        return _BITS_OF_A_DIGIT * (DIGITS - self.depth)

    def child(self, number: int) -> str:
        """The prefix of the child with this number."""
        return f"{number:0{self.depth}x}" if self.depth else ""


@dataclass(frozen=True, slots=True)
class Sum:
    """How many records, and the sum of their hashes."""

    count: int
    hash: int

    @property
    def told(self) -> str:
        """The hash as the contract writes it: 16 hexadecimal digits."""
        return f"{self.hash:016x}"


def summed(sums: Iterable[Sum]) -> Sum:
    """Several buckets as one."""
    count = total = 0
    for one in sums:
        count, total = count + one.count, total + one.hash
    return Sum(count, total % _SUMS)


def sum_of(count: int, total: int) -> Sum:
    """A sum as the database adds it up: of signed numbers, not yet cut to 64 bits."""
    return Sum(count, total % _SUMS)
