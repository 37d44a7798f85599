"""Section "support days": ceiling, committed, used and overrides, of the school year up to the end of the period.

Per school used <= committed <= ceiling + overrides. A change of category never invalidates what is committed: what
bounds it is the highest ceiling under which days were committed; without a category there is no ceiling [flows 2].
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from exchange.domain.facts import Fact, dated, until
from exchange.domain.figures import Figure, Item, Status, absent, in_order
from exchange.domain.ground import Ground, item, reference
from exchange.domain.support import COMMISSION

OVERRIDE, DELIVERY = "brokerage.ceiling", "brokerage.delivery"
FIGURES = (
    "support_days.ceiling", "support_days.committed", "support_days.used", "support_days.overrides",
    "support_days.late", "support_days.beyond",
)  # fmt: skip
_DAYS = ("closed_on", "delivered_on", "commissioned_on")


@dataclass
class SchoolDays:
    """The days of one school in one school year. `ceiling` None: nothing bounds what is committed."""

    ceiling: int | None = None
    committed: int = 0
    used: int = 0
    overrides: int = 0

    @property
    def beyond(self) -> bool:
        """Whether more is used than committed, or committed than allowed."""
        allowed = None if self.ceiling is None else self.ceiling + self.overrides
        return self.used > self.committed or (allowed is not None and self.committed > allowed)


def support_day_figures(ground: Ground) -> list[Figure]:
    """The figures of the section; not collected where no category, or no commission, was ever told of."""
    found: dict[str, list[Item]] = defaultdict(list)
    schools: dict[str, SchoolDays] = defaultdict(SchoolDays)
    last: dict[str, Fact] = {}
    _ceilings(ground, found, schools)
    _committed(ground, found, schools, last)
    _used(ground, found, schools)
    _overrides(ground, found, schools)
    for number, days in schools.items():
        fact = last.get(number)
        if days.beyond and fact is not None:
            by = [("school", number)]
            found["support_days.beyond"].append(item(fact.authority, by, reference("commissions", fact), 1))
    commissioned = ground.ledger.has(COMMISSION, ground.known)
    hidden = dict.fromkeys(ground.confidential, Status.suppressed)
    made = [Figure(code, in_order(found[code])) for code in FIGURES]
    return [
        absent(figure.code, ground.days)
        if not (ground.has_categories if figure.code == FIGURES[0] else commissioned)
        else Figure(figure.code, figure.items, hidden if figure.code == FIGURES[0] else {})
        for figure in made
    ]


def _ceilings(ground: Ground, found: dict[str, list[Item]], schools: Mapping[str, SchoolDays]) -> None:
    for school in ground.schools.values():
        held = ground.category(school.number, ground.days[school.authority])
        if held is not None and held.value is not None and held.ceiling_days is not None:
            by = [("category", held.value)]
            found["support_days.ceiling"].append(
                item(school.authority, by, held.reference, held.ceiling_days)
            )
            schools[school.number].ceiling = held.ceiling_days


def _committed(
    ground: Ground, found: dict[str, list[Item]], schools: Mapping[str, SchoolDays], last: dict[str, Fact]
) -> None:
    for told in ground.ledger.records(COMMISSION, ground.known):
        span = ground.days.get(told[-1].authority or "")
        if span is None or not _counts(told[-1], ground):
            continue
        fact, number = until(dated(told, *_DAYS), span.last_day), told[-1].school
        if fact is None or number is None:
            continue
        by = [ground.by_category(number, span)]
        of = reference("commissions", fact)
        found["support_days.committed"].append(item(told[-1].authority, by, of, fact.data["days"]))
        days, last[number] = schools[number], told[-1]
        days.committed += fact.data["days"]
        under = [one.data["ceiling_days"] for one in told if one.data.get("ceiling_days") is not None]
        if under:
            days.ceiling = max(under if days.ceiling is None else [*under, days.ceiling])
        if ground.came_late(told, told[0].on("commissioned_on"), span):
            found["support_days.late"].append(item(told[-1].authority, by, of, fact.data["days"]))


def _counts(commission: Fact, ground: Ground) -> bool:
    return bool(
        commission.data["counts_towards_ceiling"] and commission.data["school_year"] == ground.school_year
    )


def _used(ground: Ground, found: dict[str, list[Item]], schools: Mapping[str, SchoolDays]) -> None:
    counted = {
        told[-1].key for told in ground.ledger.records(COMMISSION, ground.known) if _counts(told[-1], ground)
    }
    for told in ground.ledger.records(DELIVERY, ground.known):
        delivery = told[-1]
        span, day = ground.days.get(delivery.authority or ""), delivery.on("delivered_on")
        if (
            span is None
            or day is None
            or delivery.school is None
            or delivery.data["commission_id"] not in counted
        ):
            continue
        by, of = [ground.by_category(delivery.school, span)], reference("deliveries", delivery)
        if day <= span.last_day:
            found["support_days.used"].append(item(delivery.authority, by, of, delivery.data["days"]))
            schools[delivery.school].used += delivery.data["days"]
        if ground.came_late(told, day, span):
            found["support_days.late"].append(item(delivery.authority, by, of, delivery.data["days"]))


def _overrides(ground: Ground, found: dict[str, list[Item]], schools: Mapping[str, SchoolDays]) -> None:
    for told in ground.ledger.records(OVERRIDE, ground.known):
        override = told[-1]
        span = ground.days.get(override.authority or "")
        day = override.told_on
        if span is None or override.school is None or override.data["school_year"] != ground.school_year:
            continue
        if day is None or day <= span.last_day:
            by, of = [ground.by_category(override.school, span)], reference("ceiling-overrides", override)
            days = override.data["extra_days"]
            found["support_days.overrides"].append(item(override.authority, by, of, days))
            schools[override.school].overrides += days
