"""Bodies as data [D-19, S1-24, S1-28, S1-29; domain 1.2, 1.3, 6.2]: composition, who votes, quorum."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.domain.constitutions import (
    Constitution,
    Member,
    appointment_fault,
    composition_faults,
    counted_present,
    quorum_of,
    votes_of,
)
from governance.storage.conventions import constitutions

FIVE = ("672", "673", "674", "675", "681")
NATIONAL = constitutions()["national_model_joint_committee_2014"]
CSC_2013 = constitutions()["csc_joint_committee_2013"]
BOARD = constitutions()["executive_board_2014"]
LINCOLNSHIRE = constitutions()["schools_forum_lincolnshire_2015"]
WALES = constitutions()["schools_forum_wales_2003"]


def full(rules: Constitution, authorities: tuple[str, ...] = FIVE) -> list[Member]:
    """Every counted seat filled, the chair in the first seat that may chair."""
    members = [
        Member(f"{seat.code}-{authority}-{n}", seat.code, seat.voting, authority)
        for seat in rules.seats.values()
        if seat.count is not None and seat.member
        for authority in (authorities if seat.per_authority else (None,))
        for n in range(seat.count)
    ]
    chairs = [m for m in members if m.seat == rules.chair_from or (rules.chair_from is None and m.voting)]
    return [dataclasses.replace(m, office="chair") if m is chairs[0] else m for m in members]


def test_the_joint_committee_of_the_national_model() -> None:
    """S1-24: the leader of each authority, the lead chief executive, the managing director; officers do not vote."""
    members = full(NATIONAL)
    assert composition_faults(NATIONAL, members, FIVE) == []
    assert len(members) == 7
    assert votes_of(NATIONAL, members) == 5
    assert {m.seat for m in members if not m.voting} == {"lead_chief_executive", "managing_director"}
    without = [m for m in members if m.represents != "674"]
    assert [(f.code, f.seat, f.authority) for f in composition_faults(NATIONAL, without, FIVE)] == [
        ("vacancy", "leader", "674")
    ]


def test_the_joint_committee_of_november_2013() -> None:
    """domain 1.2.2: two elected members an authority, one vote an authority, one education officer of each."""
    members = full(CSC_2013)
    assert composition_faults(CSC_2013, members, FIVE) == []
    assert sum(m.voting for m in members) == 10
    assert votes_of(CSC_2013, members) == 5
    one_each = [m for m in members if m.id.endswith("-0")]
    assert votes_of(CSC_2013, one_each) == 5
    assert counted_present(CSC_2013, [m for m in members if m.represents == "672"]) == 1
    third = Member("", "elected_member", True, "672")
    fault = appointment_fault(CSC_2013, third, members, FIVE)
    assert fault is not None
    assert fault.code == "seat_full"
    stranger = appointment_fault(CSC_2013, Member("", "elected_member", True, "660"), [], FIVE)
    assert stranger is not None
    assert stranger.code == "authority_not_of_body"


def test_the_executive_board_is_one_one_one_five() -> None:
    """S1-28, S1-29: eight in all, a serving head among the five, the chair one of the five."""
    members = full(BOARD)
    assert len(members) == 8
    assert [f.code for f in composition_faults(BOARD, members, ())] == ["no_serving_head"]
    expert = next(m for m in members if m.seat == "expert" and m.office is None)
    complete = [dataclasses.replace(m, serving_head=True) if m is expert else m for m in members]
    assert composition_faults(BOARD, complete, ()) == []
    moved = [dataclasses.replace(m, office="chair" if m.seat == "lead_director" else None) for m in complete]
    assert [f.code for f in composition_faults(BOARD, moved, ())] == ["chair_not_eligible"]
    refused = appointment_fault(BOARD, Member("", "lead_director", True, office="chair"), [], ())
    assert refused is not None
    assert refused.code == "chair_not_eligible"


def test_the_forum_is_quorate_at_two_fifths_of_all_seats() -> None:
    """domain 6.2.1-2: Lincolnshire's 28 seats, vacancies count: twelve, of which eight and four make one vote."""
    assert sum(seat.count or 0 for seat in LINCOLNSHIRE.seats.values()) == 28
    assert quorum_of(LINCOLNSHIRE, [], ()) == 12


@pytest.mark.parametrize(("schools", "others", "codes"), [(12, 3, []), (10, 3, ["too_few_members"]),
                                                          (12, 5, ["share_too_large"])])  # fmt: skip
def test_the_welsh_forum_has_fifteen_and_a_quarter(schools: int, others: int, codes: list[str]) -> None:
    """domain 6.2.4: at least 15 members, non-schools members at most one quarter."""
    members = [Member(f"s{n}", "primary_school", office="chair" if n == 0 else None) for n in range(schools)]
    members += [Member(f"o{n}", "non_schools") for n in range(others)]
    assert [f.code for f in composition_faults(WALES, members, ())] == codes


@given(st.sampled_from(sorted(constitutions())), st.data())
def test_a_quorum_never_falls_as_members_are_added(code: str, data: st.DataObject) -> None:
    """D-19: a share rounded up, never less than the least; whoever leaves never makes a meeting quorate."""
    rules = constitutions()[code]
    seats = st.sampled_from([seat.code for seat in rules.seats.values() if seat.voting])
    chosen = data.draw(st.lists(st.tuples(seats, st.sampled_from(FIVE)), max_size=25))
    members = [Member(str(n), seat, True, authority) for n, (seat, authority) in enumerate(chosen)]
    needed = quorum_of(rules, members, FIVE)
    assert needed >= rules.quorum.at_least
    assert quorum_of(rules, members[:-1], FIVE) <= needed
    assert counted_present(rules, members[:-1]) <= counted_present(rules, members)
    total = needed * rules.quorum.share.denominator
    if needed > rules.quorum.at_least:
        assert total - rules.quorum.share.denominator < rules.quorum.share.numerator * 40
