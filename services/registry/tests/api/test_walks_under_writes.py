"""A list that is walked while thousands of its records come and go (C-13)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from registry_api import CENTRAL_SOUTH, Register
from sqlalchemy import func, select

from registry.service import service
from registry.storage.tables import schools
from registry.usecases.change_school import FACTS, SchoolChange, new_school, write_schools
from service_kit.database import Database
from service_kit.journal import Actor, Journal
from service_kit.unit_of_work import UnitOfWork

TODAY = date(2020, 1, 20)
BATCH = 250
WALKS = [(sort, size) for sort in ("name", "school_number") for size in (200, 60, 17)]
BATCHES = 40
SLICES = schools.slices.c
OPEN = select(*(SLICES[name] for name in FACTS)).where(
    func.upper_inf(SLICES.known), SLICES.valid.contains(TODAY), SLICES.status == "open"
)


@dataclass
class Traffic:
    """Schools that open and close, a batch at a time, through the register's own unit of work."""

    register: Register
    worker: Database
    open_now: dict[str, dict[str, Any]]
    chance: Random = field(default_factory=lambda: Random(20200120))
    opened: int = 0
    closed: int = 0

    async def batch(self) -> None:
        """Half of a batch opens, with names all over the alphabet, and half closes."""
        assert service.foundation is not None
        facts = self.chance.choices(list(self.open_now.values()), k=BATCH // 2)
        new = [{**one, **self._number(), "name": f"{one['name']} {self.opened}"} for one in facts]
        gone = self.chance.sample(sorted(self.open_now), BATCH // 2)
        closing = [{**self.open_now[number], "status": "closed"} for number in gone]
        journal = Journal("registry", frozenset(service.publishes), service.foundation)
        actor = Actor("traffic", "traffic", f"batch-{self.opened}")
        async with self.worker.transaction() as connection:
            uow = UnitOfWork(connection, self.register.clock, actor, journal)
            await write_schools(uow, [new_school(one, TODAY) for one in new])
            await write_schools(uow, [SchoolChange(one, TODAY, changed=("status",)) for one in closing])
        for number in gone:
            del self.open_now[number]
        self.open_now |= {one["school_number"]: one for one in new}
        self.closed += len(gone)

    def _number(self) -> dict[str, str]:
        self.opened += 1
        authority = CENTRAL_SOUTH[self.opened % len(CENTRAL_SOUTH)]
        return {
            "school_number": f"{authority}{8999 - self.opened // len(CENTRAL_SOUTH)}",
            "authority": authority,
        }


@asynccontextmanager
async def traffic_in(register: Register) -> AsyncIterator[Traffic]:
    """Traffic in a register, which knows the schools that are open."""
    worker = Database(register.database.worker_url, pool_size=1)
    async with worker.transaction() as connection:
        rows = (await connection.execute(OPEN)).mappings().all()
    yield Traffic(register, worker, {row["school_number"]: dict(row) for row in rows})
    await worker.dispose()


async def walk(traffic: Traffic, sort: str, size: int, batches: int) -> tuple[list[str], int]:
    """The numbers of every page, while so many batches are written beside the pages; and how many were."""
    caller, seen, written = traffic.register.operator, [], 0
    every = max(1, len(traffic.open_now) // size // batches)
    address: str | None = f"/v1/schools?status=open&sort={sort}&limit={size}"
    pages = 0
    while address is not None:
        asked = caller.send("GET", address)
        if pages % every == 0 and written < batches:
            answer, _ = await asyncio.gather(asked, traffic.batch())
            written += 1
        else:
            answer = await asked
        assert answer.status_code == 200, answer.text
        seen += [item["school_number"] for item in answer.json()["items"]]
        address = answer.json()["links"].get("next")
        pages += 1
    return seen, written


async def test_a_walk_sees_every_surviving_school_once(region: Register) -> None:
    """R22: six walks, two orders and three sizes of page, while 10,000 schools open or close beside them."""
    batches = 0
    async with traffic_in(region) as traffic:
        assert len(traffic.open_now) > 1_500
        for left, (sort, size) in zip(range(len(WALKS), 0, -1), WALKS, strict=True):
            before = set(traffic.open_now)
            seen, written = await walk(traffic, sort, size, -(-(BATCHES - batches) // left))
            batches += written
            survived = before & set(traffic.open_now)
            assert written > 2, (sort, size)
            assert survived
            assert survived < before
            counted = Counter(seen)
            assert not survived - counted.keys(), (sort, size)
            assert {number for number, times in counted.items() if times > 1} == set(), (sort, size)
        assert batches == BATCHES
        assert traffic.opened + traffic.closed == 10_000
        answer = await region.operator.get("/v1/schools", status="open", total="true", limit=1)
        assert answer.json()["total"] == len(traffic.open_now)
