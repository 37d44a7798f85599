"""The published list of January 2020: 381 rows, 375 schools, and what a wrong list is refused for (S2-21, D-06)."""

import csv
from importlib.resources import files

import httpx
from visits_api import JANUARY, SCHOOL, Visits, school_told

LIST = files("visits").joinpath("data", "csc-support-categories-2019-20.csv").read_bytes()
HEADER = b"school_number,la_code,published_list,support_category,published_value\n"


async def announced(visits: Visits) -> None:
    """The registry has announced every school of the list."""
    rows = list(csv.DictReader(LIST.decode().splitlines()))
    sectors = {row["school_number"]: row["published_list"] for row in rows}
    await visits.hear(*(school_told(number, sector) for number, sector in sectors.items()))


async def sent(visits: Visits, content: bytes, role: str = "operator", **of: str) -> httpx.Response:
    caller = visits.caller(role, **of)
    return await caller.send(
        "POST", "/v1/category-imports", params={**JANUARY, "dated": "2020-01-31"}, content=content,
        headers={"Content-Type": "text/csv"},
    )  # fmt: skip


async def test_the_real_list(nothing_heard: Visits) -> None:
    """Domain 2.2.14-15: 375 schools, 195 green, 136 yellow, 38 amber, 6 red, 2,860 days; once and no more."""
    await announced(nothing_heard)
    result = await nothing_heard.job(await sent(nothing_heard, LIST))
    assert result == {
        "rows": 381, "schools": 375, "published": 375, "unchanged": 0, "ceiling_days": 2860,
        "values": {"green": 195, "yellow": 136, "amber": 38, "red": 6},
    }  # fmt: skip
    again = await nothing_heard.job(await sent(nothing_heard, LIST))
    assert (again["published"], again["unchanged"]) == (0, 375)
    told = await nothing_heard.events("category.published")
    assert len(told) == 375
    assert all(event["imported"] for event in told)
    public = nothing_heard.caller("welsh_government")
    counts = await public.everything("/v1/category-counts", scheme="national_2014", valid_at="2020-01-31")
    by_value = {"green": 0, "yellow": 0, "amber": 0, "red": 0}
    for row in counts:
        by_value[row["value"]] += row["schools"]
    assert by_value == {"green": 195, "yellow": 136, "amber": 38, "red": 6}
    assert sum(row["ceiling_days"] for row in counts) == 2860
    cardiff = {row["value"]: row["schools"] for row in counts if row["authority"] == "681"}
    assert cardiff == {"green": 72, "yellow": 39, "amber": 9, "red": 3}
    assert await public.everything("/v1/category-counts", scheme="national_2014", valid_at="2020-01-30") == []


async def test_a_conflict_is_refused_with_its_row(visits: Visits) -> None:
    """Domain 2.2.15: a school that stands in two lists with two categories; nothing is kept."""
    rows = (
        f"{SCHOOL},673,primary,green,Green/Gwyrdd\n{SCHOOL},673,secondary,amber,Amber/Oren\n"
        f"6739999,673,primary,green,Green/Gwyrdd\n673,673,primary,C,C\n"
    )
    answer = await sent(visits, HEADER + rows.encode())
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [
        ("/3/support_category", "categories_conflict"),
        ("/5/school_number", "not_a_school_number"),
        ("/5/support_category", "value_not_in_scheme"),
        ("/6739999", "school_not_announced"),
    ]
    assert await visits.caller("operator").everything("/v1/jobs") == []
    assert await visits.events() == []


async def test_a_list_that_contradicts_what_is_recorded_is_refused(visits: Visits) -> None:
    """Flows §2: two categories for one school on one day are refused, also by import."""
    first = HEADER + f"{SCHOOL},673,primary,green,Green/Gwyrdd\n".encode()
    await visits.job(await sent(visits, first))
    answer = await sent(visits, HEADER + f"{SCHOOL},673,primary,red,Red/Coch\n".encode())
    assert [fault["code"] for fault in answer.json()["errors"]] == ["category_differs"]
    welsh = visits.caller("operator", language="cy")
    answer = await welsh.send(
        "POST", "/v1/category-imports", params={**JANUARY, "dated": "2020-01-31"}, content=b"x\n",
        headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    assert answer.json()["errors"][0]["detail"].startswith("Rhaid i'r pennawd")


async def test_only_the_own_consortium_is_imported(visits: Visits) -> None:
    """Flows §1: a data officer imports for the consortium's authorities, not for others."""
    await visits.hear(school_told("6602130", "secondary"))
    row = HEADER + b"6602130,660,secondary,green,Green/Gwyrdd\n"
    answer = await sent(visits, row, "data_officer", body="central_south", person_id="data-1")
    assert answer.status_code == 403
    own = HEADER + f"{SCHOOL},673,primary,green,Green/Gwyrdd\n".encode()
    assert (
        await sent(visits, own, "data_officer", body="central_south", person_id="data-1")
    ).status_code == 202
