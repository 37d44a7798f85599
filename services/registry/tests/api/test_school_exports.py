"""C-13: the list of schools whole, in each form, in both languages: what an office opens and what a program reads."""

import csv
import io
import json
import zipfile
from xml.etree import ElementTree

from registry_api import Register

from contracts.media_types import CSV, NDJSON, ODS

CELL = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}table-cell"
ROW = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}table-row"


async def test_headings_are_in_the_callers_language(region: Register) -> None:
    """R107: every column of CSV and ODS is headed in Welsh or English, each by another text; the cells are the same."""
    tables = {}
    for language in ("en", "cy"):
        caller = region.caller("operator", language)
        answer = await caller.get("/v1/schools", headers={"Accept": CSV}, authority="673")
        assert answer.headers["content-language"] == language
        header, *rows = csv.reader(io.StringIO(answer.text, newline=""))
        sheet = await caller.get("/v1/schools", headers={"Accept": ODS}, authority="673")
        package = zipfile.ZipFile(io.BytesIO(sheet.content))
        assert package.testzip() is None
        assert package.infolist()[0].filename == "mimetype"
        content = ElementTree.fromstring(package.read("content.xml"))
        cells = [["\n".join(line.text or "" for line in cell) for cell in row] for row in content.iter(ROW)]
        assert cells[0] == header
        assert [row[0] for row in cells[1:]] == [row[0] for row in rows]
        assert len(set(header)) == len(header)
        tables[language] = header, rows
    (english, rows), (welsh, same) = tables["en"], tables["cy"]
    at = english.index("The school's number in the national register")
    assert welsh[at] == "Rhif yr ysgol yn y gofrestr genedlaethol"
    assert not [heading for heading in english if heading in welsh]
    names = await region.operator.get(
        "/v1/schools", headers={"Accept": CSV}, authority="673", headings="names"
    )
    named = list(csv.DictReader(io.StringIO(names.text, newline="")))
    items = await region.operator.everything("/v1/schools", authority="673")
    assert [row["name"] for row in named] == [item["name"] for item in items]
    assert len(rows) == len(same) == len(items)


async def test_the_whole_list_is_what_its_pages_are(region: Register) -> None:
    """R107: 1,616 schools, line by line the items of the pages."""
    answer = await region.operator.get("/v1/schools", headers={"Accept": NDJSON}, sort="school_number")
    items = await region.operator.everything("/v1/schools", sort="school_number")
    assert [json.loads(line) for line in answer.text.splitlines()] == items
    assert len(items) == 1616
