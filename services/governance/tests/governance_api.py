"""Governance as it runs, for tests: the API over ASGI under real tokens, bodies with people in their seats."""

from collections.abc import Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.events.registry import SchoolRegistered
from governance.service import service
from governance.storage.tables import known_schools
from service_kit.clock import FixedClock
from service_kit.clock_tasks import ClockRunner
from service_kit.database import Database
from service_kit.journal import Actor
from service_kit.known_schools import keep_school
from service_kit.unit_of_work import UnitOfWork
from testkit.databases import ServiceDatabase
from testkit.tokens import TokenFactory

CENTRAL_SOUTH = ("672", "673", "674", "675", "681")
JOINT_COMMITTEE = "csc_joint_committee"
_keys = count(1)


@dataclass
class Caller:
    """One caller; every request carries a token of its moment, since the clock of a test moves."""

    governance: "Governance"
    role: str
    of: Mapping[str, Any]
    language: str = "en"

    async def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        token = self.governance.tokens.token(self.role, **self.of)
        sent = {"Authorization": f"Bearer {token}", "Accept-Language": self.language, **(headers or {})}
        if method == "POST":
            sent.setdefault("Idempotency-Key", f"test-{next(_keys)}")
        return await self.governance.client.request(method, path, headers=sent, **options)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.send("GET", path, params=query)

    async def post(self, path: str, body: Any = None, **query: Any) -> httpx.Response:
        options = {} if body is None else {"json": body}
        return await self.send("POST", path, params=query, **options)

    async def patch(self, path: str, body: Any) -> httpx.Response:
        held = await self.get(path)
        headers = {"Content-Type": "application/merge-patch+json", "If-Match": held.headers["etag"]}
        return await self.send("PATCH", path, headers=headers, content=orjson.dumps(body))

    async def read(self, path: str, **query: Any) -> dict[str, Any]:
        """What a request that must succeed answers with."""
        answer = await self.get(path, **query)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def done(self, path: str, body: Any = None) -> dict[str, Any]:
        """What a command that must succeed answers with."""
        answer = await self.post(path, body)
        assert answer.status_code in (200, 201), answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def refused(self, path: str, body: Any = None) -> tuple[int, str, str]:
        """How a command is refused: status, code, and the reason where it has one."""
        answer = await self.post(path, body)
        problem = answer.json()
        return answer.status_code, problem["code"], problem.get("reason", "")


