"""Rights that move (design §4): a school goes to another authority, and two clients that follow the feed end with
exactly what they may read: nothing of the lost school, everything of the gained one, whatever they did meanwhile.

Real PostgreSQL, all services in one process. The followers read in batches of random size and fall over at random;
each keeps its position with its copy, as a client is told to.
"""

import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from moving_region import Caller, Region, running_region, until

from testkit.fixtures import MigratedDatabase

OLD, NEW, STAYS, OTHER = "6732118", "6812399", "6732119", "6812003"
LISTS = (
    "schools", "school-transfers", "people", "role-assignments", "adviser-allocations", "visits", "findings",
    "actions", "support-requests",
)  # fmt: skip
FINDING = {
    "area": "teaching",
    "judgement": "adequate",
    "statement": "Questioning rarely deepens understanding.",
    "evidence": [{"kind": "lesson_observation", "reference": "observation 3", "dated": "2020-01-20"}],
}


@pytest.fixture
async def region(migrated_database: MigratedDatabase) -> AsyncIterator[Region]:
    async with running_region(migrated_database) as started:
        yield started


@dataclass
class Follower:
    """An authority's system that keeps a copy: the version of each record that it may read, by its path.

    `deaf_to`: the mutant, which takes no notice of entries of this kind.
    """

    caller: Caller
    random: Random
    deaf_to: str | None = None
    after: int = 0
    copy: dict[str, int] = field(default_factory=dict)

    async def look(self) -> bool:
        """Reads one batch; whether there was anything. Falling over forgets the batch, and never half of it."""
        limit = self.random.choice((1, 2, 3, 7, 50, 1000))
        page = (await self.caller.get("/v1/changes", after=self.after, limit=limit)).json()
        copy = dict(self.copy)
        for entry in page["items"]:
            await self._take(entry, copy)
        if self.random.random() < 0.2:
            return True
        moved_on = page["next_after"] > self.after
        self.copy, self.after = copy, page["next_after"]
        return moved_on

    async def _take(self, entry: Mapping[str, Any], copy: dict[str, int]) -> None:
        path, change = entry["subject"], entry["change"]
        if change == self.deaf_to or path.split("/")[1] not in LISTS or path.count("/") > 2:
            return
        ended = entry["data"].get("valid_to")
        if change == "left_scope" or (ended is not None and ended <= "2020-01-20"):
            copy.pop(path, None)
            return
        copy[path] = max(entry["version"], copy.get(path, 0))
        if change == "entered_scope" and path.startswith("/school-transfers/"):
            for name in ("visits", "findings", "actions", "support-requests"):
                for path, version in (await records(self.caller, name, entry["school"])).items():
                    copy[path] = max(version, copy.get(path, 0))


async def records(caller: Caller, name: str, school: str | None = None) -> dict[str, int]:
    """A list as the API gives it: versions by path."""
    items = await caller.everything(f"/v1/{name}")
    ids = "school_number" if name == "schools" else "id"
    return {f"/{name}/{i[ids]}": i["version"] for i in items if school in (None, i.get("school_number"))}


async def readable(caller: Caller) -> dict[str, int]:
    """Everything that the caller may read."""
    return {path: version for name in LISTS for path, version in (await records(caller, name)).items()}


