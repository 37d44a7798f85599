"""The municipal year [domain 1.2.4-5]."""

from datetime import date

import pytest

from governance.domain.municipal_year import municipal_year_of


@pytest.mark.parametrize(
    ("day", "begins", "year"),
    [
        (date(2019, 12, 19), "05-01", "2019/20"),
        (date(2020, 4, 30), "05-01", "2019/20"),
        (date(2020, 5, 1), "05-01", "2020/21"),
        (date(1999, 9, 1), "09-01", "1999/00"),
    ],
)
def test_the_municipal_year_turns_on_its_day(day: date, begins: str, year: str) -> None:
    """domain 1.2.5: numbers begin anew with the municipal year."""
    assert municipal_year_of(day, begins) == year
