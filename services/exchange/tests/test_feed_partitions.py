"""Partitions of the feed are the feed: nothing lost, doubled or reordered, whoever asks and for whatever (R99, E-05).

Random entries in a real PostgreSQL, read by several callers under random filters; and two mutants that are found out.
"""

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from random import Random
from typing import Any

import pytest
from feeding import school
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events.registry import AdviserAllocated, ContactChanged, RegimeAdopted, SchoolDetailsChanged
from contracts.events.registry_transfers import SchoolRekeyed, TransferRecorded
from contracts.events.visits_documents import VisitsDocumentRemoved
from eventing.raw import Composed
from exchange.storage import change_log
from exchange.storage.tables import changes
from exchange.usecases.feed_policy import reading

AUTHORITIES = ("672", "673", "681")
CALLERS: tuple[tuple[str, dict[str, str]], ...] = (
    ("operator", {}),
    ("welsh_government", {}),
    ("authority_system", {"authority": "673"}),
    ("authority_system", {"authority": "681", "scope": "changes.read schools.read"}),
)
ENTRIES = 240


@pytest.fixture
def fresh_statements() -> Iterator[None]:
    """Statements are kept by caller and filter: none of a mutant's may outlive its test."""
    reading.cache_clear()
    yield
    reading.cache_clear()


def random_event(random: Random) -> tuple[Any, str]:
    """An event about one of few records, so that each has several."""
    authority = random.choice(AUTHORITIES)
    number = f"{authority}200{random.randrange(4)}"
    tenant = {"authority": authority, "school": number}
    kind = random.randrange(8)
    if kind < 3:
        event = SchoolDetailsChanged.model_validate(
            {**school(number).model_dump(), "pupils": random.randrange(900)}
        )
        return event, number
    if kind == 3:
        return SchoolRekeyed.model_validate(
            {**SchoolRekeyed.EXAMPLE, **tenant, "school_number": number}
        ), number
    of: dict[int, tuple[Any, str]] = {
        4: (ContactChanged, f"{number}.head_teacher"),
        5: (AdviserAllocated, f"allocation-{number}"),
        6: (VisitsDocumentRemoved, f"document-{number}\\ŵ"),
        7: (TransferRecorded, f"transfer-{number}"),
    }
    made, key = of[kind]
    if random.random() < 0.1:
        return RegimeAdopted.model_validate(
            {**RegimeAdopted.EXAMPLE, "authority": authority}
        ), f"{authority}.2014"
    moved = {"from_authority": random.choice(AUTHORITIES)} if made is TransferRecorded else {}
    return made.model_validate({**made.EXAMPLE, **tenant, **moved}), key


@pytest.fixture
async def told(exchange: Any, fresh_statements: None) -> Any:
    """An exchange that was told of some hundred random events."""
    random = Random(5)
    await exchange.hear(*(exchange.envelope(*random_event(random)) for _ in range(ENTRIES)))
    await exchange.settled()
    return exchange


async def walked(exchange: Any, random: Random, caller: int, **query: Any) -> list[dict[str, Any]]:
    """Every page up to the head, each of a random size."""
    role, of = CALLERS[caller]
    pages, after = [], 0
    while after < ENTRIES:
        limit = random.choice((1, 3, 17, 1000))
        pages.append(await exchange.changes(role, of=of, after=after, limit=limit, wait=0, **query))
        if pages[-1]["next_after"] <= after:
            break
        after = pages[-1]["next_after"]
    return pages


def entries(pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for page in pages for entry in page["items"]]


