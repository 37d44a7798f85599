"""Section "reports": drafts and final reports that fell due in the period, whether in time, and disputes.

A draft is in time when it was shared no later than its due day, a final report when it became final no later than its
own. No denominator: no figure, not zero [flows 3].
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from exchange.domain.facts import Fact
from exchange.domain.figures import Figure, Item, absent, in_order
from exchange.domain.ground import Ground, item, reference
from exchange.domain.obligations import Days
from exchange.domain.visits import VISIT

FIGURES = (
    "reports.drafts_due", "reports.drafts_in_time", "reports.drafts_share",
    "reports.finals_due", "reports.finals_in_time", "reports.finals_share",
    "reports.disputed", "reports.late",
)  # fmt: skip
_KINDS = (("drafts", "draft_due", "shared_on"), ("finals", "final_due", "final_on"))


def report_figures(ground: Ground) -> list[Figure]:
    """The figures of the section; not collected where no visit was ever told of."""
    if not ground.ledger.has(VISIT, ground.known):
        return [absent(code, ground.days) for code in FIGURES]
    found: dict[str, list[Item]] = defaultdict(list)
    for told in ground.ledger.records(VISIT, ground.known):
        visit = told[-1]
        span = ground.days.get(visit.authority or "")
        if span is None or visit.data["state"] == "cancelled":
            continue
        by = (("visit_type", visit.data["visit_type"]),)
        for kind, due_name, done_name in _KINDS:
            due, done = visit.on(due_name), visit.on(done_name)
            if due is not None and _within(due, span):
                in_time = done is not None and done <= due
                of = reference("visits", visit)
                found[f"reports.{kind}_due"].append(item(visit.authority, by, of))
                found[f"reports.{kind}_share"].append(item(visit.authority, by, of, int(in_time)))
                if in_time:
                    found[f"reports.{kind}_in_time"].append(item(visit.authority, by, of))
        if visit.data.get("disputed") and _within(visit.on("replied_on"), span):
            found["reports.disputed"].append(item(visit.authority, by, reference("visits", visit)))
        if _late(ground, told, span):
            found["reports.late"].append(item(visit.authority, by, reference("visits", visit)))
    return [Figure(code, in_order(found[code])) for code in FIGURES]


def _within(day: date | None, span: Days) -> bool:
    return day is not None and span.first_day <= day <= span.last_day


def _late(ground: Ground, told: Sequence[Fact], span: Days) -> bool:
    """Whether a draft or final report of an earlier period, or when it was done, was told only later."""
    visit = told[-1]
    for _, due_name, done_name in _KINDS:
        for name in (due_name, done_name):
            value = visit.data.get(name)
            telling = [fact for fact in told if fact.data.get(name) == value]
            if value is not None and ground.came_late(telling, visit.on(name), span):
                return True
    return False
