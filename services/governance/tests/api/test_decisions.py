"""Executive decisions [flows 2; domain 6.1.9]: published, called in by scrutiny, in effect, implemented."""

from datetime import UTC, datetime

from governance_api import Caller, Governance

CABINET, SCRUTINY = "vale_cabinet", "vale_scrutiny"


async def published(governance: Governance, **more: object) -> tuple[str, Caller]:
    """A decision of Thursday 24 February 2022, published the day after; gives its path and the cabinet's clerk."""
    governance.on(2022, 2, 10)
    await governance.establish(CABINET, "cabinet_2012", ["673"])
    await governance.establish(SCRUTINY, "scrutiny_committee_2012", ["673"])
    await governance.appoint(SCRUTINY, "elected_member", "scrutineer")
    members = [
        await governance.appoint(
            CABINET, "cabinet_member", f"m{n}", **({"office": "chair"} if n == 0 else {})
        )
        for n in range(4)
    ]
    meeting = await governance.opened(CABINET, datetime(2022, 2, 24, 14, tzinfo=UTC), "m0", members)
    resolution = await governance.moved(meeting, about={"kind": "school", "id": "6732118"})
    clerk = governance.clerk(f"clerk of {CABINET}")
    new = {
        "resolution_id": resolution["id"], "text_en": "The plan is agreed", "text_cy": "Cytunwyd ar y cynllun",
        "scrutiny_body": SCRUTINY, **more,
    }  # fmt: skip
    assert await clerk.refused("/v1/decisions", new) == (409, "not_a_decision", "")
    await clerk.done(f"/v1/resolutions/{resolution['id']}/assent")
    governance.on(2022, 2, 25)
    return f"/v1/decisions/{(await clerk.done('/v1/decisions', new))['id']}", clerk


async def test_a_decision_takes_effect_after_five_working_days(governance: Governance) -> None:
    """flows 2, refused: implementing during call-in; the clock moves it, once for each step."""
    path, clerk = await published(governance)
    decision = await governance.public.read(path)
    assert (decision["state"], decision["published_on"], decision["call_in_ends"]) == (
        "published", "2022-02-25", "2022-03-04",
    )  # fmt: skip
    for day, state in (((2022, 2, 25), "published"), ((2022, 2, 28), "callable"), ((2022, 3, 4), "callable")):
        governance.on(*day)
        await governance.run_clock()
        assert (await clerk.read(path))["state"] == state
        assert (await clerk.refused(f"{path}/implement"))[2] == "call_in_running"
    governance.on(2022, 3, 5)
    await governance.run_clock()
    await governance.run_clock()
    effective = await clerk.read(path)
    assert (effective["state"], effective["effective_on"]) == ("effective", "2022-03-05")
    assert (await clerk.done(f"{path}/implement"))["state"] == "implemented"
    told = [event["type"].split(".")[1] for event in await governance.events("decision")]
    assert told == ["published", "became_callable", "took_effect", "implemented"]


async def test_scrutiny_calls_in_and_lets_it_stand(governance: Governance) -> None:
    """domain 6.1.9: called in by the scrutiny of the same authority only; then upheld, referred back, to council."""
    path, clerk = await published(governance)
    scrutineer, other = governance.member("scrutineer"), governance.member("m1")
    why = {"reason": "The consultation was too short"}
    assert (await scrutineer.refused(f"{path}/call-in", why))[2] == "not_from_this_state"
    governance.on(2022, 3, 1)
    await governance.run_clock()
    assert (await other.refused(f"{path}/call-in", why))[2] == "operation_not_permitted"
    assert (await scrutineer.done(f"{path}/call-in", why))["state"] == "called_in"
    governance.on(2022, 3, 20)
    await governance.run_clock()
    assert (await clerk.refused(f"{path}/implement"))[2] == "call_in_running"
    assert (await clerk.refused(f"{path}/uphold", why))[2] == "operation_not_permitted"
    scrutiny = governance.clerk(f"clerk of {SCRUTINY}")
    upheld = await scrutiny.done(f"{path}/uphold", {"reason": "Satisfied"})
    assert (upheld["state"], upheld["effective_on"]) == ("upheld", "2022-03-20")
    assert (await clerk.done(f"{path}/implement"))["implemented_on"] == "2022-03-20"
    assert "consultation" not in str(await governance.events())


async def test_what_may_not_be_called_in_takes_effect_at_once(governance: Governance) -> None:
    path, clerk = await published(governance, subject_to_call_in=False, scrutiny_body=None)
    await governance.run_clock()
    assert (await clerk.read(path))["state"] == "effective"
    assert (await clerk.read(path))["call_in_ends"] is None
