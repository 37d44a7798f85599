"""The support categories of January 2020, imported by a job, and what follows from them."""

from collections import Counter
from importlib import resources
from typing import Any

from gwella.story.clients import Clients
from gwella.story.half_term import PERIOD, SCHEME, YEAR, on, once_heard, wait_until
from gwella.story.loading import CATEGORISED
from gwella.story.telling import Telling
from testkit.client import ApiClient, ApiProblem

PUBLISHED = {"green": 195, "yellow": 136, "amber": 38, "red": 6}
"""Schools by support category as published; middle schools stand twice in the list and count once."""
CEILING_DAYS = 2860
LIST = "csc-support-categories-2019-20.csv"
IMPORT = {"dated": CATEGORISED, "scheme": SCHEME, "school_year": YEAR}


def import_categories(telling: Telling, clients: Clients) -> None:
    """The published list goes in as a file; a list that contradicts what is known is refused whole."""
    on(telling, clients, "2020-01-16")
    consortium, government = clients.machine("consortium"), clients.machine("welsh-government")
    content = resources.files("visits").joinpath("data", LIST).read_bytes()
    begun = once_heard(
        lambda: consortium.upload("/v1/category-imports", content, "text/csv", **IMPORT),
        "school_not_announced",
    )
    result = consortium.finished_job(f"/v1/jobs/{begun['id']}")["result"]
    telling.check("rows of the list, and schools in it", [result["rows"], result["schools"]], [381, 375])
    telling.check("support categories, as Welsh Government reads them", _counted(government), PUBLISHED)
    schemes = {scheme["code"]: scheme for scheme in government.get("/v1/category-schemes")["items"]}
    days = {value["code"]: value["ceiling_days"] for value in schemes[SCHEME]["values"]}
    telling.check("days of support each may have", days, {"green": 4, "yellow": 10, "amber": 15, "red": 25})
    ceiling = wait_until(lambda: _ceiling(consortium), lambda found: found == CEILING_DAYS)
    telling.check("days of ceiling of 375 schools, added up by another service", ceiling, CEILING_DAYS)
    contradicting = content.replace(b",green,Green/Gwyrdd", b",amber,Amber/Oren", 1)
    try:
        consortium.upload("/v1/category-imports", contradicting, "text/csv", **IMPORT)
        telling.check("a list that contradicts it", "not refused", "refused")
    except ApiProblem as problem:
        faults = [fault["code"] for fault in problem.errors]
        telling.check(
            "a list that contradicts it", [problem.status, "category_differs" in faults], [422, True]
        )
    telling.check("nothing came of it", _counted(government), PUBLISHED)


def watch_closely(telling: Telling, clients: Clients) -> None:
    """Amber and red schools are monitored more often, by schedule and without anybody having to remember."""
    consortium = clients.machine("consortium")
    asked = {"visit_type": "causing_concern_progress_meeting", "school_year": YEAR, "limit": 200}
    watched = PUBLISHED["amber"] + PUBLISHED["red"]

    def became_due() -> list[Any]:
        found = consortium.pages("/v1/monitoring", **asked)
        return [one for one in found if one["period"] == PERIOD]

    due = wait_until(became_due, lambda found: len(found) >= watched)
    telling.check(
        "progress meetings that became due in spring 1: each amber and red school once",
        [len(due), len({one["school_number"] for one in due})],
        [watched, watched],
    )


def _counted(client: ApiClient) -> dict[str, int]:
    """Schools by category that hold now, over all authorities."""
    found: Counter[str] = Counter()
    for row in client.pages("/v1/category-counts", scheme=SCHEME):
        found[row["value"]] += row["schools"]
    return {value: found[value] for value in PUBLISHED}


def _ceiling(client: ApiClient) -> int:
    totals = client.get("/v1/support-day-totals", school_year=YEAR)["items"]
    return sum(int(row["ceiling_days"]) for row in totals)
