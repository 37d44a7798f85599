"""A client that does what `docs/reference/change-feed.md` says ends equal to the source (E-01..E-05, X-01, R98, R99).

The program of that page is run as it stands there, for a region's system, two authorities' and a supplier with few
operations, while several write at once through the real services and a school goes from one authority to the other.
The network loses requests and answers, programs are killed before they store, while they do and after; real PostgreSQL.
"""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from moving_region import Caller, Region, running_region
from test_schools_move import LISTS, OLD, Story, records

from gwella_client import Client, Entry, Place
from testkit.fixtures import MigratedDatabase

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "change-feed.md"
TODAY = "2020-01-20"
WRITERS, STEPS = 3, 12


class Killed(Exception):
    """The program ended here, whatever it was doing."""


def program() -> ModuleType:
    """The program of the page."""
    [text] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    module = ModuleType("the_page")
    exec(compile(text, str(PAGE), "exec"), module.__dict__)
    return module


@dataclass
class Line(httpx.AsyncBaseTransport):
    """A line to the exchange that loses one request in twenty, and one answer, and is refused as often."""

    region: Region
    random: Random
    even: bool = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        chance = 1.0 if self.even else self.random.random()
        if chance < 0.05:
            raise httpx.ConnectError("no route", request=request)
        if chance < 0.1:
            return httpx.Response(self.random.choice((429, 503)), headers={"Retry-After": "0"})
        answer = await self.region.clients["exchange"].get(str(request.url), headers=dict(request.headers))
        kept = {"Content-Type": answer.headers["Content-Type"]}
        if chance < 0.15:
            raise httpx.ReadError("cut off", request=request)
        return httpx.Response(answer.status_code, headers=kept, content=answer.content)


@dataclass
class Puller:
    """The page's program for one caller, killed at random and begun again with its file.

    `keeping`: how the copy keeps what came; the mutant does it otherwise.
    """

    caller: Caller
    lists: Sequence[str]
    file: Path
    random: Random
    keeping: str = "as the page says"
    page: ModuleType = field(default_factory=program)
    killed: int = 0
    even: bool = False

    async def live(self) -> None:
        """Runs, is killed, runs again, until it is cancelled."""
        while True:
            try:
                async with asyncio.timeout(None if self.even else self._years()):
                    await self.once()
            except* (TimeoutError, Killed):
                self.killed += 1

    def _years(self) -> float:
        """Seconds until it is killed: a little more each time, so that also a slow machine comes to an end."""
        return self.random.uniform(0.05, 2.0 + 0.1 * self.killed)

    async def once(self) -> None:
        """One life of the program, with a fresh connection to its file."""
        copy = self.page.Copy(str(self.file))
        keeper = copy.keeper
        copy.keeper = lambda name: self._mortal(copy, keeper(name), name)
        line = Line(self.caller.region, self.random, self.even)
        try:
            async with Client(
                "http://exchange", self.caller.bearer, transport=line, attempts=2, first_wait=0.01
            ) as client:
                await self.page.keep_up(client, copy)
        finally:
            copy.rows.close()

    def _mortal(
        self, copy: Any, apply: Callable[..., Awaitable[None]], name: str
    ) -> Callable[..., Awaitable[None]]:
        async def store(entries: Sequence[Entry], place: Place) -> None:
            self._perhaps_die()
            if self.keeping == "place first":
                with copy.rows:
                    copy.keep(name, place)
                self._perhaps_die(0.5)
            await apply(self._dying_amid(entries), place)
            self._perhaps_die()

        return store

    def _dying_amid(self, entries: Sequence[Entry]) -> Any:
        for entry in entries:
            self._perhaps_die(0.01)
            yield entry

    def _perhaps_die(self, chance: float = 0.1) -> None:
        if not self.even and self.random.random() < chance:
            raise Killed

    def held(self) -> dict[str, int]:
        """The copy: version by path of what has not ended, of the lists compared."""
        copy = self.page.Copy(str(self.file))
        rows = copy.rows.execute("select path, version, entry from records").fetchall()
        copy.rows.close()
        return {path: version for path, version, entry in rows if self._compared(path, json.loads(entry))}

    def place(self) -> int:
        """How far the copy has come."""
        copy = self.page.Copy(str(self.file))
        found = copy.place("following")
        copy.rows.close()
        return 0 if found is None else int(found.after)

    def _compared(self, path: str, entry: Entry) -> bool:
        ended = entry["data"].get("valid_to")
        return path.split("/")[1] in self.lists and path.count("/") == 2 and (ended is None or ended > TODAY)

    async def readable(self) -> dict[str, int]:
        """The same as the API lists it."""
        return {p: v for name in self.lists for p, v in (await records(self.caller, name)).items()}

    async def wrong(self) -> set[str]:
        """How the copy differs from what the reads show."""
        held, may = self.held(), await self.readable()
        found = {"lost"} if may.keys() - held.keys() else set()
        found |= {"kept"} if held.keys() - may.keys() else set()
        return found | ({"stale"} if any(held[p] != may[p] for p in held.keys() & may.keys()) else set())


