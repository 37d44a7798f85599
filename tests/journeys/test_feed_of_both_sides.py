"""The feed of brokerage is what its reads show, record by record and field by field, to everybody (E-15, flows §1).

Real PostgreSQL; brokerage and the exchange in one process, told of the region as the register and the visits tell it.
Two commissions: a school of another authority supports one, an adviser who is a provider the other.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "services" / "brokerage" / "tests"))

from brokerage_suite import FINDING, NEIGHBOUR, SCHOOL, SUPPORTER, Brokerage, Caller
from moving_region import running_region

from contracts.events.registry_transfers import SchoolTransferred
from testkit.fixtures import MigratedDatabase

TUESDAY = datetime(2020, 2, 4, 9, 30, tzinfo=UTC)
OTHER_FINDING = "finding-2"
PERSON = "person-provider"
MOVED_SUPPORTER = "6742098"
ALL = {"body": "csc", "person_id": "person-officer"}
"""The consortium officer, who may read every record of this region."""

CALLERS: dict[str, tuple[str, dict[str, str]]] = {
    "supported authority": ("authority_system", {"authority": "673"}),
    "supported lead officer": ("lead_officer", {"authority": "673", "person_id": "officer-673"}),
    "supported director": ("director", {"authority": "673", "person_id": "director-673"}),
    "supported head": ("head", {"school": SCHOOL, "person_id": "head-1"}),
    "supported chair": ("chair_of_governors", {"school": SCHOOL, "person_id": "chair-1"}),
    "supporting authority": ("authority_system", {"authority": "681"}),
    "supporting lead officer": ("lead_officer", {"authority": "681", "person_id": "officer-681"}),
    "supporting head": ("head", {"school": SUPPORTER, "person_id": "head-2"}),
    "supporting chair": ("chair_of_governors", {"school": SUPPORTER, "person_id": "chair-2"}),
    "provider": ("provider", {"person_id": PERSON}),
    "another provider": ("provider", {"person_id": "person-stranger"}),
    "third authority": ("authority_system", {"authority": "674"}),
    "third head": ("head", {"school": NEIGHBOUR, "person_id": "head-3"}),
    "broker": ("broker", {"body": "csc", "person_id": "person-broker"}),
    "managing director": ("managing_director", {"body": "csc", "person_id": "person-director"}),
    "government": ("welsh_government", {}),
}
SUPPORTING = ("supporting authority", "supporting lead officer", "supporting head")
HELD = """
select id, version from menu_items union all select id, version from providers
union all select id, version from capacities union all select id, version from support_requests
union all select id, version from offers union all select id, version from interests
union all select id, version from commissions union all select id, version from deliveries
union all select id, version from impacts union all select id, version from ceiling_overrides
"""
HELD_BACK = ("finding_id", "ceiling_days", "provider_person")


@dataclass
class House:
    """Brokerage and the exchange that hears it."""

    brokerage: Brokerage
    exchange: Any

    def reader(self, name: str) -> Caller:
        role, of = CALLERS[name]
        return self.brokerage.caller(role, **of)

    async def feed(self, caller: Caller, **query: Any) -> list[dict[str, Any]]:
        """Entries about records of brokerage, as far as the caller is shown them."""
        at_exchange = Caller(self.exchange, caller.bearer)
        answer = await at_exchange.get("/v1/changes", limit=1000, **query)
        assert answer.status_code == 200, answer.text
        return [one for one in answer.json()["items"] if ".brokerage." in one["type"]]

    async def copy(self, caller: Caller, **query: Any) -> dict[str, dict[str, Any]]:
        """What a follower ends with: the last entry of each record that did not leave its scope, by path."""
        last = {one["subject"]: one for one in await self.feed(caller, **query)}
        return {path: one for path, one in last.items() if one["change"] != "left_scope"}

    async def settled(self) -> dict[str, dict[str, Any]]:
        """Every record of the region, once the feed tells of each the version that brokerage has."""
        officer = self.brokerage.caller("consortium_officer", **ALL)
        async with asyncio.timeout(30):
            while True:
                found = await self.copy(officer)
                told = {path.split("/")[-1]: one["version"] for path, one in found.items()}
                if told and told == await self._held():
                    return found
                await asyncio.sleep(0.05)

    async def _held(self) -> dict[str, int]:
        return {row.id: row.version for row in await self.brokerage.rows(HELD)}


@pytest.fixture
async def house(migrated_database: MigratedDatabase) -> AsyncIterator[House]:
    """With two commissions in delivery, each with its offer, a conflict of interest, a delivery; one judged, too."""
    async with running_region(migrated_database, ("brokerage", "exchange"), TUESDAY) as region:
        runtime = region.runtimes["brokerage"]
        assert runtime.worker is not None
        brokerage = Brokerage(
            region.clients["brokerage"], region.tokens, region.clock, region.transport, runtime.worker.engine,
            region.settings["brokerage"], runtime,
        )  # fmt: skip
        await brokerage.told_of_region()
        await brokerage.hear(brokerage.finding(OTHER_FINDING))
        await supported(brokerage)
        yield House(brokerage, region.clients["exchange"])


async def supported(brokerage: Brokerage) -> None:
    """Both commissions."""
    of_school = await brokerage.placed(await brokerage.provider())
    item = await brokerage.provider(kind="adviser", person_id=PERSON)
    offer = await brokerage.offered(item, 2, finding_id=OTHER_FINDING)
    await brokerage.head().made(f"/v1/offers/{offer['id']}/accept", {"side": "supported"})
    accepted = {"side": "supporting"}
    await brokerage.caller("provider", person_id=PERSON).made(f"/v1/offers/{offer['id']}/accept", accepted)
    of_person = (await brokerage.place(offer)).json()
    for commission in (of_school, of_person):
        interest = {name: commission[name] for name in ("request_id", "provider_id")}
        interest |= {"ground": "commercial_gain", "statement": "Paid by the day."}
        await brokerage.broker.made("/v1/interests", interest)
    await brokerage.officer.made(f"/v1/commissions/{of_person['id']}/start")
    brokerage.clock.advance(timedelta(days=7))
    delivered = {"delivered_on": "2020-02-11", "days": 1}
    await brokerage.officer.made(f"/v1/commissions/{of_person['id']}/deliveries", delivered)
    await brokerage.delivered(of_school, 5)
    judged = {"side": "supported", "level": "some", "evidence": "Lessons."}
    await brokerage.adviser.made(f"/v1/commissions/{of_school['id']}/impacts", judged)


async def readable(caller: Caller, paths: list[str]) -> dict[str, dict[str, Any]]:
    """What the caller may read of these records, by path."""
    answers = {path: await caller.get(f"/v1{path}") for path in paths}
    assert {one.status_code for one in answers.values()} <= {200, 403, 404}
    return {path: one.json() for path, one in answers.items() if one.status_code == 200}


async def compared(house: House, name: str, paths: list[str]) -> dict[str, dict[str, Any]]:
    """The caller's copy by the feed, after it was found equal to what it reads; also the fields of the entries."""
    shown = await house.copy(house.reader(name))
    read = await readable(house.reader(name), paths)
    assert shown.keys() & set(paths) == read.keys(), name
    for path, entry in shown.items():
        data, view = entry["data"], read[path]
        assert {key: data[key] for key in data.keys() & view.keys()} == {
            key: view[key] for key in data.keys() & view.keys()
        }, (name, path)
        assert "provider_person" not in data
        if path.startswith("/providers/"):
            for field in ("person_id", "follow_up"):
                assert (field in data) == (field in view), (name, path, field)
        elif path.startswith(("/commissions/", "/deliveries/")) and "delivery.moved" not in entry["type"]:
            may_know = f"/support-requests/{requests_of(entry, shown)}" in read
            assert ("finding_id" in data) == may_know, (name, path)
    return shown


