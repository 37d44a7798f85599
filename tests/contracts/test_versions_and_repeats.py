"""What every record with a version and every write promises, read from the description (R10, R11, R30, R33, R41).

That the operations behave so is tried through the gateway by `tests/journeys/test_every_operation.py`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DOCUMENT: Mapping[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs" / "reference" / "openapi.json").read_text("utf-8")
)
WRITING = ("post", "put", "patch", "delete")


def resolved(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in entry:
        found: Any = DOCUMENT
        for step in entry["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        entry = found
    return entry


def operations(*methods: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method in methods:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def parameters(operation: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found = (resolved(one) for one in operation.get("parameters", ()))
    return {one["name"]: one for one in found}


def answer(operation: Mapping[str, Any], status: str) -> Mapping[str, Any]:
    return resolved(operation["responses"].get(status, {}))


def members(answered: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = answered.get("content", {}).get("application/json", {}).get("schema", {})
    found: Mapping[str, Any] = resolved(schema).get("properties", {})
    return found


def test_what_has_a_version_is_read_under_a_condition() -> None:
    """R10, R11: an answer with a `version` has an ETag, takes If-None-Match and may be 304."""
    tried = 0
    for name, operation in operations("get"):
        good = answer(operation, "200")
        if "version" not in members(good):
            continue
        tried += 1
        assert "ETag" in good.get("headers", {}), name
        assert "If-None-Match" in parameters(operation), name
        assert "304" in operation["responses"], name
    assert tried > 40


def test_a_change_names_the_version_that_it_was_made_from() -> None:
    """R30: each PATCH takes If-Match, may be 412 and 428, and answers with the new ETag; so does reading it."""
    tried = 0
    for name, operation in operations("patch"):
        tried += 1
        assert "If-Match" in parameters(operation), name
        assert {"412", "428"} <= operation["responses"].keys(), name
        assert "ETag" in answer(operation, "200").get("headers", {}), name
        reading = DOCUMENT["paths"][name.partition(" ")[2]]["get"]
        assert "ETag" in answer(reading, "200").get("headers", {}), name
    assert tried > 10


def test_every_write_can_be_tried_and_every_command_repeated() -> None:
    """R33, R41: each write takes `dry_run`, each POST an Idempotency-Key, which it may refuse for being missing."""
    tried = 0
    for name, operation in operations(*WRITING):
        tried += 1
        assert "dry_run" in parameters(operation), name
        assert not name.startswith("DELETE"), name
        if name.startswith("POST"):
            assert "Idempotency-Key" in parameters(operation), name
            assert {"400", "409", "422"} <= operation["responses"].keys(), name
    assert tried > 120
