"""What is in the region of `test_one_policy`: a frame that rights turn on, and acts that hypothesis chooses from.

Posts, seats and memberships of the consortium begin and end before, on and after the day of the test, so that who
forgets a date shows something else.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from policy_world import World, of

TODAY: Final = "2020-01-20"
BEFORE, AFTER = "2019-09-01", "2020-01-21"
SPANS: Final = (
    {"valid_from": BEFORE}, {"valid_from": TODAY}, {"valid_from": AFTER},
    {"valid_from": BEFORE, "valid_to": TODAY}, {"valid_from": BEFORE, "valid_to": AFTER},
)  # fmt: skip
"""Days of a post: since long, from today, from tomorrow, until yesterday, until today."""
AUTHORITIES: Final = ("673", "681", "672", "676")
SCHOOLS: Final = ("6732101", "6732102", "6812101", "6722101", "6762101")
BODIES: Final = ("csc_joint_committee", "vale_cabinet")
PEOPLE: Final = (
    "adviser", "second adviser", "head", "second head", "chair", "clerk", "leader", "observer", "provider",
)  # fmt: skip
OPERATOR = of("operator")
OFFICER = of("consortium_officer", body="csc", person="officer")
BROKER = of("broker", body="csc", person="broker")
SENIOR = of("senior_adviser", body="csc", person="senior")
TEXT = {"text_en": "T H A T the report be endorsed", "text_cy": "F O D yr adroddiad yn cael ei gymeradwyo"}


async def founded(world: World) -> None:
    """Authorities, schools, people, posts, the consortium with its dates, bodies with their seats."""
    world.suite.clock.moment = datetime(2020, 1, 13, 9, 30, tzinfo=UTC)
    named = [
        {"authority": code, "gss_code": f"W06000{code}", "name_en": f"A{code}", "name_cy": f"A{code}"}
        for code in AUTHORITIES
    ]
    await world.make(OPERATOR, "/v1/authorities", {"authorities": named})
    for code in AUTHORITIES:
        regime = {"authority": code, "regime": "national_model_2014", "valid_from": "2014-04-01"}
        await world.make(OPERATOR, "/v1/regimes", regime)
    for number in SCHOOLS:
        school = {"school_number": number, "name": f"Ysgol {number}", "sector": "primary"}
        await world.make(OPERATOR, "/v1/schools", {**school, "valid_from": "2018-09-01"})
        step = {"school_number": number, "valid_from": "2018-09-02"}
        await world.make(OPERATOR, "/v1/school-openings", step)
    for name in PEOPLE:
        person = {
            "name": f"Person {name}",
            "authority": "673",
            "employer": "673",
            "email": "someone@example.org",
        }
        made = await world.make(OPERATOR, "/v1/people", person)
        world.people[name] = (made or {})["id"]
    spans = ({"valid_from": BEFORE}, {"valid_from": BEFORE}, SPANS[3], SPANS[2])
    for code, span in zip(AUTHORITIES, spans, strict=True):
        await world.make(
            OPERATOR, "/v1/footprint-memberships", {"authority": code, "footprint": "csc", **span}
        )
    for number, adviser, span in (
        ("6732101", "adviser", SPANS[0]), ("6812101", "adviser", SPANS[0]), ("6732102", "second adviser", SPANS[1]),
        ("6722101", "second adviser", SPANS[3]), ("6762101", "second adviser", SPANS[2]),
    ):  # fmt: skip
        led = {"school_number": number, "person_id": world.people[adviser], **span}
        await world.make(OPERATOR, "/v1/adviser-allocations", led)
    await world.settle()
    await _bodies(world)
    await world.settle()


async def _bodies(world: World) -> None:
    people = world.people
    for body, constitution, authorities, consortium in (
        (BODIES[0], "national_model_joint_committee_2014", ["673", "681"], {"consortium": "csc"}),
        (BODIES[1], "cabinet_2012", ["673"], {}),
    ):
        await world.make(OPERATOR, "/v1/bodies", {
            "id": body, "constitution": constitution, "name_en": body, "name_cy": body,
            "authorities": authorities, "valid_from": "2012-04-01", **consortium,
        })  # fmt: skip
        await world.make(OPERATOR, "/v1/body-members", {
            "body_id": body, "seat": "clerk", "person_id": people["clerk"], "valid_from": BEFORE,
        })  # fmt: skip
    for seat, name, span in (
        ("leader", "leader", {"valid_from": BEFORE, "represents": "673", "office": "chair"}),
        ("managing_director", "observer", {"valid_from": BEFORE}),
        ("leader", "chair", {**SPANS[2], "represents": "681"}),
    ):
        new = {"body_id": BODIES[0], "seat": seat, "person_id": people[name], **span}
        await world.make(OPERATOR, "/v1/body-members", new)
    for name, span in (
        ("head", {**SPANS[0], "office": "chair"}),
        ("leader", SPANS[3]),
        ("provider", SPANS[2]),
    ):
        new = {"body_id": BODIES[1], "seat": "cabinet_member", "person_id": people[name], **span}
        await world.make(OPERATOR, "/v1/body-members", new)


async def told(world: World) -> None:
    """The region on its day, with one of everything at least."""
    await founded(world)
    for name, number, post, span in (
        ("head", "6732101", "head_teacher", SPANS[0]), ("second head", "6812101", "head_teacher", SPANS[1]),
        ("chair", "6732101", "chair_of_governors", SPANS[3]), ("second head", "6732102", "head_teacher", SPANS[2]),
    ):  # fmt: skip
        await appoint(world, name, number, post, span)
    for body in BODIES:
        await meet(world, body, exempt=True)
    world.suite.clock.moment = datetime(2020, 1, 20, 9, 30, tzinfo=UTC)
    await sit(world)
    for number, stage in (("6732101", 6), ("6812101", 4), ("6732102", 3), ("6732101", 1)):
        await visit(world, number, stage)
    for number in SCHOOLS:
        await contact(world, number, "head_teacher")
    await designate(world, "673", "head")
    await act(world, "6732101")
    await evaluate(world, "6732101", 4)
    await evaluate(world, "6812101", 2)
    await world.settle()
    await support(world, 6)
    await world.settle()


# --- acts: each is refused in silence where the rules do not allow it ---------------------------------------------


async def appoint(world: World, name: str, number: str, post: str, span: dict[str, str]) -> None:
    """Somebody comes to a post at a school."""
    await world.make(OPERATOR, "/v1/role-assignments", {
        "person_id": world.people[name], "role": post, "authority": number[:3], "school_number": number,
        "employer": number[:3], **span,
    })  # fmt: skip


async def contact(world: World, number: str, post: str) -> None:
    """A school's contact, whose details are personal."""
    details = {"post": post, "name": "Somebody", "telephone": "029 2000 0000"}
    await world.make(OPERATOR, f"/v1/schools/{number}/contacts", details)


