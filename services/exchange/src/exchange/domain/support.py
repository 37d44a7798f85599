"""Section "support": requests, those that both sides agreed to, commissions, and the working days that it took.

Agreed are requests that were agreed to in the period, or before and not commissioned until then: so no more can be
commissioned than was agreed.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from exchange.domain.facts import dated
from exchange.domain.figures import Figure, Item, absent, in_order
from exchange.domain.ground import Ground, item, reference
from exchange.domain.obligations import Days

REQUEST, COMMISSION = "brokerage.support_request", "brokerage.commission"
FIGURES = (
    "support.requested", "support.agreed", "support.commissioned", "support.lead_days_median",
    "support.lead_days_percentile_90", "support.late",
)  # fmt: skip
_ENDED = frozenset({"declined", "withdrawn", "expired"})


def support_figures(ground: Ground) -> list[Figure]:
    """The figures of the section; not collected where no request was ever told of."""
    if not ground.ledger.has(REQUEST, ground.known):
        return [absent(code, ground.days) for code in FIGURES]
    found: dict[str, list[Item]] = defaultdict(list)
    commissioned = _commissions(ground, found)
    for told in ground.ledger.records(REQUEST, ground.known):
        request = told[-1]
        span, requested = ground.days.get(request.authority or ""), request.on("requested_on")
        if span is None or requested is None:
            continue
        by = [*ground.by_kind(request.school), ("specialism", request.data["specialism"])]
        if span.first_day <= requested <= span.last_day:
            found["support.requested"].append(
                item(request.authority, by, reference("support-requests", told[0]))
            )
        if ground.came_late(told, requested, span):
            found["support.late"].append(item(request.authority, by, reference("support-requests", told[0])))
        timeline = dated(told, "requested_on")
        agreed = next(((day, fact) for day, fact in timeline if fact.data["state"] == "agreed"), None)
        ended = next((day for day, fact in timeline if fact.data["state"] in _ENDED), None)
        taken = commissioned.get(request.key)
        if agreed is not None and _waits(agreed[0], taken, ended, span):
            found["support.agreed"].append(
                item(request.authority, by, reference("support-requests", agreed[1]))
            )
    return [Figure(code, in_order(found[code])) for code in FIGURES]


def _waits(agreed: date, commissioned: date | None, ended: date | None, span: Days) -> bool:
    """Whether a request that was agreed to could be commissioned in the period."""
    if agreed > span.last_day or (ended is not None and ended < span.first_day):
        return False
    return commissioned is None or commissioned >= span.first_day


def _commissions(ground: Ground, found: dict[str, list[Item]]) -> Mapping[str, date]:
    """Counts the commissions; gives the day on which each request was commissioned."""
    days: dict[str, date] = {}
    for told in ground.ledger.records(COMMISSION, ground.known):
        placed = told[-1]
        span, day = ground.days.get(placed.authority or ""), placed.on("commissioned_on")
        if span is None or day is None:
            continue
        days[placed.data["request_id"]] = day
        by = [*ground.by_kind(placed.school), ("support_type", placed.data["support_type"])]
        of = reference("commissions", told[0])
        if span.first_day <= day <= span.last_day:
            found["support.commissioned"].append(item(placed.authority, by, of))
            for name in ("median", "percentile_90"):
                found[f"support.lead_days_{name}"].append(
                    item(placed.authority, by, of, placed.data["lead_working_days"])
                )
        if ground.came_late(told, day, span):
            found["support.late"].append(item(placed.authority, by, of))
    return days
