"""Support categories through their steps, under versioned schemes that are never compared (S2-21, D-06)."""

from typing import Any

from visits_api import NEIGHBOUR, SCHOOL, Caller, Visits

ROUND = {
    "school_number": SCHOOL,
    "scheme": "national_2014",
    "school_year": "2019/20",
    "self_evaluation": "We know ourselves well.",
}
ID = f"national_2014.2019-20.{SCHOOL}"
PATH = f"/v1/categories/{ID}"


async def proposed(visits: Visits, value: str = "amber") -> None:
    await visits.head().done("/v1/categories", ROUND, 201)
    await visits.adviser().done(f"{PATH}/propose", {"value": value, "rationale": "Standards fell."})


async def published(visits: Visits, value: str = "amber", dated: str = "2020-01-10") -> dict[str, Any]:
    await proposed(visits, value)
    await visits.head().done(f"{PATH}/agree")
    await visits.senior().done(f"{PATH}/moderate", {})
    await visits.senior().done(f"{PATH}/verify")
    return await visits.senior().done(f"{PATH}/publish", {"dated": dated})


def anybody(visits: Visits) -> Caller:
    return visits.caller("welsh_government")


async def test_from_self_evaluation_to_publication(visits: Visits) -> None:
    """Domain 2.2.9: each step in its order; confidential until it is published, public from then on."""
    await proposed(visits)
    assert (await anybody(visits).get(PATH)).status_code == 404
    assert (await visits.adviser("adviser-2").get(PATH)).status_code == 404
    problem = await visits.senior().refused(f"{PATH}/publish", {"dated": "2020-01-10"})
    assert problem["reason"] == "not_from_this_state"
    await visits.head().done(f"{PATH}/disagree", {"disagreement": "We are yellow."})
    await visits.senior().done(f"{PATH}/moderate", {})
    problem = await visits.senior().refused(f"{PATH}/publish", {"dated": "2020-01-10"})
    assert problem["reason"] == "verification_missing"
    await visits.senior().done(f"{PATH}/verify")
    done = await visits.senior().done(f"{PATH}/publish", {"dated": "2020-01-10"})
    assert (done["value"], done["ceiling_days"], done["intensive_monitoring"]) == ("amber", 15, True)
    public = (await anybody(visits).get(PATH)).json()
    assert public["value"] == "amber"
    assert not {"rationale", "disagreement", "self_evaluation", "reason"} & public.keys()
    assert (await anybody(visits).get(PATH, valid_at="2020-01-09")).status_code == 404
    told = await visits.events()
    assert [(event["verb"], event["class"]) for event in told] == [
        ("category.self_evaluated", "confidential"),
        ("category.proposed", "confidential"),
        ("category.disagreement_lodged", "confidential"),
        ("category.moderated", "confidential"),
        ("category.verified", "confidential"),
        ("category.published", "public"),
    ]
    assert "amber" not in str(told[:-1])
    assert told[-1]["ceiling_days"] == 15


async def test_a_moderation_that_moves_the_value_needs_a_reason(visits: Visits) -> None:
    """Domain 2.2.10: the board's result with its reason."""
    await proposed(visits)
    await visits.head().done(f"{PATH}/agree")
    problem = await visits.senior().refused(f"{PATH}/moderate", {"value": "yellow"}, 422)
    assert [fault["pointer"] for fault in problem["errors"]] == ["/reason"]
    problem = await visits.senior().refused(f"{PATH}/moderate", {"value": "C", "reason": "x"}, 422)
    assert [fault["code"] for fault in problem["errors"]] == ["not_in_list"]


