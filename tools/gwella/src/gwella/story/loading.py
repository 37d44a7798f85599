"""The operator and the consortium load the real region. Told again, each step finds what is there and adds the rest."""

from collections.abc import Iterator
from typing import Any

from gwella.story import sources
from gwella.story.clients import Clients
from gwella.story.half_term import together
from gwella.story.telling import Telling
from gwella.story.using import refused
from testkit.client import ApiClient

ADVISERS = 20
YEAR_BEGINS = "2019-09-01"
NATIONAL_MODEL = "2014-04-01"
CATEGORISED = "2020-01-15"
"""A day of January 2020, for which the last support categories were published."""
PORTH = "6744087"
"""Porth County Comprehensive, since 2018 part of Porth Community School."""


def load_frame(telling: Telling, clients: Clients) -> None:
    """Authorities, footprints, regimes and calendars: the frame in which schools stand."""
    operator = clients.machine("operator")
    if not operator.get("/v1/authorities", limit=1)["items"]:
        operator.post("/v1/authorities", {"authorities": sources.authorities()})
    known = {(m["authority"], m["footprint"]) for m in _all_days(operator)}
    for membership in sources.memberships():
        if (membership["authority"], membership["footprint"]) not in known:
            operator.post("/v1/footprint-memberships", membership)
    adopted = {regime["authority"] for regime in operator.pages("/v1/regimes")}
    for authority in sources.authorities():
        if authority["authority"] not in adopted:
            wanted = {
                "authority": authority["authority"], "regime": "national_model_2014", "valid_from": NATIONAL_MODEL,
            }  # fmt: skip
            operator.post("/v1/regimes", wanted)
    published = {(c["authority"], c["school_year"]) for c in operator.pages("/v1/calendars")}
    for calendar in sources.calendars():
        if (calendar["authority"], calendar["school_year"]) not in published:
            operator.post("/v1/calendars", calendar)
    told = operator.get("/v1/authorities", total=True)
    telling.check("local authorities registered", told["total"], 22)
    boards = [_health_board(operator, "672", day) for day in ("2018-04-10", "2019-04-01")]
    telling.check(
        "Bridgend's health board on 10 April 2018 and on 1 April 2019",
        boards,
        ["Abertawe Bro Morgannwg University Health Board", "Cwm Taf Morgannwg University Health Board"],
    )
    vale = operator.get("/v1/calendars/673/2019")
    telling.check("half-term periods of the Vale of Glamorgan in 2019/20", len(vale["half_terms"]), 6)


def _health_board(operator: ApiClient, authority: str, day: str) -> str:
    """The name of an authority's health board as of a day."""
    held = operator.get("/v1/footprint-memberships", authority=authority, kind="health_board", valid_at=day)
    boards = operator.get("/v1/footprints", valid_at=day)["items"]
    return next(str(b["name_en"]) for b in boards if b["footprint"] == held["items"][0]["footprint"])


def _all_days(operator: ApiClient) -> Iterator[dict[str, Any]]:
    """Memberships that hold on either side of the one that moved."""
    for day in ("2018-04-10", "2019-04-01"):
        yield from operator.pages("/v1/footprint-memberships", valid_at=day)


def load_schools(telling: Telling, clients: Clients) -> None:
    """The Welsh Government address list as a job: previewed, then applied as one change set."""
    operator = clients.machine("operator")
    media_type = "application/vnd.oasis.opendocument.spreadsheet"
    sent = operator.upload(
        "/v1/school-lists", sources.content(sources.ADDRESS_LIST), media_type, list_date=sources.LIST_DATE
    )
    path = f"/v1/school-lists/{sent['id']}"
    _watch(telling, operator, sent["job_id"], "previewing the list")
    preview = operator.get(path)
    telling.check(
        "parts of the list", preview["counts"]["parts"], {"maintained": 1521, "independent": 72, "pru": 23}
    )
    counts = preview["counts"]
    telling.say(
        f"preview: {counts['added']} new, {counts['changed']} changed, {counts['unchanged']} unchanged, "
        f"{counts['missing']} missing, {counts['warnings']} warnings"
    )
    applied = operator.post(f"{path}/application")
    _watch(telling, operator, applied["job_id"], "applying the list")
    telling.check("state of the list", operator.get(path)["state"], "applied")


def _watch(telling: Telling, client: ApiClient, job_id: str, title: str) -> None:
    with telling.bar(title, 1) as bar:
        job = client.finished_job(f"/v1/jobs/{job_id}")
        bar()
    if job["state"] != "succeeded":
        telling.check(title, job["problem"], None)


