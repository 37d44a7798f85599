"""Reading under the contract: one record, pages, languages, redaction (R numbers: docs/rules.md)."""

from datetime import timedelta

import pytest
from contract_conftest import CALLERS
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request

from contracts.data_class import DataClass
from service_kit.call import RequestCall
from service_kit.policy.decide import decide
from service_kit.policy.memberships import NO_MEMBERSHIPS


async def test_one_record_with_etag_and_304(bench) -> None:
    """R10, R11: a record has a version in its ETag; If-None-Match gives 304 without a body."""
    await bench.school("6732118", head_teacher="A. Jones")
    answer = await bench.ask("GET", "/v1/schools/6732118")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": "6732118", "school": "6732118", "authority": "673", "name": "School 6732118", "pupils": None,
        "status": "open", "version": 1, "head_teacher": "A. Jones", "external_references": [],
        "allowed_transitions": [
            {"name": "close", "to": "closed", "title": "Close the school", "allowed": True, "barred": None}
        ],
    }  # fmt: skip
    tag = answer.headers["etag"]
    assert tag.startswith('"1-')
    again = await bench.ask("GET", "/v1/schools/6732118", headers={"If-None-Match": f'W/"x", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    welsh = await bench.ask("GET", "/v1/schools/6732118", language="cy", headers={"If-None-Match": tag})
    assert welsh.status_code == 200
    assert welsh.json()["allowed_transitions"][0]["title"] == "Cau'r ysgol"
    assert welsh.headers["vary"] == "Accept-Language, Authorization"


async def test_fields_that_may_not_be_seen_are_absent(bench) -> None:
    """R12: redaction by data class per row: absent, never null; on a page as on the record."""
    await bench.school("6732118", head_teacher="A. Jones")
    await bench.school("6812001", "681", head_teacher="B. Evans")
    other = await bench.ask("GET", "/v1/schools/6732118", "cardiff")
    assert other.status_code == 200
    assert "head_teacher" not in other.json()
    page = (await bench.ask("GET", "/v1/schools", "cardiff")).json()
    assert [("head_teacher" in item) for item in page["items"]] == [False, True]
    own = await bench.ask("GET", "/v1/schools/6732118", "vale")
    assert own.headers["etag"] != other.headers["etag"]


async def test_rights_that_turn_on_dated_facts(bench) -> None:
    """R13: a consortium's rows are found in the request's own transaction, then hidden like everybody's."""
    await bench.school("6732118", head_teacher="A. Jones")
    await bench.school("6812001", "681", head_teacher="B. Evans")
    await bench.school("6602001", "660", head_teacher="C. Rees")
    page = (await bench.ask("GET", "/v1/schools", "region")).json()
    assert [item.get("head_teacher") for item in page["items"]] == [None, "A. Jones", None]
    principal = CALLERS["region"]
    decision = decide(principal, "schools.read", NO_MEMBERSHIPS, bench.app.state.serving.roles)
    request = Request({"type": "http", "method": "GET", "headers": [], "path": "/", "query_string": b""})
    early = RequestCall(request, bench.app.state.serving, decision, "en")
    with pytest.raises(RuntimeError, match="inside a transaction"):
        early.rows(DataClass.personal)
    async with early.read():
        assert early.rows(DataClass.personal).authorities == {"673"}


async def test_valid_and_known_time(bench) -> None:
    """R14: `valid_at` and `known_at` choose the slice; the ETag covers version and slice."""
    first = await bench.school("6732118", pupils=100)
    bench.clock.advance(timedelta(days=1))
    tag = (await bench.ask("GET", "/v1/schools/6732118")).headers["etag"]
    changed = await bench.ask("PATCH", "/v1/schools/6732118", "operator", patch={"pupils": 120}, if_match=tag)
    assert changed.status_code == 200, changed.text
    before = await bench.ask("GET", "/v1/schools/6732118?known_at=2020-01-06T12:00:00Z")
    assert (before.json()["pupils"], before.json()["version"]) == (100, 1)
    now = await bench.ask("GET", "/v1/schools/6732118?valid_at=2019-01-01")
    assert (now.json()["pupils"], now.json()["version"]) == (120, 2)
    assert len({first.headers["etag"], before.headers["etag"], now.headers["etag"]}) >= 2


async def test_language_is_negotiated(bench) -> None:
    """R05: ?lang= goes before Accept-Language, that before English; the answer names its language."""

    async def language(path: str, accept: str | None) -> str:
        options = {} if accept is None else {"language": accept}
        answer = await bench.ask("GET", path, **options)
        assert answer.headers["content-language"] == answer.json()["language"]
        return answer.json()["language"]

    missing = "/v1/schools/6730000"
    assert await language(missing, None) == "en"
    assert await language(missing, "cy") == "cy"
    assert await language(missing, "fr, cy-GB;q=0.8, en;q=0.5") == "cy"
    assert await language(missing, "en, cy;q=0") == "en"
    assert await language(missing + "?lang=cy", "en") == "cy"
    assert await language("/v1/nothing?lang=cy", None) == "cy"


async def test_statements_per_read(bench) -> None:
    """R16: reading one record or a page takes a fixed number of statements, whatever the page holds."""
    for number in range(6732001, 6732011):
        await bench.school(str(number), head_teacher="A. Jones")
    await bench.ask("GET", "/v1/schools/6732001")
    one = len(bench.statements)
    await bench.ask("GET", "/v1/schools?limit=10")
    page = len(bench.statements)
    await bench.ask("GET", "/v1/schools?limit=2&total=true")
    total = len(bench.statements)
    # who asks, the query (and the count)
    assert (one, page, total) == (2, 2, 3), bench.statements


async def test_a_read_cannot_write(bench) -> None:
    """R13: a reading transaction is read only to Postgres, and the connection is not so afterwards."""
    database = bench.app.state.serving.database
    insert = text("insert into external_references values ('vale', 'school', 'x', '6732118')")
    for _ in range(5):
        with pytest.raises(DBAPIError, match="read-only"):
            async with database.transaction({"app.client": "vale"}, read_only=True) as connection:
                await connection.execute(insert)
    async with database.transaction({"app.client": "vale"}) as connection:
        await connection.execute(insert)
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.transaction({"app.client": "cardiff"}) as connection:
            await connection.execute(insert)


async def test_reads_of_personal_data_are_audited(bench) -> None:
    """R15: one entry per answer that shows personal fields, beside the read; none where they are not shown."""
    await bench.school("6732118", head_teacher="A. Jones")
    audit = bench.app.state.serving.read_audit
    await audit.flush()
    await bench.ask("GET", "/v1/schools/6732118", "cardiff")
    assert audit.waiting == 0
    await bench.ask("GET", "/v1/schools/6732118", "vale")
    assert audit.waiting == 1
