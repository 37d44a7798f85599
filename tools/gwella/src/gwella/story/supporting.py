"""From the finding to support: asked for, matched, agreed, commissioned within the ceiling, delivered, judged."""

from collections.abc import Mapping
from typing import Any

from gwella.story.clients import Clients
from gwella.story.half_term import SCHOOL, SUPPORTER, VALE, YEAR, bars, on, once_heard, only, refusal, walk
from gwella.story.telling import Telling
from gwella.story.visiting import lead_adviser, the_findings
from testkit.client import Answer, ApiClient

DAYS = 6
FIRST_DAY, LAST_DAY = "2020-02-03", "2020-02-14"
TERM = {"first_day": "2020-01-06", "last_day": "2020-04-03", "days": 30}
NEED = "Questioning that reaches every pupil. Holi sy'n cyrraedd pob disgybl."
CEILING = 10
"""Days that a yellow school may have in a school year."""


def request_support(telling: Telling, clients: Clients) -> None:
    """The authority's own system asks for support from the finding: first as a dry run, then in earnest."""
    on(telling, clients, "2020-01-30")
    vale = clients.machine(f"authority-{VALE}")
    finding = the_findings(clients)["teaching"]
    wanted = {"finding_id": finding, "specialism": "teaching", "days": DAYS, "need": NEED}
    if _request(vale, finding) is None:
        dry = once_heard(
            lambda: vale.post("/v1/support-requests", wanted, dry_run=True),
            "finding_not_published",
            "not_found",
        )
        telling.check("a dry run: what would come of it, and nothing kept", [
            dry["state"], dry.headers.get("Dry-Run"), _request(vale, finding),
        ], ["requested", "true", None])  # fmt: skip
        vale.post("/v1/support-requests", wanted)
    made = _request(vale, finding) or {}
    telling.check("support requested from the finding", made.get("finding_id"), finding)


def match(telling: Telling, clients: Clients) -> None:
    """Every entry of the menu is judged with its reasons; whoever is in conflict cannot be chosen."""
    broker = clients.person("broker")
    menu = _menu(clients)
    request = _request(broker, the_findings(clients)["teaching"]) or {}
    path = f"/v1/support-requests/{request['id']}"
    if request["state"] == "requested":
        broker.post(f"{path}/triage")
    if request["state"] in ("requested", "triaged"):
        found = {one["menu_item_id"]: one for one in broker.get(f"{path}/matches")["items"]}
        best = found[menu["supporter"]]
        telling.say("; ".join(reason["detail"] for reason in best["reasons"]))
        telling.check("the green school next door is not blocked", best["blocked"], [])
        for who, code in (("own", "own_school"), ("author", "wrote_finding")):
            blocked = [one["code"] for one in found[menu[who]]["blocked"]]
            telling.check(f"blocked: {who}", code in blocked, True)
            problem = refusal(broker, f"{path}/match", {"menu_item_id": menu[who]})
            telling.check(
                f"matched all the same: {who}",
                [problem.get("status"), problem.get("code")],
                [409, "match_blocked"],
            )
        broker.post(f"{path}/match", {"menu_item_id": menu["supporter"]})
    matched = broker.get(path)
    telling.check("the provider that was matched", matched["menu_item_id"], menu["supporter"])


def commission(telling: Telling, clients: Clients) -> None:
    """Offered to both sides, agreed by both heads, commissioned within the ceiling; one beyond it is refused."""
    findings = the_findings(clients)
    _agreed(clients, findings["teaching"])
    on(telling, clients, "2020-01-31")
    placed = _commissioned(clients, findings["teaching"])
    days = placed["days"] + placed["days_released"]
    telling.check("commissioned: days, school year", [days, placed["school_year"]], [DAYS, YEAR])
    telling.check("working days from the request to the commission", placed["lead_working_days"], 1)
    second = _agreed(clients, findings["leadership"])
    officer = clients.person("consortium-officer")
    if second["state"] == "agreed":
        problem = refusal(officer, "/v1/commissions", _terms(second["id"]))
        telling.check(
            f"{DAYS} days more, beyond the ceiling of {CEILING}",
            [problem.get("status"), problem.get("code")], [409, "ceiling_exceeded"],
        )  # fmt: skip
    ledger = next(
        row
        for row in officer.pages("/v1/support-days", school_year=YEAR, authority=VALE)
        if row["school_number"] == SCHOOL
    )
    telling.check(
        "the school's ledger: category, ceiling, committed",
        [ledger["category"], ledger["ceiling_days"], ledger["committed_days"]],
        ["yellow", CEILING, placed["days"]],
    )