class Crowd(Story):
    """Several who write at once: who comes too late is refused, and tries again another day."""

    async def rename(self, school: str) -> None:
        path = f"/v1/schools/{school}"
        headers = {
            "Content-Type": "application/merge-patch+json",
            "If-Match": (await self.operator.get(path)).headers["etag"],
        }
        details = {"pupils": self.random.randrange(1000), "valid_from": TODAY}
        answer = await self.operator.send("PATCH", path, json=details, headers=headers)
        assert answer.status_code in (200, 409, 412, 422), answer.text

    async def write(self, steps: int, transfer_at: int | None = None) -> None:
        for step in range(steps):
            await (self.transfer() if step == transfer_at else self.something())
            await asyncio.sleep(self.random.uniform(0, 0.1))


@pytest.fixture
async def region(migrated_database: MigratedDatabase) -> AsyncIterator[Region]:
    async with running_region(migrated_database) as started:
        yield started


def pullers(region: Region, random: Random, folder: Path) -> dict[str, Puller]:
    """By name: who follows, and which lists its reads show."""
    few = "changes.read schools.read visits.read draft_visits.read"
    who: dict[str, tuple[str, dict[str, str], Sequence[str]]] = {
        "region": ("consortium_system", {"body": "csc"}, LISTS),
        "vale": ("authority_system", {"authority": "673"}, LISTS),
        "cardiff": ("authority_system", {"authority": "681"}, LISTS),
        "supplier": (
            "authority_system", {"authority": "681", "scope": few, "client_id": "supplier"},
            ("schools", "school-transfers", "visits", "findings"),
        ),
    }  # fmt: skip
    return {
        name: Puller(region.caller(role, **of), lists, folder / f"{name}.sqlite", random)
        for name, (role, of, lists) in who.items()
    }


async def level(region: Region, *followers: Puller) -> None:
    """Returns when every copy is what its reads show; or after a while, and the caller says how they differ."""
    with suppress(TimeoutError):
        async with asyncio.timeout(150):
            while True:
                await region.fall_due()
                if not [one for one in followers if await one.wrong()]:
                    return
                await asyncio.sleep(0.2)


@pytest.mark.journey
@pytest.mark.parametrize("seed", [1])
async def test_a_client_that_does_what_the_page_says_ends_equal_to_the_source(
    region: Region, tmp_path: Path, seed: int
) -> None:
    """Whoever it is and whenever it was killed; and one that keeps its position before its copy has lost something."""
    random = Random(seed)
    story = Crowd(region, random)
    await story.begin()
    begun = int((await story.operator.get("/v1/changes", limit=1000)).json()["safe_until"])
    everyone = pullers(region, random, tmp_path)
    hasty = Puller(everyone["region"].caller, LISTS, tmp_path / "hasty.sqlite", random, "place first")
    async with asyncio.TaskGroup() as living:
        lives = [living.create_task(one.live()) for one in (*everyone.values(), hasty)]
        async with asyncio.TaskGroup() as writing:
            for number in range(WRITERS):
                writing.create_task(story.write(STEPS, STEPS // 2 if number == 0 else None))
        # Who comes last has everything to fetch, and fetches it in parallel.
        late = Puller(everyone["cardiff"].caller, LISTS, tmp_path / "late.sqlite", random)
        lives.append(living.create_task(late.live()))
        await level(region, *everyone.values(), late)
        for life in lives:
            life.cancel()
    assert {name: found for name, one in everyone.items() if (found := await one.wrong())} == {}
    assert await late.wrong() == set()
    assert all(one.killed for one in everyone.values())
    # Of the writers' steps some are refused; still most of what was followed was written meanwhile.
    assert min(one.place() for one in everyone.values()) > begun + WRITERS * STEPS // 2
    assert "lost" in await hasty.wrong() or "stale" in await hasty.wrong()
    moved = {f"/visits/{id_}" for id_ in story.visits["6812399"]}
    assert moved <= everyone["cardiff"].held().keys() & everyone["supplier"].held().keys()
    assert not moved & everyone["vale"].held().keys()
    assert not any(path.startswith("/people") for path in everyone["supplier"].held())


@pytest.mark.journey
async def test_a_client_of_a_feed_that_was_restored_begins_anew(region: Region, tmp_path: Path) -> None:
    """R98: its copy holds what the restored services never told; the program of the page empties and fills it."""
    story = Crowd(region, Random(4))
    await story.begin()
    puller = pullers(region, story.random, tmp_path)["vale"]
    puller.even = True
    life = asyncio.create_task(puller.live())
    await level(region, puller)
    life.cancel()
    assert await puller.wrong() == set()
    copy = puller.page.Copy(str(puller.file))
    with copy.rows:
        copy.rows.execute("insert into records values ('/visits/of-then', 9, '{\"data\": {}}')")
        copy.keep("following", Place(1_000_000, copy.place("following").feed))
    copy.rows.close()
    assert await puller.wrong() == {"kept"}
    life = asyncio.create_task(puller.live())
    await level(region, puller)
    life.cancel()
    assert await puller.wrong() == set()
    assert OLD in {path.split("/")[-1] for path in puller.held()}
