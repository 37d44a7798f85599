"""Comparing a copy with the feed's digest, and repairing what differs and nothing else.

class Rows:                                             # your copy, which stands still meanwhile
    def held(self): return database.execute("select aggregate, key, version from records")
    async def repair(self, entries, surplus):           # one transaction
        for entry in entries: await put(entry)          # as when following: whatever version you hold
        for record in surplus: await remove(record)

found = await reconcile(client, Rows(), place)          # the place that the copy keeps
print(found.differences, found.bytes_received)

A copy is compared by what it holds of each record's version. Content that was changed under the right version is not
found by that: the digest of a record is made of its name and version, so that it is the same for every reader.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Protocol

from gwella_client.client import Client
from gwella_client.following import Entry, Place, PlaceGone
from gwella_client.problem import Problem

DIGESTS: Final = "/v1/digests"
DIGITS: Final = 8
"""Hexadecimal digits of a full bucket: the first four bytes of a record's hash."""
BUCKETS_AT_ONCE: Final = 32
RECORDS_UP_TO: Final = 16
"""A bucket of so many records is listed rather than divided: about the bytes of its sixteen children."""
MOST_LISTED: Final = 100
"""What a bucket lists at most, and a full one always: it cannot be divided."""
MANY: Final = 1_000
"""From so many records on the whole is divided into 256 buckets at once, and not into 16."""

Record = tuple[str, str]
"""Aggregate (`<service>.<aggregate>`, as in an entry's `type`) and key."""


class Copy(Protocol):
    """Your copy. Nothing else writes to it between `held` and the end of `repair`."""

    def held(self) -> Iterable[tuple[str, str, int]]:
        """Aggregate, key and version of every record."""

    async def repair(self, entries: Sequence[Entry], surplus: Sequence[Record]) -> None:
        """Takes the entries, whatever version is held, and forgets the records that are not yours to hold."""


def record_of(entry: Entry) -> Record:
    """Which record an entry of the feed is about."""
    _, _, service, aggregate, *_ = str(entry["type"]).split(".")
    return f"{service}.{aggregate}", str(entry["key"])


def bucket_of(aggregate: str, key: str) -> int:
    """A record's bucket: the first four bytes of SHA-256 of `<aggregate>:<key>`, big-endian."""
    return int.from_bytes(sha256(f"{aggregate}:{key}".encode()).digest()[:4], "big")


def hash_of(aggregate: str, key: str, version: int) -> int:
    """A state's hash: the first eight bytes of SHA-256 of `<aggregate>:<key>:<version>`, big-endian."""
    return int.from_bytes(sha256(f"{aggregate}:{key}:{version}".encode()).digest()[:8], "big")


@dataclass(frozen=True, slots=True)
class Sum:
    """How many records a bucket holds, and the sum of their hashes modulo 2^64."""

    count: int = 0
    hash: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """A record of which the copy holds another version than it should, or none. `held`: None where it holds none."""

    aggregate: str
    key: str
    version: int
    held: int | None


@dataclass(slots=True)
class Found:
    """What a comparison found, and what it cost. `at` is the position of both sides."""

    at: int
    missing: list[Difference] = field(default_factory=list)
    stale: list[Difference] = field(default_factory=list)
    surplus: list[Record] = field(default_factory=list)
    requests: int = 0
    bytes_received: int = 0

    @property
    def differences(self) -> int:
        """How many records differ."""
        return len(self.missing) + len(self.stale) + len(self.surplus)


class HeldStates:
    """What a copy holds, in the order of its buckets: 100,000 records take some 30 MB and a second."""

    def __init__(self, states: Iterable[tuple[str, str, int]]) -> None:
        self._states = sorted((bucket_of(a, k), a, k, version) for a, k, version in states)
        self._buckets = [state[0] for state in self._states]

    def __len__(self) -> int:
        """How many records."""
        return len(self._states)

    def within(self, prefix: str) -> Iterator[tuple[str, str, int]]:
        """Aggregate, key and version of the records whose bucket begins so."""
        width = 4 * (DIGITS - len(prefix))
        first = int(prefix or "0", 16) << width
        for number in range(
            bisect_left(self._buckets, first), bisect_left(self._buckets, first + (1 << width))
        ):
            yield self._states[number][1:]

    def sum(self, prefix: str) -> Sum:
        """What the records of a bucket add up to."""
        hashes = [hash_of(*state) for state in self.within(prefix)]
        return Sum(len(hashes), sum(hashes) % 2**64)


