"""Bad input: every fault with its place, in the caller's language, and nothing is changed."""

import csv
import io

import pytest
from registry_api import Register, edited_csv
from registry_data import ODS, csv_bytes, list_bytes


@pytest.fixture
async def ready(register: Register) -> Register:
    await register.register_authorities()
    return register


async def refused(register: Register, content: bytes, language: str = "en") -> dict:
    """The problem; and that nothing was kept."""
    answer = await register.send_list(content, caller=register.caller("operator", language))
    assert answer.status_code == 422, answer.text
    for table in ("school_lists", "school_list_files", "school_list_rows", "jobs", "schools"):
        assert await register.count(table) == 0
    return answer.json()


async def test_a_wrong_header_names_every_column(ready: Register) -> None:
    def change(rows: list[list[str]]) -> None:
        rows[0][1], rows[0][4] = "Name", "Phase"

    problem = await refused(ready, edited_csv("maintained-schools", change), "cy")
    assert problem["code"] == "list_has_faults"
    assert problem["language"] == "cy"
    assert [(e["code"], e["pointer"]) for e in problem["errors"]] == [
        ("DQ-104", "/list/1/School Name"), ("DQ-104", "/list/1/Sector"),
        ("DQ-105", "/list/1/Name"), ("DQ-105", "/list/1/Phase"),
    ]  # fmt: skip
    assert problem["errors"][0]["detail"] == "Mae'r golofn “School Name” ar goll. (list, rhes 1)"


async def test_a_doubled_number_names_both_rows(ready: Register) -> None:
    problem = await refused(ready, edited_csv("maintained-schools", lambda rows: rows.append(rows[7])))
    (error,) = problem["errors"]
    assert error["code"] == "DQ-108"
    assert error["detail"].endswith("(list, 2 rows: 8, 1523)")


async def test_an_unknown_authority_is_one_fault_and_not_126(ready: Register) -> None:
    def change(rows: list[list[str]]) -> None:
        for row in rows:
            row[2] = "999" if row[2] == "681" else row[2]

    problem = await refused(ready, edited_csv("maintained-schools", change))
    (error,) = problem["errors"]
    assert (error["code"], error["pointer"]) == ("DQ-109", "/list/1397/LA Code")
    assert error["detail"] == (
        "“999” is not the code of a local authority in Wales. (list, 126 rows: 1397–1522)"
    )


async def test_a_half_written_ods(ready: Register) -> None:
    content = list_bytes(ODS)
    problem = await refused(ready, content[: len(content) // 2])
    assert [e["code"] for e in problem["errors"]] == ["DQ-101"]


async def test_an_authority_that_is_not_registered_is_not_known(register: Register) -> None:
    """Without the authorities every code of the list is unknown: 10 faults for 23 PRUs, one per code."""
    problem = await refused(register, csv_bytes("prus"))
    codes = {row[2] for row in csv.reader(io.StringIO(csv_bytes("prus").decode()))} - {"LA Code"}
    assert len(problem["errors"]) == len(codes)


async def test_a_file_that_is_too_large_is_refused_before_it_is_read(ready: Register) -> None:
    """500 MB announced, or streamed without an announcement: neither is taken in."""
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 1_000_000
            yield b"x" * 1_000_000

    announced = await ready.operator.send(
        "POST", "/v1/school-lists", params={"list_date": "2018-04-10"}, content=b"",
        headers={"Content-Type": "text/csv", "Content-Length": "500000000"},
    )  # fmt: skip
    assert announced.status_code == 413
    streamed = await ready.operator.send(
        "POST", "/v1/school-lists", params={"list_date": "2018-04-10"}, content=endless(),
        headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    assert streamed.status_code == 413
    assert streamed.json()["code"] == "body_too_large"
    assert sent < 30_000_000


async def test_a_file_of_another_kind_is_refused(ready: Register) -> None:
    answer = await ready.operator.send(
        "POST", "/v1/school-lists", params={"list_date": "2018-04-10"}, content=b"PK",
        headers={"Content-Type": "application/vnd.ms-excel"},
    )  # fmt: skip
    assert answer.status_code == 415


async def test_the_date_of_the_list_is_required(ready: Register) -> None:
    answer = await ready.operator.send(
        "POST", "/v1/school-lists", content=csv_bytes("prus"), headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 422
    assert [(e["in"], e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        ("query", "list_date", "missing")
    ]


async def test_digits_that_disagree_with_the_governance_only_warn(ready: Register) -> None:
    def change(rows: list[list[str]]) -> None:
        next(row for row in rows if row[0] == "6732118")[5] = "Foundation"

    sent = await ready.previewed(edited_csv("maintained-schools", change))
    warnings = await ready.operator.everything(f"/v1/school-lists/{sent['id']}/rows", kind="warning")
    (found,) = [row for row in warnings if row["rule"] == "DQ-001"]
    assert (found["school_number"], found["column"]) == ("6732118", "Governance - see notes")
    assert sent["counts"]["added"] == 1521


async def test_na_is_a_code_and_not_a_null(region: Register) -> None:
    special = await region.operator.everything("/v1/schools", sector="special", authority="681")
    assert {school["language_category"] for school in special} == {"NA"}
    assert len(special) == 7
    by_code = await region.operator.everything("/v1/schools", language="NA")
    assert len(by_code) == 52
