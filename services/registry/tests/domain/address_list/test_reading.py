import csv
import io
import zipfile
from collections import Counter

import pytest
from registry_data import AUTHORITIES, ODS, csv_bytes, list_bytes

from registry.domain.address_list import AddressList, Part, read
from registry.domain.address_list.columns import columns_of

CENTRAL_SOUTH = {"672": 59, "673": 55, "674": 123, "675": 28, "681": 126}


def maintained(change=lambda rows: None, language: str = "en", encoding: str = "utf-8") -> AddressList:
    """The real list of maintained schools after `change` has been made to its rows."""
    rows = list(csv.reader(io.StringIO(csv_bytes("maintained-schools", language).decode())))
    change(rows)
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return read(text.getvalue().encode(encoding), "list.csv", AUTHORITIES)


@pytest.fixture(scope="module")
def whole() -> AddressList:
    return read(list_bytes(ODS), ODS, AUTHORITIES)


def test_figures_of_the_real_list(whole: AddressList) -> None:
    """S0-01: 1,521 maintained, 72 independent, 23 PRUs; Central South 391 as 59/55/123/28/126; 146,928 pupils."""
    assert whole.faults == ()
    assert whole.count_by_part() == {"maintained": 1521, "independent": 72, "pru": 23}
    here = [s for s in whole.schools if s.part is Part.maintained and s.authority in CENTRAL_SOUTH]
    assert Counter(s.authority for s in here) == CENTRAL_SOUTH
    assert Counter(s.sector for s in here) == {
        "primary": 314, "secondary": 54, "special": 15, "nursery": 6, "middle": 2
    }  # fmt: skip
    assert Counter(s.governance for s in here) == {
        "community": 310, "voluntary_aided": 54, "voluntary_controlled": 5, "foundation": 2, "not_applicable": 20
    }  # fmt: skip
    assert sum(s.pupils or 0 for s in here) == 146_928
    assert {s.school_number for s in whole.schools if s.part is Part.pru and s.authority in CENTRAL_SOUTH} == {
        "6721102", "6731112", "6741106", "6741108", "6811107"
    }  # fmt: skip
    independent = [s for s in whole.schools if s.part is Part.independent]
    assert sum(s.authority in CENTRAL_SOUTH for s in independent) == 21
    assert {s.sector for s in independent} == {"independent"}
    assert all(s.governance is s.language_category is s.school_type is None for s in independent)


def test_warnings_of_the_real_list(whole: AddressList) -> None:
    """DQ-002 spaces, DQ-003 blank pupils; no school's digits disagree with its governance in 2018."""
    assert Counter(found.rule for found in whole.warnings) == {"DQ-002": 26, "DQ-003": 11}
    names = [f.value for f in whole.warnings if f.rule == "DQ-002" and f.column == "School Name"]
    assert sorted(names) == [
        "Nant Celyn Primary School", "Oakleigh House School", "Ysgol Gymraeg Dewi Sant", "Ysgol Heol Goffa"
    ]  # fmt: skip
    blank = [f.school_number for f in whole.warnings if f.rule == "DQ-003" and f.sheet == "Maintained"]
    assert blank == ["6662154", "6663051", "6777012", "6802328", "6807004"]


def test_na_is_a_code_and_not_a_null(whole: AddressList) -> None:
    categories = Counter(s.language_category for s in whole.schools if s.part is Part.maintained)
    assert categories["NA"] == 52
    assert None not in categories


@pytest.mark.parametrize("part", ["maintained-schools", "independent-schools", "prus"])
def test_welsh_and_english_files_are_the_same_list(part: str) -> None:
    """Values of either language become the same codes; findings differ in the names of columns alone."""
    english = read(csv_bytes(part, "en"), "en.csv", AUTHORITIES)
    welsh = read(csv_bytes(part, "cy"), "cy.csv", AUTHORITIES)
    assert welsh.schools == english.schools
    assert welsh.parts == english.parts
    assert [(f.rule, f.rows, f.value) for f in welsh.findings] == [
        (f.rule, f.rows, f.value) for f in english.findings
    ]


def test_ods_and_csv_are_the_same_list(whole: AddressList) -> None:
    parts = [
        read(csv_bytes(p), f"{p}.csv", AUTHORITIES)
        for p in ("maintained-schools", "independent-schools", "prus")
    ]
    assert whole.schools == tuple(school for part in parts for school in part.schools)


def test_a_byte_order_mark_changes_nothing() -> None:
    assert maintained(encoding="utf-8-sig").schools == maintained().schools


def test_a_name_keeps_its_form_without_the_spaces_around_it(whole: AddressList) -> None:
    by_number = {s.school_number: s for s in whole.schools}
    assert by_number["6732118"].name == by_number["6812309"].name == "Gladstone Primary School"
    assert by_number["6732120"].address[0] == "St  Paul's Avenue"  # doubled space inside: as published
    assert by_number["6611104"].name == "Llechan Lân Centres"


def test_wrong_header_names_every_missing_and_unknown_column() -> None:
    def change(rows: list[list[str]]) -> None:
        rows[0][1], rows[0][4], rows[0][16] = "Name", "Phase", "Roll"

    faults = maintained(change).faults
    assert [(f.rule, f.column, f.rows) for f in faults] == [
        ("DQ-104", "School Name", (1,)),
        ("DQ-104", "Sector", (1,)),
        ("DQ-104", "Pupils - see notes", (1,)),
        ("DQ-105", "Name", (1,)),
        ("DQ-105", "Phase", (1,)),
        ("DQ-105", "Roll", (1,)),
    ]