@dataclass
class Story:
    """What happens in the region while the followers read."""

    region: Region
    random: Random
    advisers: dict[str, str] = field(default_factory=dict)
    visits: dict[str, list[str]] = field(default_factory=dict)
    moved: bool = False

    @property
    def operator(self) -> Caller:
        return self.region.caller("operator")

    def system(self, authority: str) -> Caller:
        return self.region.caller("authority_system", authority=authority)

    def adviser(self, school: str) -> Caller:
        return self.region.caller("adviser", person_id=self.advisers[school])

    @property
    def schools(self) -> tuple[str, str, str]:
        return (NEW if self.moved else OLD, STAYS, OTHER)

    async def begin(self) -> None:
        """Two authorities of one consortium, three schools with their advisers, a head, and a visit to each."""
        names = {"name_en": "Authority", "name_cy": "Awdurdod"}
        codes = [{"authority": a, "gss_code": f"W060000{a[1:]}", **names} for a in ("673", "681")]
        await self.operator.made("/v1/authorities", {"authorities": codes})
        for code in ("673", "681"):
            member = {"authority": code, "footprint": "csc", "valid_from": "2012-09-01"}
            await self.operator.made("/v1/footprint-memberships", member)
            regime = {"authority": code, "regime": "national_model_2014", "valid_from": "2014-04-01"}
            await self.operator.made("/v1/regimes", regime)
        for school in self.schools:
            facts = {
                "school_number": school,
                "valid_from": "2018-04-10",
                "name": "Ysgol",
                "sector": "primary",
            }
            await self.operator.made("/v1/schools", facts)
            await self.operator.made(
                "/v1/school-openings", {"school_number": school, "valid_from": "2018-04-11"}
            )
            self.advisers[school] = await self._person(school, "adviser", school=None)
            lead = {"school_number": school, "person_id": self.advisers[school], "valid_from": "2019-09-01"}
            await self.operator.made("/v1/adviser-allocations", lead)
        self.advisers[NEW] = self.advisers[OLD]
        head = {"person_id": await self._person(OLD, "head", school=OLD), "role": "head_teacher"}
        head |= {"authority": "673", "school_number": OLD, "employer": "673", "valid_from": "2018-09-01"}
        await self.system("673").made("/v1/role-assignments", head)
        for school in self.schools:
            await until(lambda school=school: self.plan(school))
        await self.finish(OLD, self.visits[OLD][0])

    async def _person(self, of: str, name: str, school: str | None) -> str:
        person = {"authority": of[:3], "employer": of[:3], "name": name, "school_number": school}
        return str((await self.system(of[:3]).made("/v1/people", person))["id"])

    async def plan(self, school: str) -> bool:
        """A visit is planned, once the service knows school and adviser."""
        body = {"school_number": school, "visit_type": "spring_monitoring", "planned_for": "2020-01-20"}
        answer = await self.adviser(school).post("/v1/visits", body)
        if answer.status_code == 201:
            self.visits.setdefault(school, []).append(answer.json()["id"])
        return answer.status_code == 201

    async def hold(self, school: str) -> None:
        """A visit is held and something found. While the school moves, nobody may: that is refused, not lost."""
        for id_ in self.random.sample(
            self.visits.get(school, []), k=min(1, len(self.visits.get(school, [])))
        ):
            await self.adviser(school).post(f"/v1/visits/{id_}/hold", {"held_on": "2020-01-20"})
            await self.adviser(school).post(f"/v1/visits/{id_}/findings", FINDING)

    async def act(self, school: str) -> None:
        action = {
            "school_number": school,
            "owner_body": "school",
            "description": "Do.",
            "due_date": "2020-03-01",
        }
        await self.adviser(school).post("/v1/actions", action | {"success_criterion": "Done."})

    async def rename(self, school: str) -> None:
        details = {"pupils": self.random.randrange(1000), "valid_from": "2020-01-20"}
        await self.operator.patched(f"/v1/schools/{school}", details)

    async def finish(self, school: str, id_: str) -> None:
        """A visit goes through to its end, and support is asked for what it found."""
        adviser, people = self.adviser(school), self.region.caller
        await adviser.made(f"/v1/visits/{id_}/hold", {"held_on": "2020-01-20"})
        finding = await adviser.made(f"/v1/visits/{id_}/findings", FINDING)
        await adviser.made(f"/v1/visits/{id_}/draft", {"summary": "A fair picture."})
        await people("senior_adviser", body="csc", person_id="senior").made(f"/v1/visits/{id_}/assure")
        await adviser.made(f"/v1/visits/{id_}/share")
        head = people("head", school=school, person_id="head")
        await head.made(f"/v1/visits/{id_}/reply", {"reply": "Agreed."})
        await adviser.made(f"/v1/visits/{id_}/finalise")
        wanted = {
            "finding_id": finding["id"],
            "specialism": "teaching",
            "days": 2,
            "need": "Paired teaching.",
        }

        async def asked() -> bool:
            return (await self.system("673").post("/v1/support-requests", wanted)).status_code == 201

        await until(asked)

    async def transfer(self) -> None:
        body = {"school_number": OLD, "authority": "681", "new_number": NEW, "valid_from": "2020-01-20"}
        await self.operator.made("/v1/school-transfers", body)
        self.moved = True
        self.visits[NEW] = self.visits.pop(OLD)

    async def something(self) -> None:
        school = self.random.choice(self.schools)
        await self.random.choice((self.plan, self.hold, self.act, self.rename))(school)


