"""An adviser's half-term: a visit to each school of the caseload, and a finding that begins everything else."""

from collections.abc import Mapping
from typing import Any

from gwella.story.clients import Clients
from gwella.story.filing import add_evidence, read_evidence
from gwella.story.half_term import (
    PERIOD,
    SCHOOL,
    VALE,
    YEAR,
    bars,
    on,
    once_heard,
    only,
    together,
    wait_until,
    walk,
)
from gwella.story.loading import YEAR_BEGINS
from gwella.story.telling import Telling
from gwella.story.using import refused
from testkit.client import ApiClient, ApiProblem

TYPE = "spring_monitoring"
REVIEW = "causing_concern_progress_meeting"
HELD, SHARED, REPLIED, LAPSED = "2020-01-20", "2020-01-24", "2020-01-28", "2020-02-03"
FINDINGS: tuple[dict[str, Any], ...] = (
    {
        "area": "teaching", "judgement": "adequate",
        "statement": "Questioning does not reach every pupil. Nid yw'r holi yn cyrraedd pob disgybl.",
        "evidence": [
            {"kind": "lesson_observation", "reference": "six lessons, years 3 to 6", "dated": HELD},
            {"kind": "book_scrutiny", "reference": "24 books, mathematics", "dated": HELD},
        ],
    },
    {
        "area": "leadership", "judgement": "good",
        "statement": "Middle leaders know what to improve. Gŵyr arweinwyr canol beth i'w wella.",
        "evidence": [{"kind": "self_evaluation_report", "reference": "autumn 2019", "dated": "2019-11-29"}],
    },
)  # fmt: skip


def lead_adviser(clients: Clients) -> str:
    """The person who leads the story's school."""
    found = only(
        clients.machine("consortium"), "/v1/adviser-allocations", school_number=SCHOOL, valid_at=YEAR_BEGINS
    )
    if found is None:
        raise LookupError(f"{SCHOOL} has no lead adviser: people have not been loaded")
    return str(found["person_id"])


def the_visit(clients: Clients) -> Mapping[str, Any]:
    """The visit to the story's school. Raises LookupError before it is planned."""
    adviser = clients.person("adviser", lead_adviser(clients))
    found = only(adviser, "/v1/visits", school_number=SCHOOL, visit_type=TYPE, school_year=YEAR)
    if found is None:
        raise LookupError("the visit has not been planned")
    return found


def the_findings(clients: Clients) -> dict[str, str]:
    """The ids of its findings by area."""
    adviser = clients.person("adviser", lead_adviser(clients))
    visit = the_visit(clients)
    return {one["area"]: one["id"] for one in adviser.pages("/v1/findings", visit_id=visit["id"])}


def visit_schools(telling: Telling, clients: Clients) -> None:
    """Planned, held, drafted, assured by somebody else, and shared with the schools."""
    person = lead_adviser(clients)
    adviser, senior = clients.person("adviser", person), clients.person("senior-adviser")
    head = clients.person("head")
    caseload = sorted(
        one["school_number"]
        for one in adviser.pages("/v1/adviser-allocations", person_id=person, valid_at=YEAR_BEGINS)
    )
    visits = together(lambda number: _planned(adviser, number), caseload)
    telling.check("visits of one adviser's caseload planned", len(visits), len(caseload))
    on(telling, clients, HELD)
    held = {"held_on": HELD, "met": ["head_teacher", "teachers", "pupils"]}

    def hold(path: str) -> None:
        walk(adviser, path, {"planned": lambda _: adviser.post(f"{path}/hold", held)})

    with telling.bar("visits", len(visits)) as bar:
        together(hold, visits, bar)
    _review(telling, adviser)
    mine = f"/v1/visits/{the_visit(clients)['id']}"
    _record_findings(telling, adviser, mine)
    on(telling, clients, SHARED)
    if adviser.get(mine)["state"] == "held":
        adviser.post(f"{mine}/draft", _SUMMARY)
        author = clients.person("senior-adviser", person)
        telling.check(
            "quality assured by its own author",
            bars(author, f"{mine}/assure"),
            (409, "transition_not_allowed", "author_cannot_assure"),
        )
        telling.check(
            "the head asks for it before it is shared", refused(lambda: head.get(mine)), (404, "not_found")
        )

    def share(path: str) -> str:
        steps = {
            "held": lambda _: adviser.post(f"{path}/draft", _SUMMARY),
            "drafted": lambda _: senior.post(f"{path}/assure"),
            "quality_assured": lambda _: adviser.post(f"{path}/share"),
        }
        return str(walk(adviser, path, steps)["draft_in_time"])

    with telling.bar("drafts, assured and shared", len(visits)) as bar:
        in_time = together(share, visits, bar)
    telling.check("drafts shared within five working days", set(in_time), {"True"})


_SUMMARY = {"summary": "Progress since the autumn is sound. Mae'r cynnydd ers yr hydref yn gadarn."}


def _review(telling: Telling, adviser: ApiClient) -> None:
    """A progress meeting at each amber and red school of the caseload, because its category calls for one."""
    asked = {"visit_type": REVIEW, "school_year": YEAR, "limit": 100}

    def watched() -> list[Any]:
        return [one for one in adviser.pages("/v1/monitoring", **asked) if one["period"] == PERIOD]

    schools = [one["school_number"] for one in watched()]
    held = {"held_on": HELD, "met": ["head_teacher", "governors", "authority"]}

    def hold(number: str) -> None:
        path = _planned(adviser, number, REVIEW)
        walk(adviser, path, {"planned": lambda _: adviser.post(f"{path}/hold", held)})

    together(hold, schools)
    states = wait_until(lambda: {one["state"] for one in watched()}, lambda found: "due" not in found)
    telling.check(
        f"progress meetings of {len(schools)} amber and red schools of the caseload", states, {"met"}
    )


