"""Actions with owner, due date and success criterion, overdue once by the clock (D-09)."""

from datetime import timedelta
from typing import Any

import pytest
from visits_api import NEIGHBOUR, SCHOOL, Visits

ACTION = {
    "school_number": SCHOOL,
    "owner_body": "school",
    "description": "Train all teachers in questioning.",
    "success_criterion": "Questioning is good in four of five lessons.",
    "due_date": "2020-01-31",
}


async def proposed(visits: Visits, **changed: Any) -> str:
    made = await visits.adviser().done("/v1/actions", {**ACTION, **changed}, 201)
    return str(made["id"])


async def claimed(visits: Visits) -> str:
    id_ = await proposed(visits)
    for step in ("agree", "start", "claim"):
        await visits.head().done(f"/v1/actions/{id_}/{step}")
    return id_


async def test_an_action_from_proposed_to_verified_and_reopened(visits: Visits) -> None:
    """Flows §2: proposed → agreed → in_progress → claimed_complete → verified; reopened."""
    id_ = await claimed(visits)
    done = await visits.adviser().done(f"/v1/actions/{id_}/verify")
    assert (done["state"], done["claimed_on"], done["verified_on"]) == (
        "verified",
        "2020-01-20",
        "2020-01-20",
    )
    lead = visits.caller("lead_officer", authority="673", person_id="officer-1")
    again = await lead.done(f"/v1/actions/{id_}/reopen", {"reason": "It did not last."})
    assert (again["state"], again["claimed_on"], again["verified_on"]) == ("in_progress", None, None)
    told = await visits.events()
    assert [event["verb"].removeprefix("action.") for event in told] == [
        "proposed", "agreed", "started", "completion_claimed", "verified", "reopened",
    ]  # fmt: skip
    assert "questioning" not in str(told).lower()


@pytest.mark.parametrize("missing", ["owner_body", "due_date", "success_criterion"])
async def test_no_action_without_owner_due_date_or_success_criterion(visits: Visits, missing: str) -> None:
    """Flows §2: refused are no owner, no due date, no success criterion."""
    body = {name: value for name, value in ACTION.items() if name != missing}
    problem = await visits.adviser().refused("/v1/actions", body, 422)
    assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [(f"/{missing}", "missing")]
    assert await visits.events() == []


async def test_nobody_verifies_ones_own(visits: Visits) -> None:
    """Flows §2: verifying one's own is refused, for who claimed it and for who owns it."""
    id_ = await proposed(visits, owner_body="consortium")
    adviser = visits.adviser()
    for step in ("agree", "start", "claim"):
        await adviser.done(f"/v1/actions/{id_}/{step}")
    assert (await adviser.refused(f"/v1/actions/{id_}/verify"))["reason"] == "own_action_not_verified"
    assert (await visits.senior().done(f"/v1/actions/{id_}/verify"))["state"] == "verified"


async def test_only_the_owner_agrees(visits: Visits) -> None:
    """Flows §2: agreed, begun and claimed by the owner; another body or person is refused."""
    id_ = await proposed(visits)
    assert (await visits.adviser().refused(f"/v1/actions/{id_}/agree"))["reason"] == "not_the_owner"
    await visits.head(NEIGHBOUR).refused(f"/v1/actions/{id_}/agree", status=404)
    named = await proposed(visits, owner_id="head-2")
    assert (await visits.head().refused(f"/v1/actions/{named}/agree"))["reason"] == "not_the_owner"


async def test_a_due_date_never_changes_silently_and_is_overdue_once(visits: Visits) -> None:
    """Flows §2: a change of date has a reason and tells the date before; overdue emits one event for each date."""
    id_ = await proposed(visits)
    adviser = visits.adviser()
    problem = await adviser.refused(f"/v1/actions/{id_}/change-due-date", {"due_date": "2020-02-03"}, 422)
    assert [fault["pointer"] for fault in problem["errors"]] == ["/reason"]
    visits.clock.advance(timedelta(days=11))
    assert await visits.tasks.run_all() is False, "the due date itself is not overdue"
    visits.clock.advance(timedelta(days=1))
    assert await visits.tasks.run_all() is True
    assert await visits.tasks.run_all() is False
    [late] = await adviser.everything("/v1/actions", overdue="true")
    assert (late["id"], late["overdue_since"]) == (id_, "2020-02-01")
    body = {"due_date": "2020-02-05", "reason": "The trainer was ill."}
    moved = await adviser.done(f"/v1/actions/{id_}/change-due-date", body)
    assert moved["overdue_since"] is None
    assert await adviser.everything("/v1/actions", overdue="true") == []
    visits.clock.advance(timedelta(days=10))
    assert await visits.tasks.run_all() is True
    told = await visits.events("action.became_overdue", "action.due_date_changed")
    assert [(event["verb"], event["due_date"], event["previous_due_date"]) for event in told] == [
        ("action.became_overdue", "2020-01-31", None),
        ("action.due_date_changed", "2020-02-05", "2020-01-31"),
        ("action.became_overdue", "2020-02-05", None),
    ]
    problem = await adviser.refused(
        f"/v1/actions/{id_}/change-due-date", {"due_date": "2020-02-01", "reason": "Earlier."}, 422
    )
    assert [fault["code"] for fault in problem["errors"]] == ["day_has_passed"]


async def test_an_action_names_a_visit_that_the_school_has_seen(visits: Visits) -> None:
    """Flows §1: nothing of a draft reaches the school by way of an action."""
    adviser = visits.adviser()
    planned = {"school_number": SCHOOL, "visit_type": "spring_monitoring", "planned_for": "2020-01-20"}
    visit = await adviser.done("/v1/visits", planned, 201)
    problem = await adviser.refused("/v1/actions", {**ACTION, "visit_id": visit["id"]}, 422)
    assert [fault["code"] for fault in problem["errors"]] == ["no_such_shared_visit"]


async def test_who_sees_actions(visits: Visits) -> None:
    """Flows §1: school, governors, adviser, authority, consortium; a neighbour nothing."""
    id_ = await proposed(visits)
    for caller in (
        visits.head(), visits.adviser(), visits.senior(), visits.system(),
        visits.caller("chair_of_governors", school=SCHOOL),
    ):  # fmt: skip
        assert (await caller.get(f"/v1/actions/{id_}")).status_code == 200
    for caller in (visits.head(NEIGHBOUR), visits.adviser("adviser-2"), visits.system("681")):
        assert (await caller.get(f"/v1/actions/{id_}")).status_code == 404
        assert await caller.everything("/v1/actions") == []