@dataclass
class Comparison:
    """One walk down the tree of buckets, at one position, into those that differ."""

    client: Client
    states: HeldStates
    place: Place
    filters: Mapping[str, Sequence[str]]

    def same(self, told: Sum, mine: Sum) -> bool:
        """Whether a bucket needs no further look."""
        return told == mine

    async def walk(self) -> Found:
        """Every record that differs. Raises PlaceGone where the copy's place is none of this feed any more."""
        found = Found(self.place.after)
        asked = [""]
        digits = 2 if len(self.states) >= MANY else 1
        while asked:
            now, asked = asked[:BUCKETS_AT_ONCE], asked[BUCKETS_AT_ONCE:]
            full = any(len(prefix) == DIGITS for prefix in now)
            up_to = MOST_LISTED if full else RECORDS_UP_TO
            for bucket in await self.ask(now, digits=digits, records_up_to=up_to):
                if "records" in bucket:
                    self._compare(bucket, found)
                else:
                    asked += self._differing(bucket, digits, found)
            digits = 1
        return found

    async def ask(self, prefixes: Sequence[str], **more: Any) -> list[Mapping[str, Any]]:
        """Some buckets, as the API tells them."""
        params = {**self.filters, "prefix": prefixes, "at": self.place.after, "feed": self.place.feed, **more}
        try:
            answer = await self.client.get(DIGESTS, **params)
        except Problem as problem:
            if problem.status == 410:
                raise PlaceGone(problem) from None
            raise
        buckets: list[Mapping[str, Any]] = answer["buckets"]
        return buckets

    def _compare(self, bucket: Mapping[str, Any], found: Found) -> None:
        held = {(a, k): version for a, k, version in self.states.within(bucket["prefix"])}
        for told in bucket["records"]:
            record = (told["aggregate"], told["key"])
            mine = held.pop(record, None)
            if mine != told["version"]:
                differing = found.missing if mine is None else found.stale
                differing.append(Difference(*record, told["version"], mine))
        found.surplus += held

    def _differing(self, bucket: Mapping[str, Any], digits: int, found: Found) -> list[str]:
        """The children to look into. What the copy holds where there is nothing is surplus without a look."""
        told = {one["prefix"]: Sum(one["count"], int(one["hash"], 16)) for one in bucket["children"]}
        depth = min(len(bucket["prefix"]) + digits, DIGITS)
        mine: dict[str, list[Record]] = {}
        for aggregate, key, _ in self.states.within(bucket["prefix"]):
            mine.setdefault(f"{bucket_of(aggregate, key):08x}"[:depth], []).append((aggregate, key))
        for prefix in mine.keys() - told.keys():
            found.surplus += mine[prefix]
        return [prefix for prefix, total in told.items() if not self.same(total, self.states.sum(prefix))]


async def compare(
    client: Client,
    held: Iterable[tuple[str, str, int]],
    place: Place,
    *,
    filters: Mapping[str, Sequence[str]] | None = None,
) -> Found:
    """What of a copy differs from the feed at the copy's place. `filters`: `aggregate`, `authority`, `school`."""
    requests, received = client.traffic.requests, client.traffic.bytes_received
    found = await Comparison(client, HeldStates(held), place, filters or {}).walk()
    found.requests = client.traffic.requests - requests
    found.bytes_received = client.traffic.bytes_received - received
    return found


async def reconcile(
    client: Client, copy: Copy, place: Place, *, filters: Mapping[str, Sequence[str]] | None = None
) -> Found:
    """Compares, then repairs exactly what differs, from the feed's own entries; returns what there was to repair.

    The copy stays at its place: follow the feed on from there.
    """
    requests, received = client.traffic.requests, client.traffic.bytes_received
    comparison = Comparison(client, HeldStates(copy.held()), place, filters or {})
    found = await comparison.walk()
    wanted = {(one.aggregate, one.key) for one in (*found.missing, *found.stale)}
    prefixes = sorted({f"{bucket_of(*record):08x}" for record in wanted})
    for first in range(0, len(prefixes), BUCKETS_AT_ONCE):
        now = prefixes[first : first + BUCKETS_AT_ONCE]
        buckets = await comparison.ask(now, records_up_to=MOST_LISTED, entries=True)
        entries = [entry for bucket in buckets for entry in bucket.get("entries", ())]
        await copy.repair([entry for entry in entries if record_of(entry) in wanted], ())
    if found.surplus:
        await copy.repair((), found.surplus)
    found.requests = client.traffic.requests - requests
    found.bytes_received = client.traffic.bytes_received - received
    return found
