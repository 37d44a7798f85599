"""Schools: found by name and place in Welsh, shown as of a day and moment, changed under If-Match."""

from datetime import timedelta

import pytest
from registry_api import Register

from contracts.welsh import sort_key


async def names(region: Register, **query: str) -> list[str]:
    schools = await region.operator.everything("/v1/schools", **query)
    return [school["name"] for school in schools]


async def test_a_list_is_in_the_order_of_the_welsh_alphabet(region: Register) -> None:
    found = await names(region, authority="681")
    assert len(found) == 126 + 16 + 1
    assert found == sorted(found, key=sort_key)
    by_number = await region.operator.everything("/v1/schools", authority="681", sort="school_number")
    numbers = [school["school_number"] for school in by_number]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("gwyr", "6704074"),
        ("GŴYR gyfun", "6704074"),
        ("lan llechan", "6611104"),
        ("amlwch ynys mon", "6602130"),
        ("enw’r", None),
        ("%", None),
        ("Gladstone Barry", "6732118"),
        ("CF62 8NA gladstone", "6732118"),
    ],
)
async def test_search_folds_welsh_letters(region: Register, words: str, number: str | None) -> None:
    """D-26: accents, apostrophes and case do not matter; every word must be in name, address or postcode."""
    found = await region.operator.everything("/v1/schools", q=words)
    numbers = [school["school_number"] for school in found]
    assert (number in numbers) if number else not numbers


async def test_the_two_gladstones_are_told_apart_by_number(region: Register) -> None:
    found = await region.operator.everything("/v1/schools", q="gladstone")
    assert {school["school_number"] for school in found} == {"6732118", "6812309"}
    assert len({school["name"] for school in found}) == 1


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"authority": "673", "sector": "primary"}, 44),
        ({"sector": "pru"}, 23),
        ({"status": "closed"}, 0),
        ({"authority": "674", "language": "WM", "sector": "secondary"}, 3),
    ],
)
async def test_filters_and_totals(region: Register, query: dict[str, str], count: int) -> None:
    answer = await region.operator.get("/v1/schools", total="true", limit="1", **query)
    assert answer.json()["total"] == count


async def test_a_code_that_is_none_is_refused(region: Register) -> None:
    answer = await region.caller("operator", "cy").get("/v1/schools", sector="primery")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["in"], error["pointer"], error["code"]) == ("query", "sector", "not_in_list")


async def test_a_school_before_its_first_known_day_is_not_known(region: Register) -> None:
    """The list says what stood on 2018-04-10, and nothing of the day before."""
    assert (await region.operator.get("/v1/schools/6732118", valid_at="2018-04-09")).status_code == 404
    school = (await region.operator.get("/v1/schools/6732118", valid_at="2018-04-10")).json()
    assert school["valid_from"] == "2018-04-10"
    assert school["valid_to"] is None
    assert school["language_category"] == "EM"
    assert school["pupils"] == 455


async def test_details_change_from_a_day_and_the_past_stays(region: Register) -> None:
    """S0-01 with E-05: both times are kept; the ETag is the version's."""
    authority = region.caller("authority_system", authority="673")
    before = await authority.get("/v1/schools/6732118")
    known_before = region.clock.now()
    region.clock.advance(timedelta(minutes=5))
    patch = {"name": "Ysgol Gladstone", "valid_from": "2020-02-01"}
    assert (await authority.patch("/v1/schools/6732118", patch, None)).status_code == 428
    changed = await authority.patch("/v1/schools/6732118", patch, before.headers["etag"])
    assert changed.status_code == 200, changed.text
    assert changed.json()["name"] == "Gladstone Primary School"  # today the change does not hold yet
    assert changed.json()["version"] == 2
    stale = await authority.patch("/v1/schools/6732118", {"pupils": 1}, before.headers["etag"])
    assert stale.status_code == 412
    assert stale.json()["current"]["version"] == 2

    later = await authority.get("/v1/schools/6732118", valid_at="2020-02-01")
    assert later.json()["name"] == "Ysgol Gladstone"
    then = await authority.get(
        "/v1/schools/6732118", valid_at="2020-02-01", known_at=known_before.isoformat()
    )
    assert then.json()["name"] == "Gladstone Primary School"
    found = await authority.everything("/v1/schools", q="ysgol gladstone", valid_at="2020-03-01")
    assert [school["school_number"] for school in found] == ["6732118"]
    (event,) = await region.events("school.details_changed")
    assert (event["changed"], event["valid_from"], event["authority"]) == (["name"], "2020-02-01", "673")


