"""The day ledger against a simple reference (D-16; flows 2, ceiling)."""

from hypothesis import given
from hypothesis import strategies as st

from brokerage.domain.caller import Caller
from brokerage.domain.ceilings import (
    PROPOSER_CANNOT_OVERRIDE,
    PROVIDER_CANNOT_OVERRIDE,
    Ledger,
    Proposal,
    why_no_override,
)

DAYS = st.integers(min_value=0, max_value=60)
WHO = st.sampled_from(["asker", "broker", "provider", "lead"])


@given(ceiling=st.none() | DAYS, committed=DAYS, extra=DAYS, days=DAYS)
def test_days_fit_exactly_where_their_sum_does(
    ceiling: int | None, committed: int, extra: int, days: int
) -> None:
    """D-16: committed + new <= ceiling + overrides; without a category nothing limits."""
    ledger = Ledger(ceiling, committed, 0, extra)
    fits = ceiling is None or days == 0 or committed + days <= ceiling + extra
    assert (ledger.exceeded_by(days) == 0) == fits
    if not fits and ceiling is not None:
        allowed = Ledger(ceiling, committed, 0, max(extra, committed - ceiling) + ledger.exceeded_by(days))
        assert allowed.exceeded_by(days) == 0, "an override of what is exceeded is enough"


@given(committed=DAYS, ceiling=DAYS)
def test_a_lower_ceiling_takes_nothing_back(committed: int, ceiling: int) -> None:
    """Flows 2: a change of category never invalidates what is committed."""
    ledger = Ledger(ceiling, committed)
    assert ledger.committed == committed
    assert ledger.room == max(0, ceiling - committed)


@given(who=WHO, proposers=st.frozensets(WHO), provider=st.none() | WHO)
def test_neither_proposer_nor_provider_overrides(
    who: str, proposers: frozenset[str], provider: str | None
) -> None:
    """Flows 2: the lead officer, never proposer or provider."""
    barred = why_no_override(Caller(who), Proposal(proposers, provider, None))
    if who == provider:
        assert barred == PROVIDER_CANNOT_OVERRIDE
    elif who in proposers:
        assert barred == PROPOSER_CANNOT_OVERRIDE
    else:
        assert barred is None


def test_the_head_of_the_providing_school_does_not_override() -> None:
    caller = Caller("lead", heads=frozenset({"6812093"}))
    assert why_no_override(caller, Proposal(frozenset(), None, "6812093")) == PROVIDER_CANNOT_OVERRIDE
