"""The digest equals what a follower of the feed holds, for any log, any reader and any position (E-15, E-16, X-02)."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from random_log import entries, replace_log, steps
from sqlalchemy import ColumnElement, true

from eventing.raw import Composed, driver_of
from exchange.domain.digest import Bucket
from exchange.storage import digests
from exchange.storage.tables import changes
from exchange.usecases import read_digest as use_case
from exchange.usecases.feed_policy import Wanted, feed_policy
from exchange.usecases.read_changes import visible
from exchange.usecases.read_digest import DigestOf
from service_kit.policy.memberships import NO_MEMBERSHIPS
from service_kit.policy.rls import session_settings
from service_kit.policy.roles import roles

READERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("operator", {}),
    ("welsh_government", {}),
    ("authority_system", {"authority": "673"}),
    ("authority_system", {"authority": "681"}),
    ("consortium_system", {}),
)
FILTERS: tuple[dict[str, Any], ...] = (
    {}, {"authority": ["673"]}, {"school": ["6810001"]}, {"authority": ["672", "681"], "school": ["6730001"]},
)  # fmt: skip
SLOW = settings(
    max_examples=10,
    phases=[Phase.explicit, Phase.generate],  # each example is some requests: shrinking would take minutes
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
Digest = Callable[..., Awaitable[dict[str, Any]]]
State = tuple[str, str, int]


def hash_of(text: str, size: int) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:size], "big")


def expected(states: set[State], depth: int, prefix: str = "") -> dict[str, tuple[int, str]]:
    """The buckets of that many digits below a prefix: written from the documentation alone."""
    found: dict[str, list[int]] = defaultdict(list)
    for aggregate, key, version in states:
        bucket = f"{hash_of(f'{aggregate}:{key}', 4):08x}"
        if bucket.startswith(prefix):
            found[bucket[:depth]].append(hash_of(f"{aggregate}:{key}:{version}", 8))
    return {name: (len(hashes), f"{sum(hashes) % 2**64:016x}") for name, hashes in found.items()}


def aggregate_of(entry: dict[str, Any]) -> str:
    return ".".join(entry["type"].split(".")[2:4])


async def held(exchange: Any, role: str, of: dict[str, Any], until: int, **query: Any) -> set[State]:
    """What a follower of the feed holds that has come to a position."""
    copy: dict[tuple[str, str], int] = {}
    after = 0
    while after < until:
        page = await exchange.changes(role, of=of, after=after, limit=1000, wait=0, **query)
        for entry in page["items"]:
            if entry["position"] > until:
                break
            record = (aggregate_of(entry), entry["key"])
            if entry["change"] in ("delete", "left_scope"):
                copy.pop(record, None)
            else:
                copy[record] = entry["version"]
        after = page["next_after"]
    return {(*record, version) for record, version in copy.items()}


def asking(exchange: Any, role: str, of: dict[str, Any]) -> Digest:
    async def ask(**query: Any) -> dict[str, Any]:
        answer = await exchange.ask("GET", "/v1/digests", role, query=query, **of)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    return ask


def by_prefix(buckets: list[dict[str, Any]]) -> dict[str, tuple[int, str]]:
    return {one["prefix"]: (one["count"], one["hash"]) for one in buckets}


async def faults(digest: Digest, states: set[State], at: int, **query: Any) -> set[str]:
    """In which ways a digest is not that of these states; empty: in none."""
    found: set[str] = set()
    whole = await digest(at=at, **query)
    (root,) = whole["buckets"]
    if root["count"] != len(states):
        found.add("count")
    if by_prefix(root["children"]) != expected(states, 2):
        found.add("children")
    deeper = [one["prefix"] for one in root["children"]][:64]
    if deeper:
        told = await digest(at=at, prefix=deeper, digits=1, records_up_to=100, **query)
        for parent in told["buckets"]:
            listed = {(one["aggregate"], one["key"], one["version"]) for one in parent["records"]}
            if listed != {
                s for s in states if f"{hash_of(f'{s[0]}:{s[1]}', 4):08x}".startswith(parent["prefix"])
            }:
                found.add("records")
    return found


@SLOW
@given(log=steps, data=st.data())
async def test_the_digest_is_that_of_a_followers_copy(exchange: Any, log: Any, data: Any) -> None:
    """E-16: for each reader, at each position, under the feed's own filters."""
    await replace_log(exchange.owner_url, entries(log))
    at = data.draw(st.integers(0, len(log)), label="at")
    query = data.draw(st.sampled_from(FILTERS), label="filter")
    for role, of in READERS:
        states = await held(exchange, role, of, at, **query)
        assert await faults(asking(exchange, role, of), states, at, **query) == set()
        kept = {one for one in states if one[0] in ("registry.school", "visits.action")}
        of_some = {"aggregate": ["registry.school", "visits.action"]}
        assert await faults(asking(exchange, role, of), kept, at, **query, **of_some) == set()