def requests_of(entry: dict[str, Any], shown: dict[str, dict[str, Any]]) -> str:
    """The request behind a commission or one of its deliveries."""
    commission = (
        entry if "request_id" in entry["data"] else shown[f"/commissions/{entry['data']['commission_id']}"]
    )
    request: str = commission["data"]["request_id"]
    return request


@pytest.mark.journey
async def test_the_feed_of_support_is_what_a_read_shows(house: House) -> None:
    """E-15: for each kind of record and each caller of either side, of a third, and of none."""
    everything = await house.settled()
    kinds = {path.split("/")[1] for path in everything}
    assert kinds >= {
        "offers",
        "commissions",
        "interests",
        "deliveries",
        "impacts",
        "support-requests",
        "providers",
    }
    seen = {name: await compared(house, name, list(everything)) for name in CALLERS}
    count = {name: sum(path.startswith("/commissions/") for path in found) for name, found in seen.items()}
    assert (count["supported authority"], count["broker"]) == (2, 2)
    assert {count[name] for name in (*SUPPORTING, "supporting chair", "provider")} == {1}
    assert {count[name] for name in ("another provider", "third authority", "third head", "government")} == {
        0
    }
    for name in SUPPORTING:
        assert {path.split("/")[1] for path in seen[name]} >= {"offers", "interests", "deliveries"}
        told = str(await house.feed(house.reader(name)))
        assert not [held for held in (FINDING, *HELD_BACK) if f"'{held}'" in told], name
        assert ".support_request." not in told
        assert ".impact." not in told
    assert FINDING in str(await house.feed(house.reader("supported authority")))


