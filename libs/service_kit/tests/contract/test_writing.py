"""Writing under the contract: preconditions, merge patch, dry run, transitions, clients' own references."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import text

from service_kit.merge_patch import Patch, unsent


async def test_a_change_under_if_match(bench) -> None:
    """R30: 428 without a tag, 412 with the current record for a stale one, 200 with the new tag otherwise."""
    tag = (await bench.school("6732118", pupils=1)).headers["etag"]
    path = "/v1/schools/6732118"
    for missing in ({}, {"if_match": "*"}, {"if_match": f"{tag}, {tag}"}, {"if_match": f"W/{tag}"}):
        refused = await bench.ask("PATCH", path, "operator", patch={"pupils": 2}, **missing)
        assert (refused.status_code, refused.json()["code"]) == (428, "precondition_required"), missing
    changed = await bench.ask("PATCH", path, "operator", patch={"pupils": 2}, if_match=tag)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    shown = await bench.ask("GET", path, "operator")
    assert shown.headers["etag"] == changed.headers["etag"]
    stale = await bench.ask("PATCH", path, "operator", patch={"pupils": 3}, if_match=tag, language="cy")
    assert stale.status_code == 412
    assert stale.json()["current"] == shown.json() | {
        "allowed_transitions": stale.json()["current"]["allowed_transitions"]
    }
    assert stale.headers["content-language"] == stale.json()["language"] == "cy"
    foreign = await bench.ask("PATCH", path, "operator", patch={"pupils": 3}, if_match='"abc"')
    assert foreign.status_code == 412
    retried = await bench.ask("PATCH", path, "operator", patch={"pupils": 3}, if_match=stale.headers["etag"])
    assert retried.json()["pupils"] == 3


async def test_of_many_writers_with_one_tag_one_wins(bench) -> None:
    """R30: no update is lost: the others get 412 with what the winner made."""
    tag = (await bench.school("6732118", pupils=0)).headers["etag"]
    path = "/v1/schools/6732118"
    answers = await asyncio.gather(
        *(bench.ask("PATCH", path, "operator", patch={"pupils": n}, if_match=tag) for n in range(1, 7))
    )
    won = [answer for answer in answers if answer.status_code == 200]
    lost = [answer for answer in answers if answer.status_code == 412]
    assert (len(won), len(lost)) == (1, 5)
    assert {answer.json()["current"]["pupils"] for answer in lost} == {won[0].json()["pupils"]}
    assert {answer.headers["etag"] for answer in lost} == {won[0].headers["etag"]}


async def test_whose_record_it_is_decides(bench) -> None:
    """R31: 403 for a record that the caller may read and not write; 404 for one that nobody has."""
    tag = (await bench.school("6732118")).headers["etag"]
    refused = await bench.ask("PATCH", "/v1/schools/6732118", "cardiff", patch={"name": "x"}, if_match=tag)
    assert (refused.status_code, refused.json()["code"]) == (403, "operation_not_permitted")
    unknown = await bench.ask("PATCH", "/v1/schools/6730000", "vale", patch={"name": "x"}, if_match=tag)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    own = await bench.ask("PATCH", "/v1/schools/6732118", "vale", patch={"name": "x"}, if_match=tag)
    assert own.status_code == 200, own.text


async def test_merge_patch_changes_what_is_sent(bench) -> None:
    """R32: fields not sent stay, null where the model allows it, the media type is required."""
    tag = (await bench.school("6732118", pupils=5, head_teacher="A. Jones")).headers["etag"]
    path = "/v1/schools/6732118"
    for patch, code, pointer in (
        ({"name": None}, "must_not_be_null", "/name"),
        ({"name": ""}, "too_short", "/name"),
        ({"colour": 1}, "unknown_field", "/colour"),
        ({"pupils": "5"}, "must_be_whole_number", "/pupils"),
    ):
        refused = await bench.ask("PATCH", path, "operator", patch=patch, if_match=tag)
        fault = refused.json()["errors"][0]
        assert (refused.status_code, fault["code"], fault["pointer"]) == (422, code, pointer)
    as_json = await bench.ask("PATCH", path, "operator", json={"pupils": 6}, if_match=tag)
    assert as_json.status_code == 415
    assert as_json.headers["accept-patch"] == "application/merge-patch+json"
    changed = await bench.ask("PATCH", path, "operator", patch={"head_teacher": None}, if_match=tag)
    assert changed.status_code == 200
    seen = (await bench.ask("GET", path, "vale")).json()
    assert (seen["head_teacher"], seen["pupils"]) == (None, 5)


async def test_dry_run_keeps_nothing(bench) -> None:
    """R33: everything is evaluated, the answer is the one to come, and nothing is kept: no record, no key."""
    new = {"number": "6732118", "authority": "673", "name": "Gladstone"}
    tried = await bench.ask("POST", "/v1/schools?dry_run=true", "operator", json=new, key="one")
    assert (tried.status_code, tried.headers["dry-run"], tried.json()["version"]) == (201, "true", 1)
    assert (await bench.ask("GET", "/v1/schools/6732118")).status_code == 404
    done = await bench.ask("POST", "/v1/schools", "operator", json=new, key="one")
    assert done.status_code == 201
    assert "idempotency-replayed" not in done.headers
    refused = await bench.ask("POST", "/v1/schools?dry_run=true", "operator", json=new, key="two")
    assert refused.json()["code"] == "already_exists"
    tag = done.headers["etag"]
    dry = await bench.ask(
        "PATCH", "/v1/schools/6732118?dry_run=true", "operator", patch={"pupils": 9}, if_match=tag
    )
    assert (dry.json()["pupils"], dry.headers["dry-run"]) == (9, "true")
    assert (await bench.ask("GET", "/v1/schools/6732118")).json()["pupils"] is None
    async with bench.worker.transaction() as connection:
        counts = await connection.execute(
            text("select (select count(*) from outbox), (select count(*) from idempotent_answers)")
        )
        assert tuple(counts.one()) == (1, 1)


async def test_transitions_say_why_not(bench) -> None:
    """R34: the reason shown on the record is the one that refuses the command, in the caller's language."""
    await bench.school("6732118", pupils=5)
    shown = (await bench.ask("GET", "/v1/schools/6732118", language="cy")).json()["allowed_transitions"]
    assert shown == [
        {
            "name": "close", "to": "closed", "title": "Cau'r ysgol", "allowed": False,
            "barred": {"code": "has_pupils", "detail": "Mae gan yr ysgol ddisgyblion o hyd."},
        }
    ]  # fmt: skip
    path = "/v1/schools/6732118/closure"
    refused = await bench.ask("POST", path, "operator", key="k1", language="cy")
    problem = refused.json()
    assert (refused.status_code, problem["reason"], problem["detail"]) == (
        409, "has_pupils", "Mae gan yr ysgol ddisgyblion o hyd.",
    )  # fmt: skip
    await bench.school("6732119")
    closed = await bench.ask("POST", "/v1/schools/6732119/closure", "operator", key="k2")
    assert (closed.json()["status"], closed.json()["allowed_transitions"]) == ("closed", [])
    again = await bench.ask("POST", "/v1/schools/6732119/closure", "operator", key="k3")
    assert again.json()["reason"] == "not_from_this_state"


