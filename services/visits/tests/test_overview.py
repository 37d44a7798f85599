"""Who is outstanding, who is monitored more often, and what the lists cost (S0-10, S2-26, S2-28)."""

from datetime import date, timedelta

import pytest
from visits_api import JANUARY, NEIGHBOUR, SCHOOL, Visits, school_changed, school_told

from contracts.events.registry import RegimeAdopted
from testkit.statements import statements_of

MEETING, REVIEW = "causing_concern_progress_meeting", "termly_progress_review"


async def held(visits: Visits, visit_type: str, school: str = SCHOOL, day: str = "2020-01-20") -> str:
    adviser = visits.adviser() if school == SCHOOL else visits.adviser("adviser-2")
    body = {"school_number": school, "visit_type": visit_type, "planned_for": day}
    id_ = (await adviser.done("/v1/visits", body, 201))["id"]
    await adviser.done(f"/v1/visits/{id_}/hold", {"held_on": day})
    return str(id_)


async def outstanding(visits: Visits, visit_type: str, authority: str = "673") -> list[str]:
    rows = await visits.system(authority).everything("/v1/outstanding-visits", visit_type=visit_type)
    return [row["school_number"] for row in rows]


async def test_schools_outstanding_for_a_visit_type(visits: Visits) -> None:
    """S2-26, S0-10: open schools in scope of the cycle that have not had the visit; others are not owed it."""
    await visits.hear(
        school_told("6734000", "secondary"),
        school_told("6731000", "nursery"),
        school_told("6736000", "independent"),
        school_told("6732999"),
        school_changed("6732999", status="closed", valid_from="2020-01-01"),
    )
    assert await outstanding(visits, "spring_monitoring") == ["6731000", SCHOOL, "6734000"]
    assert await outstanding(visits, "autumn_performance_categorisation") == [SCHOOL, "6734000"]
    assert await outstanding(visits, "case_work_other") == []
    await held(visits, "spring_monitoring")
    assert await outstanding(visits, "spring_monitoring") == ["6731000", "6734000"]
    assert await outstanding(visits, "spring_monitoring", "681") == [NEIGHBOUR]
    [row] = await visits.adviser().everything(
        "/v1/outstanding-visits", visit_type="autumn_performance_categorisation"
    )
    assert (row["school_number"], row["due_by"], row["overdue"], row["planned_for"]) == (
        SCHOOL, "2019-12-20", True, None,
    )  # fmt: skip


async def test_a_planned_or_cancelled_visit_is_still_outstanding(visits: Visits) -> None:
    """Flows §3: held + outstanding = due; what is planned is not held."""
    adviser = visits.adviser()
    body = {"school_number": SCHOOL, "visit_type": "spring_monitoring", "planned_for": "2020-02-03"}
    id_ = (await adviser.done("/v1/visits", body, 201))["id"]
    [row] = await adviser.everything("/v1/outstanding-visits", visit_type="spring_monitoring")
    assert row["planned_for"] == "2020-02-03"
    await adviser.done(f"/v1/visits/{id_}/cancel", {"reason": "Snow."})
    [row] = await adviser.everything("/v1/outstanding-visits", visit_type="spring_monitoring")
    assert row["planned_for"] is None


async def test_the_cycle_is_that_of_the_regime(visits: Visits) -> None:
    """Domain 0: visit types hang off the regime of the authority, dated."""
    regime = RegimeAdopted(
        authority="673",
        regime_code="authority_led_2025",
        delivered_by="authority",
        valid_from=date(2025, 1, 1),
    )
    await visits.hear((regime, "673"))
    body = {"school_number": SCHOOL, "visit_type": "improvement_partner_review", "planned_for": "2020-02-03"}
    problem = await visits.adviser().refused("/v1/visits", body, 422)
    assert [fault["code"] for fault in problem["errors"]] == ["not_in_list"]
    later = await visits.adviser().done("/v1/visits", {**body, "planned_for": "2025-10-06"}, 201)
    assert (later["regime"], later["school_year"]) == ("authority_led_2025", "2025/26")


