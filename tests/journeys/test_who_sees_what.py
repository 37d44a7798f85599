"""Flows 1, "Who may see what", row by row: the story's region, asked by each kind of client through the gateway.

What the consortium's system lists is the truth, because it may see every confidential record of its authorities. What
another caller must see of it is in the cases below and in `testkit.row_matrix`, never taken from the policy's code.
Every GET route of the gateway has its case: a new one without fails.
"""

from collections.abc import Iterator

import httpx
import pytest
from rich.console import Console

from gwella.bench.suites import suite
from gwella.story.chapters import BEGINS, tell
from gwella.story.clients import Clients
from gwella.story.half_term import SCHOOL, SUPPORTER, VALE
from gwella.story.telling import Telling
from gwella.story.visiting import lead_adviser
from testkit.row_matrix import Caller, Case, RowMatrix, undecided, with_records

OUTSIDE = "676"
"""An authority that is no member of the consortium."""
SHARED = frozenset({"shared", "replied", "lapsed", "final", "amended"})
FINAL = frozenset({"final", "amended"})
FIGURE = "visits.held"


def all_(kind: Case, *paths: str) -> dict[str, Case]:
    return dict.fromkeys(paths, kind)


SAME, OWN, REFUSED = Case("same"), Case("own"), Case("refused")
RETURN = "/v1/returns/{id}/versions/{number}"
CASES: dict[str, Case] = {
    # --- the register
    **with_records("public", "/v1/schools", "lineage", id_="school_number"),
    "/v1/schools/{school_number}/contacts": Case("below", "/v1/schools"),
    "/v1/schools/{school_number}/contacts/{post}": Case("below", "/v1/schools"),
    **all_(Case("public"), "/v1/school-counts", "/v1/calendars"),
    "/v1/calendars/{authority}/{first_year}": Case("record", "/v1/calendars"),
    **with_records("public", "/v1/school-transfers", id_="transfer_id"),
    **with_records("public", "/v1/authorities", id_="authority"),
    **with_records("public", "/v1/footprint-memberships"),
    **with_records("public", "/v1/regimes", id_="authority"),
    **with_records("own", "/v1/people"),
    **with_records("own", "/v1/role-assignments"),
    **with_records("own", "/v1/liaisons"),
    **with_records("own", "/v1/adviser-allocations"),
    "/v1/adviser-gaps": Case("own", query={"on": "2018-06-01"}),
    "/v1/closed-school-allocations": OWN,
    **all_(REFUSED, "/v1/school-lists", "/v1/school-lists/{id}", "/v1/school-lists/{id}/rows"),
    **all_(SAME, "/v1/footprints", "/v1/code-lists"),
    "/v1/service-levels": Case("levels"),
    "/v1/code-lists/{name}": Case("same", "/v1/code-lists"),
    # --- visits
    **with_records("own", "/v1/visits"),
    "/v1/visits/{id}/versions": Case("below", "/v1/visits"),
    **with_records("own", "/v1/findings", "chain"),
    **with_records("own", "/v1/actions"),
    **with_records("public", "/v1/categories"),
    "/v1/category-counts": Case("public"),
    **all_(Case("counted"), "/v1/visit-timeliness", "/v1/outstanding-visit-counts"),
    **all_(OWN, "/v1/outstanding-visits", "/v1/monitoring"),
    **all_(SAME, "/v1/visit-types", "/v1/category-schemes", "/v1/judgement-frameworks"),
    # --- brokerage
    **with_records("public", "/v1/menu-items"),
    **with_records("public", "/v1/providers", "capacities"),
    "/v1/capacities/{id}": Case("record", "/v1/providers/{id}/capacities"),
    "/v1/providers/{id}/capacities": Case("public", "/v1/providers"),
    **with_records("own", "/v1/support-requests"),
    "/v1/support-requests/{id}/versions": Case("below", "/v1/support-requests"),
    "/v1/support-requests/{id}/matches": Case("refused", "/v1/support-requests"),
    **with_records("own", "/v1/offers"),
    **with_records("own", "/v1/interests"),
    **with_records("own", "/v1/commissions"),
    "/v1/commissions/{id}/deliveries": Case("below", "/v1/commissions"),
    "/v1/deliveries/{id}": Case("record", "/v1/commissions/{id}/deliveries"),
    **with_records("own", "/v1/impacts"),
    "/v1/support-days": OWN,
    "/v1/support-day-totals": Case("counted"),
    "/v1/support-lead-times": Case("counted", query={"first_day": "2020-01-01", "last_day": "2020-04-30"}),
    **with_records("own", "/v1/ceiling-overrides"),
    # --- governance
    "/v1/constitutions": SAME,
    "/v1/constitutions/{code}": Case("same", "/v1/constitutions"),
    **with_records("public", "/v1/bodies", "composition"),
    **with_records("public", "/v1/body-members", "versions"),
    **with_records("public", "/v1/meetings", "versions"),
    "/v1/meetings/{id}/quorum": Case("refused", "/v1/meetings"),
    **with_records("public", "/v1/agenda-items"),
    **all_(REFUSED, "/v1/attendances", "/v1/attendances/{id}", "/v1/declarations", "/v1/declarations/{id}"),
    **all_(REFUSED, "/v1/votes", "/v1/votes/{id}"),
    **with_records("public", "/v1/resolutions"),
    **with_records("public", "/v1/minutes", "versions"),
    **with_records("public", "/v1/decisions"),
    **with_records("public", "/v1/references"),
    # --- the exchange
    "/v1/changes": Case("feed"),
    "/v1/digests": Case("digest"),
    "/v1/school-versions/{school_number}": Case("record", "/v1/schools"),
    "/v1/authority-versions/{authority}": Case("record", "/v1/authorities"),
    **all_(SAME, "/v1/return-definitions", "/v1/return-keys"),
    "/v1/return-definitions/{version}": Case("same", "/v1/return-definitions"),
    **all_(Case("returns"), "/v1/return-obligations", "/v1/returns"),
    **all_(Case("returns", "/v1/returns"), "/v1/returns/{id}", RETURN, f"{RETURN}/document", f"{RETURN}/signature"),
    f"{RETURN}/comparison": Case("returns", "/v1/returns", {"against": "1"}),
    f"{RETURN}/figures/{{code}}/trace": Case("returns", "/v1/returns"),
    # --- composed by the gateway
    "/v1/schools/{school_number}/profile": Case("composed", "/v1/schools"),
    "/v1/authorities/{authority}/dashboard": Case("composed", "/v1/authorities"),
    "/v1/advisers/{person_id}/caseload": Case(
        "composed", "/v1/adviser-allocations", {"about": "/v1/people/{person_id}"}
    ),
    # --- every service
    **all_(Case("self"), "/v1/me", "/v1/jobs"),
    "/v1/jobs/{id}": Case("self", "/v1/jobs"),
    **with_records("own", "/v1/documents", "link"),
    "/v1/documents/{id}/content": Case("file"),
    **all_(REFUSED, *(
        f"/v1/consumers/{service}/{what}"
        for service in ("visits", "brokerage", "governance", "exchange")
        for what in ("parked-events", "parked-events/{number}", "backlog", "projections")
    )),
    **all_(REFUSED, "/v1/audit", *(
        f"/v1/audit/{service}/{what}"
        for service in ("registry", "visits", "brokerage", "governance", "exchange")
        for what in ("log", "checkpoints")
    )),
}  # fmt: skip