def used_in_place(exchange: Any, name: str, replacement: Any, context: Any) -> Digest:
    """The digest as it would be with one of its conditions replaced, on a connection that no row is hidden from."""
    role, of = "authority_system", {"authority": "673"}
    principal = exchange.tokens.principal(role, **of)
    shown = feed_policy(principal, NO_MEMBERSHIPS, roles()).shown

    async def ask(
        at: int, prefix: Sequence[str] = ("",), digits: int = 2, records_up_to: int = 0
    ) -> dict[str, Any]:
        buckets = [Bucket(one, digits) for one in prefix]
        with context() as patched:
            patched.setattr(use_case, name, replacement)
            async with exchange.worker.transaction() as connection:
                found = await use_case.read_digest(
                    connection, shown, DigestOf(at, Wanted()), buckets, records_up_to
                )
        told = [
            {
                "prefix": one.bucket.prefix,
                "count": one.sum.count,
                "hash": one.sum.told,
                "children": [
                    {"prefix": p, "count": s.count, "hash": s.told} for p, s in one.children.items()
                ],
                "records": one.entries or [],
            }
            for one in found
        ]
        return {"at": at, "buckets": told}

    return ask


MOVED_AWAY = [(0, "upsert", "673"), (3, "upsert", "673"), (3, "move", "681"), (4, "upsert", "673")]
DELETED = [(0, "upsert", "673"), (3, "upsert", "673"), (3, "delete", "673")]
OF_OTHERS = [(0, "upsert", "673"), (3, "upsert", "681"), (10, "upsert", "673"), (5, "upsert", "672")]


@pytest.mark.parametrize(
    ("name", "mutant", "log", "bites"),
    [
        ("visible", visible, [*MOVED_AWAY, *DELETED], set()),
        ("visible", lambda _: true(), OF_OTHERS, {"count", "children", "records"}),
        ("visible_as_it_is", lambda _: true(), MOVED_AWAY, {"count", "children", "records"}),
        ("_held", lambda _: true(), DELETED, {"count", "children", "records"}),
        ("_held", lambda _: true(), MOVED_AWAY, {"count", "children", "records"}),
    ],
    ids=["as it is", "all rows", "left scope is held", "deleted is held", "whatever was told is held"],
)
async def test_a_digest_that_asks_another_question_is_found_out(
    exchange: Any, name: str, mutant: Any, log: Any, bites: set[str]
) -> None:
    """E-15: over all rows, or without what an entry says, it is not that of a follower's copy."""
    await replace_log(exchange.owner_url, entries(log))
    states = await held(exchange, "authority_system", {"authority": "673"}, len(log))
    digest = used_in_place(exchange, name, mutant, pytest.MonkeyPatch.context)
    assert await faults(digest, states, len(log)) == bites


async def test_a_digest_of_counts_alone_is_found_out(exchange: Any) -> None:
    """E-16: a version that the copy missed changes no count, and every hash above it."""
    before, after = [(0, "upsert", "673"), (1, "upsert", "673")], [(0, "upsert", "673")]
    await replace_log(exchange.owner_url, entries([*before, *after]))
    missed = await held(exchange, "operator", {}, len(before))
    assert await faults(asking(exchange, "operator", {}), missed, 3) == {"children", "records"}


@SLOW
@given(log=steps)
async def test_buckets_add_up_to_their_parents(exchange: Any, log: Any) -> None:
    """E-16: at every depth, by 16 and by 256; without a position, at the head."""
    await replace_log(exchange.owner_url, entries(log))
    digest = asking(exchange, "operator", {})
    below = [""]
    for depth, digits in ((2, 2), (3, 1), (5, 2), (7, 2), (8, 2)):
        answer = await digest(prefix=below[:64], digits=digits)
        assert answer["at"] == len(log)
        for parent in answer["buckets"]:
            told = parent["children"]
            assert all(one["prefix"].startswith(parent["prefix"]) for one in told)
            assert all(len(one["prefix"]) == min(len(parent["prefix"]) + digits, 8) for one in told)
            assert sum(one["count"] for one in told) == parent["count"]
            assert sum(int(one["hash"], 16) for one in told) % 2**64 == int(parent["hash"], 16)
        below = [one["prefix"] for parent in answer["buckets"] for one in parent["children"]]
        if not below:
            return
        assert {len(prefix) for prefix in below} == {depth}