async def categorised(visits: Visits, value: str, school: str = SCHOOL) -> None:
    label = {"amber": "Amber/Oren", "green": "Green/Gwyrdd", "red": "Red/Coch"}[value]
    row = f"{school},{school[:3]},primary,{value},{label}\n"
    header = "school_number,la_code,published_list,support_category,published_value\n"
    answer = await visits.caller("operator").send(
        "POST", "/v1/category-imports", params={**JANUARY, "dated": "2020-01-10"}, content=(header + row).encode(),
        headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    await visits.job(answer)


async def test_amber_is_monitored_every_half_term_and_green_is_not(visits: Visits) -> None:
    """S2-28: a half-termly meeting and a termly review, due by the authority's calendar, said once, met by a visit."""
    await categorised(visits, "amber")
    await categorised(visits, "green", NEIGHBOUR)
    assert await visits.tasks.run_all() is True
    assert await visits.tasks.run_all() is False
    due = await visits.adviser().everything("/v1/monitoring")
    assert [
        (row["visit_type"], row["period"], row["due_from"], row["due_by"], row["state"]) for row in due
    ] == [
        (MEETING, "spring_1", "2020-01-10", "2020-02-23", "due"),
        (REVIEW, "spring", "2020-01-10", "2020-04-19", "due"),
    ]
    assert await visits.adviser("adviser-2").everything("/v1/monitoring") == []
    id_ = await held(visits, MEETING)
    assert await visits.tasks.run_all() is True
    [met] = await visits.adviser().everything("/v1/monitoring", state="met")
    assert (met["visit_type"], met["visit_id"]) == (MEETING, id_)
    visits.clock.advance(timedelta(days=35))  # 24 February: the second half of the term
    assert await visits.tasks.run_all() is True
    due = await visits.adviser().everything("/v1/monitoring", state="due")
    assert [(row["visit_type"], row["period"]) for row in due] == [(MEETING, "spring_2"), (REVIEW, "spring")]
    told = await visits.events("monitoring.became_due", "monitoring.met")
    assert [(event["verb"], event["visit_type"], event["period"]) for event in told] == [
        ("monitoring.became_due", MEETING, "spring_1"),
        ("monitoring.became_due", REVIEW, "spring"),
        ("monitoring.met", MEETING, "spring_1"),
        ("monitoring.became_due", MEETING, "spring_2"),
    ]


async def test_a_closed_school_is_monitored_no_more(visits: Visits) -> None:
    """Flows §2: no visit to a closed school, and so no monitoring."""
    await categorised(visits, "red")
    await visits.hear(school_changed(SCHOOL, status="closed", valid_from="2020-01-15"))
    assert await visits.tasks.run_all() is False


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/v1/visits?limit=200", 2),
        ("/v1/findings", 2),
        ("/v1/actions", 2),
        ("/v1/categories", 2),
        ("/v1/outstanding-visits?visit_type=spring_monitoring", 3),
    ],
)
async def test_a_list_costs_the_same_however_long(visits: Visits, path: str, most: int) -> None:
    """One statement for the settings, one for the page; the outstanding ones need the regimes as well."""
    counts = []
    for _ in range(2):
        await held(visits, "case_work_other")
        await categorised(visits, "amber")
        system = visits.system()
        with statements_of(visits.api) as statements:
            assert (await system.get(path)).status_code == 200
        # The audit of confidential reads is written beside the answer, not for it.
        counts.append(len([s for s in statements if "audit" not in s]))
    assert counts == [counts[0], counts[0]]
    assert counts[0] <= most


async def test_what_one_school_is_owed(visits: Visits) -> None:
    """C-17, S0-10: every visit of the cycle for one school, without naming the types; others are not told."""
    rows = await visits.system("673").everything("/v1/outstanding-visits", school_number=SCHOOL)
    assert [row["visit_type"] for row in rows] == sorted(row["visit_type"] for row in rows)
    assert {row["school_number"] for row in rows} == {SCHOOL}
    types = {row["visit_type"] for row in rows}
    assert {"spring_monitoring", "autumn_performance_categorisation"} <= types
    assert await visits.system("681").everything("/v1/outstanding-visits", school_number=SCHOOL) == []
    await held(visits, "spring_monitoring")
    left = await visits.system("673").everything("/v1/outstanding-visits", school_number=SCHOOL)
    assert {row["visit_type"] for row in left} == types - {"spring_monitoring"}


async def test_held_and_outstanding_make_up_what_is_owed(visits: Visits) -> None:
    """Flows §3: by authority and type, in a fixed number of statements; planned ones are outstanding still."""
    await visits.hear(school_told("6734000", "secondary"), school_told("6736000", "independent"))
    await held(visits, "spring_monitoring")
    body = {
        "school_number": SCHOOL,
        "visit_type": "autumn_performance_categorisation",
        "planned_for": "2020-02-03",
    }
    await visits.adviser().done("/v1/visits", body, 201)
    lines = await visits.system("673").everything("/v1/outstanding-visit-counts", authority="673")
    by_type = {line["visit_type"]: line for line in lines}
    spring, autumn = by_type["spring_monitoring"], by_type["autumn_performance_categorisation"]
    assert (spring["owed"], spring["held"], spring["outstanding"], spring["planned"]) == (2, 1, 1, 0)
    assert (autumn["owed"], autumn["held"], autumn["outstanding"], autumn["planned"]) == (2, 0, 2, 1)
    assert (autumn["due_by"], autumn["overdue"]) == ("2019-12-20", True)
    assert all(line["held"] + line["outstanding"] == line["owed"] for line in lines)
    assert await visits.system("681").everything("/v1/outstanding-visit-counts", authority="673") == []
