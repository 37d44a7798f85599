"""Records of visits follow their school to another authority, also those that come late (design §4, flows §1)."""

from datetime import date
from typing import Any

from visits_api import SCHOOL, Visits

from contracts.events.registry_transfers import SchoolTransferred

NEW = "6812399"
PLAN = {"school_number": SCHOOL, "visit_type": "spring_monitoring", "planned_for": "2020-01-20"}


def transferred() -> tuple[SchoolTransferred, str]:
    """The school under its new number; that the old one is closed was not heard yet."""
    facts: dict[str, Any] = {**SchoolTransferred.EXAMPLE, "valid_from": date(2020, 1, 20)}
    return SchoolTransferred.model_validate(facts), NEW


async def held(visits: Visits, id_: str) -> tuple[int, int]:
    """The answers that the old and the new authority get."""
    return (
        (await visits.system("673").get(f"/v1/visits/{id_}")).status_code,
        (await visits.system("681").get(f"/v1/visits/{id_}")).status_code,
    )


async def test_a_visit_moves_as_one_version_with_its_event(visits: Visits) -> None:
    id_ = (await visits.adviser().done("/v1/visits", PLAN, 201))["id"]
    await visits.hear(transferred(), transferred())
    assert await held(visits, id_) == (404, 200)
    [event] = await visits.events("visit.moved")
    told = [event[name] for name in ("authority", "school", "from_authority", "from_school", "planned_for")]
    assert told == ["681", NEW, "673", SCHOOL, "2020-01-20"]
    shown = (await visits.system("681").get(f"/v1/visits/{id_}")).json()
    assert (shown["version"], shown["school_number"], shown["state"]) == (2, NEW, "planned")


async def test_what_is_written_under_the_old_number_meanwhile_follows(visits: Visits) -> None:
    """A service that has not heard yet that the number is closed takes a visit; the clock task moves it, once."""
    await visits.hear(transferred())
    id_ = (await visits.adviser().done("/v1/visits", PLAN, 201))["id"]
    assert await held(visits, id_) == (200, 404)
    await visits.tasks.run_all()
    assert await held(visits, id_) == (404, 200)
    await visits.tasks.run_all()
    assert len(await visits.events("visit.moved")) == 1


async def test_monitoring_is_not_begun_again_under_the_new_number(visits: Visits) -> None:
    """Its id holds the old number; what it is due for was told already."""
    listed = {"scheme": "national_2014", "school_year": "2019/20", "dated": "2020-01-08"}
    content = "school_number,la_code,published_list,support_category,published_value\n"
    content += f"{SCHOOL},673,primary,amber,Amber/Oren\n"
    begun = await visits.caller("operator").send(
        "POST", "/v1/category-imports", params=listed, content=content, headers={"Content-Type": "text/csv"}
    )
    assert (await visits.job(begun))["published"] == 1
    await visits.tasks.run_all()
    due = len(await visits.events("monitoring.became_due"))
    assert due > 0
    await visits.hear(transferred())
    await visits.tasks.run_all()
    assert len(await visits.events("monitoring.became_due")) == due
    assert {event["school"] for event in await visits.events("monitoring.moved")} == {NEW}
    [moved] = await visits.events("category.moved")
    assert (moved["value"], moved["valid_from"], moved["school"]) == ("amber", "2020-01-08", NEW)
