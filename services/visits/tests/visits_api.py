"""Visits as they run, for tests: the API over ASGI under real tokens, events heard by the real consumer."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

import httpx
import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.event import EVENTS, Event
from contracts.events.registry import (
    AdviserAllocated,
    CalendarPublished,
    FootprintMembershipChanged,
    RegimeAdopted,
    SchoolDetailsChanged,
    SchoolFacts,
    SchoolRegistered,
)
from contracts.identifiers import new_id
from eventing.envelope import Envelope, envelope_of, packed_headers
from eventing.transports.local import LocalTransport
from eventing.transports.port import Record
from service_kit.clock import FixedClock
from service_kit.clock_tasks import ClockRunner
from testkit.databases import ServiceDatabase
from testkit.tokens import TokenFactory
from visits.storage.tables import shared

SCHOOL, NEIGHBOUR = "6732118", "6812007"
ADVISER, SENIOR, HEAD = "adviser-1", "senior-1", "head-1"
JANUARY = {"scheme": "national_2014", "school_year": "2019/20"}
"""Which categories the list of January 2020 holds."""
_keys = count(1)


@dataclass
class Caller:
    """One client with its token."""

    client: httpx.AsyncClient
    bearer: Callable[[], str]
    """A token of this moment: the clock of a test moves further than a token holds."""
    language: str = "en"

    async def send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        sent = {
            "Authorization": f"Bearer {self.bearer()}",
            "Accept-Language": self.language,
            **(headers or {}),
        }
        if method == "POST":
            sent.setdefault("Idempotency-Key", f"test-{next(_keys)}")
        return await self.client.request(method, path, headers=sent, **options)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.send("GET", path, params=query or None)

    async def post(self, path: str, body: Any = None, **query: Any) -> httpx.Response:
        options = {} if body is None else {"json": body}
        return await self.send("POST", path, params=query or None, **options)

    async def patch(self, path: str, body: Any, etag: str) -> httpx.Response:
        headers = {"Content-Type": "application/merge-patch+json", "If-Match": etag}
        return await self.send("PATCH", path, content=orjson.dumps(body), headers=headers)

    async def done(self, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
        """A POST that must succeed."""
        answer = await self.post(path, body)
        assert answer.status_code == status, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def refused(self, path: str, body: Any = None, status: int = 409) -> dict[str, Any]:
        """A POST that must be refused; gives the problem."""
        answer = await self.post(path, body)
        assert answer.status_code == status, answer.text
        problem: dict[str, Any] = answer.json()
        return problem

    async def everything(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """All pages of a list."""
        items, address = [], f"{path}?{httpx.QueryParams({'limit': 200, **query})}"
        while address:
            answer = await self.get(address)
            assert answer.status_code == 200, answer.text
            items += answer.json()["items"]
            address = answer.json()["links"].get("next", "")
        return items


@dataclass
class Visits:
    """The running service: tell it events, ask it as anybody, run its jobs and what falls due."""

    client: httpx.AsyncClient
    tokens: TokenFactory
    clock: FixedClock
    database: ServiceDatabase
    transport: LocalTransport
    tasks: ClockRunner
    superuser: AsyncEngine
    api: AsyncEngine
    position: int = 0
    versions: dict[str, int] = field(default_factory=dict)

    def caller(self, role: str, **of: Any) -> Caller:
        language = of.pop("language", "en")
        return Caller(self.client, lambda: self.tokens.token(role, **of), language)

    def adviser(self, person: str = ADVISER) -> Caller:
        return self.caller("adviser", person_id=person, sub=person)

    def senior(self, person: str = SENIOR) -> Caller:
        return self.caller("senior_adviser", body="central_south", person_id=person, sub=person)

    def head(self, school: str = SCHOOL, **of: Any) -> Caller:
        return self.caller("head", school=school, person_id=HEAD, sub=HEAD, **of)

    def system(self, authority: str = "673") -> Caller:
        return self.caller("authority_system", authority=authority)

    def envelope(self, event: Event, key: str) -> Envelope:
        """The next event of an aggregate, as its publisher would have sequenced it."""
        self.position += 1
        version = f"{event.AGGREGATE}:{key}"
        self.versions[version] = self.versions.get(version, 0) + 1
        now = self.clock.now()
        made = envelope_of(
            event, event_id=new_id(), key=key, version=self.versions[version], subject=f"/{event.AGGREGATE}s/{key}",
            time=now, recorded_time=now,
        )  # fmt: skip
        return made.at(self.position)

    async def hear(self, *told: tuple[Event, str]) -> None:
        """Publishes events and returns when the consumer has committed them."""
        envelopes = [self.envelope(event, key) for event, key in told]
        records = [Record(e.position or 0, e.key, packed_headers(e), e.data) for e in envelopes]
        await self.transport.publish("registry.events", records)

    async def job(self, begun: httpx.Response) -> dict[str, Any]:
        """The result of a job that the worker must bring to a good end."""
        assert begun.status_code == 202, begun.text
        for _ in range(200):
            job: dict[str, Any] = (await self.caller("operator").get(f"/v1/jobs/{begun.json()['id']}")).json()
            if job["state"] in ("succeeded", "failed"):
                break
            await asyncio.sleep(0.05)
        assert job["state"] == "succeeded", job
        result: dict[str, Any] = job["result"]
        return result

    async def events(self, *verbs: str) -> list[dict[str, Any]]:
        """What was emitted and not sequenced yet, in order; `verbs` like `visit.held` narrow it."""
        outbox = shared.published.outbox
        async with self.superuser.connect() as connection:
            rows = (await connection.execute(select(outbox).order_by(outbox.c.seq))).mappings().all()
        found = [
            {
                "verb": row["type"].removeprefix("cymru.gwella.visits.").removesuffix(".v1"),
                "class": EVENTS[row["type"]].DATA_CLASS,
                "key": row["key"],
                **orjson.loads(row["data"]),
            }
            for row in rows
        ]
        return [event for event in found if not verbs or event["verb"] in verbs]


def school_told(number: str, sector: str = "primary", **facts: Any) -> tuple[SchoolFacts, str]:
    """The registration of a school."""
    return _school(SchoolRegistered, number, sector, **facts), number


def school_changed(number: str, sector: str = "primary", **facts: Any) -> tuple[SchoolFacts, str]:
    """A later event of a school."""
    return _school(SchoolDetailsChanged, number, sector, **facts), number


def _school(kind: type[SchoolFacts], number: str, sector: str, **facts: Any) -> SchoolFacts:
    given = {"status": "open", "name": f"School {number}", **facts}
    return kind(
        authority=number[:3],
        school=number,
        school_number=number,
        sector=sector,
        language_category="EM",
        **given,
    )


def region_told() -> list[tuple[Event, str]]:
    """Two authorities under the National Model with calendars, a school in each, its adviser, the consortium."""
    told: list[tuple[Event, str]] = [school_told(SCHOOL), school_told(NEIGHBOUR)]
    for authority in ("673", "681"):
        told += [
            (
                RegimeAdopted(
                    authority=authority, regime_code="national_model_2014", delivered_by="consortium",
                    valid_from=date(2014, 4, 1),
                ),
                authority,
            ),
            (
                FootprintMembershipChanged(
                    authority=authority, kind="consortium", footprint="central_south", valid_from=date(2012, 9, 1)
                ),
                f"consortium:{authority}",
            ),
            (
                CalendarPublished.model_validate(
                    {
                        "authority": authority,
                        "school_year": "2019/20",
                        "assumed": True,
                        "periods": [
                            {"code": "autumn_2", "first_day": "2019-11-04", "last_day": "2020-01-05"},
                            {"code": "spring_1", "first_day": "2020-01-06", "last_day": "2020-02-23"},
                            {"code": "spring_2", "first_day": "2020-02-24", "last_day": "2020-04-19"},
                            {"code": "summer_1", "first_day": "2020-04-20", "last_day": "2020-05-31"},
                        ],
                    }
                ),
                f"{authority}:2019",
            ),
        ]  # fmt: skip
    for number in (SCHOOL, NEIGHBOUR):
        allocation = AdviserAllocated(
            authority=number[:3], school=number, school_number=number,
            person_id=ADVISER if number == SCHOOL else "adviser-2", valid_from=date(2019, 9, 1),
        )  # fmt: skip
        told.append((allocation, f"allocation-{number}"))
    return told
