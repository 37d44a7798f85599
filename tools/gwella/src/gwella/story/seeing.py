"""The three kinds of client after the half-term: what each sees of it, and one thing that it does not."""

from gwella.story.clients import Clients
from gwella.story.half_term import SCHOOL, VALE, YEAR, only
from gwella.story.returning import VERSION
from gwella.story.telling import Telling
from gwella.story.using import refused
from gwella.story.visiting import TYPE, lead_adviser, the_findings, the_visit


def follow_the_chain(telling: Telling, clients: Clients) -> None:
    """From the finding to everything that became of it, each record under the reader's own rights."""
    finding = the_findings(clients)["teaching"]
    path = f"/v1/findings/{finding}/chain"
    steps = clients.machine(f"authority-{VALE}").get(path)["steps"]
    telling.say(" → ".join(f"{len(step['records'])} {step['title']}" for step in steps))
    present = {step["code"] for step in steps if step["status"] == "present"}
    telling.check("the chain from the finding, as the authority sees it", sorted(present), sorted(CHAIN))
    cardiff = clients.machine("authority-681")
    telling.check("Cardiff asks for that chain", refused(lambda: cardiff.get(path)), (404, "not_found"))


CHAIN = ("finding", "visit", "support", "commission", "impact", "decision", "return")


def see_as_each(telling: Telling, clients: Clients) -> None:
    """An authority's system, the people behind the front end, and Welsh Government."""
    visit, finding = the_visit(clients), the_findings(clients)["teaching"]
    vale, cardiff = clients.machine(f"authority-{VALE}"), clients.machine("authority-681")
    path = f"/v1/visits/{visit['id']}"
    mine = list(vale.pages("/v1/visits", visit_type=TYPE, school_year=YEAR, limit=100))
    telling.check(
        "the Vale's system: visits, all of its own schools", {one["authority"] for one in mine}, {VALE}
    )
    neighbours = clients.person("adviser", lead_adviser(clients)).pages(
        "/v1/visits", visit_type=TYPE, school_year=YEAR, limit=100
    )
    other = next(one for one in neighbours if one["authority"] != VALE)
    telling.check(
        "the Vale's system asks for a neighbour's visit",
        refused(lambda: vale.get(f"/v1/visits/{other['id']}")), (404, "not_found"),
    )  # fmt: skip
    telling.check(
        "Cardiff's system asks for the Vale's", refused(lambda: cardiff.get(path)), (404, "not_found")
    )
    head, chair = clients.person("head"), clients.person("chair-of-governors")
    telling.check(
        "head and chair of governors read the final report", [head.get(path)["state"], chair.get(path)["state"]],
        ["final", "final"],
    )  # fmt: skip
    provider = clients.person("head-supporting")
    commission = only(provider, "/v1/commissions", school_number=SCHOOL) or {}
    telling.check("the supporting head sees the commission", commission.get("state"), "closed")
    telling.check(
        "and asks for the finding behind it",
        refused(lambda: provider.get(f"/v1/findings/{finding}")), (404, "not_found"),
    )  # fmt: skip
    government = clients.machine("welsh-government")
    telling.check("Welsh Government reads the return", government.get(VERSION)["state"], "acknowledged")
    telling.check(
        "and asks for actions",
        refused(lambda: government.get("/v1/actions")),
        (403, "operation_not_permitted"),
    )
