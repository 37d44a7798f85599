"""Every record can be asked for as of a day and as known at a moment, asked of the whole published description.

A read or list of what has a version takes `valid_at` and `known_at` (R14); what does not is named here with the reason.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

DOCUMENT: Final[Mapping[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "docs" / "reference" / "openapi.json").read_text("utf-8")
)
A_PERIOD: Final = (
    "The record is itself one period: it is read whether or not it holds on the day; its list is dated."
)
ITS_HISTORY: Final = "It lists the versions themselves, each with its moment."
NO_RECORD: Final = "A step of work or a log: it is as it is now, and was never otherwise on an earlier day."
UNDATED: Final[Mapping[str, str]] = {
    "/v1/adviser-allocations/{id}": A_PERIOD,
    "/v1/capacities/{id}": A_PERIOD,
    "/v1/footprint-memberships/{id}": A_PERIOD,
    "/v1/providers/{id}/capacities": "All periods of one provider, past and coming, are the list.",
    "/v1/role-assignments/{id}": A_PERIOD,
    "/v1/body-members/{id}/versions": ITS_HISTORY,
    "/v1/meetings/{id}/versions": ITS_HISTORY,
    "/v1/minutes/{id}/versions": ITS_HISTORY,
    "/v1/support-requests/{id}/versions": ITS_HISTORY,
    "/v1/visits/{id}/versions": ITS_HISTORY,
    "/v1/audit": NO_RECORD,
    "/v1/jobs": NO_RECORD,
    "/v1/jobs/{id}": NO_RECORD,
    "/v1/school-lists": NO_RECORD,
    "/v1/school-lists/{id}": NO_RECORD,
    "/v1/authority-versions/{authority}": "A position of the feed, for conditional reads of what is settled now.",
    "/v1/school-versions/{school_number}": "A position of the feed, for conditional reads of what is settled now.",
    "/v1/monitoring": "It is derived for today from visits and categories, which are dated.",
    "/v1/return-definitions/{version}": "A definition never changes under its version.",
} | {
    f"/v1/consumers/{service}/parked-events{number}": NO_RECORD
    for service in ("brokerage", "exchange", "governance", "visits")
    for number in ("", "/{number}")
}
SILENT: Final = {"/v1/school-transfers", "/v1/school-transfers/{transfer_id}"}
"""A transfer tells its day; of the moment at which it became known only `known_at` as a question tells."""


def described(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference stands for."""
    if "$ref" not in value:
        return value
    *_, section, name = value["$ref"].split("/")
    found: Mapping[str, Any] = DOCUMENT["components"][section][name]
    return found


def record_of(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of the record that is read, or of those that are listed."""
    content = operation["responses"].get("200", {}).get("content", {})
    schema = described(content.get("application/json", {}).get("schema", {}))
    fields = schema.get("properties", {})
    return described(fields["items"]["items"]) if {"items", "links"} <= fields.keys() else schema


def reads() -> Iterator[tuple[str, set[str], Mapping[str, Any]]]:
    """Path, parameters and record of each read and list."""
    for path, item in DOCUMENT["paths"].items():
        if "get" in item:
            names = {str(described(one)["name"]) for one in item["get"].get("parameters", ())}
            yield path, names, record_of(item["get"])


def test_every_record_is_read_as_of_a_day_and_a_moment() -> None:
    """R14: whatever has a version takes both; each exception is named, and none is named in vain."""
    versioned = {
        path: {"valid_at", "known_at"} <= names
        for path, names, record in reads()
        if "version" in record.get("properties", {})
    }
    assert {path for path, dated in versioned.items() if not dated} == set(UNDATED)
    assert sum(versioned.values()) > 60


def test_every_dated_record_says_when_it_became_known() -> None:
    """R14: where a moment can be asked for, the record tells its own, by which its history is walked."""
    silent = {
        path
        for path, names, record in reads()
        if "known_at" in names
        and "version" in record.get("properties", {})
        and "known_at" not in record["properties"]
    }
    assert silent == SILENT
