"""R35: whatever a service lists and reads takes its clients' own references, from the descriptions of all services."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

UPSTREAMS = Path(__file__).parents[2] / "services/gateway/src/gateway/upstreams"
SERVICES = sorted(path.name.partition(".")[0] for path in UPSTREAMS.glob("*.openapi.json"))
NO_RECORDS: Final = {
    "/v1/jobs": "what a command came to; whoever began it was given its id, and it is forgotten",
    "/v1/school-lists": "a file that was sent in: it is known by its digest, and by the day of the list",
}
"""What is listed and read and is no record of the field, each with its reason."""
PARKED: Final = "/parked-events"
"""Of every consumer: events are named by their publishers, and clients know the records that they are about."""


def described(service: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((UPSTREAMS / f"{service}.openapi.json").read_text())
    return document


def named(paths: dict[str, Any], path: str) -> set[str]:
    return {parameter["name"] for parameter in paths[path]["get"]["parameters"]}


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_listed_and_read_takes_references(service: str) -> None:
    """R35: `?external_reference=` on the list, `PUT .../external-references` on the record; the record shows them."""
    paths = described(service)["paths"]
    lists = [path for path in paths if "get" in paths[path] and "cursor" in named(paths, path)]
    for listed in sorted(path for path in lists if path not in NO_RECORDS and not path.endswith(PARKED)):
        of_record = re.compile(re.escape(listed) + r"/\{\w+\}(/\{\w+\})?")
        records = [path for path in paths if of_record.fullmatch(path) and "get" in paths[path]]
        for record in records:
            assert "external_reference" in named(paths, listed), listed
            assert "put" in paths.get(f"{record}/external-references", {}), record


@pytest.mark.parametrize("service", SERVICES)
def test_what_takes_references_is_found_by_them_and_shows_them(service: str) -> None:
    """The other way round: no route to set them without the member of the record and a list that has the filter."""
    document = described(service)
    paths, schemas = document["paths"], document["components"]["schemas"]
    for path in [path for path in paths if path.endswith("/external-references")]:
        answer = paths[path]["put"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        view = answer.rpartition("/")[2]
        assert "external_references" in schemas[view]["properties"], path
    found = {path for path in paths if "get" in paths[path] and "external_reference" in named(paths, path)}
    assert len(found) == sum(path.endswith("/external-references") for path in paths)
