"""The half-termly return from its opening to its acknowledgement (S1-34, D-24, E-01..E-05, X-01, X-03)."""

import asyncio
import time
from hashlib import sha256
from typing import Any

from returning import (
    BEFORE,
    FIRST,
    OFFICER,
    PEOPLE,
    RETURN,
    SECOND,
    VERSION,
    WALES,
    category,
    closing,
    document,
    frozen,
    opened,
    passed,
    region,
    school,
    step,
    submitted,
    told,
    value,
    visit,
)  # fmt: skip

from contracts.events.visits import VisitHeld
from testkit.statements import statements_of


async def test_who_owes_what_when(exchange: Any) -> None:
    """E-01: the consortium under the National Model with its authorities; each authority after it."""
    await told(exchange, region())
    answer = await exchange.ask("GET", "/v1/return-obligations", query={"school_year": "2019/20"}, **WALES)
    assert answer.status_code == 200, answer.text
    owed = {one["return_id"]: one for one in answer.json()["items"]}
    assert set(owed) == {RETURN, BEFORE, "2019-20.spring_1.660", "2019-20.autumn_2.660"}
    spring = owed[RETURN]
    assert (spring["kind"], spring["authorities"]) == ("consortium", ["673", "681"])
    assert (spring["opens_on"], spring["due_on"], spring["state"]) == ("2020-02-24", "2020-03-08", "late")
    own = await exchange.ask("GET", "/v1/return-obligations", role="lead_officer", authority="660")
    assert {one["organisation"] for one in own.json()["items"]} == {"660"}
    same = await exchange.ask(
        "GET", "/v1/return-obligations", role="lead_officer", authority="660",
        headers={"If-None-Match": own.headers["etag"]},
    )  # fmt: skip
    assert same.status_code == 304


async def test_the_clock_opens_what_is_due(exchange: Any) -> None:
    """Flows 2: opened (clock), once for each return whose period is over."""
    await told(exchange, region())
    until = time.monotonic() + 25
    while time.monotonic() < until:
        answer = await exchange.ask("GET", "/v1/returns", **OFFICER)
        if len(answer.json()["items"]) == 2:
            break
        await asyncio.sleep(0.25)
    assert sorted(one["return_id"] for one in answer.json()["items"]) == [BEFORE, RETURN]
    assert {one["state"] for one in answer.json()["items"]} == {"opened"}


async def test_figures_come_from_the_events_alone(filled: Any) -> None:
    """S1-34, flows 3: counts by authority, sector, medium, category; zero is told from nothing collected."""
    await passed(filled, "fill", OFFICER)
    content = (await document(filled, who=OFFICER)).json()
    assert [value(content, f"register.{name}") for name in ("last", "opened", "closed", "open")] == [
        5,
        1,
        1,
        5,
    ]
    assert value(content, "register.open", "673") == 2
    assert value(content, "register.open", "681", sector="primary", medium="WM") == 1
    assert value(content, "categories.count") == 4
    assert value(content, "categories.count", "681", sector="primary", medium="EM", category="red") == 1
    assert value(content, "categories.uncategorised", "681") == 1
    assert value(content, "categories.uncategorised", "673") == 0
    assert [value(content, f"visits.{name}", "673") for name in ("due", "held", "on_time", "outstanding")] == [
        2, 1, 1, 1,
    ]  # fmt: skip
    assert value(content, "visits.due", "681") == 0
    sections = {section["code"]: section["status"] for section in content["sections"]}
    assert sections["register"] == sections["visits"] == "collected"
    assert sections["money"] == sections["support"] == "not_collected"


async def test_what_no_service_has_told_is_not_collected(exchange: Any) -> None:
    """Flows 3: `not_collected` until the services come, never 0; an authority without schools is unknown."""
    await told(exchange, [fact for fact in region() if fact[0].PUBLISHER == "registry"])
    await opened(exchange)
    await passed(exchange, "fill", OFFICER)
    content = (await document(exchange, who=OFFICER)).json()
    assert value(content, "visits.due") == value(content, "categories.count", "673") == "not_collected"
    assert value(content, "register.open") == 5