async def settled(region: Region, *followers: Follower) -> None:
    """Returns when each follower's copy is what it may read, or says how they differ."""

    async def level() -> bool:
        await region.fall_due()
        for follower in followers:
            while await follower.look():
                pass
        return all([follower.copy == await readable(follower.caller) for follower in followers])

    try:
        await until(level, 45)
    except TimeoutError:
        for follower in followers:
            may = await readable(follower.caller)
            assert follower.copy == may
        raise


@pytest.mark.journey
@pytest.mark.parametrize("seed", [1, 2])
async def test_each_follower_ends_with_what_it_may_read(region: Region, seed: int) -> None:
    """Nothing of the lost school remains, everything of the gained one is there; a mutant that is deaf to either kind
    of entry is found out, and so is nobody who begins late."""
    random = Random(seed)
    story = Story(region, random)
    await story.begin()
    vale, cardiff = (Follower(story.system(code), random) for code in ("673", "681"))
    keeps_all = Follower(story.system("673"), random, deaf_to="left_scope")
    misses_all = Follower(story.system("681"), random, deaf_to="entered_scope")
    everyone = (vale, cardiff, keeps_all, misses_all)
    when = random.randrange(8, 16)
    for step in range(26):
        await (story.transfer() if step == when else story.something())
        for follower in random.sample(everyone, k=2):
            await follower.look()
    late = [Follower(story.system(code), random) for code in ("673", "681")]
    await settled(region, vale, cardiff, *late)
    lost, gained = await readable(vale.caller), await readable(cardiff.caller)
    moved = {path for path in gained if path.startswith(("/visits/", "/findings/", "/support-requests/"))}
    assert {f"/visits/{id_}" for id_ in story.visits[NEW]} <= moved
    assert not {f"/visits/{id_}" for id_ in story.visits[NEW]} & lost.keys()
    for mutant in (keeps_all, misses_all):
        while await mutant.look():
            pass
    assert keeps_all.copy.keys() - lost.keys() >= {f"/visits/{story.visits[NEW][0]}"}
    assert gained.keys() - misses_all.copy.keys() >= {f"/visits/{story.visits[NEW][0]}"}


@pytest.mark.journey
async def test_what_each_authority_reads_of_the_past(region: Region) -> None:
    """Flows §1: the new authority reads the whole history, the old one what was known up to the cut."""
    story = Story(region, Random(3))
    await story.begin()
    visit = story.visits[OLD][0]
    vale, cardiff = story.system("673"), story.system("681")
    before = region.clock.now().isoformat()
    region.clock.advance(timedelta(minutes=5))
    await story.transfer()

    async def arrived() -> bool:
        return (await cardiff.get(f"/v1/visits/{visit}")).status_code == 200

    await until(arrived)
    assert (await vale.get(f"/v1/visits/{visit}")).status_code == 404
    assert (await cardiff.get(f"/v1/visits/{visit}")).json()["school_number"] == NEW
    for caller in (vale, cardiff):
        then = await caller.get(f"/v1/visits/{visit}", known_at=before)
        assert (then.status_code, then.json().get("school_number")) == (200, OLD)
    assert (await cardiff.get(f"/v1/visits/{story.visits[STAYS][0]}", known_at=before)).status_code == 404

    async def told(caller: Caller, **query: Any) -> list[tuple[str, str]]:
        page = (await caller.get("/v1/changes", limit=1000, **query)).json()
        return [(one["change"], one["school"]) for one in page["items"] if one["key"] == visit]

    async def both_told() -> bool:
        return ("entered_scope", NEW) in await told(cardiff) and ("left_scope", OLD) in await told(vale)

    await until(both_told)
    assert {school for _, school in await told(cardiff)} == {NEW}
    # Asked for by the number of then, the history is shown to who has the school now.
    assert {("upsert", OLD)} <= set(await told(cardiff, school=OLD))
    [left] = [
        one for one in (await vale.get("/v1/changes", limit=1000)).json()["items"] if one["change"] == "left_scope"
        and one["key"] == visit
    ]  # fmt: skip
    assert left["data"] == {"authority": "681", "school": NEW, "from_authority": "673", "from_school": OLD}
