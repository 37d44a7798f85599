"""Brokerage as it runs, for tests: it is told events as their publishers tell them, and asked under real tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any

import httpx
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.event import Event
from contracts.events.registry import (
    AdviserAllocated,
    FootprintMembershipChanged,
    SchoolDetailsChanged,
    SchoolFacts,
    SchoolRegistered,
)
from contracts.events.visits import FindingPublished, VisitFinalised
from contracts.events.visits_categories import CategoryPublished
from contracts.identifiers import new_id
from eventing.envelope import Envelope, envelope_of, packed_headers
from eventing.transports.local import LocalTransport
from eventing.transports.port import Record
from service_kit.clock import FixedClock
from service_kit.process import Runtime
from service_kit.settings import Settings
from testkit.tokens import TokenFactory

SCHOOL, NEIGHBOUR, WELSH_SCHOOL = "6732118", "6732119", "6732137"
SUPPORTER, OTHER_SUPPORTER = "6812093", "6742055"
FINDING, VISIT = "finding-1", "visit-1"
ADVISER, PROVIDER_ADVISER = "person-adviser", "person-provider"
_keys = count(1)


@dataclass
class Caller:
    """One client with its token."""

    client: httpx.AsyncClient
    bearer: str
    language: str = "en"

    async def send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.bearer}", "Accept-Language": self.language, **(headers or {})}
        if method == "POST":
            sent.setdefault("Idempotency-Key", f"test-{next(_keys)}")
        return await self.client.request(method, path, headers=sent, **options)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.send("GET", path, params=query)

    async def post(self, path: str, body: Any = None, **query: Any) -> httpx.Response:
        options = {} if body is None else {"json": body}
        return await self.send("POST", path, params=query, **options)

    async def patch(self, path: str, body: Any) -> httpx.Response:
        """Changes the record as it is now."""
        etag = (await self.get(path)).headers["etag"]
        headers = {"Content-Type": "application/merge-patch+json", "If-Match": etag}
        return await self.send("PATCH", path, content=orjson.dumps(body), headers=headers)

    async def made(self, path: str, body: Any = None) -> dict[str, Any]:
        """Posts and expects it to be done."""
        answer = await self.post(path, body)
        assert answer.status_code in (200, 201), answer.text
        done: dict[str, Any] = answer.json()
        return done


@dataclass
class Brokerage:
    """The running service."""

    client: httpx.AsyncClient
    tokens: TokenFactory
    clock: FixedClock
    transport: LocalTransport
    superuser: AsyncEngine
    settings: Settings
    runtime: Runtime
    position: int = 0
    versions: dict[str, int] = field(default_factory=dict)

    def caller(self, role: str, language: str = "en", **of: Any) -> Caller:
        """Somebody who holds one role; a person is known by `person_id`."""
        of.setdefault("client_id", f"{role}-{of.get('authority') or of.get('school') or 'any'}")
        of.setdefault("sub", of.get("person_id") or of["client_id"])
        return Caller(self.client, self.tokens.token(role, **of), language)

    # --- who takes part -----------------------------------------------------------------------------------------

    @property
    def broker(self) -> Caller:
        return self.caller("broker", body="csc", person_id="person-broker")

    @property
    def officer(self) -> Caller:
        return self.caller("consortium_officer", body="csc", person_id="person-officer")

    @property
    def lead_officer(self) -> Caller:
        return self.caller("lead_officer", authority="673", person_id="person-lead-officer")

    @property
    def adviser(self) -> Caller:
        return self.caller("adviser", person_id=ADVISER)

    def head(self, school: str = SCHOOL) -> Caller:
        return self.caller("head", school=school, person_id=f"person-head-{school}")

    # --- what other services tell -------------------------------------------------------------------------------

    def envelope(self, event: Event, key: str) -> Envelope:
        """The next event of an aggregate, as its publisher would have sequenced it."""
        self.position += 1
        self.versions[key] = self.versions.get(key, 0) + 1
        now = self.clock.now()
        made = envelope_of(
            event, event_id=new_id(), key=key, version=self.versions[key], subject=f"/{event.AGGREGATE}s/{key}",
            time=now, recorded_time=now,
        )  # fmt: skip
        return made.at(self.position)

    async def hear(self, *envelopes: Envelope) -> None:
        """Publishes events and returns when they are committed."""
        for envelope in envelopes:
            publisher = envelope.source.strip("/")
            record = Record(envelope.position or 0, envelope.key, packed_headers(envelope), envelope.data)
            await self.transport.publish(f"{publisher}.events", [record])

    async def tell(self, event: Event, key: str) -> None:
        await self.hear(self.envelope(event, key))

    async def school(self, number: str, event: type[SchoolFacts] = SchoolRegistered, **facts: Any) -> None:
        """The register tells of a school."""
        given = {
            **SchoolRegistered.EXAMPLE, "authority": number[:3], "school": number, "school_number": number,
            "name": f"School {number}", **facts,
        }  # fmt: skip
        await self.tell(event.model_validate(given), number)

    async def close(self, number: str) -> None:
        await self.school(number, SchoolDetailsChanged, status="closed", valid_from=self.clock.today())

    def finding(self, finding_id: str = FINDING, school: str = SCHOOL) -> Envelope:
        """A finding that visits published."""
        facts = {
            **FindingPublished.EXAMPLE, "finding_id": finding_id, "visit_id": VISIT, "school": school,
            "authority": school[:3],
        }  # fmt: skip
        return self.envelope(FindingPublished.model_validate(facts), finding_id)

    async def category(self, school: str, value: str, days: int) -> None:
        id_ = f"national_2014.2019-20.{school}"
        facts = {
            **CategoryPublished.EXAMPLE, "school": school, "authority": school[:3], "category_id": id_,
            "value": value, "ceiling_days": days, "dated": "2020-01-31",
        }  # fmt: skip
        await self.tell(CategoryPublished.model_validate(facts), id_)

    async def told_of_region(self) -> None:
        """Schools, consortium, adviser, a final visit with its finding, categories."""
        for number in (SCHOOL, NEIGHBOUR, SUPPORTER, OTHER_SUPPORTER):
            await self.school(number)
        await self.school(WELSH_SCHOOL, language_category="WM")
        for authority in ("672", "673", "674", "675", "681"):
            fact = FootprintMembershipChanged(
                authority=authority, kind="consortium", footprint="csc", valid_from=date(2012, 9, 1)
            )
            await self.tell(fact, f"csc-{authority}")
        allocated = {**AdviserAllocated.EXAMPLE, "person_id": ADVISER}
        await self.tell(AdviserAllocated.model_validate(allocated), "allocation-1")
        visit = {**VisitFinalised.EXAMPLE, "visit_id": VISIT, "adviser_id": ADVISER}
        await self.tell(VisitFinalised.model_validate(visit), VISIT)
        await self.hear(self.finding())
        await self.category(SCHOOL, "yellow", 10)
        await self.category(SUPPORTER, "green", 4)

    # --- the way to a commission --------------------------------------------------------------------------------

    async def provider(self, *, days: int | None = 20, **of: Any) -> dict[str, Any]:
        """Registers a provider with an entry on the menu and days in the half-term; gives the entry."""
        body = {
            "kind": "school", "specialisms": ["teaching"], "phases": ["primary"], "languages": ["en"],
        } | of  # fmt: skip
        if body["kind"] == "school":
            body.setdefault("provider_school", SUPPORTER)
        support_type = body.pop("support_type", "pathfinder_pair")
        provider = await self.broker.made("/v1/providers", body)
        if days is not None:
            period = {"first_day": "2020-01-06", "last_day": "2020-04-05", "days": days}
            await self.broker.made(f"/v1/providers/{provider['id']}/capacities", period)
        return await self.broker.made("/v1/menu-items", {
            "provider_id": provider["id"], "support_type": support_type, "specialism": "teaching",
            "title_en": "Paired departments", "title_cy": "Paru adrannau", "day_price_pence": 30000,
        })  # fmt: skip

    async def requested(self, days: int = 6, finding_id: str = FINDING, **of: Any) -> dict[str, Any]:
        body = {"finding_id": finding_id, "specialism": "teaching", "days": days, "need": "Paired teaching."}
        return await self.head(of.pop("school", SCHOOL)).made("/v1/support-requests", body | of)

    async def matched(self, item: Mapping[str, Any], days: int = 6, **of: Any) -> dict[str, Any]:
        request = await self.requested(days, **of)
        await self.broker.made(f"/v1/support-requests/{request['id']}/triage")
        path = f"/v1/support-requests/{request['id']}/match"
        return await self.broker.made(path, {"menu_item_id": item["id"]})

    async def offered(self, item: Mapping[str, Any], days: int = 6, **of: Any) -> dict[str, Any]:
        paid_by = of.pop("paid_by", "consortium")
        request = await self.matched(item, days, **of)
        return await self.broker.made("/v1/offers", {
            "request_id": request["id"], "days": days, "first_day": "2020-02-10", "last_day": "2020-02-21",
            "paid_by": paid_by,
        })  # fmt: skip

    async def agreed(self, item: Mapping[str, Any], days: int = 6, **of: Any) -> dict[str, Any]:
        """Gives the offer that both heads accepted."""
        offer = await self.offered(item, days, **of)
        school = offer["school_number"]
        await self.head(school).made(f"/v1/offers/{offer['id']}/accept", {"side": "supported"})
        supporting = self.head(offer["provider_school"] or "0000000")
        return await supporting.made(f"/v1/offers/{offer['id']}/accept", {"side": "supporting"})

    async def place(self, offer: Mapping[str, Any], by: Caller | None = None, **of: Any) -> httpx.Response:
        body = {
            "request_id": offer["request_id"], "funding_stream": "education_improvement_grant",
            "success_measure": "Teaching judged good in five lessons of six.",
        } | of  # fmt: skip
        return await (by or self.officer).post("/v1/commissions", body)

    async def placed(self, item: Mapping[str, Any], days: int = 6, **of: Any) -> dict[str, Any]:
        answer = await self.place(await self.agreed(item, days, **of))
        assert answer.status_code == 201, answer.text
        done: dict[str, Any] = answer.json()
        return done

    async def delivered(self, commission: Mapping[str, Any], days: int) -> dict[str, Any]:
        """Begins, logs days, reviews, and records as delivered."""
        path = f"/v1/commissions/{commission['id']}"
        await self.head(SUPPORTER).made(f"{path}/start")
        self.clock.advance(timedelta(days=10))
        head = self.head(SUPPORTER)
        await head.made(f"{path}/deliveries", {"delivered_on": "2020-02-12", "days": days})
        await head.made(f"{path}/review", {"review": "On its way."})
        return await head.made(f"{path}/deliver")

    # --- what stands in the database ----------------------------------------------------------------------------

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """What stands in the database, as its superuser sees it."""
        async with self.superuser.connect() as connection:
            return list((await connection.execute(text(statement), values)).all())

    async def events(self, kind: str = "%") -> list[dict[str, Any]]:
        """The data of own events, in order."""
        rows = await self.rows(
            "select seq, type, data from outbox where type like :kind order by seq", kind=f"%{kind}%"
        )
        return [orjson.loads(bytes(row.data)) for row in rows]