@pytest.mark.journey
async def test_the_feed_is_asked_by_either_side(house: House) -> None:
    """E-01: `authority` and `school` name the supported side or the supporting one."""
    await house.settled()
    officer = house.brokerage.caller("consortium_officer", **ALL)
    for query in ({"school": SUPPORTER}, {"authority": "681"}, {"school": SCHOOL}):
        assert any(one["subject"].startswith("/commissions/") for one in await house.feed(officer, **query))
    assert not [
        one
        for one in await house.feed(officer, authority="674")
        if one["subject"].startswith("/commissions/")
    ]


@pytest.mark.journey
@pytest.mark.parametrize(
    ("old", "new", "left", "entered"),
    [
        (SUPPORTER, MOVED_SUPPORTER, "supporting authority", "third authority"),
        (SCHOOL, "6742399", "supported authority", "third authority"),
    ],
)
async def test_either_side_moves_with_its_school(
    house: House, old: str, new: str, left: str, entered: str
) -> None:
    """X-17: it leaves the scope of the old authority, enters the new one's, and to the other side nothing happened."""
    await house.settled()
    facts: dict[str, Any] = {
        **SchoolTransferred.EXAMPLE, "valid_from": date(2020, 2, 4), "authority": new[:3], "school": new,
        "school_number": new, "old_number": old, "old_authority": old[:3], "new_number": new,
        "new_authority": new[:3],
    }  # fmt: skip
    await house.brokerage.tell(SchoolTransferred.model_validate(facts), new)
    everything = await house.settled()
    for name in CALLERS:
        await compared(house, name, list(everything))
    changes = {}
    for name in (left, entered):
        moved = [
            one for one in await house.feed(house.reader(name))
            if one["type"].endswith(".moved.v1") and ".commission." in one["type"]
        ]  # fmt: skip
        changes[name] = {one["change"] for one in moved}
        if name == left:
            assert all("request_id" not in one["data"] for one in moved)
            assert {one["authority"] for one in moved} == {"673"}
    assert changes == {left: {"left_scope"}, entered: {"entered_scope"}}
    other = "supported authority" if old == SUPPORTER else "supporting authority"
    assert {
        one["change"] for one in await house.feed(house.reader(other)) if ".commission.moved." in one["type"]
    } == {"upsert"}