async def test_a_change_that_changes_nothing_raises_no_version(region: Register) -> None:
    authority = region.caller("authority_system", authority="673")
    school = await authority.get("/v1/schools/6732118")
    same = await authority.patch("/v1/schools/6732118", {"pupils": 455}, school.headers["etag"])
    assert same.status_code == 200
    assert same.headers["etag"] == school.headers["etag"]
    assert await region.events("school.details_changed") == []


async def test_every_fault_of_a_patch_is_told(region: Register) -> None:
    authority = region.caller("authority_system", "cy", authority="673")
    school = await authority.get("/v1/schools/6732118")
    bad = {
        "name": " ",
        "governance": "royal",
        "pupils": "389",
        "address": ["a"] * 5,
        "status": "closed",
        "postcode": None,
    }
    answer = await authority.patch("/v1/schools/6732118", bad, school.headers["etag"])
    assert answer.status_code == 422
    assert {(e["pointer"], e["code"]) for e in answer.json()["errors"]} == {
        ("/name", "too_short"), ("/governance", "not_in_list"), ("/pupils", "must_be_whole_number"),
        ("/address", "too_many"), ("/status", "unknown_field"),
    }  # fmt: skip


async def test_a_change_from_before_the_register_knows_the_school(region: Register) -> None:
    authority = region.caller("authority_system", authority="673")
    school = await authority.get("/v1/schools/6732118")
    answer = await authority.patch(
        "/v1/schools/6732118", {"pupils": 1, "valid_from": "2017-01-01"}, school.headers["etag"]
    )
    assert answer.status_code == 409
    assert answer.json()["code"] == "valid_from_without_school"


async def test_a_neighbour_may_know_of_a_school_and_not_change_it(region: Register) -> None:
    """Flows §1: a school's identity is public data; brokering across authorities needs it."""
    neighbour = region.caller("authority_system", authority="681")
    school = await neighbour.get("/v1/schools/6732118")
    assert school.status_code == 200
    answer = await neighbour.patch("/v1/schools/6732118", {"pupils": 1}, school.headers["etag"])
    assert answer.status_code == 403
    assert (
        await neighbour.patch("/v1/schools/6739999", {"pupils": 1}, school.headers["etag"])
    ).status_code == 404
    assert (await region.caller("welsh_government").get("/v1/schools/6732118")).status_code == 200
    assert (await region.client.get("/v1/schools/6732118")).status_code == 401


async def test_a_client_finds_its_own_references(region: Register) -> None:
    mine, other = (
        region.caller("authority_system", authority="673"),
        region.caller("authority_system", authority="681"),
    )
    path = "/v1/schools/6732118/external-references"
    answer = await mine.send("PUT", path, json={"values": ["case-17", "uprn:1"]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["external_references"] == ["case-17", "uprn:1"]
    found = await mine.everything("/v1/schools", external_reference="case-17")
    assert [school["school_number"] for school in found] == ["6732118"]
    assert await other.everything("/v1/schools", external_reference="case-17") == []
    assert (await other.get("/v1/schools/6732118")).json()["external_references"] == []
    taken = await mine.send("PUT", "/v1/schools/6812309/external-references", json={"values": ["case-17"]})
    assert taken.status_code == 409
    assert taken.json()["errors"][0]["pointer"] == "/values/0"


async def test_code_lists_are_in_both_languages(register: Register) -> None:
    lists = (await register.caller("welsh_government").get("/v1/code-lists")).json()["items"]
    assert {"sectors", "school_types", "regimes"} <= {codes["name"] for codes in lists}
    assert all(code["label_en"] and code["label_cy"] for codes in lists for code in codes["codes"])
    one = await register.operator.get("/v1/code-lists/sectors")
    assert one.json()["codes"][0] == {
        "code": "nursery", "label_en": "Nursery", "label_cy": "Meithrin", "valid_from": None, "valid_to": None
    }  # fmt: skip
    again = await register.operator.get(
        "/v1/code-lists/sectors", headers={"If-None-Match": one.headers["etag"]}
    )
    assert again.status_code == 304
    assert (await register.operator.get("/v1/code-lists/none")).status_code == 404


async def test_counts_by_sector_and_status_are_those_of_the_list(region: Register) -> None:
    """D-02, C-17: the lines of an authority add up to what its list has, also narrowed, and each authority once."""
    lines = await region.operator.everything("/v1/school-counts", authority="681")
    listed = await region.operator.everything("/v1/schools", authority="681")
    assert {(line["sector"], line["status"]): line["schools"] for line in lines} == {
        key: sum((school["sector"], school["status"]) == key for school in listed)
        for key in {(school["sector"], school["status"]) for school in listed}
    }
    assert all(line["authority"] == "681" for line in lines)
    everywhere = await region.caller("welsh_government").everything("/v1/school-counts", sector="primary")
    assert {line["sector"] for line in everywhere} == {"primary"}
    assert len({line["authority"] for line in everywhere}) == 22
