"""The generated documents are valid by the official schemas, and examples by ours (E-07)."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from contracts.event import Event
from contracts.text import Text
from gwella.contracts.asyncapi import HEADERS, asyncapi_document
from gwella.contracts.schemas import event_schema, events_by_publisher, example_of

OFFICIAL = Draft7Validator(
    json.loads(Path(__file__).with_name("asyncapi-3.0.0.schema.json").read_text("utf-8"))
)
PUBLISHERS = events_by_publisher()
CLASSES = [cls for classes in PUBLISHERS.values() for cls in classes]


def document(publisher: str) -> dict[str, Any]:
    return asyncapi_document(publisher, Text("Register", "Cofrestr"), "1.0.0", PUBLISHERS[publisher])


@pytest.mark.parametrize("publisher", sorted(PUBLISHERS))
def test_every_document_is_valid_asyncapi(publisher: str) -> None:
    faults = [f"{fault.json_path}: {fault.message}" for fault in OFFICIAL.iter_errors(document(publisher))]
    assert not faults, "\n".join(faults)
    assert len(document(publisher)["components"]["messages"]) == len(PUBLISHERS[publisher])


@pytest.mark.parametrize("part", ["info", "asyncapi"])
def test_a_missing_part_is_refused(part: str) -> None:
    assert not OFFICIAL.is_valid({k: v for k, v in document("registry").items() if k != part})


def test_a_wrong_channel_is_refused() -> None:
    wrong = document("registry")
    wrong["channels"]["registry.events"]["addres"] = wrong["channels"]["registry.events"].pop("address")
    assert not OFFICIAL.is_valid(wrong)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_schema_is_a_schema_and_accepts_its_example(cls: type[Event]) -> None:
    schema = event_schema(cls)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(example_of(cls))
    assert not Draft202012Validator(schema).is_valid({**example_of(cls), "changed": 1})
    assert schema["description"]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_events_name_people_by_id_only(cls: type[Event]) -> None:
    """Design §4: no person's name and no narrative; personal fields are named, never carried."""
    personal = {
        "first_name",
        "last_name",
        "full_name",
        "email",
        "mobile",
        "date_of_birth",
        "notes",
        "narrative",
        "comment",
    }
    assert not personal & set(event_schema(cls)["properties"])


def test_headers_are_those_of_the_envelope() -> None:
    from datetime import UTC, datetime

    from eventing.envelope import Envelope, packed_headers

    moment = datetime(2019, 9, 1, tzinfo=UTC)
    envelope = Envelope(
        "1", "t", "/registry", "/schools/1", "1", 1, moment, moment, b"{}", "public", "c", "a", "00-1-1-01", 4
    )
    sent = set(packed_headers(envelope).decode().split("\x1f")[::2]) | {"ce_position"}
    assert sent == set(HEADERS["properties"])
    assert set(HEADERS["required"]) <= sent
