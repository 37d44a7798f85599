"""Section "money": the cost of the support that was commissioned in the school year, by funding stream, in pence.

Sources, the share delegated to schools and ring-fences are not published by any service: they are not collected.
"""

from exchange.domain.facts import dated, until
from exchange.domain.figures import Figure, absent, in_order
from exchange.domain.ground import Ground, item, reference
from exchange.domain.support import COMMISSION

FIGURES = ("money.support_cost", "money.sources", "money.delegated_share", "money.ring_fence_breaches")


def money_figures(ground: Ground) -> list[Figure]:
    """The figures of the section; what no service publishes is not collected, which is not zero."""
    missing = [absent(code, ground.days) for code in FIGURES[1:]]
    if not ground.ledger.has(COMMISSION, ground.known):
        return [absent(FIGURES[0], ground.days), *missing]
    items = []
    for told in ground.ledger.records(COMMISSION, ground.known):
        span = ground.days.get(told[-1].authority or "")
        if span is None or told[-1].data["school_year"] != ground.school_year:
            continue
        fact = until(dated(told, "closed_on", "delivered_on", "commissioned_on"), span.last_day)
        if fact is not None:
            by = [("funding_stream", fact.data["funding_stream"])]
            items.append(
                item(told[-1].authority, by, reference("commissions", fact), fact.data["cost_pence"])
            )
    return [Figure(FIGURES[0], in_order(items)), *missing]
