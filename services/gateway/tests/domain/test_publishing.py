"""What is added to the services' descriptions when they are published as one."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from gateway.domain.publishing import published
from gateway.domain.sample_values import ID
from gateway.domain.samples import NoSampleError, sample
from gateway.domain.schema_limits import BODY, INT64, NO_NUL, limited
from gateway.domain.wording import in_welsh, summarise

DOCUMENT = Path(__file__).parents[4] / "docs" / "reference" / "openapi.json"
PROBLEMS = {
    "not_found": {
        "status": 404,
        "title": {"en": "Not found", "cy": "Heb ei ganfod"},
        "detail": {"en": "There is none.", "cy": "Nid oes un."},
        "cause": {"en": "It was never made.", "cy": "Ni wnaed ef erioed."},
        "remedy": {"en": "Look elsewhere.", "cy": "Chwiliwch yn rhywle arall."},
    }
}


def service() -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "x", "version": "1"},
        "tags": [
            {"name": "ones", "description": "Ones / Rhai"},
            {"name": "ones", "description": "Ones / Rhai"},
        ],
        "paths": {
            "/v1/ones/{id}": {
                "get": {
                    "operationId": "read_one",
                    "summary": "Read one",
                    "x-summary-cy": "Darllen un",
                    "tags": ["ones"],
                    "parameters": [
                        {
                            "name": "id",
                            "in": "path",
                            "required": True,
                            "description": "Its id",
                            "x-description-cy": "Ei ddynodydd",
                            "schema": {"type": "string"},
                        }
                    ],
                    "responses": {
                        "200": {
                            "description": "Successful Response",
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/One"}}},
                        },
                        "404": {"description": "not_found: Not found", "x-problem-codes": ["not_found"]},
                    },
                }
            }
        },
        "components": {
            "schemas": {
                "One": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "inner": {"$ref": "#/components/schemas/One"}},
                },
                "Unused": {"type": "object"},
                "Problem": {"type": "object"},
            }
        },
    }


@pytest.fixture
def document() -> dict[str, Any]:
    return published({"gateway": service()}, PROBLEMS, server="https://api.example")


def test_refusals_are_described_once_with_an_example_in_each_language(document: dict[str, Any]) -> None:
    answers = document["paths"]["/v1/ones/{id}"]["get"]["responses"]
    assert answers["404"] == {"$ref": "#/components/responses/Problem404.not_found"}
    refusal = document["components"]["responses"]["Problem404.not_found"]
    assert refusal["x-description-cy"] == "not_found: Heb ei ganfod"
    shown = document["components"]["examples"]
    assert shown["not_found.cy"]["description"] == "Ni wnaed ef erioed. Chwiliwch yn rhywle arall."
    assert list(refusal["content"]["application/problem+json"]["examples"]) == [
        "not_found.en",
        "not_found.cy",
    ]
    assert shown["not_found.cy"]["value"]["detail"] == "Nid oes un."


def test_what_nothing_refers_to_is_left_out_and_a_tag_stands_once(document: dict[str, Any]) -> None:
    assert set(document["components"]["schemas"]) == {"One", "Problem"}
    assert document["tags"] == [{"name": "ones", "description": "Ones", "x-description-cy": "Rhai"}]


def test_the_welsh_reader_gets_welsh_where_tools_look_for_texts(document: dict[str, Any]) -> None:
    welsh = in_welsh(document)
    operation = welsh["paths"]["/v1/ones/{id}"]["get"]
    assert (operation["summary"], operation["parameters"][0]["description"]) == ("Darllen un", "Ei ddynodydd")
    assert welsh["tags"] == [{"name": "ones", "description": "Rhai"}]
    assert "-cy" not in json.dumps(welsh).replace(".cy", "")


def test_an_operation_without_words_is_called_what_its_right_is_called() -> None:
    title = {"en": "Read schools", "cy": "Darllen ysgolion"}
    operation = {"operationId": "other", "x-operation-title": title}
    summarise(operation)
    assert (operation["summary"], operation["x-summary-cy"]) == ("Read schools", "Darllen ysgolion")
    own = {"summary": "Read one", "x-summary-cy": "Darllen un", "x-operation-title": title}
    summarise(own)
    assert own["summary"] == "Read one"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["a"]}),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date", "maxLength": 10}),
        (
            {"type": "string", "maxLength": 5, "pattern": "^a$"},
            {"type": "string", "maxLength": 5, "pattern": "^a$"},
        ),
        (
            {"type": "string", "pattern": "^[0-9]{4}/[0-9]{2}$"},
            {"type": "string", "pattern": "^[0-9]{4}/[0-9]{2}$", "maxLength": 7},
        ),
        (
            {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
            {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "maxLength": BODY},
        ),
        (
            {"type": "string", "pattern": r"\S", "maxLength": 9},
            {"type": "string", "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$", "maxLength": 9},
        ),
        (
            {"type": "integer", "minimum": 1},
            {"type": "integer", "minimum": 1, "format": "int64", "maximum": INT64[1]},
        ),
        (
            {"type": "integer", "minimum": 0, "exclusiveMaximum": 64},
            {"type": "integer", "minimum": 0, "exclusiveMaximum": 64, "format": "int64"},
        ),
        ({"$ref": "#/components/schemas/One"}, {"$ref": "#/components/schemas/One"}),
    ],
)
def test_a_limit_that_a_schema_states_is_kept(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert limited(given) == expected


def test_a_pattern_that_no_sample_fits_is_a_fault_of_the_build() -> None:
    with pytest.raises(NoSampleError):
        sample({"type": "string", "pattern": "^ZZZ[0-9]{9}$"}, {}, "odd")


def test_every_example_of_the_committed_document_fits_its_schema() -> None:
    """Every body in, out and refused has one, and each is what its schema asks for."""
    document = json.loads(DOCUMENT.read_text("utf-8"))
    registry = Registry().with_resource(
        "urn:api", Resource.from_contents(document, default_specification=DRAFT202012)
    )
    pairs: set[tuple[str, str]] = set()
    bare: list[str] = []
    bodies = [("Problem", answer) for answer in document["components"]["responses"].values()]
    for path, item in document["paths"].items():
        for operation in item.values():
            good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            bodies += [(path, body) for body in (operation.get("requestBody", {}), *good)]
    for place, body in bodies:
        for media in body.get("content", {}).values():
            if "example" not in media and not media.get("examples"):
                bare.append(place)
            for shown in media.get("examples", {}).values():
                pairs.add((media["schema"]["$ref"], shown["$ref"].rpartition("/")[2]))
    assert not bare
    assert len(pairs) >= 300
    wrong = []
    for reference, name in sorted(pairs):
        validator = Draft202012Validator({"$ref": f"urn:api{reference}"}, registry=registry)
        value = document["components"]["examples"][name]["value"]
        wrong += [f"{name}: {error.message}"[:200] for error in validator.iter_errors(value)]
    assert not wrong


def told_as_ids(value: Any, name: str = "") -> set[str]:
    """The names of fields whose example is the id that stands for any id."""
    if isinstance(value, dict):
        return {found for key, inner in value.items() for found in told_as_ids(inner, key)}
    if isinstance(value, list):
        return {found for inner in value for found in told_as_ids(inner, name)}
    return {name} if value == ID else set()


def test_an_example_speaks_the_words_of_its_field() -> None:
    """An id stands only where an id belongs, and a code is one of its list: a reader learns from it."""
    held = json.loads(DOCUMENT.read_text("utf-8"))["components"]
    names = {name for one in held["examples"].values() for name in told_as_ids(one["value"])}
    assert {name for name in names if name != "id" and not name.endswith("_id")} <= {
        "body",
        "earlier_version",
        "records",
        "referred_from",
    }
    text = {
        "anyOf": [{"type": "string", "pattern": NO_NUL}, {"type": "null"}],
        "description": "Code of `sectors`.",
    }
    view = {
        "type": "object",
        "properties": {"purpose": {"type": "string", "pattern": NO_NUL}, "sector": text},
    }
    assert sample(view, {}) == {
        "purpose": "To see how reading is taught in Years 3 and 4.",
        "sector": "primary",
    }
