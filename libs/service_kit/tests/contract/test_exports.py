"""Exports: every list whole, streamed, with the query, policy and redaction of its pages."""

import csv
import io
import json
import zipfile
from typing import Any

import pytest

from contracts.media_types import CSV, JSON, NDJSON, ODS
from service_kit.media import PAGES, chosen


async def export(
    bench: Any, media_type: str, path: str = "/v1/schools", caller: str = "vale", **options: Any
) -> Any:
    """The export of a list, headed by names of fields."""
    path += ("&" if "?" in path else "?") + "headings=names"
    return await bench.ask("GET", path, caller, headers={"Accept": media_type}, **options)


async def paged(bench: Any, path: str = "/v1/schools?limit=2", caller: str = "vale") -> list[Any]:
    """The items of all pages."""
    items, following = [], path
    while following is not None:
        page = (await bench.ask("GET", following, caller)).json()
        items += page["items"]
        following = page["links"].get("next")
    return items


async def filled(bench: Any) -> None:
    """Five schools of two authorities, with names that tables stumble over."""
    for number, authority, name, head in (
        ("6732001", "673", 'Ysgol "Y Bont", Caerau', "A"),
        ("6732002", "673", "=HYPERLINK(1)", None),
        ("6732003", "673", "Ysgol\nLlwyn Onn", "C"),
        ("6812001", "681", "Ysgol Tŷ Gwyn", "D"),
        ("6732004", "673", "+44 29", "E"),
    ):
        await bench.school(number, authority, name=name, head_teacher=head)


@pytest.mark.parametrize("caller", ["vale", "cardiff", "wales", "operator", "region"])
async def test_an_export_is_what_the_pages_show(bench, caller: str) -> None:
    """R107: NDJSON has the items of all pages, in their order, redacted alike, whoever asks."""
    await filled(bench)
    answer = await export(bench, NDJSON, caller=caller)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(NDJSON)
    assert "Accept" in answer.headers["vary"].split(", ")
    assert [json.loads(line) for line in answer.text.splitlines()] == await paged(bench, caller=caller)
    some = await export(bench, NDJSON, "/v1/schools?name=Ysgol&largest_first=true", caller=caller)
    expected = await paged(bench, "/v1/schools?name=Ysgol&largest_first=true", caller)
    assert [json.loads(line) for line in some.text.splitlines()] == expected


async def test_csv_has_a_column_for_each_field_that_may_be_seen(bench) -> None:
    """R107: a line of names, a line for each item; a field that the caller sees of no record has no column."""
    await filled(bench)
    answer = await export(bench, CSV)
    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    items = await paged(bench)
    assert [line["id"] for line in lines] == [item["id"] for item in items]
    names = {line["id"]: line["name"] for line in lines}
    assert names["6732001"] == 'Ysgol "Y Bont", Caerau'
    assert names["6732003"] == "Ysgol\nLlwyn Onn"
    assert names["6732002"] == "'=HYPERLINK(1)"
    assert names["6732004"] == "+44 29"
    own = {line["id"]: line["head_teacher"] for line in lines}
    assert own == {item["id"]: item.get("head_teacher") or "" for item in items}
    unseen = await export(bench, CSV, caller="operator")
    assert "head_teacher" not in unseen.text.splitlines()[0].split(",")


async def test_ods_is_a_spreadsheet_of_the_same(bench) -> None:
    """R107: the sheet has the cells of the CSV, exact where the CSV has to be careful."""
    await filled(bench)
    answer = await export(bench, ODS)
    assert answer.headers["content-type"] == ODS
    package = zipfile.ZipFile(io.BytesIO(answer.content))
    assert package.testzip() is None
    content = package.read("content.xml").decode()
    assert content.count("<table:table-row>") == 1 + 5
    assert "<text:p>=HYPERLINK(1)</text:p>" in content
    assert "6812001" in content


async def test_an_empty_list_is_exported(bench) -> None:
    """R107: of nothing there are no lines, and the names of the columns."""
    assert (await export(bench, NDJSON)).content == b""
    assert (await export(bench, CSV)).text.startswith("id,school,authority,name")
    assert zipfile.ZipFile(io.BytesIO((await export(bench, ODS)).content)).testzip() is None


async def test_what_belongs_to_pages_is_refused(bench) -> None:
    """R107: an export has no limit, cursor or total; every other fault is the page's."""
    refused = await export(bench, CSV, "/v1/schools?limit=5")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "limit")
    assert (await export(bench, CSV, "/v1/schools?nonsense=1")).status_code == 422
    assert (await export(bench, CSV, caller="nobody")).status_code == 403


async def test_unacceptable_types(bench) -> None:
    """R107: a type that the route does not have is 406 with those it has; nothing is done."""
    await bench.school("6732118")
    for method, path, options in (
        ("GET", "/v1/schools", {}),
        ("GET", "/v1/schools/6732118", {}),
        ("POST", "/v1/schools/6732118/closure", {"key": "k"}),
    ):
        refused = await bench.ask(
            method, path, "operator", headers={"Accept": "text/html, image/*"}, **options
        )
        assert (refused.status_code, refused.json()["code"]) == (406, "not_acceptable"), path
        assert JSON in refused.json()["detail"]
    assert (await bench.ask("GET", "/v1/schools/6732118", "operator")).json()["status"] == "open"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON), ("", JSON), ("*/*", JSON), ("application/*", JSON), ("text/*", CSV), (CSV, CSV),
        ("text/csv;q=0.5, application/json;q=0.4", CSV), ("text/csv;q=0.5, */*", JSON), ("TEXT/CSV", CSV),
        ("application/json;q=0, */*;q=0.1", NDJSON), ("text/html", None), ("text/csv;q=x", None),
        ("application/json;q=0", None), (ODS, ODS), ("text/html, */*;q=0.8", JSON),
    ],
)  # fmt: skip
def test_the_type_is_chosen_by_weight(accept: str | None, expected: str | None) -> None:
    """R107: the highest weight wins, the most specific range decides about a type, JSON goes first among equals."""
    assert chosen(accept, PAGES) == expected


async def test_statements_of_an_export(bench) -> None:
    """R16, R107: an export takes the statements of two transactions and one of its own, however long the list is."""
    await filled(bench)
    await export(bench, CSV, caller="wales")
    few = list(bench.statements)
    for number in range(6733001, 6733011):
        await bench.school(str(number))
    await export(bench, CSV, caller="wales")
    assert len(bench.statements) == len(few) == 3, bench.statements


async def test_reads_by_export_are_audited(bench) -> None:
    """R15, R107: what an export shows of persons leaves an entry in the audit for each portion of it."""
    await filled(bench)
    audit = bench.app.state.serving.read_audit
    await audit.flush()
    await export(bench, CSV)
    assert audit.waiting == 1
    await export(bench, CSV, caller="operator")
    assert audit.waiting == 1


async def test_exports_leave_connections_to_pages(bench) -> None:
    """R107: more exports at once than half of the connections are refused with Retry-After."""
    slots = bench.app.state.serving.exports
    most = bench.app.state.serving.settings.database_pool // 2
    slots.taken = most
    refused = await export(bench, CSV)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    slots.taken = 0
    assert (await export(bench, CSV)).status_code == 200
    assert slots.taken == 0