async def test_a_return_from_first_to_last_step(filled: Any) -> None:
    """Flows 2: filled, validated, frozen, signed twice, submitted, acknowledged; Welsh Government sees it then only."""
    version = await frozen(filled)
    assert (await filled.ask("GET", VERSION, **WALES)).status_code == 404
    assert (await filled.ask("GET", f"{VERSION}/document", **WALES)).status_code == 404
    assert (await filled.ask("GET", "/v1/returns", **WALES)).json()["items"] == []
    digest = {"digest": version["digest"]}
    assert (await passed(filled, "sign", FIRST, digest))["state"] == "signed_first"
    assert (await passed(filled, "sign", SECOND, digest))["state"] == "signed_second"
    assert (await passed(filled, "submit", OFFICER))["state"] == "submitted"
    listed = (await filled.ask("GET", "/v1/returns", **WALES)).json()["items"]
    assert [one["id"] for one in listed] == [f"{RETURN}.1"]
    since = {"since": listed[0]["known_at"]}
    assert (await filled.ask("GET", "/v1/returns", query=since, **WALES)).json()["items"] == []
    seen = await filled.ask("GET", VERSION, **WALES)
    again = await filled.ask("GET", VERSION, headers={"If-None-Match": seen.headers["etag"]}, **WALES)
    assert again.status_code == 304
    asked = await passed(filled, "query", WALES, {"question": "Why six?"})
    assert (asked["state"], asked["question"]) == ("queried", "Why six?")
    assert (await passed(filled, "acknowledge", WALES))["state"] == "acknowledged"
    refused = await step(filled, "void", FIRST, {"reason": "A mistake."})
    assert refused.status_code == 409
    assert refused.json()["code"] == "transition_not_allowed"
    owed = await filled.ask("GET", "/v1/return-obligations", query={"period": "spring_1"}, **WALES)
    states = {one["return_id"]: one["state"] for one in owed.json()["items"]}
    assert states == {RETURN: "submitted_late", "2019-20.spring_1.660": "late"}


async def test_draft_is_not_for_others(filled: Any) -> None:
    """Flows 1: the signatories' side before submission; a neighbour's return is not known."""
    for who in (WALES, {"role": "data_officer", "body": "erw"}, {"role": "lead_officer", "authority": "673"}):
        assert (await filled.ask("GET", VERSION, **who)).status_code == 404
    assert (await filled.ask("GET", VERSION, role="head", school="6732001")).status_code == 403


async def test_two_different_people_sign(filled: Any) -> None:
    """Flows 2: one person twice, whoever froze it, a machine and a wrong digest are refused; nothing is changed."""
    version = await frozen(filled)
    digest = {"digest": version["digest"]}

    async def refused(who: dict[str, Any], body: dict[str, str] = digest) -> str:
        answer = await step(filled, "sign", who, body)
        assert answer.status_code == 409, answer.text
        code: str = answer.json().get("reason", answer.json()["code"])
        return code

    assert await refused({**FIRST, "person_id": None}) == "signatory_is_no_person"
    assert (
        await refused({**FIRST, "person_id": "0199c0de-0000-7000-8000-0000000000ff"})
        == "signatory_is_no_person"
    )
    assert await refused({**FIRST, "person_id": PEOPLE["officer"]}) == "signatory_froze_it"
    assert await refused(SECOND) == "not_the_signatory"
    assert await refused(FIRST, {"digest": "0" * 64}) == "return_digest_differs"
    await passed(filled, "sign", FIRST, digest)
    # Another token of the same person, as the other role: persons are compared, not tokens.
    assert await refused({**SECOND, "sub": "another", "person_id": FIRST["person_id"]}) == "signed_already"
    steps = (await filled.ask("GET", VERSION, **SECOND)).json()["allowed_transitions"]
    assert {s["name"]: s["allowed"] for s in steps} == {"sign_second": True, "reopen": False}


