"""A test return, from its opening to its signature: it can never be mistaken for a return (flows 5, E-03)."""

import csv
import io
import json
from typing import Any

from python_calamine import CalamineWorkbook
from returning import BEFORE, OFFICER, RETURN, VERSION, WALES, document, opened, submitted
from test_return_renderings import padded

TEST = f"{RETURN}.test"
TEST_VERSION = f"/v1/returns/{TEST}/versions/1"


async def begun(exchange: Any) -> dict[str, Any]:
    """A test return, opened."""
    answer = await exchange.ask("POST", "/v1/returns", sent={"return_id": RETURN, "test": True}, **OFFICER)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_test_says_so_in_every_rendering_and_in_its_signature(filled: Any) -> None:
    """E-03, E-04: in the JSON, in each row of CSV and ODS, in sheet names, in the signed header and payload."""
    made = await begun(filled)
    assert (made["test"], made["return_id"], made["id"]) == (True, TEST, f"{TEST}.1")
    await submitted(filled, of=TEST)
    content = (await document(filled, TEST_VERSION)).json()
    assert content["test"] is True
    assert content["title"]["en"].startswith("TEST RETURN: NOT A RETURN.")
    assert content["title"]["cy"].startswith("FFURFLEN BRAWF: NID FFURFLEN.")
    for language, said, sheet in (
        ("en", "TEST RETURN: NOT A RETURN", "TEST Figures"),
        ("cy", "FFURFLEN BRAWF: NID FFURFLEN", "PRAWF Ffigurau"),
    ):
        table = (await document(filled, TEST_VERSION, format="csv", lang=language)).content
        assert {row[0] for row in list(csv.reader(io.StringIO(table.decode())))[1:]} == {said}
        book = CalamineWorkbook.from_filelike(
            io.BytesIO((await document(filled, TEST_VERSION, format="ods", lang=language)).content)
        )
        assert all(name.startswith(sheet.split()[0]) for name in book.sheet_names)
        assert {row[0] for row in book.get_sheet_by_name(sheet).to_python()[1:]} == {said}
    signature = (await filled.ask("GET", f"{TEST_VERSION}/signature", **WALES)).json()["jws"]
    assert json.loads(padded(signature.split(".")[0]))["typ"] == "gwella-test-return"


async def test_a_test_is_listed_apart_and_fulfils_nothing(filled: Any) -> None:
    """Flows 5: neither the list, nor the calendar, nor the next return knows of it; the real one goes its own way."""
    await begun(filled)
    await submitted(filled, of=TEST)
    assert (await filled.ask("GET", "/v1/returns", **WALES)).json()["items"] == []
    tests = (await filled.ask("GET", "/v1/returns", query={"test": "true"}, **WALES)).json()["items"]
    assert [(one["id"], one["test"], one["state"]) for one in tests] == [(f"{TEST}.1", True, "submitted")]
    owed = (await filled.ask("GET", "/v1/return-obligations", query={"period": "spring_1"}, **WALES)).json()
    assert {one["return_id"]: one["state"] for one in owed["items"]}[RETURN] == "late"
    await submitted(filled)
    real = (await document(filled)).json()
    assert (real["test"], real["return"]["id"]) == (False, RETURN)
    assert "TEST" not in real["title"]["en"]
    states = {
        one["id"]: one["state"]
        for asked in ("true", "false")
        for one in (await filled.ask("GET", "/v1/returns", query={"test": asked}, **WALES)).json()["items"]
    }
    assert states == {f"{TEST}.1": "submitted", f"{RETURN}.1": "submitted"}
    signature = (await filled.ask("GET", f"{VERSION}/signature", **WALES)).json()["jws"]
    assert json.loads(padded(signature.split(".")[0]))["typ"] == "gwella-return"


async def test_the_feed_tells_a_test_apart(filled: Any) -> None:
    """E-01: Welsh Government hears of it with its mark; the one of before is not the return's before."""
    answer = await filled.ask("POST", "/v1/returns", sent={"return_id": BEFORE, "test": True}, **OFFICER)
    assert answer.status_code == 201
    await submitted(filled, of=f"{BEFORE}.test")
    await opened(filled)
    version = await submitted(filled)
    assert version["earlier_version"] is None
    found: list[tuple[str, bool]] = []
    for _ in range(20):
        items = (await filled.changes("welsh_government", wait=1, limit=1000))["items"]
        found = [(i["data"]["return_id"], i["data"]["test"]) for i in items if ".submitted." in i["type"]]
        if len(found) == 2:
            break
    assert found == [(f"{BEFORE}.test", True), (RETURN, False)]
