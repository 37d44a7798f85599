"""R76: one description of many: what is alike is kept once, what differs is told apart, no reference is lost."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gateway.domain.openapi import merge


def described(service: str, schemas: dict[str, Any], **paths: str) -> dict[str, Any]:
    """A document whose paths answer with the schema of that name."""
    return {
        "openapi": "3.1.0",
        "info": {"title": service, "version": "1"},
        "tags": [{"name": "all"}, {"name": service}],
        "paths": {
            f"/v1/{path}": {
                "get": {
                    "operationId": f"read_{path}",
                    "responses": {
                        "200": {
                            "description": "it",
                            "content": {
                                "application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}
                            },
                        }
                    },
                }
            }
            for path, schema in paths.items()
        },
        "components": {"schemas": schemas},
    }


def schema_of(document: dict[str, Any], path: str) -> str:
    content = document["paths"][path]["get"]["responses"]["200"]["content"]
    return str(content["application/json"]["schema"]["$ref"])


GATEWAY = described("gateway", {"Me": {"type": "object"}}, me="Me")


def test_alike_is_kept_once_and_different_gets_its_services_name():
    merged = merge(
        {
            "gateway": GATEWAY,
            "b": described("b", {"Problem": {"type": "object"}, "View": {"type": "string"}}, bs="View"),
            "a": described("a", {"Problem": {"type": "object"}, "View": {"type": "integer"}}, as_="View"),
        },
        server="https://api.example",
    )
    assert sorted(merged["components"]["schemas"]) == ["AView", "BView", "Me", "Problem"]
    assert schema_of(merged, "/v1/bs") == "#/components/schemas/BView"
    assert merged["components"]["schemas"]["AView"] == {"type": "integer"}
    assert [tag["name"] for tag in merged["tags"]] == ["all", "gateway", "a", "b"]
    assert merged["servers"] == [{"url": "https://api.example"}]


def test_what_refers_to_something_different_is_different():
    """Page is written alike in both, but a page of another View is another page."""
    page = {"type": "array", "items": {"$ref": "#/components/schemas/View"}}
    merged = merge(
        {
            "gateway": GATEWAY,
            "a": described("a", {"Page": page, "View": {"type": "integer"}}, as_="Page"),
            "b": described("b", {"Page": page, "View": {"type": "string"}}, bs="Page"),
        }
    )
    schemas = merged["components"]["schemas"]
    assert schemas["APage"]["items"] == {"$ref": "#/components/schemas/AView"}
    assert schemas["BPage"]["items"] == {"$ref": "#/components/schemas/BView"}
    assert schema_of(merged, "/v1/bs") == "#/components/schemas/BPage"


def test_scopes_are_joined_and_repeated_operation_ids_told_apart():
    def with_scopes(service: str, **scopes: str) -> dict[str, Any]:
        document = described(service, {"X": {}}, **{service: "X"})
        read = document["paths"][f"/v1/{service}"]["get"]
        read["operationId"] = "read_it"
        read["responses"]["200"]["links"] = {"again": {"operationId": "read_it"}}
        flows = {"clientCredentials": {"tokenUrl": f"https://{service}", "scopes": scopes}}
        document["components"]["securitySchemes"] = {"oauth2": {"type": "oauth2", "flows": flows}}
        return document

    merged = merge({"gateway": GATEWAY, "a": with_scopes("a", x="X"), "b": with_scopes("b", y="Y")})
    flow = merged["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    assert flow == {"tokenUrl": "https://a", "scopes": {"x": "X", "y": "Y"}}
    ids = {path: item["get"]["operationId"] for path, item in merged["paths"].items()}
    assert ids == {"/v1/me": "read_me", "/v1/a": "a_read_it", "/v1/b": "b_read_it"}
    linked = merged["paths"]["/v1/b"]["get"]["responses"]["200"]["links"]
    assert linked == {"again": {"operationId": "b_read_it"}}


def test_every_reference_of_the_merged_document_leads_somewhere():
    page = {"type": "array", "items": {"$ref": "#/components/schemas/View"}}
    merged = merge(
        {
            "gateway": GATEWAY,
            "a": described("a", {"Page": page, "View": {"type": "integer"}}, as_="Page"),
            "b": described("b", {"Page": page, "View": {"type": "string"}}, bs="Page"),
        }
    )
    for reference in references(merged):
        section, name = reference.removeprefix("#/components/").split("/")
        assert name in merged["components"][section]
    for schema in merged["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for inner in value.values() for found in references(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in references(inner)]
    return []


def test_internal_paths_of_a_service_stay_inside():
    service = described("a", {"X": {}}, things="X")
    service["paths"]["/internal/x"] = {"get": {"responses": {}}}
    assert sorted(merge({"gateway": GATEWAY, "a": service})["paths"]) == ["/v1/me", "/v1/things"]


def test_without_the_gateways_own_there_is_nothing_to_lead():
    with pytest.raises(KeyError):
        merge({"a": GATEWAY})