def test_a_straight_apostrophe_is_not_the_published_header() -> None:
    def change(rows: list[list[str]]) -> None:
        rows[0][1] = "Enw'r ysgol"

    faults = maintained(change, "cy").faults
    assert [(f.rule, f.column) for f in faults] == [("DQ-104", "Enw’r ysgol"), ("DQ-105", "Enw'r ysgol")]


def test_a_column_that_stands_twice() -> None:
    def change(rows: list[list[str]]) -> None:
        rows[0][14] = "Postcode"
        rows[0][15] = "Postcode"

    assert [(f.rule, f.column) for f in maintained(change).faults] == [
        ("DQ-104", "Phone Number"), ("DQ-106", "Postcode")
    ]  # fmt: skip


def test_a_header_that_is_no_list_at_all() -> None:
    faults = read(b"a,b\n1,2\n", "other.csv", AUTHORITIES).faults
    assert {f.rule for f in faults} == {"DQ-104", "DQ-105"}
    assert {f.column for f in faults if f.rule == "DQ-104"} == {c.header.en for c in columns_of(Part.pru)}


def test_a_doubled_number_names_both_rows() -> None:
    found = maintained(lambda rows: rows.append(list(rows[7])))
    assert [(f.rule, f.rows, f.value) for f in found.faults] == [("DQ-108", (8, 1523), rows_number(7))]


def rows_number(at: int) -> str:
    return list(csv.reader(io.StringIO(csv_bytes("maintained-schools").decode())))[at][0]


def test_an_unknown_authority_is_one_fault_with_its_rows_and_not_126() -> None:
    def change(rows: list[list[str]]) -> None:
        for row in rows:
            if row[2] == "681":
                row[2] = "999"

    (fault,) = maintained(change).faults
    assert (fault.rule, fault.value, fault.column) == ("DQ-109", "999", "LA Code")
    assert len(fault.rows) == 126
    assert fault.rows[0] == 1397


def test_every_fault_at_once_with_its_row_and_column() -> None:
    def change(rows: list[list[str]]) -> None:
        rows[1][0] = "66O2130"
        rows[2][1] = "  "
        rows[3][2] = "681"
        rows[4][4] = "Primery"
        rows[5][4] = "Independent"
        rows[6][6] = "XX"
        rows[7][16] = "278.5"
        rows[8][3:4] = ["Rhondda", " Cynon Taf"]
        rows[9][13] = "x" * 101
        rows[10][10] = "Am\x07lwch"
        rows[11][16] = "-3"

    faults = {(f.rule, f.rows, f.column) for f in maintained(change).faults}
    assert faults == {
        ("DQ-107", (2,), "School Number"),
        ("DQ-111", (3,), "School Name"),
        ("DQ-110", (4,), "School Number"),
        ("DQ-112", (5,), "Sector"),
        ("DQ-112", (6,), "Sector"),
        ("DQ-112", (7,), "WM Code"),
        ("DQ-113", (8,), "Pupils - see notes"),
        ("DQ-114", (9,), None),
        ("DQ-116", (10,), "Address 4"),
        ("DQ-117", (11,), "Address 1"),
        ("DQ-113", (12,), "Pupils - see notes"),
    }


def test_warnings_do_not_keep_a_list_from_being_applied() -> None:
    def change(rows: list[list[str]]) -> None:
        rows[1][5] = "Foundation"  # 6602130: a community number
        rows[2][7] = "English medium"  # WM
        rows[3][6], rows[3][7] = "AB", "Bilingual (Type A)"  # a primary school
        rows[4][0] = "6609133"

    found = maintained(change)
    assert found.faults == ()
    mine = [(f.rule, f.rows, f.column, f.value) for f in found.warnings if f.rows[0] <= 5]
    assert mine == [
        ("DQ-001", (2,), "Governance - see notes", "foundation"),
        ("DQ-004", (3,), "Welsh Medium Type - see notes", "English medium"),
        ("DQ-005", (4,), "WM Code", "AB"),
        ("DQ-007", (5,), "School Number", "6609133"),
    ]
    text = next(f for f in found.warnings if f.rule == "DQ-001").text
    assert "“community”" in text.en
    assert "“foundation”" in text.cy


def test_an_ods_whose_languages_disagree_says_where(whole: AddressList) -> None:
    content = edited_ods(lambda xml: swap_last(xml, "Meadowbank Special School", "Meadowbank School"))
    found = read(content, ODS, AUTHORITIES)
    (warning,) = [f for f in found.findings if f.rule == "DQ-006"]
    assert (warning.school_number, warning.column, warning.sheet) == ("6817021", "name", "A_gynhelir")
    assert found.faults == ()
    assert {s.name for s in found.schools if s.school_number == "6817021"} == {"Meadowbank School"}


def edited_ods(edit) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(list_bytes(ODS))) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry, edit(data.decode()).encode() if entry.filename == "content.xml" else data)
    return target.getvalue()


def swap_last(text: str, old: str, new: str) -> str:
    head, found, tail = text.rpartition(old)
    assert found
    return head + new + tail


def test_every_unknown_thing_of_an_ods_is_found_on_both_sheets() -> None:
    content = edited_ods(lambda xml: xml.replace(">Meithrin<", ">Meythrin<"))
    (fault,) = [f for f in read(content, ODS, AUTHORITIES).faults if f.column == "Sector"]
    assert (fault.rule, fault.sheet, fault.value, len(fault.rows)) == ("DQ-112", "A_gynhelir", "Meythrin", 11)
