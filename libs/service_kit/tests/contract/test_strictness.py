"""What is refused before a rule of the field is asked, and how: every fault at once, in both languages."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service_kit.body import MAX_DEPTH, parse_json
from service_kit.problems import ProblemError

GOOD = {"number": "6732118", "authority": "673", "name": "Gladstone"}


async def post(bench: Any, body: bytes, media_type: str = "application/json", **options: Any) -> Any:
    """Sends bytes as the body of a command."""
    headers = {"Content-Type": media_type} | options.pop("headers", {})
    return await bench.ask(
        "POST", "/v1/schools", "operator", content=body, headers=headers, key="k", **options
    )


def faults(answer: Any) -> set[tuple[str, str, str]]:
    """What is wrong where."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {(fault["in"], fault["pointer"], fault["code"]) for fault in answer.json()["errors"]}


async def test_every_fault_at_once(bench) -> None:
    """R02: faults of path, query and body come in one answer, each with its place, code and text."""
    body = {
        "number": 6732118, "authority": "Vale", "name": "", "pupils": "5", "opened_on": "1 May", "colour": "red",
        "addresses": [{"street": "x"}, {"postcode": None, "a/b~c": 1}],
    }  # fmt: skip
    answer = await post(bench, json.dumps(body).encode(), params={"dry_run": "yes", "x": "1"}, language="cy")
    assert faults(answer) == {
        ("query", "dry_run", "must_be_true_or_false"), ("query", "x", "unknown_parameter"),
        ("body", "/number", "must_be_text"), ("body", "/authority", "pattern_mismatch"),
        ("body", "/name", "too_short"), ("body", "/pupils", "must_be_whole_number"),
        ("body", "/opened_on", "must_be_date"), ("body", "/colour", "unknown_field"),
        ("body", "/addresses/1/street", "missing"), ("body", "/addresses/1/a~1b~0c", "unknown_field"),
    }  # fmt: skip
    assert answer.json()["detail"] == "Ni newidiwyd dim. Rhestrir pob gwall gyda'i le: 10 i gyd."
    texts = {fault["code"]: fault["detail"] for fault in answer.json()["errors"]}
    assert texts["too_short"] == "Rhaid i hwn gynnwys o leiaf 1 nod."
    path = await bench.ask("GET", "/v1/schools/67x?valid_at=never&valid_at=2020-01-01")
    assert faults(path) == {
        ("path", "number", "pattern_mismatch"), ("query", "valid_at", "must_be_date"),
        ("query", "valid_at", "repeated_parameter"),
    }  # fmt: skip


GOOD_BUT = b'{"number": "6732118", "authority": "673", "name": '
STRICT = [
    (GOOD_BUT + b'"x", "number": "6732119"}', "/number", "duplicate_key"),
    (
        GOOD_BUT + b'"x", "addresses": [{"street": "a", "street": "b"}]}',
        "/addresses/0/street",
        "duplicate_key",
    ),
    (GOOD_BUT + b'"a\u0000b"}', "/name", "nul_character"),
    (GOOD_BUT + b'"\ud800"}', "/name", "invalid_text"),
    (GOOD_BUT + b'"x", "\ud800": 1}', "", "invalid_text"),
    (GOOD_BUT + b'"x", "pupils": NaN}', "/pupils", "number_out_of_range"),
    (GOOD_BUT + b'"x", "pupils": 1e999}', "/pupils", "number_out_of_range"),
    (GOOD_BUT + b'"x", "pupils": 100000000000000000000000}', "/pupils", "number_out_of_range"),
    (GOOD_BUT + b'"x", "pupils": 5.0}', "/pupils", "must_be_whole_number"),
    (GOOD_BUT + b'"x", "pupils": true}', "/pupils", "must_be_whole_number"),
    (GOOD_BUT + b'"x", "opened_on": 0}', "/opened_on", "must_be_date"),
    (GOOD_BUT + b'"x", "opened_on": "0"}', "/opened_on", "must_be_date"),
    (GOOD_BUT + b'"x", "opened_on": "2019-02-29"}', "/opened_on", "must_be_date"),
    (GOOD_BUT + b'"x", "\u0000": 1}', "", "nul_character"),
    (GOOD_BUT + b"null}", "/name", "must_not_be_null"),
    (GOOD_BUT + b'"123"}', "/name", "invalid_value"),
    (b"[]", "", "must_be_object"),
    (b"null", "", "must_not_be_null"),
    (b"[" * 40 + b"]" * 40, "/0" * MAX_DEPTH, "too_deep"),
    (b"[" * 2000 + b"]" * 2000, "", "too_deep"),
]


async def test_json_that_systems_read_differently_is_refused(bench) -> None:
    """R03: strict JSON: names once, no NUL, no NaN, no coercion (RFC 7493)."""
    for body, pointer, code in STRICT:
        assert ("body", pointer, code) in faults(await post(bench, body)), body


async def test_one_way_of_writing_in_the_query(bench) -> None:
    """R03: times, numbers and flags of a query have one form, also the endpoint's own parameters."""
    for query, code in (
        ("known_at=0.5", "must_be_timestamp"), ("known_at=2020-01-01T00:00:00", "must_be_timestamp"),
        ("valid_at=0", "must_be_date"), ("valid_at=2019-02-29", "must_be_date"), ("total=1", "must_be_true_or_false"),
        ("largest_first=on", "must_be_true_or_false"),
    ):  # fmt: skip
        found = faults(await bench.ask("GET", f"/v1/schools?{query}"))
        assert found == {("query", query.partition("=")[0], code)}
    assert (await bench.ask("GET", "/v1/schools?known_at=2020-01-01t00:00:00.5%2B01:00")).status_code == 200


