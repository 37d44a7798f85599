"""Following the change feed with a copy of your own, and pulling it in parallel at the beginning.

async def apply(entries: Sequence[Entry], place: Place) -> None:
    async with database.transaction() as rows:
        for entry in entries:
            match what_to_do(entry, held=await rows.version(entry["subject"])):
                case Do.take: await rows.put(entry)
                case Do.forget: await rows.remove(entry["subject"])
        await rows.keep(place)      # in the same transaction: that is all that loses nothing

place = await pull(client, [apply] * 8)          # once: a copy that is empty
await Follower(client, apply, place).follow()    # from then on, and after every crash from the place kept
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from random import SystemRandom
from typing import Any, Final

import httpx

from gwella_client.client import PASSING, Client
from gwella_client.problem import Problem

CHANGES: Final = "/v1/changes"
SLACK: Final = 15.0
"""Seconds that an answer may take beyond the wait that was asked for."""

Entry = Mapping[str, Any]
"""One entry of the feed, as it came."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a copy has come in which feed. None of a feed yet: whichever answers."""

    after: int = 0
    feed: str | None = None


Apply = Callable[[Sequence[Entry], Place], Awaitable[None]]
"""Takes entries into the copy and keeps the place, both in one transaction. Called also when no entry was shown."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one look gave. `place`: where to go on; everything up to `safe_until` is there for good."""

    entries: Sequence[Entry]
    place: Place
    safe_until: int


class PlaceGone(Exception):
    """The feed cannot be gone on from there (410): the copy is to be compared or fetched anew.

    `code` is `position_not_known` (another feed, or one restored to an earlier state: no entry up to `restart` is
    yours) or `position_forgotten` (the feed begins behind `restart`: fetch the lists first, then follow from there).
    `safe_until`: up to where the feed is complete, the place of a digest.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.code = problem.code
        self.restart = Place(int(problem.body["restart_after"]), str(problem.body["feed"]))
        self.safe_until = int(problem.body["safe_until"])


class Do(Enum):
    """What an entry asks of a copy."""

    take = "take"
    """Hold the record as the entry tells it; fields named in `changed` and not in `data` are read at `subject`."""
    forget = "forget"
    skip = "skip"
    """You hold what is newer."""


def what_to_do(entry: Entry, held: int | None) -> Do:
    """What an entry asks of a copy that holds its record in version `held` (None: not at all).

    A `rekey` is taken as any other: `data.new_number` says under which number the school goes on.
    """
    version = int(entry["version"])
    if entry["change"] in ("delete", "left_scope"):
        # Who holds a later version read it after this: it had come back.
        return Do.skip if held is not None and held > version else Do.forget
    newer = held is None or version > held
    return Do.take if newer or (entry["change"] == "entered_scope" and version == held) else Do.skip


@dataclass
class Follower:
    """Reads the feed for one copy. `apply` is called page by page, never twice at once.

    `filters`: `type`, `authority`, `school`, each a list. `partition`: `(number, of how many)`. `wait` (seconds): how
    long the server may hold back an answer while there is nothing. What passes (429, 502 to 504, nobody answers) is
    waited out for ever by `follow` and `catch_up`; any other refusal is raised, and so is PlaceGone. What `apply`
    raises ends it: begin again from the place that the copy keeps.
    """

    client: Client
    apply: Apply
    place: Place = Place()
    limit: int = 1000
    wait: float = 20.0
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    partition: tuple[int, int] | None = None
    longest_pause: float = 60.0

    async def look(self, wait: float | None = None) -> Page:
        """One page behind the place; nothing is applied, and the place stays."""
        held_back = self.wait if wait is None else wait
        number, of = self.partition or (None, None)
        params = {
            **self.filters, "after": self.place.after, "feed": self.place.feed, "limit": self.limit,
            "wait": held_back, "partition": number, "partitions": of,
        }  # fmt: skip
        try:
            answer = await self.client.request("GET", CHANGES, params=params, timeout=held_back + SLACK)
        except Problem as problem:
            if problem.status == 410:
                raise PlaceGone(problem) from None
            raise
        place = Place(int(answer["next_after"]), str(answer["feed"]))
        return Page(answer["items"], place, int(answer["safe_until"]))

    async def step(self, wait: float | None = None) -> Page:
        """One page, applied. The place moves on only when `apply` has returned."""
        page = await self.look(wait)
        if page.place != self.place:
            await self.apply(page.entries, page.place)
            self.place = page.place
        return page

    async def catch_up(self, until: int | None = None) -> Place:
        """Goes on to a position; None: to where the feed was complete when it began. Waits for nothing new."""
        while until is None or self.place.after < until:
            page = await self._lasting_step(wait=0)
            if until is None:
                until = page.safe_until
        return self.place

    async def follow(self) -> None:
        """Goes on for ever, until it is cancelled or something is raised that does not pass."""
        while True:
            await self._lasting_step()

    async def _lasting_step(self, wait: float | None = None) -> Page:
        """One page, applied; what passes is waited out."""
        failures = 0
        while True:
            try:
                return await self.step(wait)
            except Problem as problem:
                if problem.status != 429 and problem.status not in PASSING:
                    raise
                asked = problem.retry_after
            except httpx.TransportError:
                asked = None
            failures += 1
            await asyncio.sleep(self._pause(failures, asked))

    def _pause(self, failures: int, asked: float | None) -> float:
        """Seconds: what was asked for, or twice as long each time."""
        if asked is not None:
            return asked
        return min(0.5 * 2.0 ** min(failures, 10), self.longest_pause) * SystemRandom().uniform(0.5, 1.0)


async def pull(
    client: Client,
    copies: Sequence[Apply],
    *,
    places: Sequence[Place] = (),
    limit: int = 1000,
    filters: Mapping[str, Sequence[str]] | None = None,
) -> Place:
    """Fetches everything in as many partitions at once as there are `copies`; returns the place to follow from.

    All entries of one record come to one of `copies`, in order. `places`: how far each had come, to go on after a
    crash. The place returned is the earliest of all: what then comes twice, `what_to_do` skips. What one raises (in an
    ExceptionGroup) ends all: nothing is lost that each keeps with its place.
    """
    begun = list(places) or [Place()] * len(copies)
    if len(begun) != len(copies):
        raise ValueError(f"{len(copies)} partitions, and {len(begun)} places")
    followers = [
        Follower(
            client, apply, place, limit=limit, filters=filters or {}, partition=(number, len(copies)), wait=0
        )
        for number, (apply, place) in enumerate(zip(copies, begun, strict=True))
    ]
    async with asyncio.TaskGroup() as group:
        pulling = [group.create_task(follower.catch_up()) for follower in followers]
    ended = [task.result() for task in pulling]
    return min(ended, key=lambda place: place.after)
