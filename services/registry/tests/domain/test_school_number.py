import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.school_number import RANGES, authority_of, disagreements, is_number, range_of


@given(st.text(max_size=9))
def test_a_number_is_seven_ascii_digits(text: str) -> None:
    assert is_number(text) == (len(text) == 7 and all(c in "0123456789" for c in text))


@given(st.integers(0, 9_999_999))
def test_a_number_lies_in_at_most_one_range(value: int) -> None:
    number = f"{value:07d}"
    prefix = int(number[3:5])
    holding = [entry for entry in RANGES if entry.first <= prefix <= entry.last]
    assert len(holding) <= 1
    assert range_of(number) == (holding[0] if holding else None)
    assert authority_of(number) == number[:3]


@pytest.mark.parametrize(
    ("number", "sector", "governance", "fields"),
    [
        ("6732118", "primary", "community", []),
        ("6732118", "primary", "voluntary_aided", ["governance"]),
        ("6735400", "secondary", "foundation", []),
        ("6745501", "primary", "foundation", ["sector", "governance"]),
        ("6777012", "special", "community", []),
        ("6777012", "special", "not_applicable", []),
        ("6606027", "independent", None, []),
        ("6816100", "independent", None, []),
        ("6739999", "primary", "community", []),
    ],
)
def test_a_disagreement_names_its_fields(
    number: str, sector: str, governance: str | None, fields: list[str]
) -> None:
    """DQ-001."""
    assert [found.field for found in disagreements(number, sector, governance)] == fields
