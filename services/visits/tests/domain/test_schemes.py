"""Schemes, frameworks, cycles and monitoring as data, and the rules over them (D-06, S2-28)."""

import csv
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import CATEGORY_SCHEMES, CMI_COMPONENTS, FINDING_AREAS, REGIMES, SECTORS
from visits.domain.category_list import COLUMNS, read_list
from visits.domain.findings import Evidence, objections
from visits.domain.monitoring import Period, due_on, terms_of
from visits.domain.schemes import DifferentSchemesError, Judged, direction
from visits.storage.conventions import cycles, frameworks, schemes, visit_types

NATIONAL, LEGACY = schemes()["national_2014"], schemes()["legacy_2012"]
PERIODS = [
    Period("2019/20", "spring_1", date(2020, 1, 6), date(2020, 2, 23)),
    Period("2019/20", "spring_2", date(2020, 2, 24), date(2020, 4, 19)),
]


def test_ceilings_and_monitoring_are_those_of_the_field() -> None:
    """Domain 2.2.4, 2.1: 4, 10, 15, 25 days; C and D, amber and red are monitored more often."""
    assert [value.ceiling_days for value in NATIONAL.values.values()] == [4, 10, 15, 25]
    assert [value.title.cy for value in NATIONAL.values.values()] == ["Gwyrdd", "Melyn", "Oren", "Coch"]
    intensive = {v.code for s in schemes().values() for v in s.values.values() if v.intensive_monitoring}
    assert intensive == {"C", "D", "amber", "red"}


def test_the_data_speaks_the_codes_of_the_contracts() -> None:
    """Every code in the data is a code of a list, and what a value calls for is a visit type of some regime."""
    assert {scheme.code for scheme in schemes().values()} == {entry.code for entry in CATEGORY_SCHEMES}
    assert set(cycles()) == {entry.code for entry in REGIMES}
    assert {area for f in frameworks().values() for area in f.areas} <= {
        entry.code for entry in FINDING_AREAS
    }
    assert {kind.component for kind in visit_types().values()} <= {entry.code for entry in CMI_COMPONENTS}
    for cycle in cycles().values():
        assert cycle.framework in frameworks()
        assert all(entry.sectors <= {s.code for s in SECTORS} for entry in cycle.cycle.values())
        assert all(entry.due_by for entry in cycle.cycle.values() if entry.universal)
    offered = {code for cycle in cycles().values() for code in cycle.cycle}
    for scheme in schemes().values():
        assert {rule.visit_type for value in scheme.values.values() for rule in value.monitoring} <= offered


@given(st.sampled_from(sorted(NATIONAL.values)), st.sampled_from(sorted(LEGACY.values)))
def test_schemes_are_never_compared(national: str, legacy: str) -> None:
    """Domain 2.1: different scales that may share letters."""
    with pytest.raises(DifferentSchemesError):
        direction(Judged(LEGACY, legacy), Judged(NATIONAL, national))


@given(st.sampled_from(sorted(NATIONAL.values)), st.sampled_from(sorted(NATIONAL.values)))
def test_direction_is_antisymmetric(one: str, other: str) -> None:
    """Within a scheme a move has one direction."""
    there, back = (
        direction(Judged(NATIONAL, a), Judged(NATIONAL, b)) for a, b in ((one, other), (other, one))
    )
    assert there == -back
    assert (there == 0) == (one == other)


@given(
    st.sampled_from(sorted(NATIONAL.values)),
    st.dates(date(2019, 12, 1), date(2020, 5, 1)),
    st.integers(0, 60),
)
def test_monitoring_is_due_in_the_period_of_the_day_only(value: str, today: date, since: int) -> None:
    """S2-28: against a plain reference: one per rule whose period holds the day, while the value holds."""
    held_from = today - timedelta(days=since)
    found = list(due_on(today, NATIONAL.values[value], held_from, PERIODS))
    inside = date(2020, 1, 6) <= today <= date(2020, 4, 19)
    assert len(found) == (2 if inside and value in ("amber", "red") else 0)
    for due in found:
        assert due.due_from >= held_from
        assert due.period.first_day <= today <= due.period.last_day
    assert list(due_on(held_from - timedelta(days=1), NATIONAL.values[value], held_from, PERIODS)) == []


def test_a_term_is_its_half_terms() -> None:
    """From the first day of the first to the last day of the second."""
    assert terms_of(PERIODS) == [Period("2019/20", "spring", date(2020, 1, 6), date(2020, 4, 19))]


@given(
    st.sampled_from(["standards", "teaching", "weather"]),
    st.sampled_from([None, "good", "C"]),
    st.lists(st.dates(date(2020, 1, 1), date(2020, 2, 1)), max_size=3),
)
def test_a_judgement_needs_evidence(area: str, judgement: str | None, dates: list[date]) -> None:
    """D-06: whatever else is wrong, a judgement without evidence is objected to, and nothing else is without it."""
    today = date(2020, 1, 20)
    evidence = [Evidence("data", "x", day) for day in dates]
    found = [
        o.code for o in objections(frameworks()["visit_judgements_2014"], area, judgement, evidence, today)
    ]
    assert ("judgement_without_evidence" in found) == (judgement is not None and not evidence)
    assert found.count("not_in_list") == (area == "weather") + (judgement == "C")
    assert found.count("day_in_future") == sum(day > today for day in dates)


ROWS = st.lists(
    st.tuples(st.sampled_from(["6732118", "6732119"]), st.sampled_from(["primary", "secondary"]),
              st.sampled_from(["green", "red"])),
    max_size=6,
)  # fmt: skip


@given(ROWS)
def test_one_category_per_school_or_a_conflict(rows: list[tuple[str, str, str]]) -> None:
    """Domain 2.2.15: against a reference that groups; a conflict is never settled silently."""
    labels = {"green": "Green/Gwyrdd", "red": "Red/Coch"}
    lines = [",".join(COLUMNS), *(f"{n},673,{kind},{value},{labels[value]}" for n, kind, value in rows)]
    read = read_list("\n".join(lines).encode(), NATIONAL)
    by_school = {n: {value for m, _, value in rows if m == n} for n, _, _ in rows}
    conflicts = any(len(values) > 1 for values in by_school.values())
    assert ("categories_conflict" in {fault.code for fault in read.faults}) == conflicts
    assert read.rows == len(rows)
    assert set(read.values) == set(by_school)
    assert next(csv.reader(lines)) == list(COLUMNS)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff\xfe", "list_not_read"),
        (b"a,b\n", "list_columns_wrong"),
        (",".join(COLUMNS).encode() + b"\n6732118,673,primary,green\n", "list_row_incomplete"),
        (
            ",".join(COLUMNS).encode() + b"\n6732118,674,primary,green,Green/Gwyrdd\n",
            "authority_not_of_school",
        ),
        (",".join(COLUMNS).encode() + b"\n6732118,673,primary,green,Red/Coch\n", "published_value_differs"),
    ],
)
def test_what_a_list_is_refused_for(content: bytes, code: str) -> None:
    """Every fault has its code, and the row keeps its number."""
    read = read_list(content, NATIONAL)
    assert [fault.code for fault in read.faults] == [code]
    assert read.values == {}
