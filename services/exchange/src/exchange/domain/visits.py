"""Section "universal visits": due in the period, held, on time, outstanding; cancelled ones apart.

A visit is due in the period in which it is planned for; it is held in the period when its day is not after the last
one, and on time when it was held no later than planned. held + outstanding = due.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from exchange.domain.categories import Categories, categories_on
from exchange.domain.facts import Fact, Ledger
from exchange.domain.figures import Figure, Item, Reference, absent, in_order
from exchange.domain.obligations import Days
from exchange.domain.register import Schools

VISIT = "visits.visit"
FIGURES = (
    "visits.due",
    "visits.held",
    "visits.on_time",
    "visits.outstanding",
    "visits.cancelled",
    "visits.late",
)


def visit_figures(
    ledger: Ledger,
    schools: Schools,
    days: Mapping[str, Days],
    known: int,
    earlier: int | None,
    types: Collection[str],
) -> list[Figure]:
    """The figures of the section for visits of these types; not collected where no visit was ever told of."""
    if not ledger.has(VISIT, known):
        return [absent(code, days) for code in FIGURES]
    held_categories = {
        span.last_day: categories_on(ledger, span.last_day, known) for span in set(days.values())
    }
    found: dict[str, list[Item]] = {code: [] for code in FIGURES}
    for told in ledger.records(VISIT, known):
        visit = told[-1]
        span = days.get(visit.authority or "")
        if span is None or visit.data["visit_type"] not in types:
            continue
        item = _item(visit, schools, held_categories[span.last_day])
        for code in _counted_as(visit, span):
            found[code].append(item)
        if earlier is not None and _came_late(told, span, earlier):
            found["visits.late"].append(item)
    return [Figure(code, in_order(items)) for code, items in found.items()]


def _counted_as(visit: Fact, span: Days) -> list[str]:
    planned = date.fromisoformat(visit.data["planned_for"])
    if not span.first_day <= planned <= span.last_day:
        return []
    if visit.data["state"] == "cancelled":
        return ["visits.cancelled"]
    held = _held_on(visit)
    if held is None or held > span.last_day:
        return ["visits.due", "visits.outstanding"]
    return ["visits.due", "visits.held", *(["visits.on_time"] if held <= planned else [])]


def _came_late(told: Sequence[Fact], span: Days, earlier: int) -> bool:
    """Whether it was held before the period and told only after the return of the period before was frozen."""
    held = _held_on(told[-1])
    if held is None or held > span.day_before:
        return False
    return not any(_held_on(fact) is not None for fact in told if fact.position <= earlier)


def _held_on(visit: Fact) -> date | None:
    held = visit.data.get("held_on")
    return date.fromisoformat(held) if held is not None else None


def _item(visit: Fact, schools: Schools, categories: Categories) -> Item:
    school = schools.get(visit.school or "")
    category = categories.get(visit.school or "")
    by = (
        ("category", (category.value or "confidential") if category is not None else "none"),
        ("medium", school.medium if school is not None else "unknown"),
        ("sector", school.sector if school is not None else "unknown"),
        ("visit_type", visit.data["visit_type"]),
    )
    reference = Reference("visits", visit.key, visit.version, visit.position)
    return Item(visit.authority or "", by, reference)
