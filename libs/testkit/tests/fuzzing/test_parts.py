"""Parts of a description for generated requests: the same document, narrowed; exceptions that name their reason."""

from typing import Any

import pytest

from testkit.fuzzing.exceptions import excepted, exempt
from testkit.fuzzing.parts import described, narrowed

PART = {"$ref": "#/components/schemas/Part"}
THING = {"type": "object", "properties": {"description": {"type": "string"}, "part": PART}}
LINKS = {"read": {"operationId": "read", "parameters": {}}, "list": {"operationId": "list", "parameters": {}}}


def operation(id_: str, schema: str, **answer: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {
        "operationId": id_,
        "x-gwella-operation": "things.read",
        "tags": ["things"],
        "description": "Many words",
        "responses": {"200": {"description": "Done", "content": content, **answer}},
    }


def document() -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"version": "1"},
        "paths": {
            "/things": {
                "post": operation("make", "Thing", links=dict(LINKS)),
                "get": operation("list", "Page"),
            },
            "/things/{id}": {"get": operation("read", "Thing")},
        },
        "components": {
            "securitySchemes": {"bearer": {"type": "http"}},
            "schemas": {
                "Thing": THING,
                "Part": {"type": "string", "maxLength": 1_048_576, "pattern": "^a", "description": "Words"},
                "Page": {"type": "object"},
            },
        },
    }


def test_a_part_has_what_it_reaches_and_no_more() -> None:
    """R62: operations, their components, links among them; a field called description is no description."""
    part = narrowed(document(), {"make", "read"})
    assert [one.label for one in described(part)] == ["POST /things", "GET /things/{id}"]
    assert part["components"]["schemas"] == {"Thing": THING, "Part": {"type": "string", "pattern": "^a"}}
    assert set(part["paths"]["/things"]["post"]["responses"]["200"]["links"]) == {"read"}
    assert "description" not in part["paths"]["/things/{id}"]["get"]


def test_the_document_itself_stays() -> None:
    """A part is a copy: the next part begins from the same document."""
    whole = document()
    narrowed(whole, {"make"})
    assert whole == document()


def test_every_exception_says_why() -> None:
    """An exception names its failure, the answers for which it holds, and a reason."""
    assert len(exempt()) > 1
    for one in exempt():
        assert one.codes or one.faults or one.own, one.name
        assert len(one.reason) > 20, one.name


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (["must_be_whole_number"], {"one_written_form"}),
        (["must_be_whole_number", "unknown_school"], {"one_written_form", "rule_of_the_field"}),
        (["must_be_whole_number", "too_long"], set()),
        ([], set()),
    ],
)
def test_an_exception_holds_for_its_faults_alone(faults: list[str], expected: set[str]) -> None:
    """One fault beside it that no exception names, and the failure counts."""
    problem = {"code": "validation_failed", "errors": [{"code": code} for code in faults]}
    assert excepted("RejectedPositiveData", "POST /v1/things", problem) == expected
    assert excepted("AcceptedNegativeData", "POST /v1/things", problem) == set()
    assert excepted("RejectedPositiveData", "POST /v1/things", {"code": "internal_error"}) == set()


def test_an_exception_holds_for_its_operations_alone() -> None:
    """What one operation may require elsewhere counts."""
    problem = {"code": "validation_failed", "errors": [{"code": "missing"}]}
    assert excepted("RejectedPositiveData", "GET /v1/changes", problem) == {"belongs_with_another"}
    assert excepted("RejectedPositiveData", "POST /v1/people", problem) == set()
