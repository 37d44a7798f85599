"""The three kinds of client after the half-term: what each sees of it, and one thing that it does not."""

from typing import Any

from gwella.story.clients import Clients
from gwella.story.half_term import SCHOOL, VALE, YEAR, only, wait_until
from gwella.story.returning import VERSION
from gwella.story.telling import Telling
from gwella.story.using import refused
from gwella.story.visiting import TYPE, lead_adviser, the_findings, the_visit

CHAIN = {
    "visit", "finding", "support_requests", "offers", "commissions", "deliveries", "impacts", "decisions", "returns",
}  # fmt: skip
"""Steps that the consortium's system sees: resolutions and what refers to them are their bodies' own until minutes."""


def follow_the_chain(telling: Telling, clients: Clients) -> None:
    """From the finding to everything that became of it, each record under the reader's own rights."""
    finding = the_findings(clients)["teaching"]
    path = f"/v1/findings/{finding}/chain"
    consortium, cardiff = clients.machine("consortium"), clients.machine("authority-681")

    def present() -> dict[str, list[dict[str, Any]]]:
        steps = consortium.get(path)["steps"]
        return {step["code"]: step["records"] for step in steps if step["status"] == "present"}

    steps = wait_until(present, lambda found: set(found) >= CHAIN)
    telling.say(" → ".join(f"{len(records)} {code.replace('_', ' ')}" for code, records in steps.items()))
    telling.check("the chain from the finding, step by step", set(steps), CHAIN)
    counting = [figure["code"] for one in steps.get("returns", ()) for figure in one["figures"]]
    telling.check("the return counts its commission", "support.commissioned" in counting, True)
    levels = sorted(one["facts"]["level"] for one in steps.get("impacts", ()))
    telling.check("the impact at its end", levels, ["some", "strong"])
    telling.check("Cardiff asks for that chain", refused(lambda: cardiff.get(path)), (404, "not_found"))


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


def see_together(telling: Telling, clients: Clients) -> None:
    """A school's profile and an authority's dashboard: one request each, every section with what it says of itself."""
    vale, cardiff = clients.machine(f"authority-{VALE}"), clients.machine("authority-681")
    path = f"/v1/schools/{SCHOOL}/profile"
    profile = vale.get(path)
    sections = profile["sections"]
    telling.say(", ".join(f"{name}: {section['status']}" for name, section in sections.items()))
    telling.check("the school's profile is complete", profile["complete"], True)
    shown = sections["categories"]["data"]["items"][0]["value"], sections["commissions"]["data"]["total"]
    telling.check("its category, and how many commissions", shown, ("yellow", 1))
    telling.check("read again, unchanged", vale.get(path, etag=profile.etag).status, 304)
    theirs = cardiff.get(path)["sections"]
    telling.check(
        "Cardiff's view of it: identity, and no visits",
        [theirs["identity"]["status"], theirs["visits"].get("data", {}).get("total", 0)],
        ["ok", 0],
    )
    dashboard = vale.get(f"/v1/authorities/{VALE}/dashboard")["sections"]
    days = dashboard["support_days"]["data"]["items"][0]
    telling.check(
        "the Vale's dashboard: days of ceiling, used", [days["ceiling_days"], days["used_days"]], [371, 5]
    )
