"""R62: the description links from what is created to what may be asked of it, by paths alone."""

from typing import Any

from service_kit.links import add_links

IF_MATCH = {"name": "If-Match", "in": "header", "required": True}


def operation(id_: str, *parameters: dict[str, Any], status: str = "200") -> dict[str, Any]:
    schema = {"schema": {"$ref": "#/components/schemas/Thing"}}
    return {
        "operationId": id_,
        "parameters": list(parameters),
        "responses": {status: {"content": {"application/json": schema}}},
    }


def described() -> dict[str, Any]:
    return {
        "paths": {
            "/things": {"post": operation("make", status="201"), "get": operation("list")},
            "/things/{id}": {"get": operation("read"), "patch": operation("change", IF_MATCH)},
            "/things/{id}/close": {"post": operation("close")},
            "/things/{id}/parts/{number}": {"get": operation("read_part")},
            "/things-of-others/{id}": {"get": operation("read_other")},
        },
        "components": {"schemas": {"Thing": {"properties": {"id": {"type": "string"}}}}},
    }


def test_what_is_created_is_read_changed_and_moved_on() -> None:
    """R62: by its id, and by its ETag where a change asks for one; nothing that needs more than the record."""
    document = described()
    add_links(document)
    assert document["paths"]["/things"]["post"]["responses"]["201"]["links"] == {
        "read": {"operationId": "read", "parameters": {"id": "$response.body#/id"}},
        "change": {
            "operationId": "change",
            "parameters": {"id": "$response.body#/id", "If-Match": "$response.header.ETag"},
        },
        "close": {"operationId": "close", "parameters": {"id": "$response.body#/id"}},
    }
    assert document["paths"]["/things/{id}"]["get"]["responses"]["200"]["links"] == {
        "change": {
            "operationId": "change",
            "parameters": {"id": "$request.path.id", "If-Match": "$response.header.ETag"},
        }
    }
    others = [document["paths"]["/things"]["get"], document["paths"]["/things/{id}/close"]["post"]]
    assert all("links" not in answer for one in others for answer in one["responses"].values())


def test_what_shows_no_id_has_no_links() -> None:
    """R62: an answer without the id cannot be followed."""
    document = described()
    document["components"]["schemas"]["Thing"]["properties"] = {"name": {"type": "string"}}
    add_links(document)
    assert "links" not in document["paths"]["/things"]["post"]["responses"]["201"]
