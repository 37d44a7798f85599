"""Section "impact": judgements of the period by level and side, and what of the school year's support was judged.

Each judgement links a finding; no more commissions are judged than were delivered.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from exchange.domain.facts import Fact, dated, until
from exchange.domain.figures import Figure, Item, absent, in_order
from exchange.domain.findings_and_actions import FINDING
from exchange.domain.ground import Ground, item, reference
from exchange.domain.obligations import Days
from exchange.domain.support import COMMISSION

IMPACT = "brokerage.impact"
LEVELS = ("none", "some", "strong")
FIGURES = (
    *(f"impact.{level}" for level in LEVELS),
    "impact.late", "impact.without_finding", "impact.delivered", "impact.judged",
)  # fmt: skip
_DELIVERED = frozenset({"delivered", "evaluated", "closed"})


def impact_figures(ground: Ground) -> list[Figure]:
    """The figures of the section; not collected where no commission was ever told of."""
    if not ground.ledger.has(COMMISSION, ground.known):
        return [absent(code, ground.days) for code in FIGURES]
    found: dict[str, list[Item]] = defaultdict(list)
    findings = {told[0].key for told in ground.ledger.records(FINDING, ground.known)}
    judged: dict[str, date] = {}
    for told in ground.ledger.records(IMPACT, ground.known):
        impact = told[-1]
        span, day = ground.days.get(impact.authority or ""), impact.on("judged_on")
        if span is None or day is None:
            continue
        data = impact.data
        judged[data["commission_id"]] = min(day, judged.get(data["commission_id"], day))
        by = [
            ground.by_category(impact.school, span),
            ("side", data["side"]),
            ("support_type", data["support_type"]),
        ]
        one = item(impact.authority, by, reference("impacts", impact))
        if span.first_day <= day <= span.last_day:
            found[f"impact.{data['level']}"].append(one)
            if data["finding_id"] not in findings:
                found["impact.without_finding"].append(one)
        if ground.came_late(told, day, span):
            found["impact.late"].append(one)
    for told in ground.ledger.records(COMMISSION, ground.known):
        commission = told[-1]
        span = ground.days.get(commission.authority or "")
        if span is None or commission.data["school_year"] != ground.school_year:
            continue
        by = [ground.by_category(commission.school, span), ("support_type", commission.data["support_type"])]
        one = item(commission.authority, by, reference("commissions", commission))
        if _is_delivered(told, span):
            found["impact.delivered"].append(one)
        if commission.key in judged and judged[commission.key] <= span.last_day:
            found["impact.judged"].append(one)
    return [Figure(code, in_order(found[code])) for code in FIGURES]


def _is_delivered(told: Sequence[Fact], span: Days) -> bool:
    """Whether it was delivered by the end of the period; one that was stopped was, as far as it went."""
    fact = until(dated(told, "closed_on", "delivered_on", "commissioned_on"), span.last_day)
    return fact is not None and (
        fact.data["state"] in _DELIVERED or (fact.data["state"] == "stopped" and fact.data["days_used"] > 0)
    )
