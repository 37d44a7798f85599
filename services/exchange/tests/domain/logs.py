"""Facts of a small region, as the change log tells of them: made by hand for the properties of the sections."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from exchange.domain.facts import Fact, Ledger, fact_of
from exchange.domain.figures import Cell, Figure
from exchange.domain.obligations import Days, Obligation
from exchange.domain.projection import Asked, all_cells, project
from exchange.domain.rules import Finding, Values, findings
from exchange.storage.definitions import current

START = date(2020, 1, 6)
DAYS = Days(START, START + timedelta(days=48))
AUTHORITIES = ("673", "681")
OWED = Obligation("csc", "consortium", "2019/20", "spring_1", dict.fromkeys(AUTHORITIES, DAYS), 14)
NUMBERS = tuple(f"{authority}200{n}" for authority in AUTHORITIES for n in range(2))


offsets = st.integers(-60, 70)
numbers = st.sampled_from(NUMBERS)


def day(offset: int) -> date:
    return START + timedelta(days=offset)


NEXT = {
    "proposed": ("agreed", "cancelled"),
    "agreed": ("in_progress", "cancelled"),
    "in_progress": ("claimed_complete", "cancelled"),
    "claimed_complete": ("verified", "in_progress"),
    "verified": ("in_progress",),
    "cancelled": (),
}
DATED = {"agreed": "agreed_on", "claimed_complete": "claimed_on", "verified": "verified_on"}


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, str, list[tuple[str, int]]]]:
    """Actions: school, key, and the states that they took with their days."""
    made = []
    for n in range(draw(st.integers(0, 5))):
        state, at, steps = "proposed", draw(offsets), []
        for _ in range(draw(st.integers(1, 7))):
            steps.append((state, at))
            if not NEXT[state]:
                break
            state, at = draw(st.sampled_from(NEXT[state])), at + draw(st.integers(0, 25))
        made.append((draw(numbers), f"a{n}", steps))
    return made


placed = st.lists(st.tuples(numbers, st.integers(-40, 60), st.integers(1, 9)), max_size=12)
reports = st.lists(
    st.tuples(numbers, st.integers(-10, 60), st.one_of(st.none(), st.integers(-5, 5))), max_size=12
)


class Log:
    """A log under construction: every entry has the next position, and the next version of its record."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        for number in NUMBERS:
            self.tell(
                "registry.school", "registered", number, number, status="open", sector="primary",
                language_category="EM", valid_from="2018-04-10",
            )  # fmt: skip

    def tell(
        self,
        aggregate: str,
        verb: str,
        key: str,
        school: str | None = None,
        on: date | None = None,
        **data: Any,
    ) -> Fact:
        """Appends an entry; days among the values are written as events have them."""
        written = {n: v.isoformat() if isinstance(v, date) else v for n, v in data.items() if v is not None}
        if school is not None:
            written |= {"school": school, "authority": school[:3]}
        version = 1 + sum(1 for one in self.facts if one.key == key)
        position = len(self.facts) + 1
        made = fact_of(position, aggregate, f"cymru.gwella.x.y.{verb}.v1", key, version, written, on)
        self.facts.append(made)
        return made

    def categorised(self, number: str, value: str) -> None:
        """A published category of September 2019."""
        self.tell(
            "visits.category", "published", f"c.{number}", number, value=value, scheme="national_2014",
            school_year="2019/20", state="published", dated="2019-09-10", valid_from="2019-09-10",
            intensive_monitoring=value in ("amber", "red"),
            ceiling_days={"green": 4, "yellow": 10, "amber": 15, "red": 25}[value],
        )  # fmt: skip

    def commissioned(self, number: str, key: str, on: date, days: int, **more: Any) -> None:
        """A commission of a school."""
        facts = {
            "request_id": f"r.{key}", "support_type": "adviser_days", "school_year": "2019/20", "commissioned_on": on,
            "days": days, "days_used": 0, "cost_pence": days * 30_000, "funding_stream": "grant",
            "state": "commissioned", "counts_towards_ceiling": True, "lead_working_days": days, "ceiling_days": 15,
        }  # fmt: skip
        self.tell("brokerage.commission", "placed", key, number, on, **(facts | more))


def projected(log: Log, earlier: int | None = None, owed: Obligation = OWED) -> list[Figure]:
    """Every figure of the log."""
    return project(Ledger(log.facts), current(), Asked(owed, len(log.facts), earlier, 0))


def cells_of_log(log: Log, earlier: int | None = None, owed: Obligation = OWED) -> list[Cell]:
    """Every cell of the log."""
    return all_cells(projected(log, earlier, owed), owed.authorities)


def value(made: Iterable[Cell], figure: str, authority: str | None = None, **by: str) -> Any:
    """One value, or the status where there is none."""
    wanted = (figure, authority, tuple(sorted(by.items())))
    cell = next(c for c in made if (c.figure, c.authority, c.by) == wanted)
    return cell.status.value if cell.value is None else cell.value


def found(made: list[Cell], earlier: Values | None = None) -> set[tuple[str, str | None]]:
    """The rules that find something, with the authority."""
    return {(one.rule, one.authority) for one in all_findings(made, earlier)}


def all_findings(made: list[Cell], earlier: Values | None = None) -> list[Finding]:
    """Everything that the rules find."""
    return findings(current(), made, AUTHORITIES, earlier)


def acted(log: Log, actions: list[tuple[str, str, list[tuple[str, int]]]]) -> None:
    for number, key, steps in actions:
        carried: dict[str, Any] = {"proposed_on": day(steps[0][1]), "due_date": day(steps[0][1] + 30)}
        for state, at in steps:
            if state in DATED:
                carried[DATED[state]] = day(at)
            log.tell("visits.action", state, key, number, day(at), state=state, **carried)
