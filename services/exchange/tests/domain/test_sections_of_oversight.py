"""Amber and red, confidential categories, meetings, references: each rule where it bites (flows 3; S1-34)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from logs import NUMBERS, Log, acted, cells_of_log, day, found, value


def reviewed(log: Log, key: str, number: str, planned: int, held: int | None) -> None:
    log.tell(
        "visits.visit", "held" if held is not None else "planned", key, number, day(planned),
        state="held" if held is not None else "planned", visit_type="causing_concern_progress_meeting",
        planned_for=day(planned), held_on=None if held is None else day(held),
    )  # fmt: skip


def test_each_school_of_concern_is_reviewed_or_says_why_not() -> None:
    """RET-09, S2-28: which schools, since when, plan, last and next review, progress; one not reviewed is a warning."""
    log = Log()
    for number, name in zip(NUMBERS, ("red", "amber", "yellow", "green"), strict=True):
        log.categorised(number, name)
    reviewed(log, "v1", NUMBERS[0], 10, 12)
    reviewed(log, "v2", NUMBERS[0], 60, None)
    reviewed(log, "v3", NUMBERS[1], -20, -20)
    acted(log, [(NUMBERS[0], "a", [("proposed", 0), ("agreed", 1), ("in_progress", 2)]),
                (NUMBERS[0], "b", [("proposed", 0), ("agreed", 1), ("in_progress", 2), ("claimed_complete", 3),
                                   ("verified", 4)])])  # fmt: skip
    made = cells_of_log(log)
    red = {"category": "red", "school": NUMBERS[0]}
    amber = {"category": "amber", "school": NUMBERS[1]}
    assert [value(made, f"amber_and_red.{n}", "673") for n in ("schools", "reviewed", "not_reviewed", "with_plan")] == [
        2, 1, 1, 1,
    ]  # fmt: skip
    assert value(made, "amber_and_red.schools", "681") == 0
    assert value(made, "amber_and_red.since", "673", **red) == 2019_09_10
    assert value(made, "amber_and_red.last_review", "673", **red) == 2020_01_18
    assert value(made, "amber_and_red.next_review", "673", **red) == 2020_03_06
    assert value(made, "amber_and_red.last_review", "673", **amber) == 2019_12_17
    assert value(made, "amber_and_red.progress", "673", **red) == 5000
    assert {("RET-09", "673")} <= found(made)
    assert ("RET-09", "681") not in found(made)
    assert not [c for c in made if c.figure == "amber_and_red.since" and not c.by]


def test_confidential_categories_suppress_schools_and_ceilings() -> None:
    """Flows 3: after 2022 only counts; which schools are monitored and what their ceilings are is suppressed."""
    log = Log()
    log.categorised(NUMBERS[2], "red")
    log.tell("visits.category", "settled_in_confidence", "c", NUMBERS[0], day(0), scheme="local",
             school_year="2019/20", state="published")  # fmt: skip
    log.commissioned(NUMBERS[0], "k", day(1), 2, ceiling_days=None)
    made = cells_of_log(log)
    assert (
        value(made, "amber_and_red.schools", "673")
        == value(made, "support_days.ceiling", "673")
        == "suppressed"
    )
    assert value(made, "amber_and_red.schools") == "suppressed"
    assert value(made, "support_days.ceiling", "681") == 25
    assert value(made, "support_days.committed", "673", category="confidential") == 2


def test_meetings_against_what_constitutions_require() -> None:
    """RET-16, RET-17, S1-26: three joint committees a year, scrutiny once; a region's own body is no authority's."""
    log = Log()
    joint = {
        "body_type": "joint_committee",
        "consortium": "csc",
        "meetings_a_year": 3,
        "valid_from": "2014-04-01",
    }
    log.tell("governance.body", "established", "joint", **joint)
    log.tell("governance.body", "established", "other", **{**joint, "consortium": "gwe"})
    scrutiny = {"body_type": "scrutiny_committee", "meetings_a_year": 1, "valid_from": "2014-04-01"}
    log.tell("governance.body", "established", "scrutiny", authority="673", **scrutiny)
    for n, (body, opened) in enumerate(
        [("joint", -400), ("joint", -200), ("joint", 20), ("joint", 60), ("scrutiny", 10), ("other", 3)]
    ):
        log.tell("governance.meeting", "opened", f"m{n}", body_id=body, opened_at=f"{day(opened)}T10:00:00Z",
                 state="opened")  # fmt: skip
    made = cells_of_log(log)
    here = {"body": "joint", "body_type": "joint_committee"}
    assert value(made, "governance.meetings_required", None, **here) == 3
    assert value(made, "governance.meetings_held", None, **here) == 2
    assert value(made, "governance.meetings_held") == 3 == 1 + 2
    assert value(made, "governance.meetings_held", "673") == 1
    assert value(made, "governance.scrutiny_held", "673") == 0  # it met, but not on performance
    assert value(made, "governance.scrutiny_held", "681") == "not_collected"
    assert {("RET-16", None), ("RET-17", "673"), ("RET-17", "681")} <= found(made)
    assert not {("RET-04", None), ("RET-16", "673")} & found(made)
    log.tell(
        "governance.agenda_item", "published", "i", meeting_id="m4", matter="performance", state="on_agenda"
    )
    log.tell(
        "governance.meeting",
        "opened",
        "m9",
        body_id="joint",
        opened_at=f"{day(30)}T10:00:00Z",
        state="opened",
    )
    assert not {("RET-16", None), ("RET-17", "673")} & found(cells_of_log(log))
    board = {"body_type": "executive_board", "meetings_a_year": 3, "valid_from": "2014-04-01"}
    log.tell("governance.body", "established", "board", authorities=["673", "681"], **board)
    log.tell("governance.body", "established", "theirs", authorities=["673", "660"], **board)
    made = cells_of_log(log)
    assert value(made, "governance.meetings_required", None, body="board", body_type="executive_board") == 3
    assert value(made, "governance.meetings_required") == 3 + 3 + 1


def test_references_are_overdue_until_considered() -> None:
    """S0-24: due before the end of the period and not considered by then, whatever came after."""
    log = Log()
    log.tell(
        "governance.body",
        "established",
        "cabinet",
        authority="673",
        body_type="cabinet",
        valid_from="2014-04-01",
    )
    facts = {"authority": "673", "to_body": "cabinet", "made_on": day(-30)}
    for key, due, considered in (("a", 5, None), ("b", 5, 5), ("c", 5, 60), ("d", 60, None)):
        log.tell("governance.reference", "made", key, on=day(-30), state="made", due_on=day(due), **facts)
        if considered is not None:
            log.tell("governance.reference", "considered", key, on=day(considered), state="considered",
                     due_on=day(due), considered_on=day(considered), **facts)  # fmt: skip
    made = cells_of_log(log)
    assert value(made, "governance.references_overdue", "673", body="cabinet") == 2
