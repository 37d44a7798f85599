"""A school's profile and an authority's dashboard over the services as they run (C-17, C-10; design §5).

What is missing says why, in the reader's language; nothing is called unchanged that may have changed.
"""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import text

from service_kit.database import Database
from testkit.fixtures import MigratedDatabase
from testkit.whole_suite import NEIGHBOUR, OTHER, SCHOOL, Suite, running, told

pytestmark = pytest.mark.journey
PROFILE, DASHBOARD = f"/v1/schools/{SCHOOL}/profile", "/v1/authorities/673/dashboard"


@pytest.fixture
async def suite(migrated_database: MigratedDatabase) -> AsyncIterator[Suite]:
    """Every service with a small region."""
    async with running(migrated_database) as started:
        await told(started)
        yield started


def statuses(profile: dict[str, Any]) -> dict[str, str]:
    return {name: section["status"] for name, section in profile["sections"].items()}


def items(profile: dict[str, Any], section: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = profile["sections"][section]["data"]["items"]
    return found


async def composed(
    suite: Suite, caller: dict[str, str], path: str = PROFILE, **headers: str
) -> dict[str, Any]:
    answer = await suite.get(path, caller, **headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    for section in body["sections"].values():
        # C-17: each says its status, its moment and where the whole is; what is there has data, the rest a reason.
        assert set(section) == {
            "title",
            "status",
            "as_of",
            "link",
            "data" if section["status"] == "ok" else "problem",
        }
        assert section["link"].startswith("/v1/")
    return body


async def test_each_reader_sees_of_each_section_what_the_resource_itself_shows(suite: Suite) -> None:
    """C-17, flows §1: the authority, another one, the head, two advisers, Welsh Government."""
    readers = {
        "authority": suite.caller("authority_system", authority="673"),
        "another": suite.caller("authority_system", authority="681"),
        "head": suite.caller("head", person_id=suite.people["head"], school=SCHOOL),
        "adviser": suite.caller("adviser", person_id=suite.people["adviser"]),
        "elsewhere": suite.caller("adviser", person_id=suite.people["adviser elsewhere"]),
        "wales": suite.caller("welsh_government"),
    }
    await suite.until("/v1/authority-versions/673", readers["authority"], lambda told: told["settled"])
    seen: dict[str, dict[str, Any]] = {}
    for name, caller in readers.items():
        for path in (PROFILE, DASHBOARD):
            body = await composed(suite, caller, path)
            assert body["complete"] is True
            for section in body["sections"].values():
                alone = await suite.get(section["link"], caller)
                expected = {200: "ok", 403: "not_permitted", 404: "not_known"}[alone.status_code]
                assert section["status"] == expected, (name, section["link"])
                if expected == "ok":
                    assert section["data"] == alone.json(), (name, section["link"])
                else:
                    assert section["problem"]["code"] == alone.json()["code"]
            seen[name] = body if path == PROFILE else seen[name]
    assert seen["authority"]["sections"]["identity"]["data"]["school_number"] == SCHOOL
    visits = {
        name: len(items(body, "visits")) for name, body in seen.items() if statuses(body)["visits"] == "ok"
    }
    assert visits == {"authority": 1, "another": 0, "head": 0, "adviser": 1, "elsewhere": 0}
    assert statuses(seen["wales"])["visits"] == "not_permitted"
    assert [one["person_id"] for one in items(seen["head"], "advisers")] == [suite.people["adviser"]]
    owed = {one["visit_type"] for one in items(seen["authority"], "outstanding_visits")}
    assert "autumn_performance_categorisation" in owed
    assert "spring_monitoring" not in owed
    dashboard = await composed(suite, readers["authority"], DASHBOARD)
    assert items(dashboard, "schools") == [
        {"authority": "673", "sector": "primary", "status": "open", "schools": 2}
    ]
    spring = [
        one for one in items(dashboard, "outstanding_visits") if one["visit_type"] == "spring_monitoring"
    ]
    assert [(one["owed"], one["held"], one["outstanding"]) for one in spring] == [(2, 1, 1)]


async def test_one_service_down_one_slow_one_refusing(suite: Suite) -> None:
    """C-17: the rest is there, at once or at the deadline; each gap is a problem in Welsh or English, and no ETag."""
    authority = suite.caller("authority_system", authority="673", scope="schools.read visits.read commissions.read "
                             "support_requests.read changes.read categories.read")  # fmt: skip
    await suite.stop("brokerage")
    owner = Database(suite.databases["visits"].owner_url, pool_size=1)
    async with owner.transaction() as connection:
        await connection.execute(text("lock table visit_slices in access exclusive mode"))
        began = monotonic()
        answers = await asyncio.gather(
            *(suite.get(PROFILE, authority, language) for language in ("en", "cy"))
        )
        assert monotonic() - began < 6
    await owner.dispose()
    for answer, language, words in zip(answers, ("en", "cy"), ("not available", "ar gael"), strict=True):
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-language"] == language
        assert "etag" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
        body = answer.json()
        assert body["complete"] is False
        found = statuses(body)
        assert found["identity"] == found["categories"] == found["version"] == "ok"
        assert found["support_requests"] == found["commissions"] == found["support_days"] == "unavailable"
        assert found["visits"] == found["findings"] == "timed_out"
        assert found["contacts"] == found["actions"] == "not_permitted"
        problem = body["sections"]["commissions"]["problem"]
        assert (problem["code"], problem["status"], problem["language"]) == (
            "upstream_unavailable",
            503,
            language,
        )
        assert words in problem["title"]
        late = body["sections"]["visits"]["problem"]
        assert (late["status"], late["language"]) == (504, language)
        assert late["code"] in ("deadline_passed", "upstream_timeout")
        assert body["sections"]["contacts"]["problem"]["code"] == "operation_not_permitted"
    assert answers[0].json()["sections"]["visits"]["title"] == "Visits"
    assert answers[1].json()["sections"]["visits"]["title"] == "Ymweliadau"


async def test_the_register_down_leaves_the_rest(suite: Suite) -> None:
    """C-17: nobody knows then whether there is such a school; what the others know of it is shown."""
    await suite.stop("registry")
    body = await composed(suite, suite.caller("authority_system", authority="673"))
    assert statuses(body)["identity"] == "unavailable"
    assert len(items(body, "visits")) == 1
    assert body["complete"] is False


async def test_a_number_that_is_none_and_one_that_is_closed(suite: Suite) -> None:
    """C-17, D-02: the whole is answered as the register answers the number."""
    authority = suite.caller("authority_system", authority="673")
    unknown = await suite.get("/v1/schools/6739999/profile", authority, "cy")
    assert (unknown.status_code, unknown.json()["code"], unknown.json()["language"]) == (
        404,
        "not_found",
        "cy",
    )
    assert (await suite.get("/v1/schools/67/profile", authority)).status_code == 422
    assert (await suite.get("/v1/authorities/999/dashboard", authority)).status_code == 404
    operator = suite.caller("operator")
    merge = {"valid_from": "2019-09-01", "predecessors": [NEIGHBOUR], "successor": SCHOOL}
    await suite.post("/v1/amalgamations", {"amalgamations": [merge]}, operator)
    await suite.post("/v1/school-closures", {"school_number": OTHER, "valid_from": "2019-09-01"}, operator)
    moved = await suite.get(f"/v1/schools/{NEIGHBOUR}/profile?resolve=true", authority)
    assert (moved.status_code, moved.headers["location"]) == (308, PROFILE)
    gone = await suite.get(f"/v1/schools/{OTHER}/profile?resolve=true", authority)
    assert (gone.status_code, gone.json()["code"]) == (410, "school_without_survivor")
    as_it_was = await composed(suite, authority, f"/v1/schools/{NEIGHBOUR}/profile")
    assert as_it_was["sections"]["identity"]["data"]["status"] == "closed"


async def test_what_a_reader_holds_is_called_unchanged_only_where_it_is(suite: Suite) -> None:
    """C-10: 304 while nothing changes; not after an event, not in another language, not for another, not with a gap."""
    authority = suite.caller("authority_system", authority="673")
    await suite.until(f"/v1/school-versions/{SCHOOL}", authority, lambda told: told["settled"])
    first = await suite.get(PROFILE, authority)
    tag = first.headers["etag"]
    held = await suite.get(PROFILE, authority, If_None_Match=tag)
    assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", tag)
    assert (await suite.get(PROFILE, authority, "cy", If_None_Match=tag)).status_code == 200
    other = await suite.get(PROFILE, suite.caller("authority_system", authority="681"), If_None_Match=tag)
    assert other.status_code == 200
    less = suite.caller("authority_system", authority="673", scope="schools.read changes.read")
    assert (await suite.get(PROFILE, less, If_None_Match=tag)).status_code == 200
    version = first.json()["sections"]["version"]["data"]["version"]
    adviser = suite.caller("adviser", person_id=suite.people["adviser"])
    own = (await suite.get(PROFILE, adviser)).headers["etag"]
    assert (await suite.get(PROFILE, adviser, If_None_Match=own)).status_code == 304
    visit = {"school_number": SCHOOL, "visit_type": "spring_monitoring", "planned_for": "2020-03-02"}
    await suite.post("/v1/visits", visit, adviser)
    # Its own change at once, also before the exchange has heard of it.
    after = await suite.get(PROFILE, adviser, If_None_Match=own)
    assert after.status_code == 200
    assert len(items(after.json(), "visits")) == 2
    await suite.until(f"/v1/school-versions/{SCHOOL}", authority, lambda told: told["version"] > version)
    assert (await suite.get(PROFILE, authority, If_None_Match=tag)).status_code == 200
    since = await composed(suite, authority, f"{PROFILE}?changes_after={version}")
    assert [entry["type"].split(".")[3:5] for entry in items(since, "changes")] == [["visit", "planned"]]
    tag = (await suite.get(PROFILE, authority)).headers["etag"]
    await suite.stop("governance")
    gap = await suite.get(PROFILE, authority, If_None_Match=tag)
    assert (gap.status_code, "etag" in gap.headers) == (200, False)


async def test_a_settled_version_is_one_call(suite: Suite) -> None:
    """Design §5: an unchanged school costs one call, the exchange's; a service that is down then is not missed."""
    authority = suite.caller("authority_system", authority="673")
    await suite.until(f"/v1/school-versions/{SCHOOL}", authority, lambda told: told["settled"])
    tag = (await suite.get(PROFILE, authority)).headers["etag"]
    left = _left(await suite.get("/v1/schools", authority))
    before = suite.requests.copy()
    assert (await suite.get(PROFILE, authority, If_None_Match=tag)).status_code == 304
    assert suite.requests - before == {"exchange": 1}
    assert left - _left(await suite.get("/v1/schools", authority)) <= 20
    await suite.stop("visits")
    assert (await suite.get(PROFILE, authority, If_None_Match=tag)).status_code == 304
    assert (await suite.get(PROFILE, authority)).json()["sections"]["visits"]["status"] == "unavailable"
    # The gap is known now, so the exchange's word alone is not enough any more.
    assert (await suite.get(PROFILE, authority, If_None_Match=tag)).status_code == 200


def _left(answer: Any) -> int:
    return int(answer.headers["ratelimit"].split("r=")[1].split(";")[0])


async def test_a_composition_costs_what_it_asks(migrated_database: MigratedDatabase) -> None:
    """R73: a client cannot ask fifteen times its rate by asking for profiles."""
    async with running(migrated_database, requests_per_minute=60) as suite:
        caller = suite.caller("authority_system", authority="673")
        # Ten at once, of which the first composition takes all; ten seconds until the next may be asked.
        answers = [await suite.get(DASHBOARD, caller) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [404, 429]
        assert answers[-1].json()["code"] == "too_many_requests"
        assert "retry-after" in answers[-1].headers