async def designate(world: World, authority: str, name: str) -> None:
    """An authority's lead officer."""
    await world.make(OPERATOR, "/v1/liaisons", {
        "authority": authority, "kind": "lead_officer", "person_id": world.people[name], "valid_from": BEFORE,
    })  # fmt: skip


def adviser_of(world: World, number: str) -> Any:
    """Who leads a school on the day, as far as the frame says."""
    return of("adviser", person=world.people["second adviser" if number == "6732102" else "adviser"])


async def visit(world: World, number: str, stage: int) -> None:
    """A visit with a finding, brought so far: 1 planned, 2 held, 3 drafted, 4 assured, 5 shared, 6 final."""
    adviser, head = adviser_of(world, number), of("head", school=number, person="somebody's head")
    made = await world.make(adviser, "/v1/visits", {
        "school_number": number, "visit_type": "spring_monitoring", "planned_for": TODAY,
    })  # fmt: skip
    if made is None:
        return
    path = f"/v1/visits/{made['id']}"
    finding = {
        "area": "teaching", "judgement": "adequate", "statement": "Not every pupil.",
        "evidence": [{"kind": "lesson_observation", "reference": "six lessons", "dated": TODAY}],
    }  # fmt: skip
    steps: tuple[tuple[int, Any, str, Any], ...] = (
        (2, adviser, "hold", {"held_on": TODAY}), (2, adviser, "findings", finding),
        (3, adviser, "draft", {"summary": "Sound."}), (4, SENIOR, "assure", None), (5, adviser, "share", None),
        (6, head, "reply", {"reply": "Thank you."}), (6, adviser, "finalise", None),
    )  # fmt: skip
    for reached, asker, step, body in steps:
        if stage >= reached:
            await world.make(asker, f"{path}/{step}", body)


async def act(world: World, number: str) -> None:
    """An action that a school is to take."""
    await world.make(adviser_of(world, number), "/v1/actions", {
        "school_number": number, "owner_body": "school", "due_date": "2020-04-03",
        "description": "Plan questions.", "success_criterion": "Every pupil is asked.",
    })  # fmt: skip


async def evaluate(world: World, number: str, stage: int) -> None:
    """A round of categorisation, brought so far: 1 the school's own view, 2 proposed, 3 agreed, 4 published."""
    adviser, head = adviser_of(world, number), of("head", school=number, person="somebody's head")
    made = await world.make(adviser, "/v1/categories", {
        "school_number": number, "scheme": "national_2014", "school_year": "2019/20",
        "self_evaluation": "We do well.",
    })  # fmt: skip
    if made is None:
        return
    path = f"/v1/categories/{made['id']}"
    steps: tuple[tuple[int, Any, str, Any], ...] = (
        (2, adviser, "propose", {"value": "yellow", "rationale": "Sound."}), (3, head, "agree", None),
        (4, SENIOR, "moderate", {}), (4, SENIOR, "verify", None), (4, SENIOR, "publish", {"dated": "2020-01-10"}),
    )  # fmt: skip
    for reached, asker, step, body in steps:
        if stage >= reached:
            await world.make(asker, f"{path}/{step}", body)


