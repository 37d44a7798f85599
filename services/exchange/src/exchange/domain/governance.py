"""Section "governance": meetings against what constitutions ask for, yearly scrutiny, references overdue.

Both are asked of the twelve months up to the end of the period (convention), so that no year begins with a warning. A
body of several authorities belongs to the region as such; scrutiny is each authority's own, and is held when a scrutiny
committee met with schools' performance on its agenda [S1]. Where no such committee was told of, nothing is collected.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date

from exchange.domain.facts import Fact, dated, on_day, until
from exchange.domain.figures import Figure, Item, Status, absent, in_order
from exchange.domain.ground import Ground, item, reference
from exchange.domain.obligations import Days

BODY, MEETING, AGENDA_ITEM, REFERENCE = (
    "governance.body", "governance.meeting", "governance.agenda_item", "governance.reference",
)  # fmt: skip
FIGURES = (
    "governance.meetings_required", "governance.meetings_held", "governance.bodies_behind",
    "governance.scrutiny_held", "governance.references_overdue", "governance.late",
)  # fmt: skip
_OPEN_REFERENCE = frozenset({"made", "received", "listed"})
_SCRUTINY, _PERFORMANCE = "scrutiny_committee", "performance"


def governance_figures(ground: Ground, body_types: Collection[str]) -> list[Figure]:
    """The figures of the section; not collected where no body, or no reference, was ever told of."""
    found: dict[str, list[Item]] = defaultdict(list)
    bodies = _bodies(ground)
    scrutinised = _meetings(ground, bodies, body_types, found)
    _references(ground, found)
    made = {code: Figure(code, in_order(found[code])) for code in FIGURES}
    untold = dict.fromkeys(ground.days.keys() - scrutinised, Status.not_collected)
    scrutiny = made["governance.scrutiny_held"]
    made[scrutiny.code] = Figure(scrutiny.code, scrutiny.items, untold)
    told = ground.ledger.has(BODY, ground.known)
    return [made[code] if told else absent(code, ground.days) for code in FIGURES]


def _bodies(ground: Ground) -> Mapping[str, tuple[Fact, Days]]:
    """Bodies of the return's authorities, or of its region as such, as of the end of the period, by id."""
    found = {}
    for told in ground.ledger.records(BODY, ground.known):
        span = _span(told[-1], ground)
        body = on_day(told, span.last_day) if span is not None else None
        if span is not None and body is not None:
            found[body.key] = body, span
    return found


def _span(body: Fact, ground: Ground) -> Days | None:
    """The days by which a body counts; None for one that is not of this return.

    A body of several authorities is that of its consortium, or, where none is named, of a return that covers them all.
    """
    if body.authority is not None:
        return ground.days.get(body.authority)
    consortium, authorities = body.data.get("consortium"), frozenset(body.data.get("authorities") or ())
    covered = consortium is None and bool(authorities) and authorities <= ground.days.keys()
    if len(ground.days) < 2 or not (covered or consortium == ground.organisation):
        return None
    return Days(min(d.first_day for d in ground.days.values()), max(d.last_day for d in ground.days.values()))


def _meetings(
    ground: Ground,
    bodies: Mapping[str, tuple[Fact, Days]],
    body_types: Collection[str],
    found: dict[str, list[Item]],
) -> set[str]:
    """Counts the meetings; gives the authorities of which a scrutiny committee was told."""
    held, performance, scrutinised = _held(ground, bodies, found), _on_performance(ground), set()
    for body, _ in bodies.values():
        if body.school is not None:
            continue
        meetings, kind = held[body.key], body.data["body_type"]
        if kind in body_types:
            by, of = _by(body.key, kind), reference("bodies", body)
            required = body.data.get("meetings_a_year") or 0
            found["governance.meetings_required"].append(item(body.authority, by, of, required))
            found["governance.meetings_held"] += [
                item(body.authority, by, reference("meetings", one)) for one in meetings
            ]
            if len(meetings) < required:
                found["governance.bodies_behind"].append(item(body.authority, by, of))
            if kind == _SCRUTINY and body.authority is not None:
                scrutinised.add(body.authority)
                found["governance.scrutiny_held"] += [
                    item(body.authority, by, reference("meetings", one))
                    for one in meetings
                    if one.key in performance
                ]
    return scrutinised


def _by(body: str, kind: str) -> list[tuple[str, str]]:
    return [("body", body), ("body_type", kind)]


def _held(
    ground: Ground, bodies: Mapping[str, tuple[Fact, Days]], found: dict[str, list[Item]]
) -> dict[str, list[Fact]]:
    """Of each body, the meetings that were opened in the twelve months up to the end of the period."""
    held: dict[str, list[Fact]] = defaultdict(list)
    for told in ground.ledger.records(MEETING, ground.known):
        meeting = told[-1]
        body, span = bodies.get(meeting.data["body_id"], (None, None))
        opened = _opened(meeting)
        if body is None or span is None or opened is None or body.school is not None:
            continue
        if _a_year_before(span.last_day) < opened <= span.last_day:
            held[body.key].append(meeting)
        if ground.came_late([fact for fact in told if fact.data.get("opened_at")], opened, span):
            by = _by(body.key, body.data["body_type"])
            found["governance.late"].append(item(body.authority, by, reference("meetings", meeting)))
    return held


def _opened(meeting: Fact) -> date | None:
    opened = meeting.data.get("opened_at")
    return date.fromisoformat(opened[:10]) if opened else None


def _a_year_before(day: date) -> date:
    """The same day of the year before; of 29 February the day before it."""
    return day.replace(year=day.year - 1, day=min(day.day, 28) if day.month == 2 else day.day)


def _on_performance(ground: Ground) -> frozenset[str]:
    """The meetings that have schools' performance on their agenda."""
    return frozenset(
        told[-1].data["meeting_id"]
        for told in ground.ledger.records(AGENDA_ITEM, ground.known)
        if told[-1].data["matter"] == _PERFORMANCE and told[-1].data["state"] != "withdrawn"
    )


def _references(ground: Ground, found: dict[str, list[Item]]) -> None:
    for told in ground.ledger.records(REFERENCE, ground.known):
        span = ground.days.get(told[-1].authority or "")
        if span is None:
            continue
        fact = until(dated(told, "considered_on", "made_on"), span.last_day)
        due = fact.on("due_on") if fact is not None else None
        if (
            fact is not None
            and due is not None
            and fact.data["state"] in _OPEN_REFERENCE
            and due < span.last_day
        ):
            by = [("body", fact.data["to_body"])]
            found["governance.references_overdue"].append(
                item(told[-1].authority, by, reference("references", fact))
            )
