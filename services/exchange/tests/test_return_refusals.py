"""What is refused of a frozen or submitted return: a problem in either language, and nothing changed (S1-34, D-24)."""

from typing import Any

import pytest
from returning import FIRST, OFFICER, PEOPLE, RETURN, SECOND, VERSION, frozen, passed, step, submitted

REMARK = {"rule": "RET-16", "kind": "comment", "text": "Too late."}
LATE = [("fill", None), ("remarks", REMARK), ("validate", None), ("freeze", None)]


async def record(exchange: Any) -> Any:
    """The version as it stands, with its ETag."""
    answer = await exchange.ask("GET", VERSION, **OFFICER)
    assert answer.status_code == 200
    return answer.headers["etag"], answer.json()


async def refused(exchange: Any, name: str, who: dict[str, Any], body: Any = None) -> str:
    """Asks in both languages; gives the reason. Each says it in its own words, and nothing has changed."""
    before = await record(exchange)
    said = {}
    for language in ("en", "cy"):
        answer = await step(exchange, name, who, body, headers={"Accept-Language": language})
        assert answer.status_code == 409, answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["language"] == language
        said[language] = answer.json()
    assert said["en"]["code"] == said["cy"]["code"]
    for member in ("title", "detail"):
        assert said["en"][member]
        assert said["cy"][member]
        assert said["en"][member] != said["cy"][member]
    assert await record(exchange) == before
    reason: str = said["en"].get("reason", said["en"]["code"])
    return reason


@pytest.mark.parametrize(("name", "body"), LATE, ids=[name for name, _ in LATE])
async def test_a_late_change_to_a_frozen_return_is_refused(filled: Any, name: str, body: Any) -> None:
    """Flows 2: from freezing on nothing changes, signed off or not; the digest stays what was signed."""
    digest = {"digest": (await frozen(filled))["digest"]}
    assert await refused(filled, name, OFFICER, body) == "not_from_this_state"
    await passed(filled, "sign", FIRST, digest)
    assert await refused(filled, name, OFFICER, body) == "not_from_this_state"


async def test_sign_off_twice_by_one_person_is_refused(filled: Any) -> None:
    """Flows 2: persons of the register are compared, not tokens: another client, another role, the same person."""
    digest = {"digest": (await frozen(filled))["digest"]}
    await passed(filled, "sign", FIRST, digest)
    again = {
        **SECOND,
        "sub": "another-subject",
        "client_id": "another-client",
        "person_id": FIRST["person_id"],
    }
    assert await refused(filled, "sign", again, digest) == "signed_already"
    froze_it = {**SECOND, "person_id": PEOPLE["officer"]}
    assert await refused(filled, "sign", froze_it, digest) == "signatory_froze_it"
    assert await refused(filled, "sign", {**SECOND, "person_id": None}, digest) == "signatory_is_no_person"
    assert await refused(filled, "sign", SECOND, {"digest": "f" * 64}) == "return_digest_differs"
    assert await refused(filled, "submit", OFFICER) == "not_from_this_state"
    assert (await passed(filled, "sign", SECOND, digest))["state"] == "signed_second"


async def test_a_submitted_return_is_reopened_by_nobody(filled: Any) -> None:
    """S1-34, immutable: corrected by a later version alone, and no second one is begun before that is submitted."""
    await submitted(filled)
    for name, body in (*LATE, ("reopen", None), ("submit", None)):
        assert await refused(filled, name, OFFICER, body) == "not_from_this_state"
    path = f"/v1/returns/{RETURN}/versions"
    begun = await filled.ask("POST", path, sent={"reason": "A visit was forgotten."}, **OFFICER)
    assert begun.status_code == 201
    for language in ("en", "cy"):
        again = await filled.ask(
            "POST", path, sent={"reason": "Again."}, headers={"Accept-Language": language}, **OFFICER
        )
        assert (again.status_code, again.json()["code"]) == (409, "return_not_amendable")
        assert again.json()["language"] == language
