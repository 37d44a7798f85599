"""A damaged copy is found out by the digest and repaired for what the damage costs, while others write (E-16, X-02).

The suite as `gwella up` starts it, with the real list of 1,616 schools; the client library against the gateway, with
tokens from the issuer; a copy made by following the feed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from math import ceil
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

import pytest
from rich.console import Console

from gwella.bench.suites import suite
from gwella.story.chapters import BEGINS
from gwella.story.clients import Clients
from gwella.story.loading import load_frame, load_schools
from gwella.story.telling import Telling
from gwella_client import Client, ClientCredentials, Entry, Follower, Place, reconcile, reconciling
from gwella_client.reconciling import Record, Sum, record_of
from testkit.issuer_directory import credentials, load_directory

pytestmark = pytest.mark.journey

FORM = 256 * 70 + 1_000
"""Bytes of a comparison that finds nothing: the 256 buckets of the whole."""
EACH = 16 * 220 + 4_096
"""And of each damaged record: one bucket of at most sixteen records, and one entry."""
WRITER = "operator"


@dataclass(frozen=True)
class House:
    """The running suite with its schools."""

    state: Mapping[str, Any]

    def client(self, name: str) -> Client:
        """A machine client of the gateway, by client credentials."""
        known = credentials(Path(self.state["data"]) / "issuer", load_directory())[name]
        assert known.secret is not None
        tokens = ClientCredentials(f"{self.state['issuer']}/token", name, known.secret)
        return Client(self.state["gateway"], tokens)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """One suite for all of these journeys: each makes a copy of its own."""
    with suite("--clock", BEGINS) as running:
        clients = Clients(running.state)
        telling = Telling(Console(quiet=True))
        load_frame(telling, clients)
        load_schools(telling, clients)
        heard(clients)
        clients.close()
        yield House(running.state)


def heard(clients: Clients) -> None:
    """Returns when the exchange has heard of every school and of nothing new for a second."""
    operator, before, until = clients.machine("operator"), None, monotonic() + 120
    while True:
        digest = operator.get("/v1/digests").body
        if digest == before and digest["buckets"][0]["count"] > 1_600:
            return
        assert monotonic() < until
        before = digest
        sleep(1)


@dataclass
class Copy:
    """A copy as a follower keeps it: the newest entry of each record, and the place."""

    rows: dict[Record, Entry] = field(default_factory=dict)
    place: Place = field(default_factory=Place)
    taken: int = 0
    forgotten: int = 0

    async def apply(self, entries: Sequence[Entry], place: Place) -> None:
        for entry in entries:
            if entry["change"] in ("delete", "left_scope"):
                self.rows.pop(record_of(entry), None)
            else:
                self.rows[record_of(entry)] = entry
        self.place = place

    def held(self) -> Iterable[tuple[str, str, int]]:
        return [(*record, entry["version"]) for record, entry in self.rows.items()]

    async def repair(self, entries: Sequence[Entry], surplus: Sequence[Record]) -> None:
        self.taken += len(entries)
        self.forgotten += len(surplus)
        self.rows |= {record_of(entry): entry for entry in entries}
        for record in surplus:
            del self.rows[record]


async def followed(client: Client) -> Copy:
    """A copy that has come to the head of the feed."""
    copy = Copy()
    await Follower(client, copy.apply, copy.place).catch_up()
    return copy


def damaged(copy: Copy, number: int, random: Random) -> set[Record]:
    """Spoils so many records: another version, lost, or never there. Returns which."""
    spoilt = random.sample(sorted(copy.rows), number)
    for place, record in enumerate(spoilt):
        kind = random.choice(("behind", "ahead", "lost", "invented"))
        if kind == "lost":
            del copy.rows[record]
        elif kind == "invented":
            invented = (record[0], f"invented-{place}")
            copy.rows[invented] = copy.rows[record]
            spoilt[place] = invented
        else:
            version = copy.rows[record]["version"] + (1 if kind == "ahead" else -1)
            copy.rows[record] = {**copy.rows[record], "version": version, "data": {}}
    return set(spoilt)


@asynccontextmanager
async def writing(house: House) -> AsyncIterator[Callable[[], int]]:
    """Somebody changes schools through the gateway until the block ends; gives how many times so far."""
    written = 0
    begun = asyncio.Event()

    async def write() -> None:
        nonlocal written
        async with house.client(WRITER) as client:
            schools = (await client.get("/v1/schools", limit=20))["items"]
            for turn in count():
                path = f"/v1/schools/{schools[turn % len(schools)]['school_number']}"
                school = await client.get(path)
                await client.patch(path, {"pupils": 100 + turn}, etag=school.etag)
                written += 1
                begun.set()

    task = asyncio.create_task(write())
    try:
        await asyncio.wait({task, asyncio.ensure_future(begun.wait())}, return_when="FIRST_COMPLETED")
        yield lambda: written
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert written


@pytest.mark.parametrize(("number", "seed"), [(0, 0), (1, 1), (1, 2), (7, 3), (50, 4)])
async def test_a_damaged_copy_is_repaired_for_what_the_damage_costs(
    house: House, number: int, seed: int
) -> None:
    """X-02: what differs is found, all of it and nothing else; repaired, the copy is what it was, and goes on."""
    async with house.client("operator") as client:
        copy = await followed(client)
        whole = client.traffic.bytes_received
        before = dict(copy.rows)
        assert len(before) > 1_600
        spoilt = damaged(copy, number, Random(seed))
        async with writing(house):
            found = await reconcile(client, copy, copy.place)
            assert copy.rows == before
            assert found.at == copy.place.after
            named = {(one.aggregate, one.key) for one in (*found.missing, *found.stale)}
            assert named | set(found.surplus) == spoilt
            assert (copy.taken, copy.forgotten) == (len(named), len(found.surplus))
            assert found.bytes_received <= FORM + EACH * number
            assert found.requests <= 1 + 2 * ceil(number / 32) + ceil(number / 32)
            assert found.bytes_received < whole / 5
            again = await reconcile(client, copy, copy.place)
            assert (again.differences, again.requests) == (0, 1)
        anew = await followed(client)
        while copy.place != anew.place:
            await Follower(client, copy.apply, copy.place).catch_up()
            await Follower(client, anew.apply, anew.place).catch_up()
        assert copy.rows == anew.rows


async def test_each_reader_compares_with_what_it_may_see(house: House) -> None:
    """E-15: two authorities' copies differ in size; each equals the digest under its own rights."""
    sizes = {}
    for name in ("authority-673", "authority-681", "operator"):
        async with house.client(name) as client:
            copy = await followed(client)
            sizes[name] = len(copy.rows)
            spoilt = damaged(copy, 5, Random(name))
            assert (await reconcile(client, copy, copy.place)).differences == len(spoilt)
            assert (await reconcile(client, copy, copy.place)).differences == 0
    assert min(sizes.values()) > 1_600


async def test_a_comparison_of_counts_alone_leaves_what_is_stale(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant: it finds what is lost and invented, and no version that was missed."""

    class CountsAlone(reconciling.Comparison):
        def same(self, told: Sum, mine: Sum) -> bool:
            return told.count == mine.count

    async with house.client("operator") as client:
        copy = await followed(client)
        before = dict(copy.rows)
        stale = Random(5).sample(sorted(before), 20)
        for record in stale:
            copy.rows[record] = {**before[record], "version": before[record]["version"] + 1}
        with monkeypatch.context() as patched:
            patched.setattr(reconciling, "Comparison", CountsAlone)
            assert (await reconcile(client, copy, copy.place)).differences == 0
        assert {record for record in before if copy.rows[record] != before[record]} == set(stale)
        assert (await reconcile(client, copy, copy.place)).differences == len(stale)
        assert copy.rows == before
