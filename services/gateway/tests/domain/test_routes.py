"""R70: the route table, from descriptions to the one route of a path."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.routes import (
    DEFAULT_DEADLINE,
    UPLOAD_DEADLINE,
    Route,
    RouteError,
    RouteTable,
    compile_routes,
)


def document(*paths: str, method: str = "get", **more: Any) -> dict[str, Any]:
    return {"paths": {path: {method: {"x-gwella-operation": "schools.read", **more}} for path in paths}}


def test_a_literal_goes_before_a_parameter_and_a_dead_end_is_left_again():
    table = compile_routes(
        {"a": document("/v1/schools/{number}", "/v1/schools/search", "/v1/schools/{number}/contacts")}
    )
    found = {
        "/v1/schools/search": "/v1/schools/search",
        "/v1/schools/6732118": "/v1/schools/{number}",
        "/v1/schools/search/contacts": "/v1/schools/{number}/contacts",
        "/v1/schools/6732118/contacts": "/v1/schools/{number}/contacts",
    }
    for path, template in found.items():
        route = table.match(path)
        assert route is not None
        assert route.template == template


@pytest.mark.parametrize(
    "path",
    ["", "/", "/v1", "/v1/", "/v1/schools/", "/v1/schools//contacts", "/v1/schools/./contacts", "/v1/schools/..",
     "//v1/schools/1", "/v1/schools/1/", "/v1/schools/1/contacts/2", "/V1/schools/1"],
)  # fmt: skip
def test_what_gateway_and_service_might_read_differently_matches_nothing(path: str):
    table = compile_routes({"a": document("/v1/schools/{number}", "/v1/schools/{number}/contacts")})
    assert table.match(path) is None


_SEGMENT = st.sampled_from(["schools", "people", "{id}", "search"])
_TEMPLATES = st.lists(st.lists(_SEGMENT, min_size=1, max_size=4), min_size=1, max_size=12)


@given(_TEMPLATES, st.lists(st.sampled_from(["schools", "people", "search", "x", "", ".."]), max_size=5))
def test_a_match_is_always_of_that_shape_and_none_is_missed(templates: list[list[str]], asked: list[str]):
    """Against the plain definition: a template fits when each segment is equal or is a parameter with a value."""
    shapes = {"/" + "/".join(parts) for parts in templates}
    table = RouteTable([Route(shape, {}, "") for shape in sorted(shapes)])
    path = "/" + "/".join(asked)

    def fits(template: str) -> bool:
        parts, given_parts = template.split("/")[1:], path.split("/")[1:]
        return len(parts) == len(given_parts) and all(
            part == value or (part == "{id}" and value not in ("", ".", ".."))
            for part, value in zip(parts, given_parts, strict=True)
        )

    found = table.match(path)
    assert (found is not None) == any(map(fits, shapes))
    assert found is None or fits(found.template)


def test_an_operation_says_what_it_needs_and_how_long_it_takes():
    upload = {"requestBody": {"content": {"text/csv": {}}}}
    table = compile_routes(
        {
            "registry": document("/v1/lists", method="post", **upload),
            "exchange": document("/v1/changes", **{"x-gwella-deadline-seconds": 65}),
            "visits": document("/v1/visits"),
        }
    )
    lists, changes, visits = (table.match(f"/v1/{name}") for name in ("lists", "changes", "visits"))
    assert lists is not None
    assert changes is not None
    assert visits is not None
    post = lists.methods["POST"]
    assert (post.service, post.operation, post.deadline, post.upload) == (
        "registry", "schools.read", UPLOAD_DEADLINE, True,
    )  # fmt: skip
    assert (changes.methods["GET"].deadline, changes.methods["GET"].deadline_line) == (65.0, "65000")
    assert visits.methods["HEAD"].deadline == DEFAULT_DEADLINE
    assert visits.allow == "GET, HEAD, OPTIONS"
    assert lists.allow == "OPTIONS, POST"


def test_a_feed_that_waits_gets_the_time_to_wait():
    wait = {"parameters": [{"name": "wait", "in": "query", "schema": {"type": "number", "maximum": 30}}]}
    route = compile_routes({"exchange": document("/v1/changes", **wait)}).match("/v1/changes")
    assert route is not None
    assert route.methods["GET"].deadline == DEFAULT_DEADLINE + 30


def test_only_public_paths_are_routed():
    table = compile_routes({"a": {"paths": {"/internal/x": {"get": {}}}}})
    assert table.routes == ()


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ({"a": {"paths": {"/v1/x": {"get": {}}}}}, r"a: GET /v1/x does not say which operation"),
        (
            {"a": document("/v1/x", method="post"), "b": document("/v1/x", method="post")},
            r"b /v1/x: a answers that",
        ),
        ({"a": document("/v1/x/{id}"), "b": document("/v1/x/{number}")}, r"b /v1/x/{number}: a answers that"),
        ({"a": document("/v1/x/{id}", "/v1/x/{number}")}, r"a answers that path already"),
        ({"a": document("/v1/x", **{"x-gwella-deadline-seconds": 0})}, r"must be seconds"),
        ({"a": document("/v1/x", **{"x-gwella-deadline-seconds": "9"})}, r"must be seconds"),
    ],
)
def test_a_description_that_cannot_be_routed_stops_the_start(documents: dict[str, Any], message: str):
    with pytest.raises(RouteError, match=message):
        compile_routes(documents)


def test_what_several_services_answer_alike_is_shared_by_the_ids_prefix():
    both = {name: document("/v1/jobs/{id}", "/v1/jobs") for name in ("exchange", "registry")}
    table = compile_routes(both)
    one, many = table.match("/v1/jobs/registry-1"), table.match("/v1/jobs")
    assert one is not None
    assert many is not None
    operation = one.methods["GET"]
    assert operation.service_of("/v1/jobs/registry-1") == "registry"
    assert operation.service_of("/v1/jobs/exchange-1") == "exchange"
    assert operation.service_of("/v1/jobs/1") is None
    assert not operation.is_shared_list
    assert many.methods["GET"].is_shared_list


def test_a_command_on_one_record_is_shared_by_the_prefix_wherever_the_id_stands():
    """R70: `/v1/documents/{id}/remove` goes where the document is, whichever services keep documents."""
    paths = {name: document("/v1/documents/{id}/remove", method="post") for name in ("governance", "visits")}
    route = compile_routes(paths).match("/v1/documents/visits-1/remove")
    assert route is not None
    operation = route.methods["POST"]
    assert operation.service_of("/v1/documents/visits-1/remove") == "visits"
    assert operation.service_of("/v1/documents/governance-1/remove") == "governance"
    assert operation.service_of("/v1/documents/other-1/remove") is None
    assert not operation.is_shared_list
    differing = {**paths, "visits": document("/v1/documents/{id}/remove")}
    with pytest.raises(RouteError, match="answers that path already"):
        compile_routes(differing)
