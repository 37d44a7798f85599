"""Whoever has a school has the numbers that it had before (flows §1: the new authority reads the whole history)."""

from itertools import pairwise, permutations

from hypothesis import given
from hypothesis import strategies as st

from service_kit.moving import earlier
from service_kit.policy.memberships import Memberships

CHAIN = [("6730001", "6810001", "681"), ("6810001", "6720001", "672"), ("6720001", "6740001", "674")]
ELSEWHERE = [("6750001", "6730009", "673")]


def test_moves_in_any_order_give_the_same() -> None:
    """A school that moved three times: each holder has what came before it, and nothing of another school."""
    for moves in permutations([*CHAIN, *ELSEWHERE]):
        found = earlier(moves)
        assert found["681"] == found["6810001"] == {"6730001"}
        assert found["672"] == {"6730001", "6810001"}
        assert found["674"] == found["6740001"] == {"6730001", "6810001", "6720001"}
        assert found["673"] == {"6750001"}


@given(st.sets(st.integers(0, 30), min_size=2))
def test_a_line_of_moves_is_kept_whole(places: set[int]) -> None:
    """However long a line is, its end has every number of it but its own."""
    numbers = [f"{100 + place}0001" for place in places]
    moves = [(old, new, new[:3]) for old, new in pairwise(numbers)]
    assert earlier(list(reversed(moves)))[numbers[-1]] == set(numbers[:-1])


def test_a_right_reaches_the_history_only_where_the_past_is_asked_for() -> None:
    """Without the earlier numbers an authority's rows are those of today."""
    assert Memberships().before(["681"]) == frozenset()
    assert Memberships(earlier=earlier(CHAIN)).before(["681", "6740001"]) == {"6730001", "6810001", "6720001"}
