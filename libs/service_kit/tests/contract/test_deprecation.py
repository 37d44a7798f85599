"""R114: what is deprecated says so on every answer, in the description, and is counted by client."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from service_kit import deprecation
from service_kit.app import create_app
from service_kit.auth.principal import Grant, Principal
from service_kit.call import Call
from service_kit.deprecation import Deprecation, deprecated
from service_kit.models import View
from service_kit.routing import Router
from service_kit.service import Service

OLD = Deprecation(date(2027, 1, 4), date(2028, 1, 4), instead="/v1/newer")
SOONER = Deprecation(date(2026, 6, 1), date(2027, 6, 1))
router = Router("things", Text("Things", "Pethau"))


class ThingView(View, data_class=DataClass.public):
    """A thing."""

    name: str
    area: Annotated[str, Field(**OLD.described())]


@router.get("/older", operation="me.read", response_model=ThingView, dated=False)
@deprecated(OLD)
async def read_older(call: Call, area: Annotated[str | None, Query(**SOONER.described())] = None) -> Response:
    """Reads the older thing."""
    return call.answer(ThingView(name="older", area=area or ""))


@router.get("/newer", operation="me.read", response_model=ThingView, dated=False)
async def read_newer(call: Call, area: Annotated[str | None, Query(**SOONER.described())] = None) -> Response:
    """Reads the newer thing."""
    return call.answer(ThingView(name="newer", area=area or ""))


async def anybody(_authorization: str | None) -> Principal:
    return Principal("somebody", "their-system", grants=(Grant("operator"),))


@dataclass
class Counter:
    """Stands where the exporter's counter stands."""

    counted: list[dict[str, str]]

    def add(self, amount: int, attributes: dict[str, str]) -> None:
        assert amount == 1
        self.counted.append(attributes)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    service = Service("things", Text("Things", "Pethau"), Path(__file__).parent, routers=[router])
    app = create_app(service, authenticate=anybody)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://things") as http,
    ):
        yield http


async def test_an_answer_says_that_what_was_asked_is_to_go(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9745's date, RFC 8594's date, where to read more; each use is counted with its client; others are silent."""
    counter = Counter([])
    monkeypatch.setattr(deprecation, "_uses", counter)
    answer = await client.get("/v1/older")
    assert answer.status_code == 200
    assert answer.headers["Deprecation"] == "@1799020800"
    assert answer.headers["Sunset"] == "Tue, 04 Jan 2028 00:00:00 GMT"
    links = answer.headers.get_list("Link")
    assert links == ['</docs>; rel="deprecation"; type="text/html"', '</v1/newer>; rel="successor-version"']
    assert counter.counted == [{"http.route": "/v1/older", "parameter": "", "client": "their-system"}]

    silent = await client.get("/v1/newer")
    assert silent.status_code == 200
    assert not {"deprecation", "sunset", "link"} & set(silent.headers)
    assert len(counter.counted) == 1

    named = await client.get("/v1/newer", params={"area": "x"})
    assert named.headers["Sunset"] == "Tue, 01 Jun 2027 00:00:00 GMT"
    assert counter.counted[1] == {"http.route": "/v1/newer", "parameter": "area", "client": "their-system"}

    both = await client.get("/v1/older", params={"area": "x"})
    assert both.headers["Sunset"] == named.headers["Sunset"], "of two the one that goes first"
    assert len(counter.counted) == 4


async def test_the_description_marks_operation_parameter_and_field(client: httpx.AsyncClient) -> None:
    """OpenAPI's `deprecated`, with the dates beside it: generators of clients warn whoever compiles."""
    document: dict[str, Any] = (await client.get("/openapi.json")).json()
    older, newer = (document["paths"][path]["get"] for path in ("/v1/older", "/v1/newer"))
    assert (older["deprecated"], older["x-deprecated-on"], older["x-sunset-on"]) == (
        True,
        "2027-01-04",
        "2028-01-04",
    )
    assert "deprecated" not in newer
    [area] = [one for one in newer["parameters"] if one["name"] == "area"]
    assert area["deprecated"] is True
    assert area["schema"]["x-sunset-on"] == "2027-06-01"
    field = document["components"]["schemas"]["ThingView"]["properties"]["area"]
    assert (field["deprecated"], field["x-sunset-on"]) == (True, "2028-01-04")


def test_a_short_notice_is_refused() -> None:
    """A year at least, as versioning.md promises; a day less is no notice."""
    with pytest.raises(ValueError, match="shorter notice than 365 days"):
        Deprecation(date(2027, 1, 4), date(2028, 1, 3))