NOT_FOR_HEADS = frozenset({
    "/v1/liaisons", "/v1/outstanding-visits", "/v1/outstanding-visit-counts", "/v1/visit-timeliness", "/v1/returns",
    "/v1/return-obligations",
})  # fmt: skip
NOT_FOR_CHAIRS = NOT_FOR_HEADS | {
    "/v1/monitoring", "/v1/support-requests", "/v1/offers", "/v1/interests", "/v1/impacts",
}  # fmt: skip
NOT_FOR_GOVERNMENT = frozenset(
    path for path, case in CASES.items() if case.kind in ("own", "counted") and path != "/v1/documents"
) | {
    "/v1/commissions/{id}/deliveries", "/v1/schools/{school_number}/contacts",
    "/v1/schools/{school_number}/contacts/{post}",
}  # fmt: skip
"""Lists that these callers have no operation for [flows 1]."""


@pytest.fixture
def region() -> Iterator[Clients]:
    """The suite with everything that the story makes, and a visit that is no more than planned."""
    with suite("--clock", BEGINS) as running:
        telling = Telling(Console(quiet=True))
        tell(telling, running.state)
        assert not telling.failed, telling.failed
        clients = Clients(running.state)
        adviser = clients.person("adviser", lead_adviser(clients))
        planned = {"school_number": SCHOOL, "visit_type": "spring_monitoring", "planned_for": "2020-03-16"}
        assert adviser.post("/v1/visits", planned)["state"] == "planned"
        yield clients
        clients.close()


def callers(clients: Clients) -> list[Caller]:
    government = clients.machine("welsh-government")
    return [
        *(Caller(code, clients.machine(f"authority-{code}"), code) for code in (VALE, "681", OUTSIDE)),
        Caller("head", clients.person("head"), None, SCHOOL, SHARED, NOT_FOR_HEADS),
        Caller(
            "head that supports", clients.person("head-supporting"), None, SUPPORTER, SHARED, NOT_FOR_HEADS
        ),
        Caller("chair", clients.person("chair-of-governors"), None, SCHOOL, FINAL, NOT_FOR_CHAIRS),
        Caller("government", government, refused=NOT_FOR_GOVERNMENT),
    ]


@pytest.mark.journey
def test_each_caller_sees_its_rows_on_every_route(region: Clients) -> None:
    """X-02, X-03: list, read, count, feed and return show each caller the same rows, and no other."""
    document = httpx.get(f"{region.state['gateway']}/openapi.json").json()
    documented = [path for path, item in document["paths"].items() if "get" in item]
    assert undecided(documented, CASES) == set()
    matrix = RowMatrix(
        CASES, region.machine("consortium"), region.machine("welsh-government"), OUTSIDE,
        {"code": FIGURE, "post": "head_teacher", "number": "1"},
    )  # fmt: skip
    planned = [row for row in matrix.rows("/v1/visits") if row["state"] == "planned"]
    assert [row["school_number"] for row in planned] == [SCHOOL]
    assert {row["authority"] for row in matrix.rows("/v1/visits")} > {VALE, "681"}
    for caller in callers(region):
        matrix.check(caller)
    assert not matrix.wrong, "\n".join(matrix.wrong)
    assert matrix.tried > 1000, matrix.tried
    # And it would be found: Cardiff's system in the Vale's place sees foreign rows and misses its own.
    planted = RowMatrix({"/v1/visits": OWN}, matrix.truth, matrix.public, OUTSIDE, {})
    planted.check(Caller("planted", region.machine("authority-681"), VALE))
    assert len(planted.wrong) == 2