async def meet(world: World, body: str, *, exempt: bool) -> None:
    """A meeting with an item on its agenda that is exempt or not."""
    clerk = of("clerk", person=world.people["clerk"])
    new = {"body_id": body, "starts_at": "2020-01-20T10:00:00Z", "place": "Ty Dysgu"}
    meeting = await world.make(clerk, "/v1/meetings", new)
    if meeting is None:
        return
    item = {"meeting_id": meeting["id"], "matter": "report", "title_en": "Report", "title_cy": "Adroddiad"}
    hidden = {"exempt_paragraph": 14, "exclusion_resolution": "That the public be excluded"}
    await world.make(clerk, "/v1/agenda-items", item)
    if exempt:
        await world.make(clerk, "/v1/agenda-items", {**item, **hidden})
    agreeing = [clerk]
    if body == BODIES[0]:
        agreeing = [of("managing_director", person=world.people["observer"])]
    for one in agreeing:
        await world.make(one, f"/v1/meetings/{meeting['id']}/agree-agenda")
    await world.make(clerk, f"/v1/meetings/{meeting['id']}/give-notice")


async def sit(world: World) -> None:
    """The cabinet meets: attendance, a resolution on each item, minutes."""
    clerk = of("clerk", person=world.people["clerk"])
    meeting = next(one for one in world.made["meetings"] if one.get("body_id") == BODIES[1])
    seated = {world.people["head"], world.people["clerk"]}
    members = [
        one
        for one in world.made["body-members"]
        if one["body_id"] == BODIES[1] and one["person_id"] in seated
    ]
    for member in members:
        arrived = {
            "meeting_id": meeting["id"],
            "member_id": member["id"],
            "arrived_at": "2020-01-20T09:30:00Z",
        }
        await world.make(clerk, "/v1/attendances", arrived)
    chair = of("body_member", person=world.people["head"])
    await world.make(chair, f"/v1/meetings/{meeting['id']}/open")
    for item in [one for one in world.made["agenda-items"] if one["meeting_id"] == meeting["id"]]:
        new = {"meeting_id": meeting["id"], "agenda_item_id": item["id"], "kind": "resolved", **TEXT}
        await world.make(clerk, "/v1/resolutions", new)


async def support(world: World, stage: int) -> None:
    """Support by another authority's school: 1 on the menu, 2 asked for, 3 offered, 4 agreed, 5 placed, 6 begun."""
    head, supporter = (
        of("head", school="6732101", person="head one"),
        of("head", school="6812101", person="head two"),
    )
    provider = await world.make(BROKER, "/v1/providers", {
        "kind": "school", "provider_school": "6812101", "specialisms": ["teaching"], "phases": ["primary"],
        "languages": ["en"],
    })  # fmt: skip
    finding = next((one for one in world.made.get("findings", []) if one["school_number"] == "6732101"), None)
    if provider is None:
        return
    days = {"first_day": "2020-01-06", "last_day": "2020-04-05", "days": 20}
    await world.make(BROKER, f"/v1/providers/{provider['id']}/capacities", days)
    item = await world.make(BROKER, "/v1/menu-items", {
        "provider_id": provider["id"], "support_type": "pathfinder_pair", "specialism": "teaching",
        "title_en": "Paired", "title_cy": "Paru", "day_price_pence": 30000,
    })  # fmt: skip
    if stage < 2 or finding is None or item is None:
        return
    asked = {"finding_id": finding["id"], "specialism": "teaching", "days": 2, "need": "Paired teaching."}
    request = await world.make(head, "/v1/support-requests", asked)
    if request is None or stage < 3:
        return
    await world.make(BROKER, f"/v1/support-requests/{request['id']}/triage")
    await world.make(BROKER, f"/v1/support-requests/{request['id']}/match", {"menu_item_id": item["id"]})
    offer = await world.make(BROKER, "/v1/offers", {
        "request_id": request["id"], "days": 2, "first_day": TODAY, "last_day": "2020-02-21",
        "paid_by": "consortium",
    })  # fmt: skip
    if offer is None or stage < 4:
        return
    await world.make(head, f"/v1/offers/{offer['id']}/accept", {"side": "supported"})
    await world.make(supporter, f"/v1/offers/{offer['id']}/accept", {"side": "supporting"})
    if stage < 5:
        return
    terms = {
        "request_id": request["id"],
        "funding_stream": "education_improvement_grant",
        "success_measure": "Good.",
    }
    commission = await world.make(OFFICER, "/v1/commissions", terms)
    await world.make(BROKER, "/v1/interests", {
        "request_id": request["id"], "provider_id": provider["id"], "ground": "commercial_gain", "statement": "Paid.",
    })  # fmt: skip
    if commission is None or stage < 6:
        return
    path = f"/v1/commissions/{commission['id']}"
    await world.make(supporter, f"{path}/start")
    await world.make(supporter, f"{path}/deliveries", {"delivered_on": TODAY, "days": 1})


Act = Callable[[World], Awaitable[None]]