def faults(whole: list[dict[str, Any]], parts: list[list[dict[str, Any]]]) -> set[str]:
    """What is wrong with partitions, each given as its pages, against the entries of the whole."""
    found = set()
    told = [entries(pages) for pages in parts]
    seen = Counter(entry["position"] for part in told for entry in part)
    known = {entry["position"]: entry for entry in whole}
    if known.keys() - seen.keys():
        found.add("lost")
    if seen.keys() - known.keys():
        found.add("not of the feed")
    if any(times > 1 for times in seen.values()):
        found.add("doubled")
    if any(known.get(entry["position"], entry) != entry for part in told for entry in part):
        found.add("another entry")
    homes = {(e["subject"], e["key"], number) for number, part in enumerate(told) for e in part}
    if len({home[:2] for home in homes}) < len(homes):
        found.add("record in two partitions")
    for pages in parts:
        positions = [entry["position"] for entry in entries(pages)]
        if positions != sorted(positions):
            found.add("out of order")
        places = [page["next_after"] for page in pages]
        if places != sorted(set(places)) or places[-1] < ENTRIES:
            found.add("did not move on")
    return found


async def tried(exchange: Any, random: Random) -> set[str]:
    """One caller, one filter, one number of partitions: what is wrong."""
    caller = random.randrange(len(CALLERS))
    query: dict[str, Any] = {}
    if random.random() < 0.4:
        query["authority"] = random.sample(AUTHORITIES, random.randrange(1, 3))
    if random.random() < 0.3:
        query["school"] = [f"{random.choice(AUTHORITIES)}200{n}" for n in range(3)]
    if random.random() < 0.3:
        query["type"] = [SchoolDetailsChanged.TYPE, TransferRecorded.TYPE]
    of = random.choice((1, 2, 3, 8, 16))
    whole = entries(await walked(exchange, random, caller, **query))
    parts = [await walked(exchange, random, caller, partition=n, partitions=of, **query) for n in range(of)]
    return faults(whole, parts)


@pytest.mark.parametrize("seed", range(6))
async def test_the_partitions_together_are_the_feed(told: Any, seed: int) -> None:
    """R99: under any filter and any caller's rights, each record whole in one of them and in order."""
    random = Random(seed)
    for _ in range(2):
        assert await tried(told, random) == set()


async def test_the_hash_is_the_one_that_is_documented(told: Any) -> None:
    """R99: a client works out the partition itself; the promise is for ever, also for keys with odd characters."""
    whole = entries(await walked(told, Random(1), 0))
    assert {"\\" in entry["key"] for entry in entries(await walked(told, Random(1), 2))} == {True, False}
    for caller in (0, 2):
        for number in range(8):
            for entry in entries(await walked(told, Random(1), caller, partition=number, partitions=8)):
                name = ".".join(entry["type"].split(".")[2:4])
                digest = sha256(f"{name}:{entry['key']}".encode()).digest()
                assert int.from_bytes(digest[:4], "big") % 8 == number
    # As it was when it was first given, beside the formula: partition 7 of 64.
    assert {e["key"] for e in whole} >= {"6732000"}
    seventh = entries(await walked(told, Random(1), 0, partition=7, partitions=64))
    assert any(e["key"] == "6732000" and ".school." in e["type"] for e in seventh)


async def test_a_mutant_that_deals_entries_out_by_position_is_found(
    told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries in turn: nothing is lost, and each record is torn."""

    def by_position(partition: int, partitions: int) -> ColumnElement[bool]:
        return changes.c.position % partitions == partition

    monkeypatch.setattr(change_log, "in_partition", by_position)
    whole = entries(await walked(told, Random(2), 0))
    parts = [await walked(told, Random(2), 0, partition=n, partitions=8) for n in range(8)]
    assert faults(whole, parts) == {"record in two partitions"}


async def test_a_mutant_that_goes_on_from_the_head_after_a_full_page_is_found(
    told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`next_after` at the head of the log, whatever did not fit on the page."""
    real = change_log.read

    async def hasty(
        connection: AsyncConnection, after: int, limit: int, statement: Composed, span: int
    ) -> change_log.FeedPage:
        page = await real(connection, after, limit, statement, span)
        return change_log.FeedPage(page.rows, page.safe_until, page.safe_until, page.feed, page.floor)

    whole = entries(await walked(told, Random(3), 0))
    monkeypatch.setattr(change_log, "read", hasty)
    parts = [await walked(told, Random(3), 0, partition=n, partitions=2) for n in range(2)]
    assert faults(whole, parts) == {"lost"}