async def test_what_is_no_json_says_where(bench) -> None:
    """R03: 400 with line and column."""
    no_json = (b"", b"{", b'{"a": 1,}', b"{'a': 1}", b'{"a": 1}x', b'{"a": "\xe9"}', b"\xef\xbb\xbf{}")
    utf_16 = '{"a": 1}'.encode("utf-16")
    for body in (*no_json, utf_16):
        answer = await post(bench, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json"), body
        assert "line 1" in answer.json()["detail"]


async def test_media_types(bench) -> None:
    """R04: another media type, charset or encoding is 415 and says what is taken."""
    body = json.dumps(GOOD).encode()
    for media_type in ("text/plain", "application/xml", "application/json; charset=utf-16", "", "x"):
        answer = await post(bench, body, media_type)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type"), media_type
        assert answer.headers["accept"] == "application/json"
    packed = await post(bench, body, headers={"Content-Encoding": "gzip"})
    assert packed.status_code == 415
    assert (await post(bench, body, "Application/JSON; Charset=UTF-8")).status_code == 201


async def test_sizes(bench) -> None:
    """R04: 413 as announced, and as received where nothing was announced."""
    long = json.dumps(GOOD | {"name": "x" * 5000}).encode()
    assert (await post(bench, long)).json()["code"] == "body_too_large"

    async def pieces() -> Any:
        for _ in range(100):
            yield b" " * 100

    headers = {"Content-Type": "application/json"}
    streamed = await bench.ask("POST", "/v1/schools", "operator", content=pieces(), headers=headers, key="k")
    assert (streamed.status_code, streamed.json()["detail"]) == (413, "The body may have at most 4096 bytes.")


async def test_addresses(bench) -> None:
    """R06: an unknown path, another method, a trailing slash, NUL and broken UTF-8 in path and query."""
    unknown = await bench.ask("GET", "/v1/pupils")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "route_not_found")
    slash = await bench.ask("GET", "/v1/schools/")
    assert (slash.status_code, slash.json()["code"]) == (404, "route_not_found")
    method = await bench.ask("DELETE", "/v1/schools/6732118")
    assert (method.status_code, method.headers["allow"]) == (405, "GET, PATCH")
    for path in ("/v1/schools/%00", "/v1/schools?name=%00", "/v1/schools?name=%ff", "/v1/schools?%00=1"):
        answer = await bench.ask("GET", path)
        assert answer.status_code == 422, (path, answer.text)
    codes = {f["code"] for f in (await bench.ask("GET", "/v1/schools?name=%00")).json()["errors"]}
    assert codes == {"nul_character"}
    named = (await bench.ask("GET", "/v1/schools?%00=1")).json()["errors"]
    assert {fault["pointer"] for fault in named} == {"\\x00"}, "a name is shown without its NUL"


async def test_who_asks_comes_first(bench) -> None:
    """R07: 401 with a challenge, then 403, before anything of the request is read."""
    nobody = await bench.ask("POST", "/v1/schools", None, content=b"{")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "token_missing")
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    refused = await bench.ask("POST", "/v1/schools", "wales", content=b"{", language="cy")
    assert (refused.status_code, refused.json()["code"]) == (403, "operation_not_permitted")
    assert "schools.write" in refused.json()["detail"]


async def test_nothing_leaks_of_what_fails_inside(bench) -> None:
    """R08: 500 says its request id and nothing else; a well-formed id of the caller is kept, another replaced."""
    given = {"X-Request-Id": "case-0001.a:b_c"}
    broken = await bench.ask(
        "POST", "/v1/schools", "operator", json=GOOD | {"name": "Broken"}, key="k", headers=given
    )
    assert (broken.status_code, broken.json()["code"]) == (500, "internal_error")
    assert broken.json()["request_id"] == broken.headers["x-request-id"] == "case-0001.a:b_c"
    assert "person" not in broken.text
    log = bench.log.getvalue().decode()
    assert "case-0001.a:b_c" in log
    assert "RuntimeError" in log
    assert "person" not in log
    for ill in ("short", "x" * 129, "with space in it", "<script>alert(1)"):
        answer = await bench.ask("GET", "/v1/schools", headers={"X-Request-Id": ill})
        assert answer.headers["x-request-id"] != ill
        assert len(answer.headers["x-request-id"]) == 36


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON_VALUES, st.booleans())
def test_plain_json_passes_unchanged(value: Any, ascii_only: bool) -> None:
    """R03: what is well-formed has no faults and is read as any JSON reader reads it."""
    body = parse_json(json.dumps(value, ensure_ascii=ascii_only).encode())
    assert (body.value, body.faults) == (value, ())


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    """R03: any bytes are JSON, JSON with faults, or malformed; nothing else comes out."""
    try:
        parse_json(raw)
    except ProblemError as problem:
        if problem.code != "malformed_json":
            raise
    nested = b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1)
    assert [fault.code for fault in parse_json(nested).faults] == ["too_deep"]
