"""R73: the rate and the bulkhead of one client (GCRA), against their definition."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.limits import (
    HELD_BACK,
    MOST_HELD_BACK,
    REFUSED_AT_ONCE,
    SECOND,
    WINDOW,
    Allowance,
    Quota,
)


@given(
    per_minute=st.integers(1, 60_000),
    replicas=st.integers(1, 8),
    gaps=st.lists(st.integers(0, 5 * SECOND), min_size=1, max_size=200),
)
def test_never_more_than_a_burst_and_the_rate_over_any_span(per_minute: int, replicas: int, gaps: list[int]):
    quota = Quota.of(per_minute, replicas, 10)
    allowance = Allowance(quota)
    now, let_in = 1_000 * SECOND, []
    for gap in gaps:
        now += gap
        left = allowance.take(now)
        assert -1 <= left < quota.burst
        if left >= 0:
            let_in.append(now)
    for first in range(len(let_in)):
        for last in range(first, len(let_in)):
            span = let_in[last] - let_in[first]
            assert last - first + 1 <= quota.burst + span / quota.interval


@given(per_minute=st.integers(1, 60_000), replicas=st.integers(1, 8))
def test_a_burst_is_there_at_once_and_again_after_its_window(per_minute: int, replicas: int):
    quota = Quota.of(per_minute, replicas, 10)
    allowance = Allowance(quota)
    began = 123_456_789 * SECOND
    lefts = [allowance.take(began) for _ in range(quota.burst)]
    assert lefts == list(range(quota.burst - 1, -1, -1))
    assert allowance.take(began) == -1
    wait = allowance.seconds_until_next(began)
    assert wait >= 1
    later = began + wait * SECOND
    assert allowance.take(later) >= 0
    full = later + allowance.seconds_until_full(later) * SECOND
    assert allowance.idle(full)
    assert allowance.take(full) == quota.burst - 1


def test_copies_share_a_clients_rate():
    assert Quota.of(6_000, 1, 1).burst == 100 * WINDOW
    assert Quota.of(6_000, 4, 1).burst == 25 * WINDOW
    assert Quota.of(6_000, 4, 1).policy_line == b'"client";q=250;w=10'
    assert Quota.of(1, 1, 1).policy_line == b'"client";q=1;w=60'


def test_a_client_with_requests_in_flight_is_not_forgotten():
    allowance = Allowance(Quota.of(60, 1, 1))
    allowance.in_flight = 1
    assert not allowance.idle(10**18)


def test_a_client_that_does_not_listen_is_refused_more_slowly():
    allowance = Allowance(Quota.of(60, 1, 1))
    now = 1_000 * SECOND
    pauses = [allowance.pause_of_refusal(now) for _ in range(REFUSED_AT_ONCE + 50)]
    assert pauses[:REFUSED_AT_ONCE] == [0.0] * REFUSED_AT_ONCE
    low, high = HELD_BACK
    assert all(low <= pause <= high for pause in pauses[REFUSED_AT_ONCE:])
    # Apart from one another, so that they do not all come back together.
    assert len(set(pauses[REFUSED_AT_ONCE:])) > 40
    assert allowance.pause_of_refusal(now + SECOND) == 0.0


def test_only_so_many_refusals_of_a_client_are_held_back():
    allowance = Allowance(Quota.of(60, 1, 1))
    allowance.held_back = MOST_HELD_BACK
    assert [allowance.pause_of_refusal(SECOND) for _ in range(100)] == [0.0] * 100
    assert not allowance.idle(10**18)