def deliver(telling: Telling, clients: Clients) -> None:
    """Delivered in two parts, reviewed between them, and judged against the finding by whoever did not provide it."""
    on(telling, clients, "2020-02-13T08:00")
    officer, provider = clients.person("consortium-officer"), clients.person("head-supporting")
    adviser = clients.person("adviser", lead_adviser(clients))
    placed = only(officer, "/v1/commissions", school_number=SCHOOL, school_year=YEAR) or {}
    path = f"/v1/commissions/{placed['id']}"

    def log(_: Answer) -> None:
        for day, days in (("2020-02-05", 3), ("2020-02-12", 2)):
            provider.post(f"{path}/deliveries", {"delivered_on": day, "days": days})
        provider.post(f"{path}/review", {"review": "Half of the lessons are planned together now."})

    def judge(_: Answer) -> None:
        barred = {"side": "supported", "level": "strong", "evidence": "We did well."}
        telling.check(
            "the provider judges its own impact",
            bars(provider, f"{path}/impacts", barred)[:2], (409, "transition_not_allowed"),
        )  # fmt: skip
        for side, level in (("supported", "strong"), ("supporting", "some")):
            said = {"side": side, "level": level, "evidence": "Four lessons of five seen again in February."}
            adviser.post(f"{path}/impacts", said)

    closed = walk(officer, path, {
        "commissioned": lambda _: provider.post(f"{path}/start"), "in_delivery": log,
        "reviewed": lambda _: provider.post(f"{path}/deliver"), "delivered": judge,
        "evaluated": lambda _: officer.post(f"{path}/close"),
    })  # fmt: skip
    telling.check(
        "the commission: state, days used, days given back",
        [closed["state"], closed["days_used"], closed["days_released"]], ["closed", 5, 1],
    )  # fmt: skip
    impacts = adviser.get("/v1/impacts", finding_id=the_findings(clients)["teaching"])["items"]
    telling.check(
        "impact, judged against the finding",
        sorted((one["side"], one["level"]) for one in impacts),
        [("supported", "strong"), ("supporting", "some")],
    )


def _request(client: ApiClient, finding: str) -> Mapping[str, Any] | None:
    """The request from a finding that was not turned down, or None."""
    made = client.pages("/v1/support-requests", finding_id=finding)
    return next((one for one in made if one["state"] not in ("declined", "withdrawn", "expired")), None)


def _menu(clients: Clients) -> dict[str, str]:
    """The entries of the menu: the supporting school's, the school's own, and that of the finding's author."""
    broker = clients.person("broker")
    author = lead_adviser(clients)
    school = {
        "kind": "school",
        "phases": ["primary"],
        "languages": ["en"],
        "specialisms": ["teaching", "leadership"],
    }
    offered = {
        "supporter": ({**school, "provider_school": SUPPORTER}, "pathfinder_pair"),
        "own": ({**school, "provider_school": SCHOOL}, "lead_practitioner"),
        "author": ({**school, "kind": "adviser", "person_id": author, "provider_authority": "674"}, "adviser_support"),
    }  # fmt: skip
    known = {
        one["provider_school"] or one["person_id"]: one["id"]
        for one in broker.pages("/v1/providers", limit=100)
    }
    menu = {}
    for name, (wanted, support_type) in offered.items():
        key = wanted.get("provider_school") or wanted.get("person_id")
        provider = known.get(str(key)) or _registered(broker, wanted)
        items = {one["specialism"]: one["id"] for one in broker.pages("/v1/menu-items", provider_id=provider)}
        for specialism in ("teaching", "leadership"):
            if specialism not in items:
                items[specialism] = broker.post("/v1/menu-items", _entry(provider, support_type, specialism))[
                    "id"
                ]
        menu[name], menu[f"{name}:leadership"] = items["teaching"], items["leadership"]
    return menu


def _registered(broker: ApiClient, wanted: Mapping[str, Any]) -> str:
    made = once_heard(lambda: broker.post("/v1/providers", wanted), "school_not_announced", "not_found")
    broker.post(f"/v1/providers/{made['id']}/capacities", TERM)
    return str(made["id"])


def _entry(provider: str, support_type: str, specialism: str) -> dict[str, Any]:
    return {
        "provider_id": provider, "support_type": support_type, "specialism": specialism,
        "title_en": "Paired departments", "title_cy": "Paru adrannau", "day_price_pence": 30000,
    }  # fmt: skip


def _terms(request: str) -> dict[str, str]:
    return {
        "request_id": request, "funding_stream": "education_improvement_grant",
        "success_measure": "Teaching judged good in four lessons of five.",
    }  # fmt: skip


def _agreed(clients: Clients, finding: str) -> Answer:
    """The request from a finding, brought as far as both heads' agreement."""
    broker, vale = clients.person("broker"), clients.machine(f"authority-{VALE}")
    menu = _menu(clients)
    request = _request(vale, finding)
    area = next(area for area, id_ in the_findings(clients).items() if id_ == finding)
    item = menu["supporter"] if area == "teaching" else menu[f"supporter:{area}"]
    if request is None:
        wanted = {"finding_id": finding, "specialism": area, "days": DAYS, "need": NEED}
        request = vale.post("/v1/support-requests", wanted).body
    path = f"/v1/support-requests/{request['id']}"

    def offer(_: Answer) -> None:
        broker.post("/v1/offers", {
            "request_id": request["id"], "days": DAYS, "first_day": FIRST_DAY, "last_day": LAST_DAY,
            "paid_by": "consortium",
        })  # fmt: skip

    def accept(now: Answer) -> None:
        for who, side in (("head", "supported"), ("head-supporting", "supporting")):
            head, answered = clients.person(who), f"/v1/offers/{now['offer_id']}"
            if side in head.get(answered)["you_answer_for"]:
                head.post(f"{answered}/accept", {"side": side})

    return walk(broker, path, {
        "requested": lambda _: broker.post(f"{path}/triage"),
        "triaged": lambda _: broker.post(f"{path}/match", {"menu_item_id": item}),
        "matched": offer, "offered": accept,
    })  # fmt: skip


def _commissioned(clients: Clients, finding: str) -> Answer:
    officer = clients.person("consortium-officer")
    request = _agreed(clients, finding)
    if request["state"] == "agreed":
        return officer.post("/v1/commissions", _terms(request["id"]))
    return officer.get(f"/v1/commissions/{request['commission_id']}")
