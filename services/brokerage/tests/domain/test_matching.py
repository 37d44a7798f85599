"""Matching and conflicts of interest as pure rules (D-13, D-17; S4-16; domain 5.2)."""

import tomllib
from datetime import date
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.domain.conflicts import Interest, Involvement, blocking
from brokerage.domain.matching import BLOCKS, REASONS, Candidate, Conventions, Wanted, Window, judged, ranked
from brokerage.storage.conventions import matching, support_types
from contracts.brokerage_codes import INTEREST_GROUNDS, SUPPORT_TYPES
from contracts.codes import LANGUAGE_CATEGORY_2007, SECTORS

WANTED = Wanted("6732118", "673", "primary", "CF62 8NA", "en", 6, date(2020, 2, 4))
GOOD = Candidate(
    menu_item_id="item", provider_id="provider", languages=frozenset({"en"}), phases=frozenset({"primary"}),
    follow_up="none", active=True, windows=(Window(date(2020, 1, 6), date(2020, 2, 23), 6),),
)  # fmt: skip
FLAGS = st.fixed_dictionaries({
    "active": st.booleans(),
    "school_closed": st.booleans(),
    "follow_up": st.sampled_from(["none", "estyn_review", "significant_improvement", "special_measures"]),
    "languages": st.frozensets(st.sampled_from(["en", "cy"])),
    "phases": st.frozensets(st.sampled_from(["primary", "secondary", "special"])),
    "windows": st.lists(
        st.builds(Window, st.just(date(2020, 1, 6)), st.sampled_from([date(2020, 2, 3), date(2020, 2, 23)]),
                  st.integers(0, 9)), max_size=2).map(tuple),
    "authority": st.sampled_from([None, "673", "681"]),
    "other_authority_only": st.booleans(),
    "conflicts": st.sampled_from([(), ("own_school",), ("wrote_finding",)]),
    "strong_impacts": st.integers(0, 2),
})  # fmt: skip


@given(FLAGS)
def test_a_match_is_blocked_exactly_where_something_refuses_it(flags: dict) -> None:
    """Flows 2: refused is a conflict, a provider without capacity, language or phase, in special measures."""
    found = judged(Candidate(menu_item_id="i", provider_id="p", **flags), WANTED, matching())
    can = (
        flags["active"] and not flags["school_closed"] and not flags["conflicts"]
        and flags["follow_up"] in ("none", "estyn_review")
        and "en" in flags["languages"] and "primary" in flags["phases"]
        and any(w.free >= 6 and w.last_day >= WANTED.from_day for w in flags["windows"])
        and not (flags["other_authority_only"] and flags["authority"] == "673")
    )  # fmt: skip
    assert (found.blocked == ()) == can
    assert set(found.blocked) <= BLOCKS.keys()
    assert set(found.reasons) <= REASONS.keys()
    assert found.score == sum(matching().weights[reason] for reason in found.reasons)


@given(st.lists(FLAGS, max_size=6))
def test_blocked_ones_come_last_and_scores_fall(many: list[dict]) -> None:
    found = ranked(
        (Candidate(menu_item_id=f"i{n}", provider_id="p", **flags) for n, flags in enumerate(many)),
        WANTED, matching(),
    )  # fmt: skip
    assert len(found) == len(many)
    keys = [(bool(one.blocked), -one.score) for one in found]
    assert keys == sorted(keys)


@given(
    person=st.sampled_from([None, "a", "b"]), school=st.sampled_from([None, "6732118", "6812093"]),
    writer=st.sampled_from([None, "a"]), matcher=st.sampled_from([None, "b"]),
    declared=st.lists(st.builds(Interest, st.sampled_from([e.code for e in INTEREST_GROUNDS]), st.booleans())),
)  # fmt: skip
def test_conflicts_block_until_mitigated_and_the_own_school_always(
    person: str | None, school: str | None, writer: str | None, matcher: str | None, declared: list[Interest]
) -> None:
    """Flows 2, conflict of interest: absolute, declared, mitigated."""
    found = blocking(person, school, Involvement("6732118", writer, matcher), declared)
    assert ("own_school" in found) == (school == "6732118")
    for ground in (entry.code for entry in INTEREST_GROUNDS):
        mitigated = [one.mitigated for one in declared if one.ground == ground]
        known = (ground == "wrote_finding" and person is not None and person == writer) or (
            ground == "matched_it" and person is not None and person == matcher
        )
        blocks = not all(mitigated) or (known and not mitigated)
        assert (ground in found) == blocks


def test_conventions_name_every_code() -> None:
    """Convention data is complete: types, sectors and Welsh-medium types have a line each."""
    document = tomllib.loads(files("brokerage").joinpath("data", "matching.toml").read_text("utf-8"))
    assert support_types().keys() == {entry.code for entry in SUPPORT_TYPES}
    assert document["phases"].keys() == {entry.code for entry in SECTORS}
    assert document["languages"].keys() == {entry.code for entry in LANGUAGE_CATEGORY_2007}
    assert {entry.code for entry in INTEREST_GROUNDS} < BLOCKS.keys()
    with pytest.raises(ValueError, match="nearby"):
        Conventions.of(
            {**document, "weights": {k: v for k, v in document["weights"].items() if k != "nearby"}}
        )
