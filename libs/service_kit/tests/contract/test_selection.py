"""Field selection: fewer fields of the same record, never others, and each selection with a tag of its own."""

import csv
import io
import json
from random import Random
from typing import Any

from contracts.media_types import CSV, NDJSON

PATH = "/v1/schools/6732118"


def pruned(record: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """What a selection leaves of a record, told by hand."""
    kept: dict[str, Any] = {}
    for name, value in record.items():
        below = [path.partition(".")[2] for path in names if path.startswith(f"{name}.")]
        if name in names:
            kept[name] = value
        elif below and isinstance(value, list):
            kept[name] = [pruned(one, below) for one in value]
        elif below and isinstance(value, dict):
            kept[name] = pruned(value, below)
    return kept


async def test_any_selection_is_the_record_without_the_rest(bench) -> None:
    """R108: of forty selections each read, list and NDJSON shows what is named and may be seen."""
    await bench.school("6732118", head_teacher="A. Jones", pupils=7)
    chance = Random(20200106)
    for caller in ("vale", "operator"):
        whole = (await bench.ask("GET", PATH, caller)).json()
        names = [*whole, "head_teacher", "allowed_transitions.name", "allowed_transitions.allowed"]
        for _ in range(20):
            wanted = chance.sample(names, 3)
            path = f"fields={','.join(wanted)}"
            read = await bench.ask("GET", f"{PATH}?{path}", caller)
            assert read.status_code == 200, read.text
            assert read.json() == pruned(whole, wanted)
            listed = (await bench.ask("GET", f"/v1/schools?{path}", caller)).json()["items"]
            page = (await bench.ask("GET", "/v1/schools", caller)).json()["items"]
            assert listed == [pruned(one, wanted) for one in page]
            lines = await bench.ask("GET", f"/v1/schools?{path}", caller, headers={"Accept": NDJSON})
            assert [json.loads(line) for line in lines.text.splitlines()] == listed


async def test_a_hidden_field_stays_hidden(bench) -> None:
    """R12, R108: naming a field opens nothing: the operator names the head teacher and is shown none."""
    await bench.school("6732118", head_teacher="A. Jones")
    asked = "fields=head_teacher,name"
    assert (await bench.ask("GET", f"{PATH}?{asked}", "vale")).json() == {
        "name": "School 6732118",
        "head_teacher": "A. Jones",
    }
    for path in (f"{PATH}?{asked}", f"/v1/schools?{asked}"):
        answer = await bench.ask("GET", path, "operator")
        assert answer.status_code == 200
        assert "Jones" not in answer.text
        assert "head_teacher" not in answer.text.partition('"links"')[0]


async def test_every_unknown_name_is_a_fault(bench) -> None:
    """R108: each name that the view has not is named, in one problem, in both languages."""
    await bench.school("6732118")
    for path in (PATH, "/v1/schools"):
        for language, words in (("en", "no field"), ("cy", "faes o'r enw")):
            refused = await bench.ask(
                "GET", f"{path}?fields=name,colour,name.first,allowed_transitions.when", language=language
            )
            assert refused.status_code == 422
            faults = refused.json()["errors"]
            assert [(one["pointer"], one["code"]) for one in faults] == [("fields", "no_such_field")] * 3
            told = " ".join(one["detail"] for one in faults)
            assert words in told
            assert all(f"“{name}”" in told for name in ("colour", "name.first", "allowed_transitions.when"))
        for written in ("", ",", "name,", "Name", "name..a", "*", "a" * 2001):
            refused = await bench.ask("GET", f"{path}?fields={written}")
            assert refused.json()["errors"][0]["code"] == "pattern_mismatch", written


async def test_each_selection_has_its_own_tag(bench) -> None:
    """R10, R108: a tag holds for its selection alone, whatever the order of names; a change may be made under it."""
    await bench.school("6732118")
    tags = {}
    for fields in ("", "?fields=name", "?fields=status", "?fields=name,status", "?fields=status,name"):
        tags[fields] = (await bench.ask("GET", PATH + fields)).headers["etag"]
    assert len(set(tags.values())) == 4
    assert tags["?fields=name,status"] == tags["?fields=status,name"]
    for asked, current in tags.items():
        for held, tag in tags.items():
            answer = await bench.ask("GET", PATH + asked, headers={"If-None-Match": tag})
            assert answer.status_code == (304 if tag == current else 200), (asked, held)
    changed = await bench.ask("PATCH", PATH, "operator", patch={"name": "New"}, if_match=tags["?fields=name"])
    assert changed.status_code == 200, changed.text


async def test_a_selection_of_columns(bench) -> None:
    """R107, R108: an export has the columns that were named, in the view's order."""
    await bench.school("6732118", head_teacher="A. Jones")
    asked = "/v1/schools?headings=names&fields=status,head_teacher,school"
    table = await bench.ask("GET", asked, "vale", headers={"Accept": CSV})
    assert list(csv.reader(io.StringIO(table.text))) == [
        ["school", "status", "head_teacher"],
        ["6732118", "open", "A. Jones"],
    ]
    hidden = await bench.ask("GET", asked, "operator", headers={"Accept": CSV})
    assert hidden.text.splitlines()[0] == "school,status"


async def test_what_is_not_shown_is_not_audited(bench) -> None:
    """R15, R108: an entry tells of personal fields that were shown, not of those left out."""
    await bench.school("6732118", head_teacher="A. Jones")
    audit = bench.app.state.serving.read_audit
    await audit.flush()
    for asked, expected in (("fields=name", 0), ("fields=head_teacher", 1)):
        for path in (PATH, "/v1/schools"):
            await bench.ask("GET", f"{path}?{asked}", "vale")
            assert audit.waiting == expected, (path, asked)
            await audit.flush()


async def test_a_walk_may_change_its_selection(bench) -> None:
    """R21, R108: a cursor is bound to rows and order, not to the fields that are shown."""
    for number in range(6732001, 6732004):
        await bench.school(str(number))
    first = (await bench.ask("GET", "/v1/schools?limit=2&fields=id")).json()
    assert first["items"] == [{"id": "6732001"}, {"id": "6732002"}]
    assert "fields=id" in first["links"]["next"]
    following = first["links"]["next"].replace("fields=id", "fields=school")
    assert (await bench.ask("GET", following)).json()["items"] == [{"school": "6732003"}]