async def test_a_change_voids_both_signatures(filled: Any) -> None:
    """Flows 2, issue 4 point 11: a late change to a frozen return is refused; reopened, it is signed off anew."""
    version = await frozen(filled)
    digest = {"digest": version["digest"]}
    for name, body in (("fill", None), ("remarks", {"rule": "RET-08", "kind": "comment", "text": "x"})):
        answer = await step(filled, name, OFFICER, body, headers={"Accept-Language": "cy"})
        assert answer.status_code == 409
        assert answer.json()["reason"] == "not_from_this_state"
        assert answer.json()["language"] == "cy"
    await passed(filled, "sign", FIRST, digest)
    await passed(filled, "sign", SECOND, digest)
    reopened = await passed(filled, "reopen", OFFICER)
    assert (reopened["state"], reopened["signed_first_by"], reopened["signed_second_by"]) == (
        "filled",
        None,
        None,
    )
    assert (await step(filled, "submit", OFFICER)).status_code == 409


async def test_an_unwaived_error_bars_freezing(exchange: Any) -> None:
    """Flows 2: freezing with an unwaived error; with a waiver it is counted in the section of data quality."""
    facts = [fact for fact in region() if not (fact[1].startswith("681") or "681" in fact[1][-7:-4])]
    await told(exchange, facts)
    await told(exchange, [f for f in region() if f[1] in ("681", "681:2019", "member-681")])
    await opened(exchange)
    await passed(exchange, "fill", OFFICER)
    found = (await passed(exchange, "validate", OFFICER))["findings"]
    assert {(one["rule"], one["authority"]) for one in found if one["severity"] == "error"} == {
        ("RET-05", "681")
    }
    refused = await step(exchange, "freeze", OFFICER)
    assert (refused.status_code, refused.json()["reason"]) == (409, "return_has_errors")
    said = {"rule": "RET-05", "authority": "681", "kind": "waiver", "text": "Its list is not here yet."}
    await passed(exchange, "remarks", OFFICER, said)
    for one in found:
        if one["severity"] == "warning":
            comment = {
                "rule": one["rule"],
                "authority": one["authority"],
                "kind": "comment",
                "text": "Looked at.",
            }
            await passed(exchange, "remarks", OFFICER, comment)
    await passed(exchange, "validate", OFFICER)
    await passed(exchange, "freeze", OFFICER)
    content = (await document(exchange, who=OFFICER)).json()
    assert value(content, "register.open", "681") == value(content, "register.open") == "unknown"
    assert value(content, "data_quality.waivers", "681") == 1


async def test_frozen_is_frozen_at_its_position(filled: Any) -> None:
    """X-01: what the feed says later changes nothing in a frozen return."""
    before = await frozen(filled)
    await told(filled, [school("6732009"), closing("6732001", "2020-02-01")])
    after = await filled.ask("GET", VERSION, **OFFICER)
    assert after.json()["digest"] == before["digest"]
    content = await document(filled, who=OFFICER)
    assert sha256(content.content).hexdigest() == before["digest"]
    assert value(content.json(), "register.open") == 5


async def test_corrected_by_a_later_version_only(filled: Any) -> None:
    """S1-34: version 2 says what changed and why; version 1 is superseded and stays readable; the two are compared."""
    await submitted(filled)
    await told(filled, [category("6812003", "yellow")])
    early = await filled.ask("POST", f"/v1/returns/{RETURN}/versions", sent={"reason": "x"}, **WALES)
    assert early.status_code == 403
    made_2 = await filled.ask(
        "POST", f"/v1/returns/{RETURN}/versions", sent={"reason": "A category came late."}, **OFFICER
    )
    assert made_2.status_code == 201, made_2.text
    twice = await filled.ask("POST", f"/v1/returns/{RETURN}/versions", sent={"reason": "Again."}, **OFFICER)
    assert (twice.status_code, twice.json()["code"]) == (409, "return_not_amendable")
    assert (await filled.ask("GET", f"/v1/returns/{RETURN}", **WALES)).json()["number"] == 1
    await submitted(filled, number=2)
    states = {
        one["number"]: one["state"]
        for one in (await filled.ask("GET", "/v1/returns", **WALES)).json()["items"]
    }
    assert states == {1: "superseded", 2: "submitted"}
    second = (await document(filled, f"/v1/returns/{RETURN}/versions/2")).json()
    assert second["amends"]["version"] == 1
    assert second["amends"]["reason"] == "A category came late."
    compared = await filled.ask(
        "GET", f"/v1/returns/{RETURN}/versions/2/comparison", query={"against": 1}, **WALES
    )
    differences = compared.json()["differences"]
    assert differences == second["amends"]["differences"]
    assert {
        "figure": "categories.count",
        "authority": "681",
        "by": {},
        "before": 2,
        "after": 3,
    } in differences
    assert (await document(filled)).json()["amends"] is None


