from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from registry_data import AUTHORITIES, ODS, list_bytes

from registry.domain.address_list import AddressList, ListedSchool, Part, read
from registry.domain.list_differences import RegisteredSchool, compare, part_of_sector

NAMES = st.sampled_from(["Ysgol A", "Ysgol B"])
PARTS = st.sampled_from(list(Part))


def school(number: str, name: str, part: Part, pupils: int | None) -> ListedSchool:
    sector = "primary" if part is Part.maintained else part.value
    return ListedSchool(number, name, number[:3], part, sector, pupils=pupils)


SCHOOLS = st.dictionaries(
    st.sampled_from([f"673200{n}" for n in range(6)]),
    st.tuples(NAMES, PARTS, st.none() | st.integers(0, 2)),
    max_size=6,
)  # fmt: skip


@given(SCHOOLS, SCHOOLS, st.sampled_from(["open", "closed"]))
def test_every_school_is_told_in_exactly_one_way(listed: dict, held: dict, status: str) -> None:
    """S0-01: added, changed with its fields, unchanged, missing (reported, not closed)."""
    schools = tuple(school(number, *values) for number, values in listed.items())
    register = {number: RegisteredSchool(school(number, *values), status) for number, values in held.items()}
    parts = frozenset(s.part for s in schools)
    found = compare(AddressList(schools, parts), register)
    assert {s.school_number for s in found.added} == listed.keys() - held.keys()
    both = listed.keys() & held.keys()
    if status == "open":
        assert {c.after.school_number for c in found.changed} == {n for n in both if listed[n] != held[n]}
        assert found.unchanged == sum(listed[n] == held[n] for n in both)
        assert {m.listed.school_number for m in found.missing} == {
            n for n in held.keys() - listed.keys() if held[n][1] in parts
        }
    else:
        assert {c.listed.school_number for c in found.closed} == both
        assert not found.missing
    for change in found.changed:
        number = change.after.school_number
        expected = [
            field
            for field, at in (("name", 0), ("sector", 1), ("pupils", 2))
            if listed[number][at] != held[number][at]
        ]
        assert list(change.fields) == expected


@given(SCHOOLS)
def test_a_repeated_list_changes_nothing(listed: dict) -> None:
    schools = tuple(school(number, *values) for number, values in listed.items())
    register = {s.school_number: RegisteredSchool(s, "open") for s in schools}
    assert compare(AddressList(schools, frozenset(Part)), register).empty


def test_the_real_list_against_itself_with_one_rename() -> None:
    whole = read(list_bytes(ODS), ODS, AUTHORITIES)
    register = {s.school_number: RegisteredSchool(s, "open") for s in whole.schools}
    register["6732118"] = RegisteredSchool(
        replace(register["6732118"].listed, name="Gladstone", pupils=1), "open"
    )
    found = compare(whole, register)
    assert found.unchanged == 1615
    assert [(c.after.school_number, c.fields) for c in found.changed] == [("6732118", ("name", "pupils"))]
    assert found.missing == found.added == ()


def test_the_part_of_a_sector() -> None:
    assert [part_of_sector(s) for s in ("pru", "independent", "special")] == [
        Part.pru, Part.independent, Part.maintained
    ]  # fmt: skip