def _planned(adviser: ApiClient, number: str, kind: str = TYPE) -> str:
    """The path of the visit to a school, planned where it is not yet."""
    found = only(adviser, "/v1/visits", school_number=number, visit_type=kind, school_year=YEAR)
    if found is None:
        wanted = {"school_number": number, "visit_type": kind, "planned_for": HELD}
        found = once_heard(
            lambda: adviser.post("/v1/visits", wanted), "not_found", "no_regime", "school_not_announced"
        ).body
    return f"/v1/visits/{found['id']}"


def _record_findings(telling: Telling, adviser: ApiClient, visit: str) -> None:
    if adviser.get(visit)["state"] != "held":
        return
    bare = {**FINDINGS[0], "evidence": []}
    try:
        adviser.post(f"{visit}/findings", bare)
        telling.check("a judgement without evidence", "not refused", "refused")
    except ApiProblem as problem:
        codes = [fault["code"] for fault in problem.errors]
        telling.check(
            "a judgement without evidence", [problem.status, codes], [422, ["judgement_without_evidence"]]
        )
    add_evidence(telling, adviser, visit)
    known = {one["area"] for one in adviser.pages("/v1/findings", visit_id=visit.rpartition("/")[2])}
    for finding in FINDINGS:
        if finding["area"] not in known:
            adviser.post(f"{visit}/findings", finding)


def hear_the_school(telling: Telling, clients: Clients) -> None:
    """The head asks for a correction; it is answered, and the report with its findings is final."""
    on(telling, clients, REPLIED)
    adviser, head = clients.person("adviser", lead_adviser(clients)), clients.person("head")
    mine = f"/v1/visits/{the_visit(clients)['id']}"
    if head.get(mine)["state"] == "shared":
        reply = {"reply": "Thank you. Diolch.", "corrections": ["The school has 17 classes, not 16."]}
        head.post(f"{mine}/reply", reply)
        telling.check(
            "made final with a correction unanswered",
            bars(adviser, f"{mine}/finalise"),
            (409, "transition_not_allowed", "correction_unanswered"),
        )
        adviser.post(
            f"{mine}/answer", {"position": 1, "accepted": True, "answer": "Corrected. Wedi'i gywiro."}
        )
    final = walk(adviser, mine, {"replied": lambda _: adviser.post(f"{mine}/finalise")})
    telling.check(
        "the report: state, final in time", [final["state"], final["final_in_time"]], ["final", True]
    )
    published = [one["state"] for one in head.pages("/v1/findings", visit_id=final["id"])]
    telling.check("its findings, as the head reads them", published, ["published"] * len(FINDINGS))
    read_evidence(telling, clients, final["id"])
    _agree_on_action(telling, clients, final["id"])
    problem = bars(adviser, f"{mine}/hold", {"held_on": HELD})
    telling.check(
        "a final visit moved to `held`", problem, (409, "transition_not_allowed", "not_from_this_state")
    )


def _agree_on_action(telling: Telling, clients: Clients, visit: str) -> None:
    """What the school is to do about the finding: with an owner, a day and a criterion, and agreed by its owner."""
    adviser, head = clients.person("adviser", lead_adviser(clients)), clients.person("head")
    action = only(adviser, "/v1/actions", visit_id=visit)
    if action is None:
        action = adviser.post("/v1/actions", {
            "school_number": SCHOOL, "visit_id": visit, "finding_id": the_findings(clients)["teaching"],
            "owner_body": "school", "due_date": "2020-04-03",
            "description": "Plan questions in every subject. Cynllunio cwestiynau ym mhob pwnc.",
            "success_criterion": "Every pupil is asked in five lessons of six.",
        }).body  # fmt: skip
    path = f"/v1/actions/{action['id']}"
    agreed = walk(head, path, {"proposed": lambda _: head.post(f"{path}/agree")})
    telling.check("an action from the finding, agreed by its owner", agreed["state"], "agreed")


def let_silence_lapse(telling: Telling, clients: Clients) -> None:
    """Schools that said nothing within five working days: the clock moves their visits on."""
    on(telling, clients, LAPSED)
    adviser = clients.person("adviser", lead_adviser(clients))

    def states() -> list[str]:
        found = adviser.pages("/v1/visits", visit_type=TYPE, school_year=YEAR, limit=100)
        return sorted(one["state"] for one in found)

    seen = wait_until(states, lambda found: "shared" not in found)
    telling.check("replies that nobody waits for any more", seen.count("shared"), 0)
    telling.say(f"{seen.count('lapsed')} schools kept silent; their reports become final without them")
    lapsed = [
        f"/v1/visits/{one['id']}"
        for one in adviser.pages("/v1/visits", visit_type=TYPE, school_year=YEAR, state="lapsed", limit=100)
    ]
    together(lambda path: adviser.post(f"{path}/finalise"), lapsed)
    telling.check("visits of the caseload that are final", set(states()), {"final"})
    shares = next(
        row
        for row in clients.machine(f"authority-{VALE}").pages("/v1/visit-timeliness", school_year=YEAR)
        if row["authority"] == VALE
    )
    telling.check(
        "the Vale's drafts and finals in time, per cent",
        [shares["drafts_in_time_share"], shares["finals_in_time_share"]],
        [100.0, 100.0],
    )