@dataclass
class Governance:
    """The running service."""

    client: httpx.AsyncClient
    tokens: TokenFactory
    clock: FixedClock
    database: ServiceDatabase
    serving: Any
    superuser: AsyncEngine
    people: dict[str, str] = field(default_factory=dict)

    def person(self, name: str) -> str:
        """The id of a person of the test."""
        return self.people.setdefault(name, f"0199c0de-0000-7000-8000-{len(self.people) + 1:012x}")

    def caller(self, role: str, name: str | None = None, language: str = "en", **of: Any) -> Caller:
        """Somebody with one role; a `name` makes it that person."""
        of.setdefault("client_id", f"{role}-client")
        of.setdefault("sub", name or of["client_id"])
        if name is not None:
            of["person_id"] = self.person(name)
        return Caller(self, role, of, language)

    @property
    def operator(self) -> Caller:
        return self.caller("operator")

    @property
    def public(self) -> Caller:
        """A client that may read what everybody may."""
        return self.caller("authority_system", authority="677")

    def clerk(self, name: str = "clerk") -> Caller:
        return self.caller("clerk", name)

    def member(self, name: str) -> Caller:
        return self.caller("body_member", name)

    async def establish(self, code: str, constitution: str, authorities: Sequence[str], **more: Any) -> None:
        """Establishes a body with its clerk, who is called `clerk of <code>`."""
        body = {
            "id": code, "constitution": constitution, "name_en": code, "name_cy": code,
            "authorities": list(authorities), "valid_from": "2012-04-01", **more,
        }  # fmt: skip
        await self.operator.done("/v1/bodies", body)
        await self.appoint(code, "clerk", f"clerk of {code}")

    async def appoint(self, body: str, seat: str, name: str, **more: Any) -> str:
        """Puts somebody into a seat; gives the membership's id."""
        wanted = {
            "body_id": body,
            "seat": seat,
            "person_id": self.person(name),
            "valid_from": "2012-05-01",
            **more,
        }
        return str((await self.operator.done("/v1/body-members", wanted))["id"])

    async def joint_committee(
        self, constitution: str = "national_model_joint_committee_2014"
    ) -> dict[str, str]:
        """The joint committee, fully composed; gives the memberships by name."""
        await self.establish(JOINT_COMMITTEE, constitution, CENTRAL_SOUTH, consortium="central_south")
        seats = [("managing_director", "managing director"), ("lead_chief_executive", "chief executive")]
        found = {name: await self.appoint(JOINT_COMMITTEE, seat, name) for seat, name in seats}
        seat, each = ("leader", 1) if "national" in constitution else ("elected_member", 2)
        for authority in CENTRAL_SOUTH:
            for n in range(1, each + 1):
                name = f"member {authority}" if n == 1 else f"member {authority}-{n}"
                office = {"office": "chair"} if name == "member 672" else {}
                found[name] = await self.appoint(JOINT_COMMITTEE, seat, name, represents=authority, **office)
        return found

    def on(self, year: int, month: int, day: int, hour: int = 10) -> datetime:
        """Sets the clock; gives the moment."""
        moment = datetime(year, month, day, hour, tzinfo=UTC)
        self.clock.moment = moment
        return moment

    async def scheduled(
        self, body: str, starts_at: datetime, titles: Sequence[str] = ("Report",)
    ) -> dict[str, Any]:
        """A meeting with items in both languages."""
        clerk = self.clerk(f"clerk of {body}")
        new = {"body_id": body, "starts_at": starts_at.isoformat(), "place": "Ty Dysgu"}
        meeting = await clerk.done("/v1/meetings", new)
        items = [
            await clerk.done(
                "/v1/agenda-items",
                {
                    "meeting_id": meeting["id"],
                    "matter": "report",
                    "title_en": title,
                    "title_cy": title + " (cy)",
                },
            )
            for title in titles
        ]
        return {**meeting, "item_ids": [item["id"] for item in items]}

    async def noticed(
        self, body: str, starts_at: datetime, agreed_by: Sequence[str] = (), **more: Any
    ) -> dict[str, Any]:
        """A meeting of which notice was given."""
        meeting = await self.scheduled(body, starts_at, **more)
        clerk = self.clerk(f"clerk of {body}")
        path = f"/v1/meetings/{meeting['id']}"
        if not agreed_by:
            await clerk.done(f"{path}/agree-agenda")
        for name in agreed_by:
            await self.member(name).done(f"{path}/agree-agenda")
        await clerk.done(f"{path}/give-notice")
        return meeting

    async def arrive(self, meeting: Mapping[str, Any], *member_ids: str) -> list[str]:
        """Members who are there; gives the ids of their attendance."""
        clerk = self.clerk(f"clerk of {meeting['body_id']}")
        arrived = self.clock.now().isoformat()
        return [
            (
                await clerk.done(
                    "/v1/attendances",
                    {"meeting_id": meeting["id"], "member_id": member, "arrived_at": arrived},
                )
            )["id"]
            for member in member_ids
        ]

    async def opened(
        self,
        body: str,
        starts_at: datetime,
        chair: str,
        present: Sequence[str],
        agreed_by: Sequence[str] = (),
        **more: Any,
    ) -> dict[str, Any]:
        """A meeting that is open, with these members present; the clock stands at its beginning."""
        meeting = await self.noticed(body, starts_at, agreed_by, **more)
        self.clock.moment = starts_at
        await self.arrive(meeting, *present)
        await self.member(chair).done(f"/v1/meetings/{meeting['id']}/open")
        return meeting

    async def moved(
        self, meeting: Mapping[str, Any], kind: str = "resolved", put: bool = True, **more: Any
    ) -> dict[str, Any]:
        """A resolution on the first item, put to the vote."""
        clerk = self.clerk(f"clerk of {meeting['body_id']}")
        new = {
            "meeting_id": meeting["id"], "agenda_item_id": meeting["item_ids"][0], "kind": kind,
            "text_en": "T H A T the report be endorsed", "text_cy": "F O D yr adroddiad yn cael ei gymeradwyo", **more,
        }  # fmt: skip
        made = await clerk.done("/v1/resolutions", new)
        if put:
            await clerk.done(f"/v1/resolutions/{made['id']}/put")
        return made

    async def run_clock(self) -> None:
        """What the worker does as time passes."""
        worker = Database(self.database.worker_url, pool_size=2)

        @asynccontextmanager
        async def unit() -> Any:
            async with worker.transaction() as connection:
                yield UnitOfWork(
                    connection, self.clock, Actor("clock", "clock", "clock", None), self.serving.journal
                )

        await ClockRunner("governance", service.clock_tasks, unit).run_all()
        await worker.dispose()

    async def events(self, kind: str = "%") -> list[dict[str, Any]]:
        """The data of events in the outbox, in order, each with its type."""
        statement = text("select type, data from outbox where type like :kind order by seq")
        async with self.superuser.connect() as connection:
            rows = (await connection.execute(statement, {"kind": f"%.governance.{kind}%"})).all()
        return [{"type": row.type.split(".governance.")[1], **orjson.loads(bytes(row.data))} for row in rows]

    async def know_school(self, number: str, authority: str) -> None:
        """What the reaction to the registry's events keeps."""
        worker = Database(self.database.worker_url, pool_size=1)
        async with worker.transaction() as connection:
            facts = {
                **SchoolRegistered.EXAMPLE,
                "authority": authority,
                "school": number,
                "school_number": number,
            }
            await keep_school(known_schools, connection, 1, SchoolRegistered.model_validate(facts))
        await worker.dispose()

    async def counts(self) -> dict[str, int]:
        """Rows of every table that a refusal must not have changed."""
        async with self.superuser.connect() as connection:
            return {
                table: int(await connection.scalar(text(statement)) or 0)
                for table, statement in (
                    ("votes", "select count(*) from votes"),
                    ("resolutions", "select count(*) from resolution_slices"),
                    ("outbox", "select count(*) from outbox"),
                )
            }


def later(moment: datetime, **by: int) -> datetime:
    """A moment after another."""
    return moment + timedelta(**by)
