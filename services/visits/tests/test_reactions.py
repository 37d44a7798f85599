"""What is known of schools comes from the registry's events alone, in whatever order they arrive."""

import asyncio
from datetime import date

from sqlalchemy import select
from visits_api import ADVISER, SCHOOL, Visits, school_changed, school_told

from contracts.events.registry import AdviserAllocated, RoleAssigned, RoleEnded
from service_kit.process import Runtime
from visits.storage.tables import RIGHTS, known_schools, shared

ROUND = {
    "school_number": SCHOOL,
    "scheme": "national_2014",
    "school_year": "2019/20",
    "self_evaluation": "We know ourselves.",
}
PLAN = {"school_number": SCHOOL, "visit_type": "spring_monitoring", "planned_for": "2020-01-20"}


def allocation() -> tuple[AdviserAllocated, str]:
    event = AdviserAllocated(
        authority="673", school=SCHOOL, school_number=SCHOOL, person_id=ADVISER, valid_from=date(2019, 9, 1)
    )
    return event, "allocation-1"


async def test_a_school_that_is_not_announced_yet(nothing_heard: Visits) -> None:
    """A command is refused with a clear problem; a reaction waits, is counted, and happens when the school comes."""
    visits = nothing_heard
    problem = await visits.adviser().refused("/v1/visits", PLAN, 422)
    assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [
        ("/school_number", "school_not_announced")
    ]
    await visits.hear(allocation())
    async with visits.superuser.connect() as connection:
        assert (await connection.execute(select(RIGHTS.posts))).all() == []
        waiting = (await connection.execute(select(shared.consumed.pending))).mappings().all()
        assert len(waiting) == 1
    await visits.hear(school_told(SCHOOL))
    async with visits.superuser.connect() as connection:
        assert [row.person_id for row in await connection.execute(select(RIGHTS.posts))] == [ADVISER]
        assert (await connection.execute(select(shared.consumed.pending))).all() == []


async def test_the_same_event_twice_and_a_closing(visits: Visits) -> None:
    """Events of a school that closed are kept; a later detail does not move the day of its closing."""
    await visits.hear(school_changed(SCHOOL, status="closed", valid_from="2020-01-10"))
    await visits.hear(school_changed(SCHOOL, status="closed", valid_from="2020-03-01", name="Renamed"))
    async with visits.superuser.connect() as connection:
        rows = await connection.execute(select(known_schools).where(known_schools.c.number == SCHOOL))
        [row] = rows.mappings().all()
    assert (row["status"], row["closed_from"], row["name"]) == ("closed", date(2020, 1, 10), "Renamed")
    problem = await visits.adviser().refused("/v1/visits", PLAN)
    assert problem["code"] == "visit_to_closed_school"
    earlier = {**PLAN, "planned_for": "2020-01-09"}
    assert (await visits.adviser().done("/v1/visits", earlier, 201))["state"] == "planned"


async def test_an_adviser_loses_the_school_with_the_allocation(visits: Visits) -> None:
    """Flows §1: the lead adviser's rights follow the allocation of the day."""
    made = await visits.adviser().done("/v1/visits", PLAN, 201)
    event = AdviserAllocated(
        authority="673",
        school=SCHOOL,
        school_number=SCHOOL,
        person_id="adviser-9",
        valid_from=date(2020, 1, 1),
    )
    await visits.hear((event, f"allocation-{SCHOOL}"))
    assert (await visits.adviser().get(f"/v1/visits/{made['id']}")).status_code == 404
    assert (await visits.adviser("adviser-9").get(f"/v1/visits/{made['id']}")).status_code == 200


async def test_a_head_is_known_by_the_role_where_the_token_names_no_school(visits: Visits) -> None:
    """Flows §1: the rights of a head follow the dated role at the school."""
    head = visits.caller("head", person_id="head-7")
    assert await head.everything("/v1/monitoring") == []
    assert (await head.refused("/v1/categories", ROUND, 404))["code"] == "not_found"
    role = RoleAssigned(
        authority="673", school=SCHOOL, person_id="head-7", role="head_teacher", valid_from=date(2019, 9, 1)
    )
    await visits.hear((role, "role-7"))
    assert (await head.done("/v1/categories", ROUND, 201))["state"] == "self_evaluated"
    ended = RoleEnded(**role.model_dump(exclude={"valid_to"}), valid_to=date(2020, 1, 1))
    await visits.hear((ended, "role-7"))
    assert await head.everything("/v1/categories") == []


async def test_the_worker_runs_what_falls_due(visits: Visits) -> None:
    """S2-28: enforced by schedule: the role `consumer` runs the clock tasks without being asked."""
    from pydantic import SecretStr

    from service_kit.settings import Settings
    from visits.service import service

    body = {
        "school_number": SCHOOL, "owner_body": "school", "description": "x", "success_criterion": "y",
        "due_date": "2020-01-20",
    }  # fmt: skip
    await visits.adviser().done("/v1/actions", body, 201)
    visits.clock.moment = visits.clock.moment.replace(day=21)
    settings = Settings(
        database_url=SecretStr(visits.database.api_url),
        worker_database_url=SecretStr(visits.database.worker_url),
        cursor_secret=SecretStr("a secret of sufficient length"),
    )
    runtime = Runtime(service, settings, visits.transport, visits.clock)
    await runtime.start(["consumer"])
    for _ in range(100):
        if await visits.events("action.became_overdue"):
            break
        await asyncio.sleep(0.05)
    await runtime.stop()
    assert len(await visits.events("action.became_overdue")) == 1
