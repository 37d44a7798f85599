import io
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_data import AUTHORITIES, ODS, csv_bytes, list_bytes

from registry.domain.address_list import read
from registry.domain.address_list.decoding import decode

MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"


def ods(table: str, mimetype: str = MIMETYPE, padding: int = 0) -> bytes:
    namespaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    xml = (
        f"<office:document-content{namespaces}><office:body><office:spreadsheet>"
        f'<table:table table:name="Maintained">{table}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mimetype}"/></manifest:manifest>'
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", mimetype)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", xml)
        archive.writestr("padding", b"\0" * padding)
    return target.getvalue()


def cell(value: str, repeated: int = 1) -> str:
    return (
        f'<table:table-cell table:number-columns-repeated="{repeated}" office:value-type="string">'
        f"<text:p>{value}</text:p></table:table-cell>"
    )


def row(cells: str, repeated: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{repeated}">{cells}</table:table-row>'


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_half_written_ods_is_one_clear_fault(share: float) -> None:
    content = list_bytes(ODS)
    found = read(content[: int(len(content) * share)], ODS, AUTHORITIES)
    assert [f.rule for f in found.findings] == ["DQ-101"]
    assert found.schools == ()


def test_a_damaged_ods_is_one_clear_fault() -> None:
    content = bytearray(list_bytes(ODS))
    content[200_000:200_400] = b"\xff" * 400
    assert [f.rule for f in read(bytes(content), ODS, AUTHORITIES).findings] == ["DQ-101"]


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00\x01", b"School Number\x00,x\n", b'School Number,"open\n1,2', b"caf\xe9,b\n1,2\n",
     b"x," + b"y" * 200_000],
)  # fmt: skip
def test_what_is_no_utf8_csv_is_one_clear_fault(content: bytes) -> None:
    assert [f.rule for f in read(content, "list.csv", AUTHORITIES).findings] == ["DQ-101"]


def test_an_empty_file_and_a_header_alone_hold_no_school() -> None:
    for content in (b"", csv_bytes("prus").splitlines(keepends=True)[0]):
        found = read(content, "list.csv", AUTHORITIES)
        assert [f.rule for f in found.findings] == ["DQ-115"]


def test_a_spreadsheet_of_another_kind_is_refused() -> None:
    assert decode(ods(row(cell("x")), mimetype="application/vnd.ms-excel"), "x")[1][0].rule == "DQ-101"
    assert decode(ods(row(cell("x"))), "x")[0][0].rows == [["x"]]


def test_an_ods_without_a_sheet_of_schools_says_which_it_expects() -> None:
    with zipfile.ZipFile(io.BytesIO(ods(row(cell("x"))))) as old:
        renamed = io.BytesIO()
        with zipfile.ZipFile(renamed, "w") as new:
            for entry in old.infolist():
                new.writestr(entry, old.read(entry).replace(b'"Maintained"', b'"Schools"'))
    (fault,) = read(renamed.getvalue(), "x.ods", AUTHORITIES).findings
    assert fault.rule == "DQ-103"
    assert "A_gynhelir" in fault.text.cy


def test_a_bomb_of_unpacked_bytes_is_refused_before_it_is_opened() -> None:
    content = ods(row(cell("x")), padding=70 * 1024 * 1024)
    assert len(content) < 100_000
    tracemalloc.start()
    found = decode(content, "bomb.ods")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [f.rule for f in found[1]] == ["DQ-102"]
    assert peak < 2_000_000


@pytest.mark.parametrize(
    "table",
    [
        row(cell("x", 16_384), 1_000_000),
        row("<table:table-cell table:number-columns-repeated='16383'/>" + cell("x")) + row(cell("y")) * 100,
        row("<table:table-cell/>", 1_000_000) + row(cell("x")) + row(cell("x", 3)),
        row(cell("x")) + row("<table:covered-table-cell table:number-columns-repeated='900000'/>" + cell("x"), 2),
    ],
)  # fmt: skip
def test_a_bomb_of_repeated_cells_is_refused_before_it_is_opened(table: str) -> None:
    """A few hundred bytes may repeat one cell a billion times: the area that sheets span is measured first."""
    assert [f.rule for f in decode(ods(table), "bomb.ods")[1]] == ["DQ-102"]


@pytest.mark.parametrize(
    "content",
    [b"a\n" * 5_000_000, b",".join(b"c%d" % n for n in range(200)) + b"\n", ods(row(cell("x"), 200_000))],
)
def test_more_rows_or_columns_than_any_list_has_are_one_fault(content: bytes) -> None:
    assert [f.rule for f in read(content, "long", AUTHORITIES).findings] == ["DQ-118"]


def test_empty_cells_that_a_program_repeats_to_the_edge_are_no_bomb() -> None:
    table = row(cell("x") + "<table:table-cell table:number-columns-repeated='16383'/>") + row(
        "<table:table-cell table:number-columns-repeated='16384'/>", 1_048_575
    )
    sheets, findings = decode(ods(table), "edge.ods")
    assert findings == []
    assert sheets[0].rows == [["x"]]


@given(st.binary(max_size=400), st.booleans())
def test_no_bytes_make_the_reader_raise(content: bytes, as_zip: bool) -> None:
    found = read((b"PK\x03\x04" if as_zip else b"") + content, "any", AUTHORITIES)
    assert found.faults


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 300_000), st.binary(min_size=1, max_size=64))
def test_no_damage_makes_the_reader_raise(at: int, damage: bytes) -> None:
    content = bytearray(list_bytes(ODS))
    content[at : at + len(damage)] = damage
    found = read(bytes(content), ODS, AUTHORITIES)
    assert found.faults or len(found.schools) == 1616