def load_successions(telling: Telling, clients: Clients) -> None:
    """Who followed whom until January 2020, in one command: 17 schools close, 7 open."""
    operator = clients.machine("operator")
    wanted = sources.successions()
    closing = {number for one in wanted for number in one["predecessors"]}
    closed = {
        school["school_number"]
        for school in operator.pages("/v1/schools", limit=200, status="closed", valid_at=CATEGORISED)
    }
    if not closing <= closed:
        operator.post("/v1/amalgamations", {"amalgamations": wanted})
    open_ = [
        school
        for authority in sources.REGION
        for school in operator.pages(
            "/v1/schools", limit=200, authority=authority, status="open", valid_at=CATEGORISED
        )
        if school["sector"] not in ("independent", "pru")
    ]
    telling.check("Central South schools open in January 2020", len(open_), 381)
    gone = operator.get(f"/v1/schools/{PORTH}", valid_at=CATEGORISED)
    telling.check(
        "a closed number still resolves: its status, and who followed it",
        [gone["status"], [school["school_number"] for school in gone["successors"]]],
        ["closed", ["6745501"]],
    )
    asked = operator.get(f"/v1/schools/{PORTH}", valid_at=CATEGORISED, resolve=True)
    telling.check("asked to resolve it leads there", [asked.status, asked.headers.get("Location")], [
        308, f"/v1/schools/6745501?valid_at={CATEGORISED}",
    ])  # fmt: skip
    telling.check(
        "closing it twice",
        refused(
            lambda: operator.post("/v1/school-closures", {"school_number": PORTH, "valid_from": CATEGORISED})
        ),
        (409, "transition_not_allowed"),
    )


def check_figures(telling: Telling, clients: Clients) -> None:
    """The figures of the published list, counted through the API."""
    operator = clients.machine("operator")

    def count(**filters: Any) -> int:
        return int(
            operator.get("/v1/schools", limit=1, total=True, valid_at=sources.LIST_DATE, **filters)["total"]
        )

    maintained = ("nursery", "primary", "middle", "secondary", "special")
    telling.check(
        "all Wales: independent schools and PRUs",
        [count(sector="independent"), count(sector="pru")],
        [72, 23],
    )
    telling.check("all Wales: maintained schools", sum(count(sector=sector) for sector in maintained), 1521)
    by_authority = [sum(count(authority=a, sector=s) for s in maintained) for a in sources.REGION]
    telling.check(
        "Central South by authority (672, 673, 674, 675, 681)", by_authority, [59, 55, 123, 28, 126]
    )
    telling.check("Central South in all", sum(by_authority), 391)


def load_people(telling: Telling, clients: Clients) -> list[str]:
    """Sandbox people (nobody real): twenty advisers, and each authority's lead officer and senior link officer."""
    consortium = clients.machine("consortium")
    known = {person["name"]: person["id"] for person in consortium.pages("/v1/people")}
    advisers = []
    with telling.bar("people", ADVISERS + 2 * len(sources.REGION)) as bar:
        for number in range(1, ADVISERS + 1):
            advisers.append(_person(consortium, known, f"Sandbox Adviser {number:02d}", "674", "csc"))
            bar()
        for authority in sources.REGION:
            for kind, employer in (("lead_officer", authority), ("senior_link_officer", "csc")):
                name = f"Sandbox {kind.replace('_', ' ').title()} {authority}"
                _designate(consortium, authority, kind, _person(consortium, known, name, authority, employer))
                bar()
    liaisons = consortium.get("/v1/liaisons", total=True, valid_at=YEAR_BEGINS)
    telling.check("liaisons: one of each kind for five authorities", liaisons["total"], 10)
    return advisers


def _person(client: ApiClient, known: dict[str, str], name: str, authority: str, employer: str) -> str:
    if name not in known:
        wanted = {"name": name, "authority": authority, "employer": employer, "language": "cy"}
        known[name] = client.post("/v1/people", wanted)["id"]
    return known[name]


def _designate(client: ApiClient, authority: str, kind: str, person: str) -> None:
    wanted = {"authority": authority, "kind": kind, "person_id": person, "valid_from": YEAR_BEGINS}
    if not client.get("/v1/liaisons", authority=authority, kind=kind, valid_at=YEAR_BEGINS)["items"]:
        client.post("/v1/liaisons", wanted)


def load_advisers(telling: Telling, clients: Clients, advisers: list[str]) -> None:
    """Every open maintained school and PRU of the region gets one lead adviser."""
    consortium = clients.machine("consortium")
    missing = [
        gap for authority in sources.REGION
        for gap in consortium.pages("/v1/adviser-gaps", on=YEAR_BEGINS, authority=authority, limit=200)
    ]  # fmt: skip
    telling.say(f"{len(missing)} schools without a lead adviser on {YEAR_BEGINS}")
    with telling.bar("lead advisers", len(missing)) as bar:

        def allocate(numbered: tuple[int, Any]) -> None:
            number, gap = numbered
            consortium.post(
                "/v1/adviser-allocations",
                {
                    "school_number": gap["school_number"], "person_id": advisers[number % len(advisers)],
                    "valid_from": YEAR_BEGINS,
                },
            )  # fmt: skip

        together(allocate, list(enumerate(missing)), bar)
    left = sum(
        consortium.get("/v1/adviser-gaps", on=YEAR_BEGINS, authority=authority, limit=1, total=True)["total"]
        for authority in sources.REGION
    )
    telling.check("gaps that are left", left, 0)
    allocations = consortium.get("/v1/adviser-allocations", total=True, limit=1, valid_at=YEAR_BEGINS)
    telling.check("lead advisers: 381 maintained schools and 5 PRUs", allocations["total"], 386)