async def test_references_are_the_clients_own(bench) -> None:
    """R35: unique per client, found by `?external_reference=`, never shown to another client."""
    await bench.school("6732118")
    await bench.school("6732119")
    path = "/v1/schools/6732118/external_references"
    for caller in ("vale", "cardiff"):
        done = await bench.ask("PUT", path, caller, json={"values": ["CASE/7", f"{caller}-1"]})
        assert done.status_code == 200, done.text
    found = (await bench.ask("GET", "/v1/schools?external_reference=CASE/7&total=true")).json()
    assert [(i["id"], i["external_references"]) for i in found["items"]] == [
        ("6732118", ["CASE/7", "vale-1"])
    ]
    assert found["total"] == 1
    assert (await bench.ask("GET", "/v1/schools?external_reference=cardiff-1")).json()["items"] == []
    taken = await bench.ask(
        "PUT", "/v1/schools/6732119/external_references", json={"values": ["new", "CASE/7"]}
    )
    assert (taken.status_code, taken.json()["errors"][0]["pointer"]) == (409, "/values/1")
    twice = await bench.ask("PUT", path, json={"values": ["a", "a"]})
    assert (twice.status_code, twice.json()["errors"][0]["code"]) == (422, "repeated_value")
    assert (await bench.ask("PUT", path, json={"values": []})).status_code == 200
    assert (await bench.ask("GET", "/v1/schools/6732118")).json()["external_references"] == []
    other = (await bench.ask("GET", "/v1/schools/6732118", "cardiff")).json()
    assert other["external_references"] == ["CASE/7", "cardiff-1"]


