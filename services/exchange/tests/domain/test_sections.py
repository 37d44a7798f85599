"""The sections of the return against simple references, and each rule of theirs where it bites (flows 3; S1-34)."""

import sys
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.figures import ADDITIVE, Cell, Measure, Status, nearest_rank, share_of
from exchange.domain.rules import values_of
from exchange.storage.definitions import current

sys.path.insert(0, str(Path(__file__).parent))

from logs import (
    AUTHORITIES,
    DAYS,
    NUMBERS,
    Log,
    acted,
    cells_of_log,
    day,
    found,
    histories,
    placed,
    projected,
    reports,
    value,
)


@settings(max_examples=60, deadline=None)
@given(histories())
def test_actions_are_what_a_replay_day_by_day_gives(actions: list[Any]) -> None:
    """RET-10: opening + new + reopened - verified - cancelled = closing, each as a walk through the days has it."""
    log = Log()
    acted(log, actions)
    expected: Counter[str] = Counter()
    live = {"agreed", "in_progress", "claimed_complete"}
    for _, _, steps in actions:
        was, ever = False, False
        for state, at in steps:
            is_ = state in live
            if is_ != was:
                name = (
                    ("reopened" if ever else "new")
                    if is_
                    else ("cancelled" if state == "cancelled" else "verified")
                )
                expected[name] += DAYS.first_day <= day(at) <= DAYS.last_day
                was, ever = is_, True
        for name, until in (("opening", DAYS.day_before), ("closing", DAYS.last_day)):
            then = [state for state, at in steps if day(at) <= until]
            expected[name] += bool(then) and then[-1] in live
    made = cells_of_log(log)
    if not actions:
        assert value(made, "actions.closing") == "not_collected"
        return
    names = ("opening", "new", "reopened", "verified", "cancelled", "closing")
    got = {name: value(made, f"actions.{name}") for name in names}
    assert got == {name: expected[name] for name in names}
    assert (
        got["opening"] + got["new"] + got["reopened"] - got["verified"] - got["cancelled"] == got["closing"]
    )
    assert "RET-10" not in {rule for rule, _ in found(made)}


@settings(max_examples=40, deadline=None)
@given(histories(), histories())
def test_actions_told_late_are_itemised(before: list[Any], after: list[Any]) -> None:
    """Flows 3: what was recorded late goes on a line of its own; the sum still holds, whatever was told when."""
    log = Log()
    acted(log, before)
    cut = len(log.facts)
    acted(log, [(number, f"late-{key}", steps) for number, key, steps in after])
    made = cells_of_log(log, earlier=cut)
    assert "RET-10" not in {rule for rule, _ in found(made)}
    late = sum(
        1
        for _, _, steps in after
        if (then := [state for state, at in steps if day(at) <= DAYS.day_before])
        and then[-1] in {"agreed", "in_progress", "claimed_complete"}
    )
    if before or after:
        assert value(made, "actions.late_added") == late


def test_an_action_verified_late_leaves_the_opening() -> None:
    """Flows 3: verified in the period before and recorded after its return was frozen: removed late."""
    log = Log()
    acted(log, [(NUMBERS[0], "a", [("proposed", -30), ("agreed", -29), ("in_progress", -28)])])
    cut = len(log.facts)
    facts = {"proposed_on": day(-30), "agreed_on": day(-29), "due_date": day(0)}
    log.tell(
        "visits.action", "verified", "a", NUMBERS[0], day(60), state="verified", verified_on=day(-3), **facts
    )
    made = cells_of_log(log, earlier=cut)
    got = [value(made, f"actions.{n}") for n in ("opening", "late_removed", "verified", "closing")]
    assert got == [1, 1, 0, 0]
    assert ("RET-07", "673") in found(made)


def test_an_action_is_overdue_after_its_day_and_not_once_claimed() -> None:
    """D-09: overdue at the end of the period: open, not claimed, and the due day has passed."""
    log = Log()
    for key, due, state in (("a", 47, "agreed"), ("b", 48, "agreed"), ("c", 10, "claimed_complete")):
        log.tell(
            "visits.action", state, key, NUMBERS[0], day(0), state=state, agreed_on=day(0), due_date=day(due)
        )
    assert value(cells_of_log(log), "actions.overdue", "673") == 1


@settings(max_examples=60, deadline=None)
@given(reports)
def test_shares_have_a_denominator_or_are_no_figure(drafts: list[Any]) -> None:
    """RET-11: in hundredths of a percent, half rounded up; no denominator: no figure, not zero."""
    log = Log()
    for n, (number, due, done) in enumerate(drafts):
        shared = None if done is None else day(due + done)
        log.tell(
            "visits.visit", "held", f"v{n}", number, day(due), state="held", visit_type="spring_monitoring",
            planned_for=day(due), held_on=day(due - 7), draft_due=day(due), shared_on=shared,
        )  # fmt: skip
    made = cells_of_log(log)
    for authority in (None, *AUTHORITIES):
        due = [d for d in drafts if 0 <= d[1] <= 48 and authority in (None, d[0][:3])]
        in_time = [d for d in due if d[2] is not None and d[2] <= 0]
        share = value(made, "reports.drafts_share", authority)
        if not drafts:
            assert share == "not_collected"
        elif not due:
            assert share == "no_figure"
        else:
            assert abs(Fraction(len(in_time) * 10_000, len(due)) - share) <= Fraction(1, 2)
    assert "RET-11" not in {rule for rule, _ in found(made)}
    assert value(made, "reports.finals_share") == ("no_figure" if drafts else "not_collected")


