"""Section "findings and actions": findings published; actions opened, reopened, verified, cancelled, open now, overdue.

An action counts from the day on which its owner agreed to it. Every time that it opens or is done counts, so that
opening + new + reopened - verified - cancelled = closing. What was recorded late for the period before is itemised.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from exchange.domain.facts import Fact, dated, until
from exchange.domain.figures import Figure, Item, absent, in_order
from exchange.domain.ground import Ground, item, reference
from exchange.domain.obligations import Days

ACTION, FINDING = "visits.action", "visits.finding"
FIGURES = (
    "findings.published", "findings.late",
    "actions.opening", "actions.late_added", "actions.late_removed", "actions.new", "actions.reopened",
    "actions.verified", "actions.cancelled", "actions.closing", "actions.overdue",
)  # fmt: skip
OPEN = frozenset({"agreed", "in_progress", "claimed_complete"})
_DAYS = ("verified_on", "claimed_on", "agreed_on", "proposed_on")
Timeline = Sequence[tuple[date, Fact]]


def action_figures(ground: Ground) -> list[Figure]:
    """The figures of the section; each half is not collected where nothing of it was ever told."""
    made: dict[str, Figure] = {}
    if ground.ledger.has(FINDING, ground.known):
        found = _findings(ground)
        made |= {code: Figure(code, in_order(found[code])) for code in FIGURES[:2]}
    if ground.ledger.has(ACTION, ground.known):
        found = _actions(ground)
        made |= {code: Figure(code, in_order(found[code])) for code in FIGURES[2:]}
    return [made.get(code) or absent(code, ground.days) for code in FIGURES]


def _findings(ground: Ground) -> Mapping[str, list[Item]]:
    found: dict[str, list[Item]] = defaultdict(list)
    for told in ground.ledger.records(FINDING, ground.known):
        finding = told[-1]
        span, published = ground.days.get(finding.authority or ""), finding.on("published_on")
        if span is None or published is None:
            continue
        one = item(
            finding.authority, [ground.by_category(finding.school, span)], reference("findings", finding)
        )
        if span.first_day <= published <= span.last_day:
            found["findings.published"].append(one)
        if ground.came_late([fact for fact in told if fact.data.get("published_on")], published, span):
            found["findings.late"].append(one)
    return found


def timelines(ground: Ground) -> list[tuple[Days, Timeline, Timeline]]:
    """For each action of the authorities: its days, its dated facts, and those that the return before had known."""
    return [
        (
            span,
            dated(told, *_DAYS),
            dated(
                [fact for fact in told if ground.earlier is None or fact.position <= ground.earlier], *_DAYS
            ),
        )
        for told in ground.ledger.records(ACTION, ground.known)
        if (span := ground.days.get(told[-1].authority or "")) is not None
    ]


def is_open(timeline: Timeline, day: date) -> bool:
    """Whether an action is open at the end of a day."""
    fact = until(timeline, day)
    return fact is not None and fact.data["state"] in OPEN


def is_overdue(timeline: Timeline, day: date) -> bool:
    """Whether its due day has passed, at the end of a day, without a claim that it is complete."""
    fact = until(timeline, day)
    if fact is None or fact.data["state"] not in OPEN - {"claimed_complete"}:
        return False
    due = fact.on("due_date")
    return due is not None and due < day


def _actions(ground: Ground) -> Mapping[str, list[Item]]:
    found: dict[str, list[Item]] = defaultdict(list)
    for span, timeline, reported in timelines(ground):
        last = timeline[-1][1]
        by = [ground.by_category(last.school, span)]

        def count(name: str, fact: Fact, last: Fact = last, by: list[tuple[str, str]] = by) -> None:
            found[f"actions.{name}"].append(item(last.authority, by, reference("actions", fact)))

        before, then = is_open(timeline, span.day_before), is_open(reported, span.day_before)
        for name, holds in (
            ("opening", then),
            ("late_added", before and not then),
            ("late_removed", then and not before),
            ("closing", is_open(timeline, span.last_day)),
            ("overdue", is_overdue(timeline, span.last_day)),
        ):
            if holds:
                count(name, last)
        for name, day, fact in _moves(timeline):
            if span.first_day <= day <= span.last_day:
                count(name, fact)
    return found


def _moves(timeline: Timeline) -> list[tuple[str, date, Fact]]:
    """Each time that an action opened or was done, and how."""
    moves: list[tuple[str, date, Fact]] = []
    was_open = opened = False
    for day, fact in timeline:
        state = fact.data["state"]
        if (state in OPEN) != was_open:
            if not was_open:
                moves.append(("reopened" if opened else "new", day, fact))
            else:
                moves.append(("cancelled" if state == "cancelled" else "verified", day, fact))
            was_open, opened = not was_open, True
    return moves