async def test_statements_per_write(bench) -> None:
    """R16: what the contract adds to a command: who asks, the key's lock, the stored answer, and storing it."""
    await bench.school("6732118")
    statements = list(bench.statements)
    added = [s for s in statements if "set_config" in s or "advisory" in s or "idempotent_answers" in s]
    assert len(added) == 4, statements
    # lock, head, slice, outbox, audit (two tables in one statement), and reading what was made
    assert len(statements) - len(added) <= 6, statements


class Inner(Patch):
    street: str | None = unsent()
    postcode: str | None = unsent()


class Outer(Patch):
    name: str | None = unsent()
    pupils: int | None = unsent()
    address: Inner | None = unsent()


def reference(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2, as it stands there."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = reference(result.get(name), value)
    return result


TEXTS = st.none() | st.text(max_size=3)
INNER = st.fixed_dictionaries({}, optional={"street": TEXTS, "postcode": TEXTS})
OUTER = st.fixed_dictionaries(
    {}, optional={"name": TEXTS, "pupils": st.none() | st.integers(0, 9), "address": st.none() | INNER}
)


def without_nulls(value: Any) -> Any:
    """Our records name every field, so a removed one is null: the same to the RFC."""
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    return value


@given(OUTER, OUTER)
def test_merge_patch_agrees_with_the_rfc(target: dict[str, Any], patch: dict[str, Any]) -> None:
    """R32: applying a patch gives what RFC 7396 gives, for every target and patch."""
    target = without_nulls(target)
    after = Outer.model_validate(patch).applied_to(target)
    assert without_nulls(after) == reference(target, patch)
    assert Outer.model_validate(patch).changes().keys() == patch.keys()


def test_a_patch_is_frozen_and_strict() -> None:
    """R32: a patch takes no unknown field and coerces nothing."""
    with pytest.raises(ValidationError):
        Outer.model_validate({"pupils": "1"})
    with pytest.raises(ValidationError):
        Outer.model_validate({"colour": "red"})


async def test_events_name_the_request_that_began_their_story(bench) -> None:
    """R36: the request id is the correlation id of every event of the request, also of those of its job."""
    new = {"number": "6732118", "authority": "673", "name": "Gladstone"}
    headers = {"X-Request-Id": "case-0001"}
    await bench.ask("POST", "/v1/schools", "operator", json=new, key="k", headers=headers)
    async with bench.worker.transaction() as connection:
        told = await connection.scalar(text("select convert_from(headers, 'utf8') from outbox"))
        noted = await connection.scalar(text("select request_id from audit_outbox"))
    pairs = told.split("\x1f")
    assert pairs[pairs.index("ce_correlationid") + 1] == "case-0001"
    assert noted == "case-0001"