async def test_a_change_in_year_keeps_the_days_before(visits: Visits) -> None:
    """Flows §2: in_year_change with a reason; what was true before stays true."""
    await published(visits)
    senior = visits.senior()
    body = {"value": "red", "dated": "2020-03-02", "reason": "Special measures."}
    changed = await senior.done(f"{PATH}/change-in-year", body)
    assert (changed["value"], changed["valid_from"], changed["ceiling_days"]) == ("red", "2020-03-02", 25)
    assert (await senior.get(PATH, valid_at="2020-03-01")).json()["value"] == "amber"
    assert (await senior.get(PATH, valid_at="2020-03-02")).json()["value"] == "red"
    again = await senior.refused(f"{PATH}/change-in-year", {**body, "dated": "2020-04-01"}, 422)
    assert [fault["code"] for fault in again["errors"]] == ["same_value"]
    [told] = await visits.events("category.changed_in_year")
    assert (told["previous_value"], told["value"], told["class"]) == ("amber", "red", "public")


async def test_two_categories_on_one_day_are_refused_and_a_later_one_supersedes(visits: Visits) -> None:
    """Flows §2: two categories for one school on one day are refused."""
    await published(visits, dated="2020-01-15")
    other = f"/v1/categories/national_2014.2018-19.{SCHOOL}"
    head, adviser, senior = visits.head(), visits.adviser(), visits.senior()
    await head.done("/v1/categories", {**ROUND, "school_year": "2018/19"}, 201)
    await adviser.done(f"{other}/propose", {"value": "yellow", "rationale": "Late."})
    await head.done(f"{other}/agree")
    await senior.done(f"{other}/moderate", {})
    await senior.done(f"{other}/verify")
    for dated in ("2020-01-15", "2019-01-31"):
        problem = await senior.refused(f"{other}/publish", {"dated": dated})
        assert problem["code"] == "category_on_this_day"
    await senior.done(f"{other}/publish", {"dated": "2020-01-18"})
    shown = await anybody(visits).everything("/v1/categories", school_number=SCHOOL, state="published")
    assert [(item["value"], item["valid_from"]) for item in shown] == [("yellow", "2020-01-18")]
    before = await anybody(visits).everything("/v1/categories", school_number=SCHOOL, valid_at="2020-01-17")
    assert [(item["value"], item["state"]) for item in before] == [("amber", "published")]
    assert [event["category_id"] for event in await visits.events("category.superseded")] == [ID]


async def test_schemes_that_share_letters_are_never_compared(visits: Visits) -> None:
    """Domain 2.1: a value is asked for with its scheme only; a scheme is not used in years in which it was not."""
    answer = await visits.senior().get("/v1/categories", value="C")
    assert [fault["code"] for fault in answer.json()["errors"]] == ["value_needs_scheme"]
    problem = await visits.head().refused("/v1/categories", {**ROUND, "scheme": "legacy_2012"}, 422)
    assert [fault["code"] for fault in problem["errors"]] == ["scheme_not_in_use"]


async def test_a_scheme_that_is_not_published_stays_confidential(visits: Visits) -> None:
    """Flows §1: what is not published is read by school, authority and consortium; its event carries no value."""
    path = f"/v1/categories/legacy_2012.2013-14.{SCHOOL}"
    await visits.head().done(
        "/v1/categories", {**ROUND, "scheme": "legacy_2012", "school_year": "2013/14"}, 201
    )
    await visits.adviser().done(f"{path}/propose", {"value": "C", "rationale": "x"})
    await visits.head().done(f"{path}/agree")
    await visits.senior().done(f"{path}/moderate", {})
    problem = await visits.senior().refused(f"{path}/verify")
    assert problem["reason"] == "scheme_not_verified_nationally"
    await visits.senior().done(f"{path}/publish", {"dated": "2013-11-01"})
    assert (await anybody(visits).get(path)).status_code == 404
    assert (await visits.head().get(path)).json()["value"] == "C"
    assert (await visits.head(NEIGHBOUR).get(path)).status_code == 404
    told = (await visits.events())[-1]
    assert (told["verb"], told["class"]) == ("category.settled_in_confidence", "confidential")
    assert "value" not in told
