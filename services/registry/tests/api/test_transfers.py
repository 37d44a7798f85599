"""A school goes to another authority (design §4, flows §2: a change of authority always re-keys)."""

from datetime import date
from typing import Any

import pytest
from registry_api import Caller, Register

OLD, NEW = "6732118", "6812399"
DAY = "2018-05-01"


@pytest.fixture
def officer(region: Register) -> Caller:
    return region.operator


def body(**other: Any) -> dict[str, Any]:
    return {"school_number": OLD, "authority": "681", "new_number": NEW, "valid_from": DAY} | other


async def transferred(region: Register, **other: Any) -> dict[str, Any]:
    answer = await region.operator.post("/v1/school-transfers", body(**other))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_the_school_goes_on_under_a_number_of_the_new_authority(region: Register) -> None:
    """The old number closes on the day and resolves by lineage; both events carry numbers, authorities and the day."""
    held = (await region.operator.get(f"/v1/schools/{OLD}", valid_at=DAY)).json()
    assert "transfer" in [step["name"] for step in held["allowed_transitions"]]
    made = await transferred(region)
    assert (made["from_school"], made["school_number"], made["transferred_on"]) == (OLD, NEW, DAY)
    old = (await region.operator.get(f"/v1/schools/{OLD}", valid_at=DAY)).json()
    new = (await region.operator.get(f"/v1/schools/{NEW}", valid_at=DAY)).json()
    assert (old["status"], new["status"], new["authority"], new["name"]) == (
        "closed",
        "open",
        "681",
        held["name"],
    )
    assert [one["school_number"] for one in old["successors"]] == [NEW]
    assert (await region.operator.get(f"/v1/schools/{OLD}", valid_at="2018-04-30")).json()["status"] == "open"
    moved = await region.operator.get(f"/v1/schools/{OLD}", resolve="true", valid_at=DAY)
    assert (moved.status_code, moved.headers["location"].partition("?")[0]) == (308, f"/v1/schools/{NEW}")
    for kind, number in (("school.rekeyed", OLD), ("school.transferred", NEW)):
        [told] = await region.events(kind)
        carried = [told[name] for name in ("old_number", "old_authority", "new_number", "new_authority")]
        assert (told["school_number"], carried, told["valid_from"]) == (number, [OLD, "673", NEW, "681"], DAY)
    [scope] = await region.events("transfer.recorded")
    assert (scope["from_authority"], scope["authority"], scope["reason"]) == (
        "673",
        "681",
        "change_of_authority",
    )


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"authority": "673", "new_number": "6739999"}, [("/authority", "transfer_within_authority")]),
        ({"new_number": "6739999"}, [("/new_number", "number_of_other_authority")]),
        ({"new_number": "6812003"}, [("/new_number", "number_in_use")]),
        ({"valid_from": "2118-05-01"}, [("/valid_from", "transfer_lies_ahead")]),
        (
            {"new_number": OLD, "valid_from": "2118-05-01"},
            [
                ("/new_number", "number_of_other_authority"), ("/new_number", "number_in_use"),
                ("/valid_from", "transfer_lies_ahead"),
            ],
        ),
    ],
)  # fmt: skip
async def test_what_is_refused(
    region: Register, other: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Same authority, number in use, wrong prefix, a day ahead: every reason at once, in both languages."""
    said = []
    for language in ("en", "cy"):
        answer = await region.caller("operator", language).post("/v1/school-transfers", body(**other))
        assert answer.status_code == 409
        problem = answer.json()
        assert problem["code"] == "transfer_refused"
        assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == expected
        said.append(problem["errors"][0]["detail"])
    assert said[0] != said[1]
    assert await region.events("transfer") == []


async def test_a_closed_school_and_an_unknown_one(region: Register) -> None:
    await region.operator.post("/v1/school-closures", {"school_number": OLD, "valid_from": "2018-04-20"})
    answer = await region.operator.post("/v1/school-transfers", body())
    assert (answer.status_code, answer.json()["reason"]) == (409, "school_already_closed")
    answer = await region.operator.post("/v1/school-transfers", body(school_number="6739999"))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_school")


async def test_a_dry_run_keeps_nothing_and_one_side_alone_may_not(region: Register) -> None:
    answer = await region.operator.post("/v1/school-transfers", body(), dry_run="true")
    assert (answer.status_code, answer.headers["dry-run"]) == (201, "true")
    assert await region.events("school.transferred") == []
    for authority in ("673", "681"):
        answer = await region.caller("authority_system", authority=authority).post(
            "/v1/school-transfers", body()
        )
        assert answer.status_code == 403


async def test_contacts_roles_people_and_the_adviser_follow(region: Register) -> None:
    """What has days goes on from the day; the old authority keeps what was, and sees nothing of what is."""
    vale, cardiff = (region.caller("authority_system", authority=code) for code in ("673", "681"))
    contact = {"post": "head_teacher", "name": "A. Prifathro", "email": "head@example.org", "telephone": None}
    contact |= {"valid_from": "2018-04-10"}
    answer = await vale.post(f"/v1/schools/{OLD}/contacts", contact)
    assert answer.status_code == 201, answer.text
    person = {"authority": "673", "school_number": OLD, "employer": "673", "name": "A. Prifathro"}
    answer = await vale.post("/v1/people", person)
    assert answer.status_code == 201, answer.text
    person_id = answer.json()["id"]
    role = {"person_id": person_id, "role": "head_teacher", "authority": "673", "school_number": OLD}
    answer = await vale.post("/v1/role-assignments", role | {"employer": "673", "valid_from": "2018-04-10"})
    assert answer.status_code == 201, answer.text
    await transferred(region)
    found = await cardiff.everything(f"/v1/schools/{NEW}/contacts", valid_at=DAY)
    assert [(one["post"], one["name"]) for one in found] == [("head_teacher", "A. Prifathro")]
    assert (await vale.get(f"/v1/people/{person_id}")).status_code == 404
    shown = (await cardiff.get(f"/v1/people/{person_id}")).json()
    assert (shown["authority"], shown["school_number"], shown["employer"]) == ("681", NEW, "681")
    roles = await cardiff.everything("/v1/role-assignments")
    assert [(one["school_number"], one["valid_from"], one["employer"]) for one in roles] == [
        (NEW, DAY, "681")
    ]
    [held] = await vale.everything("/v1/role-assignments", valid_at="2018-04-20")
    assert (held["school_number"], held["valid_to"]) == (OLD, DAY)
    [blank] = await vale.everything(f"/v1/schools/{OLD}/contacts", valid_at=DAY)
    assert blank.get("name") is None
    # The new authority reads the whole history, by the number of then.
    past = await cardiff.everything(f"/v1/schools/{OLD}/contacts", valid_at="2018-04-20")
    assert [one["name"] for one in past] == ["A. Prifathro"]


@pytest.mark.parametrize(("authority", "goes_on"), [("681", True), ("660", False)])
async def test_the_lead_adviser(region: Register, authority: str, goes_on: bool) -> None:
    """Within a consortium the adviser goes on; into another one the allocation ends, and the gap is reported."""
    memberships = {"673": "csc", "681": "csc", "660": "gwe"}
    held = {one["authority"] for one in await region.operator.everything("/v1/footprint-memberships")}
    for code, footprint in memberships.items():
        if code not in held:
            membership = {"authority": code, "footprint": footprint, "valid_from": "2012-09-01"}
            answer = await region.operator.post("/v1/footprint-memberships", membership)
            assert answer.status_code == 201, answer.text
        regime = {"authority": code, "regime": "national_model_2014", "valid_from": "2014-04-01"}
        answer = await region.operator.post("/v1/regimes", regime)
        assert answer.status_code == 201, answer.text
    person = {"authority": "681", "school_number": None, "employer": "csc", "name": "Y. Mgynghorydd"}
    made = (await region.operator.post("/v1/people", person)).json()
    allocation = {"school_number": OLD, "person_id": made["id"], "valid_from": "2018-04-10"}
    answer = await region.operator.post("/v1/adviser-allocations", allocation)
    assert answer.status_code == 201, answer.text
    number = f"{authority}2399"
    await transferred(region, authority=authority, new_number=number)
    rows = await region.rows(
        "select school_number, lower(valid) as since, upper(valid) as until from adviser_allocation_slices "
        "where upper_inf(known) order by lower(valid)"
    )
    day = date.fromisoformat(DAY)
    first, *rest = [(row.school_number, row.since, row.until) for row in rows]
    assert first == (OLD, date(2018, 4, 10), day)
    assert rest == ([(number, day, None)] if goes_on else [])
