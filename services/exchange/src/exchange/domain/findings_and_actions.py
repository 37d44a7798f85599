"""Section "findings and actions": findings published; actions opened, reopened, verified, cancelled, open now, overdue.

An action counts from the day on which its owner agreed to it. Every time that it opens or is done counts, so that
opening + new + reopened - verified - cancelled = closing. What was recorded late for the period before is itemised.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
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


def timelines(ground: Ground) -> list[tuple[Timeline, Timeline]]:
    """For each action that was ever of these authorities: its dated facts, and those the return before had known."""
    return [
        (
            dated(told, *_DAYS),
            dated(
                [fact for fact in told if ground.earlier is None or fact.position <= ground.earlier], *_DAYS
            ),
        )
        for told in ground.ledger.records(ACTION, ground.known)
        if any(fact.authority in ground.days for fact in told)
    ]


def _is_open(timeline: Timeline, day: date, authority: str) -> bool:
    """Whether an action is open, and this authority's, at the end of a day."""
    fact = until(timeline, day)
    return fact is not None and fact.authority == authority and fact.data["state"] in OPEN


def is_overdue(timeline: Timeline, day: date) -> bool:
    """Whether its due day has passed, at the end of a day, without a claim that it is complete."""
    fact = until(timeline, day)
    if fact is None or fact.data["state"] not in OPEN - {"claimed_complete"}:
        return False
    due = fact.on("due_date")
    return due is not None and due < day


def _actions(ground: Ground) -> Mapping[str, list[Item]]:
    found: dict[str, list[Item]] = defaultdict(list)
    for timeline, reported in timelines(ground):
        for authority in sorted({of for _, fact in timeline if (of := fact.authority or "") in ground.days}):
            for name, fact in _counted(timeline, reported, authority, ground.days[authority]):
                by = [ground.by_category(fact.school, ground.days[authority])]
                found[f"actions.{name}"].append(item(authority, by, reference("actions", fact)))
    return found


def _counted(
    timeline: Timeline, reported: Timeline, authority: str, span: Days
) -> Iterator[tuple[str, Fact]]:
    """As what an action counts for one authority, with the fact by which it does."""
    last = next(fact for _, fact in reversed(timeline) if fact.authority == authority)
    before = _is_open(timeline, span.day_before, authority)
    then = _is_open(reported, span.day_before, authority)
    for name, holds in (
        ("opening", then),
        ("late_added", before and not then),
        ("late_removed", then and not before),
        ("closing", now := _is_open(timeline, span.last_day, authority)),
        ("overdue", now and is_overdue(timeline, span.last_day)),
    ):
        if holds:
            yield name, last
    for name, day, fact in _moves(timeline, authority):
        if span.first_day <= day <= span.last_day:
            yield name, fact


def _moves(timeline: Timeline, authority: str) -> Iterator[tuple[str, date, Fact]]:
    """Each time that an action began or ceased to be open here, and how; with its school it may come and go."""
    was_here = was_open = ever = False
    for day, fact in timeline:
        is_open = fact.data["state"] in OPEN
        here = is_open and fact.authority == authority
        if here and not was_here:
            yield "reopened" if ever and not was_open else "new", day, fact
        if was_here and not here:
            yield "cancelled" if is_open or fact.data["state"] == "cancelled" else "verified", day, fact
        was_here, was_open, ever = here, is_open, ever or is_open
