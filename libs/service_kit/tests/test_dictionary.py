"""How the words of dictionaries come into a description."""

from typing import Any

import pytest

from service_kit.dictionary import Dictionary, parse_dictionary, write_words

OWN = """
[fields]
name = { en = "What it is called.", cy = "Ei enw." }
page = { en = "Never.", cy = "Byth." }
[schemas.One]
"" = { cy = "Un." }
kind = { cy = "Ei fath." }
[operations.read_one]
summary = { en = "Read one", cy = "Darllen un" }
description = { cy = "Yn ei ddarllen." }
[parameters]
side = { en = "Which side.", cy = "Pa ochr." }
[values.side]
left = { en = "Left", cy = "Chwith" }
"""
SHARED = """
[fields]
name = { en = "A name.", cy = "Enw." }
id = { en = "Its id.", cy = "Ei ddynodydd." }
page = { en = "The page.", cy = "Y dudalen." }
[schemas.Page]
"" = { en = "One page.", cy = "Un dudalen." }
"""


def document() -> dict[str, Any]:
    side = {"anyOf": [{"type": "string", "enum": ["left", "right"]}, {"type": "null"}]}
    return {
        "paths": {"/v1/ones": {"get": {
            "operationId": "read_one", "description": "Reads it.",
            "parameters": [{"name": "side", "schema": side},
                           {"name": "lang", "description": "Language", "x-description-cy": "Iaith", "schema": {}}],
        }}},
        "components": {"schemas": {
            "One": {"description": "One.", "properties": {
                "id": {}, "name": {}, "kind": {"description": "Its kind."}, "other": {}}},
            "Page_One_": {"properties": {"page": {}, "name": {}}},
        }},
    }  # fmt: skip


@pytest.fixture
def written() -> dict[str, Any]:
    described = document()
    write_words(described, parse_dictionary("ones", OWN), parse_dictionary("service_kit", SHARED))
    return described


def schema(written: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = written["components"]["schemas"][name]
    return found


def test_a_schema_goes_before_the_service_and_the_service_before_the_kit(written: dict[str, Any]) -> None:
    one = schema(written, "One")
    assert one["x-description-cy"] == "Un."
    assert one["properties"] == {
        "id": {"description": "Its id.", "x-description-cy": "Ei ddynodydd."},
        "name": {"description": "What it is called.", "x-description-cy": "Ei enw."},
        "kind": {"description": "Its kind.", "x-description-cy": "Ei fath."},
        "other": {},
    }


def test_in_a_schema_of_the_kit_only_the_kits_words_hold(written: dict[str, Any]) -> None:
    """Otherwise two services would describe it differently, and it would be published twice."""
    page = schema(written, "Page_One_")
    assert (page["description"], page["x-description-cy"]) == ("One page.", "Un dudalen.")
    assert page["properties"]["page"]["x-description-cy"] == "Y dudalen."
    assert page["properties"]["name"]["x-description-cy"] == "Enw."


def test_operations_and_parameters_keep_what_the_code_says(written: dict[str, Any]) -> None:
    operation = written["paths"]["/v1/ones"]["get"]
    assert (operation["summary"], operation["x-summary-cy"]) == ("Read one", "Darllen un")
    assert (operation["description"], operation["x-description-cy"]) == ("Reads it.", "Yn ei ddarllen.")
    side, language = operation["parameters"]
    assert (side["description"], side["x-description-cy"]) == ("Which side.", "Pa ochr.")
    assert language["x-description-cy"] == "Iaith"


def test_values_are_labelled_within_choices_and_an_unknown_one_stays_bare(written: dict[str, Any]) -> None:
    side = written["paths"]["/v1/ones"]["get"]["parameters"][0]["schema"]["anyOf"][0]
    assert side["x-enum-labels"] == {"left": {"en": "Left", "cy": "Chwith"}}


@pytest.mark.parametrize(
    "toml",
    ['[words]\na = { cy = "b" }', '[fields]\na = { en = "b" }', '[fields]\na = "b"',
     '[fields]\na = { cy = " " }', '[fields]\na = { cy = "b", fr = "c" }'],
)  # fmt: skip
def test_what_is_no_dictionary_is_refused(toml: str) -> None:
    with pytest.raises(ValueError, match=r"dictionary has|entry is|text in Welsh"):
        parse_dictionary("ones", toml)


def test_without_entries_nothing_is_written() -> None:
    described = document()
    write_words(described, Dictionary("ones"), Dictionary("service_kit"))
    assert described == document()