@SLOW
@given(log=steps, hidden=steps)
async def test_what_a_reader_may_not_see_changes_nothing(exchange: Any, log: Any, hidden: Any) -> None:
    """E-15: another authority's contacts, before, between and behind, leave every bucket as it is."""
    secret = [(2, "upsert", "681") for _ in hidden]
    visible = [step for step in log if step[0] != 2]
    await replace_log(exchange.owner_url, entries(visible))
    digest = asking(exchange, "authority_system", {"authority": "673"})
    before = (await digest())["buckets"]
    await replace_log(exchange.owner_url, entries([*secret, *visible, *secret]))
    assert (await digest())["buckets"] == before


async def test_a_position_holds_while_writers_go_on(exchange: Any) -> None:
    """X-02: asked again at the position of the first answer, the state is that of then."""
    log = [(n % 8, "upsert", "673") for n in range(40)]
    await replace_log(exchange.owner_url, entries(log))
    digest = asking(exchange, "operator", {})
    first = await digest()
    await replace_log(exchange.owner_url, entries([*log, *((n % 8, "delete", "673") for n in range(8))]))
    assert await digest(at=first["at"]) == first
    assert (await digest())["buckets"][0]["count"] == 0


async def test_a_bucket_that_is_small_enough_lists_its_records_or_their_entries(exchange: Any) -> None:
    """E-16: what is repaired is exactly what the feed told: the entries are the feed's own."""
    await replace_log(exchange.owner_url, entries([(n % 5, "upsert", "673") for n in range(20)]))
    digest = asking(exchange, "operator", {})
    (root,) = (await digest(records_up_to=2))["buckets"]
    assert root["count"] > 2
    assert "records" not in root
    (root,) = (await digest(records_up_to=100))["buckets"]
    assert "children" not in root
    assert all(one["subject"] == f"/records/{one['key']}" for one in root["records"])
    (told,) = (await digest(records_up_to=100, entries=True))["buckets"]
    feed = {one["position"]: one for one in (await exchange.changes("operator"))["items"]}
    assert [feed[one["position"]] for one in root["records"]] == told["entries"]


@pytest.mark.parametrize("at", [21, 2**62])
async def test_a_position_that_was_never_given_is_refused(exchange: Any, at: int) -> None:
    """R98: as the feed refuses it, with where to begin anew."""
    await replace_log(exchange.owner_url, entries([(n % 5, "upsert", "673") for n in range(20)]))
    for query in ({"at": at}, {"at": 3, "feed": "another"}):
        answer = await exchange.ask("GET", "/v1/digests", "operator", query=query)
        assert (answer.status_code, answer.json()["code"]) == (410, "position_not_known")
        assert answer.json()["safe_until"] == 20


@pytest.mark.parametrize(
    ("query", "pointer"),
    [({"prefix": "3F"}, "prefix"), ({"prefix": "123456789"}, "prefix"), ({"digits": 3}, "digits"),
     ({"records_up_to": 101}, "records_up_to"), ({"prefix": ["0"] * 65}, "prefix"), ({"type": "x"}, "type")],
)  # fmt: skip
async def test_what_cannot_be_asked_is_named(exchange: Any, query: dict[str, Any], pointer: str) -> None:
    """C-04: faults are named."""
    answer = await exchange.ask("GET", "/v1/digests", "operator", query=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].split("/")[-1].startswith(pointer) or pointer in answer.text


async def planned(exchange: Any, aside: ColumnElement[bool]) -> str:
    """How PostgreSQL would read the whole digest of an authority's system, under row-level security."""
    principal = exchange.tokens.principal("authority_system", authority="673")
    policy = feed_policy(principal, NO_MEMBERSHIPS, roles())
    query = digests.dividing([visible(policy.shown), aside], use_case._held(policy.shown))
    sql, *arguments = Composed.of(query).with_(**digests.asked([Bucket("", 2)], 20))
    async with exchange.api.transaction(session_settings(policy.decision)) as connection:
        driver = await driver_of(connection)
        await driver.execute("set local enable_seqscan = off")
        return "\n".join(row[0] for row in await driver.fetch(f"explain {sql}", *arguments))


async def test_the_whole_digest_is_read_from_one_index_in_its_order(exchange: Any) -> None:
    """E-16: no entry's data is touched and no log is sorted, however long it is; a further column would show."""
    await replace_log(exchange.owner_url, entries([(n % 8, "upsert", "673") for n in range(20)]))
    index_only = "Index Only Scan using ix_changes_record_states"
    plan = await planned(exchange, true())
    assert index_only in plan
    assert "Incremental Sort" not in plan
    assert index_only not in await planned(exchange, changes.c.type != "")
