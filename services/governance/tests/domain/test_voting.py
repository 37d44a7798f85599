"""Votes [flows 2, resolution; S4-26]: abstentions do not count in the majority, and no more votes than voters."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.domain.constitutions import Member, Share
from governance.domain.voting import (
    Cast,
    Count,
    carried,
    counted,
    eligible,
    outcome_of,
    refusal_of,
    refusal_of_names,
)
from governance.storage.conventions import constitutions

HALF = Share(1, 2)
FORUM = constitutions()["schools_forum_lincolnshire_2015"]
CSC_2013 = constitutions()["csc_joint_committee_2013"]
NUMBERS = st.integers(0, 40)
TWELVE = [Member(f"m{n}", "academy") for n in range(12)]
AUTHORITIES = [Member(f"{a}-{n}", "elected_member", True, a) for a in ("672", "673", "674") for n in (1, 2)]


def test_eight_in_favour_four_abstained() -> None:
    """S4-26, the schools forum's resolution 3: carried, whatever was not counted against."""
    assert outcome_of(Count(8, None, 4), 12, HALF, None) == "carried"
    assert outcome_of(Count(8, 0, 4), 12, HALF, None) == "carried"
    assert refusal_of(Count(8, None, 4), FORUM, TWELVE) is None


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_abstentions_do_not_count(for_: int, against: int, abstained: int, more: int) -> None:
    """flows 2: however many abstain, the outcome is that of those who voted."""
    count = Count(for_, against, abstained)
    assert carried(count, HALF) == (for_ > against)
    assert carried(count, HALF) == carried(Count(for_, against, abstained + more), HALF)


@given(NUMBERS, NUMBERS, st.integers(1, 5), st.integers(1, 5))
def test_a_majority_is_more_than_its_share(for_: int, against: int, numerator: int, extra: int) -> None:
    share = Share(numerator, numerator + extra)
    cast = for_ + against
    expected = cast > 0 and Fraction(for_, cast) > Fraction(share.numerator, share.denominator)
    assert carried(Count(for_, against, 0), share) == expected


@given(NUMBERS, NUMBERS, NUMBERS, st.sampled_from([None, "carried", "lost"]))
def test_what_was_not_counted_never_turns_an_outcome(
    for_: int, abstained: int, unaccounted: int, declared: str | None
) -> None:
    """An outcome given without the votes against is that of every number that there may have been."""
    entitled = for_ + abstained + unaccounted
    outcome = outcome_of(Count(for_, None, abstained), entitled, HALF, declared)
    possible = {carried(Count(for_, against, abstained), HALF) for against in range(unaccounted + 1)}
    if len(possible) == 1:
        assert outcome == ("carried" if possible.pop() else "lost")
    else:
        assert outcome == declared


@given(NUMBERS, st.one_of(st.none(), NUMBERS), NUMBERS)
def test_more_votes_than_voting_members_are_refused(for_: int, against: int | None, abstained: int) -> None:
    """flows 2, refused: more votes than voting members present."""
    cast = for_ + (against or 0) + abstained
    refused = refusal_of(Count(for_, against, abstained), FORUM, TWELVE)
    assert (refused is not None) == (cast > 12)
    if refused is not None:
        assert (refused.code, refused.cast, refused.entitled) == ("more_votes_than_members", cast, 12)


def test_one_vote_an_authority() -> None:
    """domain 1.2.2: six members of three authorities have three votes, and an authority votes once."""
    assert refusal_of(Count(2, 1, 0), CSC_2013, AUTHORITIES) is None
    refused = refusal_of(Count(3, 1, 0), CSC_2013, AUTHORITIES)
    assert refused is not None
    assert refused.entitled == 3
    twice = [Cast("672-1", "for"), Cast("672-2", "against")]
    refused = refusal_of_names(twice, AUTHORITIES, (), CSC_2013)
    assert refused is not None
    assert refused.code == "votes_twice"


@pytest.mark.parametrize(
    ("cast", "code"),
    [
        (Cast("absent", "for"), "member_not_present"),
        (Cast("officer", "for"), "member_does_not_vote"),
        (Cast("m2", "for"), "member_has_interest"),
        (Cast("m1", "for"), None),
    ],
)
def test_who_may_not_vote(cast: Cast, code: str | None) -> None:
    """flows 2, refused: a prejudicial interest, a non-voting member, somebody who is not there."""
    present = [Member("m1", "academy"), Member("m2", "academy"), Member("officer", "academy", voting=False)]
    refused = refusal_of_names([cast], present, {"m2"}, FORUM)
    assert (refused.code if refused else None) == code
    assert [m.id for m in eligible(present, {"m2"})] == ["m1"]


@given(st.lists(st.sampled_from(["for", "against", "abstained"]), max_size=12))
def test_a_vote_by_name_is_counted(ways: list[str]) -> None:
    count = counted([Cast(f"m{n}", way) for n, way in enumerate(ways)])
    assert (count.in_favour, count.against, count.abstained) == tuple(
        ways.count(way) for way in ("for", "against", "abstained")
    )
