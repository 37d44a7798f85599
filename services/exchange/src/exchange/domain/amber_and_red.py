"""Section "amber and red": schools whose category calls for intensive monitoring; each reviewed in the period or not.

Which schools follows from the category's own data (`intensive_monitoring`), never from the name of a value. Since when,
the last and the next review are days; the plan is that an action is agreed; progress the share of the school's actions
of this school year that are verified. Where categories are settled in confidence the schools are suppressed.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from exchange.domain.facts import Fact, until
from exchange.domain.figures import Figure, Item, Reference, Status, absent, day_number, in_order
from exchange.domain.findings_and_actions import ACTION, OPEN, timelines
from exchange.domain.ground import Ground, item, reference
from exchange.domain.obligations import Days
from exchange.domain.visits import VISIT

FIGURES = tuple(
    f"amber_and_red.{name}"
    for name in (
        "schools", "since", "reviewed", "not_reviewed", "last_review", "next_review", "with_plan", "progress", "late",
    )
)  # fmt: skip


class _Reviews(NamedTuple):
    """Reviews of one school with their days: held until the end of the period, and planned for after it."""

    held: list[tuple[date, Fact]]
    planned: list[tuple[date, Fact]]
    late: list[Fact]


def amber_and_red_figures(ground: Ground, review_types: Collection[str]) -> list[Figure]:
    """The figures of the section; not collected where no category was ever told of."""
    if not ground.has_categories:
        return [absent(code, ground.days) for code in FIGURES]
    reviews, actions = _reviews(ground, review_types), _actions(ground)
    found: dict[str, list[Item]] = defaultdict(list)
    for school in ground.schools.values():
        span = ground.days[school.authority]
        held = ground.category(school.number, span)
        if held is None or held.value is None or not held.intensive_monitoring:
            continue
        by = (("category", held.value), ("school", school.number))

        def count(
            name: str, of: Reference, amount: int = 1, by: Sequence[tuple[str, str]] = by,
            authority: str = school.authority,
        ) -> None:  # fmt: skip
            found[f"amber_and_red.{name}"].append(item(authority, by, of, amount))

        count("schools", held.reference)
        count("since", held.reference, day_number(held.since))
        seen = reviews.get(school.number, _Reviews([], [], []))
        reviewed = [fact for day, fact in seen.held if day >= span.first_day]
        if reviewed:
            count("reviewed", reference("visits", reviewed[-1]))
        else:
            count("not_reviewed", held.reference)
        if seen.held:
            count("last_review", reference("visits", seen.held[-1][1]), day_number(seen.held[-1][0]))
        if seen.planned:
            count("next_review", reference("visits", seen.planned[0][1]), day_number(seen.planned[0][0]))
        for fact in seen.late:
            count("late", reference("visits", fact))
        states = actions.get(school.number, [])
        if agreed := [fact for fact in states if fact.data["state"] in OPEN]:
            count("with_plan", reference("actions", agreed[-1]))
        for fact in states:
            count("progress", reference("actions", fact), int(fact.data["state"] == "verified"))
    hidden = dict.fromkeys(ground.confidential, Status.suppressed)
    untold = _untold(ground)
    return [
        absent(code, ground.days) if code in untold else Figure(code, in_order(found[code]), hidden)
        for code in FIGURES
    ]


def _untold(ground: Ground) -> frozenset[str]:
    """The figures of which nothing is collected, because no visit, or no action, was ever told of."""
    return frozenset(
        f"amber_and_red.{name}"
        for aggregate, names in (
            (VISIT, ("reviewed", "not_reviewed", "last_review", "next_review", "late")),
            (ACTION, ("with_plan", "progress")),
        )
        if not ground.ledger.has(aggregate, ground.known)
        for name in names
    )


def _reviews(ground: Ground, types: Collection[str]) -> Mapping[str, _Reviews]:
    found: dict[str, _Reviews] = defaultdict(lambda: _Reviews([], [], []))
    for told in ground.ledger.records(VISIT, ground.known):
        visit = told[-1]
        span = ground.days.get(visit.authority or "")
        if span is None or visit.school is None or visit.data["visit_type"] not in types:
            continue
        reviews, held, planned = found[visit.school], visit.on("held_on"), visit.on("planned_for")
        if held is not None and held <= span.last_day:
            reviews.held.append((held, visit))
            if ground.came_late([fact for fact in told if fact.data.get("held_on")], held, span):
                reviews.late.append(visit)
        elif planned is not None and planned > span.last_day and visit.data["state"] != "cancelled":
            reviews.planned.append((planned, visit))
    for reviews in found.values():
        reviews.held.sort(key=_by_day)
        reviews.planned.sort(key=_by_day)
    return found


def _by_day(dated: tuple[date, Fact]) -> tuple[date, int]:
    return dated[0], dated[1].position


def _actions(ground: Ground) -> Mapping[str, list[Fact]]:
    """Of each school, its actions of this school year as they stand at the end of the period."""
    found: dict[str, list[Fact]] = defaultdict(list)
    for timeline, _ in timelines(ground):
        span = ground.days.get(timeline[-1][1].authority or "")
        if span is None:
            continue
        fact = until(timeline, span.last_day)
        agreed = fact.on("agreed_on") if fact is not None else None
        if fact is None or fact.school is None or agreed is None or fact.data["state"] == "cancelled":
            continue
        if agreed >= _year_begins(ground, span) or fact.data["state"] in OPEN:
            found[fact.school].append(fact)
    return found


def _year_begins(ground: Ground, span: Days) -> date:
    """1 September of the school year."""
    return min(date(int(ground.school_year[:4]), 9, 1), span.first_day)