@settings(max_examples=40, deadline=None)
@given(histories(), placed, reports)
def test_a_region_is_the_sum_of_its_authorities(
    actions: list[Any], commissions: list[Any], drafts: list[Any]
) -> None:
    """RET-04: of everything that is counted or added up; counts and days are exact."""
    log = Log()
    acted(log, actions)
    for n, (number, on, days) in enumerate(commissions):
        log.commissioned(number, f"k{n}", day(on), days)
    for n, (number, due, _) in enumerate(drafts):
        log.tell("visits.visit", "held", f"v{n}", number, day(due), state="held", visit_type="spring_monitoring",
                 planned_for=day(due), held_on=day(due), draft_due=day(due))  # fmt: skip
    made = cells_of_log(log)
    values = values_of(made)
    for code, figure in current().figures.items():
        if figure.measure in ADDITIVE and (code, None, ()) in values and (code, "673", ()) in values:
            assert values[code, None, ()] == sum(values[code, authority, ()] for authority in AUTHORITIES)
            for authority in AUTHORITIES:
                parts = [v for (f, a, by), v in values.items() if (f, a) == (code, authority) and by]
                assert sum(parts) == values[code, authority, ()]
    assert "RET-04" not in {rule for rule, _ in found(made)}


def wrong(made: list[Cell], figure: str, authority: str | None, by: int) -> list[Cell]:
    """The cells with one number changed."""
    return [
        replace(c, value=(c.value or 0) + by)
        if (c.figure, c.authority, c.by) == (figure, authority, ())
        else c
        for c in made
    ]


def test_every_rule_of_the_sections_finds_a_miscount() -> None:
    """RET-04, RET-10 to RET-12, RET-15: a number that was counted wrongly is found."""
    log = Log()
    acted(log, [(NUMBERS[0], "a", [("proposed", 0), ("agreed", 1)])])
    facts = {"requested_on": day(1), "specialism": "teaching"}
    log.tell("brokerage.support_request", "agreed", "r.k", NUMBERS[0], day(2), state="agreed", **facts)
    log.commissioned(NUMBERS[0], "k", day(3), 2, state="delivered", delivered_on=day(5))
    log.tell("visits.visit", "held", "v", NUMBERS[0], day(1), state="held", visit_type="spring_monitoring",
             planned_for=day(1), held_on=day(1), draft_due=day(5))  # fmt: skip
    made = cells_of_log(log)
    clean = found(made)
    for figure, rule in (
        ("actions.new", "RET-10"), ("reports.drafts_share", "RET-11"), ("support.commissioned", "RET-12"),
        ("support_days.used", "RET-04"),
    ):  # fmt: skip
        assert (rule, "673") not in clean
        assert (rule, "673") in found(wrong(made, figure, "673", 1))
    assert ("RET-15", "673") in found(wrong(made, "impact.judged", "673", 2))


def test_sections_that_nobody_told_of_are_not_collected() -> None:
    """Flows 3: `not_collected` until the services come, never 0: every figure but the register's."""
    made = cells_of_log(Log())
    silent = {"register", "data_quality"}
    for cell in made:
        if current().figures[cell.figure].section not in silent:
            assert cell.status is Status.not_collected


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1), st.integers(1, 99))
def test_nearest_rank_is_the_smallest_that_enough_do_not_exceed(amounts: list[int], percent: int) -> None:
    """D-18: the definition itself, tried over all amounts."""
    enough = [a for a in amounts if sum(b <= a for b in amounts) * 100 >= percent * len(amounts)]
    assert nearest_rank(amounts, percent) == min(enough)


def test_shares_round_half_up() -> None:
    """Flows 3: integers of hundredths of a percent."""
    assert (share_of(1, 3), share_of(2, 3), share_of(1, 1), share_of(0, 7)) == (3333, 6667, 10_000, 0)
    assert share_of(1, 32) == 313  # 3.125 %


def test_every_figure_has_one_measure_and_its_unit() -> None:
    """Flows 3: codes are stable; units say what a number is."""
    figures = current().figures
    assert {f.unit for f in figures.values() if f.measure is Measure.share} == {"basis_points"}
    assert {f.unit for f in figures.values() if f.measure is Measure.day} == {"date"}
    assert {figure.code for figure in projected(Log())} == set(figures)
    assert all(rule.title.en and rule.title.cy for rule in current().rules.values())


def test_actions_that_follow_their_school_to_another_authority() -> None:
    """RET-10, flows 1: out of one and into the other, and the sum holds for both, against what was handed in."""
    log = Log()
    acted(log, [(NUMBERS[0], "a", [("proposed", -30), ("agreed", -29), ("in_progress", -28)])])
    facts = {"proposed_on": day(-30), "agreed_on": day(-29), "due_date": day(0), "state": "in_progress"}
    log.tell("visits.action", "moved", "a", "6812099", day(5), from_authority="673", **facts)
    made = cells_of_log(log)
    names = ("opening", "new", "cancelled", "closing")
    assert [value(made, f"actions.{name}", "673") for name in names] == [1, 0, 1, 0]
    assert [value(made, f"actions.{name}", "681") for name in names] == [0, 1, 0, 1]
    handed_in = {("actions.closing", "673", ()): 1, ("actions.closing", "681", ()): 0}
    assert "RET-10" not in {rule for rule, _ in found(made, handed_in)}
