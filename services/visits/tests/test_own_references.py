"""R35: a client's own ids on everything that is kept of visits."""

import pytest
from visits_api import SCHOOL, Caller, Visits

from testkit.own_references import assert_referenced

PLAN = {"school_number": SCHOOL, "visit_type": "spring_monitoring", "planned_for": "2020-01-20"}
FINDING = {"statement": "Questioning rarely deepens understanding."}
ACTION = {
    "school_number": SCHOOL, "owner_body": "school", "description": "Train all teachers in questioning.",
    "success_criterion": "Questioning is good.", "due_date": "2020-01-31",
}  # fmt: skip
ROUND = {"school_number": SCHOOL, "scheme": "national_2014", "self_evaluation": "We know ourselves well."}


async def two(visits: Visits, kind: str) -> list[str]:
    """The ids of two records of a kind."""
    adviser = visits.adviser()
    if kind == "visits":
        made = [await adviser.done("/v1/visits", PLAN, 201) for _ in range(2)]
    elif kind == "findings":
        visit = await adviser.done("/v1/visits", PLAN, 201)
        await adviser.done(f"/v1/visits/{visit['id']}/hold", {"held_on": "2020-01-20"})
        path = f"/v1/visits/{visit['id']}/findings"
        made = [
            await adviser.done(path, {**FINDING, "area": area}, 201) for area in ("teaching", "standards")
        ]
    elif kind == "actions":
        made = [await adviser.done("/v1/actions", ACTION, 201) for _ in range(2)]
    else:
        head = visits.head()
        years = ("2018/19", "2019/20")
        made = [await head.done("/v1/categories", {**ROUND, "school_year": year}, 201) for year in years]
    return [one["id"] for one in made]


@pytest.mark.parametrize("kind", ["visits", "findings", "actions", "categories"])
async def test_records_of_visits_take_a_clients_own_references(visits: Visits, kind: str) -> None:
    """R35: set, shown, found; unique per client; nobody else's business."""
    listed = f"/v1/{kind}"
    first, second = [f"{listed}/{id_}" for id_ in await two(visits, kind)]
    mine, other = visits.senior(), visits.caller("senior_adviser", body="central_south", client_id="another")
    await assert_referenced(mine.send, other.send, listed, first, second)


async def test_who_may_not_read_a_record_puts_no_reference_on_it(visits: Visits) -> None:
    """Flows §1: 404 as for any other request; the school sees a visit from the sharing of its draft on."""
    first, _ = await two(visits, "visits")
    head: Caller = visits.head()
    answer = await head.send("PUT", f"/v1/visits/{first}/external-references", json={"values": ["case-1"]})
    assert answer.status_code == 404
