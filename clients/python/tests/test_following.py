"""What an entry asks of a copy, and what a follower waits out (R98, R99); the feed itself is in tests/journeys."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwella_client import Client, Do, Entry, Follower, Place, PlaceGone, Problem, pull, what_to_do

Copy = dict[str, int]
GONE = {"code": "position_not_known", "restart_after": 7, "feed": "new", "safe_until": 9}


def applied(
    copy: Copy, entries: Sequence[Entry], deciding: Callable[[Entry, int | None], Do] = what_to_do
) -> Copy:
    """A copy after these entries."""
    kept = dict(copy)
    for entry in entries:
        match deciding(entry, kept.get(entry["subject"])):
            case Do.take:
                kept[entry["subject"]] = entry["version"]
            case Do.forget:
                kept.pop(entry["subject"], None)
    return kept


@st.composite
def feeds(draw: st.DrawFn) -> list[Entry]:
    """Entries about few records; versions of each rise, and it may leave, come back, end."""
    versions: dict[str, int] = {}
    entries: list[Entry] = []
    for _ in range(draw(st.integers(0, 14))):
        subject = draw(st.sampled_from(["/visits/1", "/visits/2", "/schools/3"]))
        versions[subject] = versions.get(subject, 0) + draw(st.integers(1, 3))
        change = draw(st.sampled_from(["upsert", "upsert", "left_scope", "entered_scope", "delete", "rekey"]))
        entries.append({"subject": subject, "version": versions[subject], "change": change})
    return entries


@given(feeds(), st.data())
def test_what_comes_twice_changes_nothing(entries: list[Entry], data: st.DataObject) -> None:
    """From any place before the one that was reached: the copy ends as it was."""
    once = applied({}, entries)
    again = data.draw(st.integers(0, len(entries)))
    assert applied(once, entries[again:]) == once


@given(feeds())
def test_what_was_read_later_is_not_undone_by_what_was_told_before(entries: list[Entry]) -> None:
    """A copy made from the lists is followed from a place before it: every record ends as the lists gave it."""
    once = applied({}, entries)
    assert applied(once, entries) == once


def test_a_mutant_that_takes_whatever_comes_is_found() -> None:
    """Without a look at versions an old entry overwrites what is newer."""

    def credulous(entry: Entry, held: int | None) -> Do:
        return Do.forget if entry["change"] in ("left_scope", "delete") else Do.take

    entries = [{"subject": "/visits/1", "version": n, "change": "upsert"} for n in (1, 2)]
    assert applied({"/visits/1": 2}, entries[:1], credulous) == {"/visits/1": 1}
    assert applied({"/visits/1": 2}, entries[:1]) == {"/visits/1": 2}


@dataclass
class Script(httpx.AsyncBaseTransport):
    """A server that answers what it was told to, one after the other, and notes what it was asked."""

    answers: list[httpx.Response | httpx.TransportError]
    asked: list[dict[str, str]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(dict(request.url.params))
        answer = self.answers.pop(0)
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer


def page(next_after: int, *versions: int, safe_until: int | None = None) -> httpx.Response:
    items = [{"subject": "/visits/1", "version": n, "change": "upsert"} for n in versions]
    until = next_after if safe_until is None else safe_until
    body = {"items": items, "next_after": next_after, "safe_until": until, "feed": "f"}
    return httpx.Response(200, json=body)


def refusal(status: int, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body or {"code": "x"}, headers=headers)


@dataclass
class Keeper:
    """Keeps what it was given."""

    given: list[tuple[list[int], Place]] = field(default_factory=list)

    async def __call__(self, entries: Sequence[Entry], place: Place) -> None:
        self.given.append(([entry["version"] for entry in entries], place))


async def test_what_passes_is_waited_out_and_nothing_is_taken_twice() -> None:
    """429 and 503 as long as they say, a line that is cut off a moment; the feed's id is sent back."""
    busy = {"Retry-After": "0"}
    script = Script([
        page(2, 1, 2, safe_until=4), refusal(429, **busy), refusal(503, **busy), httpx.ReadError("cut off"),
        page(3, safe_until=4), page(4, 3),
    ])  # fmt: skip
    keeper = Keeper()
    async with Client("http://api", transport=script, attempts=1) as client:
        follower = Follower(client, keeper, limit=2, longest_pause=0.01, filters={"school": ["6732118"]})
        assert await follower.catch_up() == Place(4, "f")
    assert keeper.given == [([1, 2], Place(2, "f")), ([], Place(3, "f")), ([3], Place(4, "f"))]
    assert [(one["after"], one.get("feed"), one["school"]) for one in script.asked] == [
        ("0", None, "6732118"), *[("2", "f", "6732118")] * 4, ("3", "f", "6732118"),
    ]  # fmt: skip


async def test_a_place_that_is_gone_says_where_to_begin() -> None:
    """410 ends it, and nothing was applied; another refusal is raised as it is."""
    keeper = Keeper()
    script = Script([refusal(410, GONE), refusal(403), page(1, safe_until=1), refusal(410, GONE)])
    async with Client("http://api", transport=script, attempts=1) as client:
        follower = Follower(client, keeper, Place(8, "old"))
        with pytest.raises(PlaceGone) as gone:
            await follower.follow()
        assert (gone.value.code, gone.value.restart, gone.value.safe_until) == (
            GONE["code"],
            Place(7, "new"),
            9,
        )
        with pytest.raises(Problem):
            await follower.follow()
        with pytest.raises(ExceptionGroup) as group:
            await pull(client, [keeper, keeper], places=[Place(), Place(5, "f")])
    assert group.group_contains(PlaceGone)
    assert follower.place == Place(8, "old")
    assert {(one["partition"], one["partitions"]) for one in script.asked[2:]} == {("0", "2"), ("1", "2")}


async def test_the_place_stays_when_the_copy_could_not_be_kept() -> None:
    """The next life asks for the same again."""

    async def broken(entries: Sequence[Entry], place: Place) -> None:
        raise OSError("disk full")

    script = Script([page(2, 1, 2)])
    async with Client("http://api", transport=script, attempts=1) as client:
        follower = Follower(client, broken)
        with pytest.raises(OSError, match="disk full"):
            await follower.step()
    assert follower.place == Place()


async def test_all_that_was_pulled_is_followed_from_the_earliest_place() -> None:
    """Partitions end where each was complete; between them nothing is left out."""
    script = Script([page(5, 1), page(4, 2)])
    keepers = [Keeper(), Keeper()]
    async with Client("http://api", transport=script, attempts=1) as client:
        assert await pull(client, keepers) == Place(4, "f")
        with pytest.raises(ValueError, match="2 partitions, and 1 places"):
            await pull(client, keepers, places=[Place()])
    assert [keeper.given for keeper in keepers] == [[([1], Place(5, "f"))], [([2], Place(4, "f"))]]
