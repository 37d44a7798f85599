"""A visit from planned to amended, every refusal of flows §2, and who sees which stage (S0-10, D-07, D-08)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from visits_api import HEAD, NEIGHBOUR, SCHOOL, Visits, school_changed

PLAN = {"school_number": SCHOOL, "visit_type": "spring_monitoring", "planned_for": "2020-01-20"}
FINDING = {
    "area": "teaching",
    "judgement": "adequate",
    "statement": "Questioning rarely deepens understanding.",
    "evidence": [{"kind": "lesson_observation", "reference": "observation 3", "dated": "2020-01-20"}],
}


async def planned(visits: Visits, **changed: Any) -> str:
    made = await visits.adviser().done("/v1/visits", {**PLAN, **changed}, 201)
    return str(made["id"])


async def drafted(visits: Visits) -> str:
    id_ = await planned(visits)
    adviser = visits.adviser()
    await adviser.done(f"/v1/visits/{id_}/hold", {"held_on": "2020-01-20", "met": ["head_teacher"]})
    await adviser.done(f"/v1/visits/{id_}/findings", FINDING, 201)
    await adviser.done(f"/v1/visits/{id_}/draft", {"summary": "A fair picture."})
    return id_


async def shared(visits: Visits) -> str:
    id_ = await drafted(visits)
    await visits.senior().done(f"/v1/visits/{id_}/assure")
    await visits.adviser().done(f"/v1/visits/{id_}/share")
    return id_


async def final(visits: Visits) -> str:
    id_ = await shared(visits)
    await visits.head().done(f"/v1/visits/{id_}/reply", {"reply": "Agreed."})
    await visits.adviser().done(f"/v1/visits/{id_}/finalise")
    return id_


def steps(visit: dict[str, Any]) -> dict[str, str | None]:
    return {step["name"]: step.get("barred", {}).get("code") for step in visit["allowed_transitions"]}


async def test_a_visit_from_planned_to_final(visits: Visits) -> None:
    """D-07: states, documents due by working days of the regime, findings published only when it is final."""
    id_ = await planned(visits)
    adviser = visits.adviser()
    held = await adviser.done(f"/v1/visits/{id_}/hold", {"held_on": "2020-01-20"})
    assert (held["draft_due"], held["final_due"]) == ("2020-01-27", "2020-02-03")
    assert (held["component"], held["regime"]) == ("monitor", "national_model_2014")
    await adviser.done(f"/v1/visits/{id_}/findings", FINDING, 201)
    await adviser.done(f"/v1/visits/{id_}/draft", {"summary": "A fair picture."})
    await visits.senior().done(f"/v1/visits/{id_}/assure")
    assert await visits.events("finding.published") == []
    shown = await adviser.done(f"/v1/visits/{id_}/share")
    assert (shown["reply_due"], shown["draft_in_time"]) == ("2020-01-27", True)
    replied = await visits.head().done(
        f"/v1/visits/{id_}/reply",
        {"corrections": ["There are 421 pupils."], "dispute": "We see it otherwise."},
    )
    assert steps(replied) == {"answer": "operation_not_permitted", "finalise": "operation_not_permitted"}
    problem = await adviser.refused(f"/v1/visits/{id_}/finalise")
    assert (problem["reason"], problem["possible"]) == ("correction_unanswered", ["answer"])
    await adviser.done(f"/v1/visits/{id_}/answer", {"position": 1, "accepted": True, "answer": "Corrected."})
    done = await adviser.done(f"/v1/visits/{id_}/finalise")
    assert (done["state"], done["final_in_time"], done["dispute"]) == ("final", True, "We see it otherwise.")
    told = await visits.events()
    assert [event["verb"] for event in told] == [
        "visit.planned", "visit.held", "finding.recorded", "visit.drafted", "visit.quality_assured",
        "visit.draft_shared", "visit.reply_received", "visit.correction_answered", "visit.finalised",
        "finding.published",
    ]  # fmt: skip
    published = told[-1]
    assert (published["visit_id"], published["area"], published["school"]) == (id_, "teaching", SCHOOL)
    assert {event["class"] for event in told} == {"confidential"}
    everything = str(told)
    assert "Questioning" not in everything
    assert "adequate" not in everything
    assert "421" not in everything


async def test_skipped_states_are_refused_and_the_possible_ones_are_named(visits: Visits) -> None:
    """Flows §2: every aggregate refuses skipped states; the problem lists what is possible, in both languages."""
    id_ = await planned(visits)
    for step, body in (("draft", {"summary": "x"}), ("share", None), ("finalise", None)):
        problem = await visits.adviser().refused(f"/v1/visits/{id_}/{step}", body)
        assert problem["code"] == "transition_not_allowed"
        assert problem["reason"] == "not_from_this_state"
        assert problem["possible"] == ["reschedule", "hold", "cancel"]
    welsh = visits.caller("adviser", person_id="adviser-1", sub="adviser-1", language="cy")
    assert (await welsh.refused(f"/v1/visits/{id_}/share"))["detail"].startswith("Nid yw'r cam hwn")


async def test_what_is_refused_of_a_visit(visits: Visits) -> None:
    """Flows §2: a held date in the future, a closed school, a judgement without evidence."""
    adviser = visits.adviser()
    id_ = await planned(visits, planned_for="2020-01-22")
    problem = await adviser.refused(f"/v1/visits/{id_}/hold", {"held_on": "2020-01-21"}, 422)
    assert [fault["code"] for fault in problem["errors"]] == ["day_in_future"]
    await adviser.done(f"/v1/visits/{id_}/hold", {"held_on": "2020-01-20"})
    bare = {**FINDING, "evidence": []}
    problem = await adviser.refused(f"/v1/visits/{id_}/findings", bare, 422)
    assert [fault["code"] for fault in problem["errors"]] == ["judgement_without_evidence"]
    problem = await adviser.refused(f"/v1/visits/{id_}/findings", {**FINDING, "judgement": "C"}, 422)
    assert [fault["code"] for fault in problem["errors"]] == ["not_in_list"]
    await visits.hear(school_changed(SCHOOL, status="closed", valid_from="2020-01-21"))
    problem = await adviser.refused("/v1/visits", {**PLAN, "planned_for": "2020-02-03"})
    assert problem["code"] == "visit_to_closed_school"
    assert await visits.events("visit.planned", "finding.recorded") == [
        event for event in await visits.events() if event["verb"] == "visit.planned"
    ]


async def test_quality_is_never_assured_by_the_author(visits: Visits) -> None:
    """Flows §2: quality assurance by the author is refused, also for somebody who holds both roles."""
    id_ = await drafted(visits)
    both = visits.senior(person="adviser-1")
    problem = await both.refused(f"/v1/visits/{id_}/assure")
    assert problem["reason"] == "author_cannot_assure"
    shown = (await both.get(f"/v1/visits/{id_}")).json()
    assert steps(shown) == {"assure": "author_cannot_assure"}
    assert (await visits.senior().done(f"/v1/visits/{id_}/assure"))["state"] == "quality_assured"


async def test_silence_lapses_by_the_clock(visits: Visits) -> None:
    """Flows §2, times of a visit: reply within 5 working days; silence lapses; said once."""
    id_ = await shared(visits)
    visits.clock.advance(timedelta(days=7))
    assert await visits.tasks.run_all() is False, "the last day for the reply has not passed"
    visits.clock.advance(timedelta(days=1))
    assert await visits.tasks.run_all() is True
    assert await visits.tasks.run_all() is False
    problem = await visits.head().refused(f"/v1/visits/{id_}/reply", {"reply": "Late."})
    assert problem["reason"] == "not_from_this_state"
    late = await visits.adviser().done(f"/v1/visits/{id_}/finalise")
    assert (late["state"], late["final_in_time"]) == ("final", True)
    assert len(await visits.events("visit.reply_lapsed")) == 1


async def test_an_amendment_is_a_new_version_and_the_old_one_stays(visits: Visits) -> None:
    """D-08: a final record is never edited; by known_at and by versions the earlier one is read."""
    id_ = await final(visits)
    adviser = visits.adviser()
    before = await adviser.get(f"/v1/visits/{id_}")
    refused = await adviser.patch(f"/v1/visits/{id_}", {"summary": "Other."}, before.headers["etag"])
    assert (refused.status_code, refused.json()["code"]) == (409, "visit_not_editable")
    visits.clock.advance(timedelta(days=1))
    finding = (await adviser.everything("/v1/findings", visit_id=id_))[0]
    refused = await adviser.patch(
        f"/v1/findings/{finding['id']}", {"judgement": "good"},
        (await adviser.get(f"/v1/findings/{finding['id']}")).headers["etag"],
    )  # fmt: skip
    assert refused.json()["code"] == "findings_closed"
    amended = await adviser.done(
        f"/v1/visits/{id_}/amend",
        {
            "summary": "A good picture.",
            "reason": "Books were read again.",
            "findings": [{"finding_id": finding["id"], "judgement": "good"}],
        },
    )
    assert (amended["state"], amended["summary"]) == ("amended", "A good picture.")
    moment = before.json()["known_at"]
    old = (await adviser.get(f"/v1/visits/{id_}", known_at=moment)).json()
    assert (old["state"], old["summary"], old["version"]) == (
        "final",
        "A fair picture.",
        amended["version"] - 1,
    )
    versions = await adviser.everything(f"/v1/visits/{id_}/versions")
    assert [version["version"] for version in versions] == list(range(1, amended["version"] + 1))
    of_head = await visits.head().everything(f"/v1/visits/{id_}/versions")
    assert [version["state"] for version in of_head] == ["shared", "replied", "final", "amended"]
    assert (await adviser.get(f"/v1/findings/{finding['id']}")).json()["judgement"] == "good"
    told = await visits.events("finding.published")
    assert [event["changed"] for event in told] == [[], ["judgement"]]


@pytest.mark.parametrize(
    ("role", "of", "sees"),
    [
        ("adviser", {"person_id": "adviser-1"}, {"drafted", "shared", "final"}),
        ("adviser", {"person_id": "adviser-2"}, set()),
        ("senior_adviser", {"body": "central_south"}, {"drafted", "shared", "final"}),
        ("lead_officer", {"authority": "673"}, {"drafted", "shared", "final"}),
        ("director", {"authority": "681"}, set()),
        ("authority_system", {"authority": "673"}, {"drafted", "shared", "final"}),
        ("head", {"school": SCHOOL}, {"shared", "final"}),
        ("head", {"school": NEIGHBOUR}, set()),
        ("chair_of_governors", {"school": SCHOOL}, {"final"}),
    ],
)
async def test_who_sees_which_stage(visits: Visits, role: str, of: dict[str, str], sees: set[str]) -> None:
    """Flows §1: heads from `shared` on, governors finals, neighbours nothing: 404 as if there were none."""
    ids = {"drafted": await drafted(visits), "shared": await shared(visits), "final": await final(visits)}
    caller = visits.caller(role, **of)
    for stage, id_ in ids.items():
        assert (await caller.get(f"/v1/visits/{id_}")).status_code == (200 if stage in sees else 404)
        found = await caller.everything("/v1/findings", visit_id=id_)
        assert len(found) == (stage in sees)
    assert {item["id"] for item in await caller.everything("/v1/visits")} == {ids[stage] for stage in sees}


async def test_a_head_learns_nothing_of_a_draft_by_replying(visits: Visits) -> None:
    """Flows §1: others get 404, also from a command."""
    id_ = await drafted(visits)
    await visits.head().refused(f"/v1/visits/{id_}/reply", {"reply": "Early."}, 404)
    await visits.caller("head", school=NEIGHBOUR, person_id=HEAD).refused(
        f"/v1/visits/{id_}/reply", {"reply": "x"}, 404
    )
    answer = await visits.caller("welsh_government").get(f"/v1/visits/{id_}")
    assert answer.status_code == 403


async def test_rescheduled_and_cancelled(visits: Visits) -> None:
    """Flows §2: planned → cancelled, rescheduled; each with its reason, which no event carries."""
    id_ = await planned(visits)
    adviser = visits.adviser()
    moved = await adviser.done(
        f"/v1/visits/{id_}/reschedule", {"planned_for": "2020-02-05", "reason": "The head is ill."}
    )
    assert (moved["planned_for"], moved["reason"]) == ("2020-02-05", "The head is ill.")
    await adviser.done(f"/v1/visits/{id_}/cancel", {"reason": "Merged with another visit."})
    problem = await adviser.refused(f"/v1/visits/{id_}/hold", {"held_on": "2020-01-20"})
    assert problem["possible"] == []
    told = await visits.events("visit.rescheduled", "visit.cancelled")
    assert told[0]["changed"] == ["planned_for"]
    assert "ill" not in str(told)


async def test_two_who_finalise_at_once(visits: Visits) -> None:
    """D-08: a state is decided on by one only; the other is refused and publishes nothing a second time."""
    id_ = await shared(visits)
    await visits.head().done(f"/v1/visits/{id_}/reply", {"reply": "Agreed."})
    answers = await asyncio.gather(*(visits.adviser().post(f"/v1/visits/{id_}/finalise") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(await visits.events("visit.finalised", "finding.published")) == 2


async def test_documents_in_time(visits: Visits) -> None:
    """Capabilities D-07: the share of drafts and finals in time; without a denominator no figure."""
    system = visits.system()
    await planned(visits)
    assert await system.everything("/v1/visit-timeliness") == []
    await drafted(visits)
    [row] = await system.everything("/v1/visit-timeliness")
    assert (row["drafts_due"], row["drafts_in_time_share"]) == (0, None)
    await final(visits)
    visits.clock.advance(timedelta(days=15))
    [row] = await system.everything("/v1/visit-timeliness", school_year="2019/20")
    assert (row["visits_held"], row["drafts_due"], row["drafts_in_time"]) == (2, 2, 1)
    assert (row["drafts_in_time_share"], row["finals_in_time_share"]) == (50.0, 50.0)
    assert await visits.system("681").everything("/v1/visit-timeliness") == []