async def test_the_next_return_goes_on_from_the_last(exchange: Any) -> None:
    """Flows 3: last + late + opened - closed = now; what is recorded late is itemised and asks for a comment."""
    await told(exchange, region())
    await opened(exchange, BEFORE)
    await submitted(exchange, of=BEFORE)
    late = [closing("6812002", "2019-12-01"), visit("6732001", "visit-0", VisitHeld, held_on="2019-12-02",
                                                    planned_for="2019-12-02")]  # fmt: skip
    await told(exchange, late)
    await opened(exchange)
    await passed(exchange, "fill", OFFICER)
    version = await passed(exchange, "validate", OFFICER)
    assert version["earlier_version"] == f"{BEFORE}.1"
    content = (await document(exchange, who=OFFICER)).json()
    names = ("last", "late_added", "late_removed", "opened", "closed", "open")
    assert [value(content, f"register.{name}") for name in names] == [5, 0, 1, 1, 1, 4]
    assert value(content, "visits.late", "673") == 1
    found = {(one["rule"], one["figure"], one["authority"]) for one in version["findings"]}
    assert {("RET-07", "register.late_removed", "681"), ("RET-07", "visits.late", "673")} <= found
    assert not any(one["severity"] == "error" for one in version["findings"])
    refused = await step(exchange, "freeze", OFFICER)
    assert refused.json()["reason"] == "return_needs_comments"


async def test_a_figure_is_traced_to_its_records(filled: Any) -> None:
    """X-03: ids and versions at the frozen position; Welsh Government sees these, not the records."""
    await submitted(filled)
    await told(filled, [school("6732001", name="Another name")])
    trace = await filled.ask("GET", f"{VERSION}/figures/register.open/trace", **WALES)
    assert trace.status_code == 200, trace.text
    traced = trace.json()
    assert traced["count"] == 5 == value((await document(filled)).json(), "register.open")
    assert {one["id"] for one in traced["records"]} == {"6732001", "6732002", "6812001", "6812002", "6812003"}
    assert all(one["version"] == 1 and one["position"] <= traced["position"] for one in traced["records"])
    red = await filled.ask(
        "GET", f"{VERSION}/figures/categories.count/trace", query={"authority": "681"}, **WALES
    )
    assert {one["by"]["category"] for one in red.json()["records"]} == {"green", "red"}
    assert (await filled.ask("GET", f"{VERSION}/figures/no.such/trace", **WALES)).status_code == 404


async def test_voided_by_both_signatories(filled: Any) -> None:
    """Flows 2: voided before acknowledgement, with a reason, by both signatories and nobody else."""
    await submitted(filled)
    other = {**SECOND, "person_id": PEOPLE["other_director"]}
    assert (await step(filled, "void", other, {"reason": "No."})).json()["reason"] == "did_not_sign"
    assert (await passed(filled, "void", SECOND, {"reason": "Wrong term."}))["state"] == "submitted"
    assert (await step(filled, "void", SECOND, {"reason": "Again."})).json()["reason"] == "void_asked_already"
    assert (await passed(filled, "void", FIRST, {"reason": "Wrong term."}))["state"] == "voided"


async def test_returns_are_in_the_feed(filled: Any) -> None:
    """E-01: Welsh Government hears of a submitted return in the feed, and of nothing before."""
    await submitted(filled)
    async with asyncio.timeout(10):
        found: list[str] = []
        while not found:
            items = (await filled.changes("welsh_government", wait=1, limit=1000))["items"]
            found = [item["type"].split(".")[4] for item in items if ".exchange." in item["type"]]
    assert found == ["submitted"]


async def test_a_list_costs_the_same_however_long(filled: Any) -> None:
    """R16: however many returns, the same statements."""
    found = []
    for return_id in (RETURN, BEFORE):
        await opened(filled, return_id)
        with statements_of(filled.api.engine) as statements:
            answer = await filled.ask("GET", "/v1/returns", **OFFICER)
        found.append(len(statements))
    assert len(answer.json()["items"]) == 2
    assert found[0] == found[1] <= 8
