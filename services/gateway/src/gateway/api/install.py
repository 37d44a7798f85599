"""Puts the gateway together: its pages into its own application, the pass-through in front of it."""

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from contracts.text import Text
from gateway.api import compositions, me
from gateway.api.answers import Answers
from gateway.api.bodies import BodyLimits
from gateway.api.documents import document_routes
from gateway.api.index import index_routes
from gateway.api.measurements import measurement_routes
from gateway.api.observing import Observer
from gateway.api.passing import PassThrough
from gateway.api.problem_pages import problem_routes
from gateway.domain.limits import Quota
from gateway.domain.publishing import published
from gateway.domain.routes import compile_routes
from gateway.usecases.admit import Callers
from gateway.usecases.compose import Composer
from gateway.usecases.measure import RequestCounts
from gateway.usecases.remember import Remembered
from gateway.usecases.turns import Turns
from service_kit.http_client import Upstream
from service_kit.openapi import openapi_of
from service_kit.problems import Catalogue, catalogue_of_entries, entries_of, generic_catalogue
from service_kit.serving import Serving
from service_kit.settings import Settings
from service_kit.telemetry import OBSERVES_ITSELF

TITLE = Text("The gateway", "Y porth")
API = Text("School improvement", "Gwella ysgolion")
USE = Text(
    "Every request carries an access token (Authorization: Bearer). Refusals are problems (RFC 9457) in Welsh or"
    " English by Accept-Language; /problems explains each. /v1/me says what you may do.",
    "Mae pob cais yn cario tocyn mynediad (Authorization: Bearer). Mae gwrthodiadau'n broblemau (RFC 9457) yn"
    " Gymraeg neu yn Saesneg yn ôl Accept-Language; mae /problems yn esbonio pob un. Mae /v1/me yn dweud beth y"
    " cewch ei wneud.",
)


OWN_DESCRIPTION = "gateway_own_description"
"""In the application's state: the description of what the gateway answers itself."""


class UpstreamUnknownError(ValueError):
    """GWELLA_UPSTREAMS names a service whose description is not in this package."""


def install(app: FastAPI) -> None:
    """Makes the application of `create_app` the gateway, with the committed descriptions of its upstreams."""
    serving: Serving = app.state.serving
    install_upstreams(app, descriptions(serving.settings))


def install_upstreams(app: FastAPI, documents: Mapping[str, Mapping[str, Any]]) -> None:
    """As `install`, with given descriptions (service name -> OpenAPI document).

    Raises RouteError where a description cannot be compiled.
    """
    serving: Serving = app.state.serving
    settings = serving.settings
    own = openapi_of(
        "gateway", TITLE, app.routes, (me.router, compositions.router), serving.catalogue, settings.issuer_url,
        Path(__file__).parents[1],
    )  # fmt: skip
    own["info"] |= {"title": f"{API.en} / {API.cy}", "description": f"{USE.en}\n\n{USE.cy}"}
    setattr(app.state, OWN_DESCRIPTION, own)
    merged = description({"gateway": own, **documents}, settings.public_url, sandbox=settings.sandbox)
    table = compile_routes(documents)
    counts = RequestCounts(table, serving.clock.system_now)
    pages = [
        *index_routes(),
        *measurement_routes(counts),
        *document_routes(merged),
        *problem_routes(suite_catalogue(serving.catalogue, documents)),
    ]
    app.router.routes[0:0] = pages
    setattr(app.state, OBSERVES_ITSELF, True)
    upstreams = {name: Upstream(name, settings.upstreams[name]) for name in documents}
    callers = Callers(serving.authenticate, serving.roles, quota_of(settings))
    observer = Observer(settings.trace_ratio, counts=counts)
    composer = Composer(table, upstreams, serving.catalogue, serving.clock)
    composing = compositions.Composing(composer, Remembered(), callers, observer)
    setattr(app.state, compositions.COMPOSING, composing)
    app.add_middleware(
        PassThrough,
        table=table,
        upstreams=upstreams,
        callers=callers,
        answers=Answers(serving.catalogue, settings.cors_origins),
        observer=observer,
        limits=BodyLimits(settings.max_body_bytes, settings.max_upload_bytes),
        turns={name: Turns() for name in documents},
    )


def description(
    documents: Mapping[str, Mapping[str, Any]], server: str, *, sandbox: bool = False
) -> dict[str, Any]:
    """The description of the whole API, of those of its services (name -> OpenAPI document), the gateway's own too."""
    known = suite_catalogue(generic_catalogue(), documents)
    problems = entries_of(known)["problems"]
    return published(documents, problems, server=server, sandbox=sandbox)


def descriptions(settings: Settings) -> dict[str, dict[str, Any]]:
    """The committed OpenAPI document of each upstream that has an address. Raises UpstreamUnknownError."""
    folder = resources.files("gateway").joinpath("upstreams")
    found: dict[str, dict[str, Any]] = {}
    for name in settings.upstreams:
        file = folder.joinpath(f"{name}.openapi.json")
        if not file.is_file():
            raise UpstreamUnknownError(f"GWELLA_UPSTREAMS names {name}, of which there is no description")
        found[name] = json.loads(file.read_text("utf-8"))
    return found


def quota_of(settings: Settings) -> Quota:
    """What one client gets in this copy."""
    return Quota.of(settings.requests_per_minute, settings.replicas, settings.concurrent_requests)


def suite_catalogue(own: Catalogue, documents: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    """The gateway's problems and those that the services declare in their descriptions.

    Raises ValueError where a description explains a problem in part only.
    """
    problems, faults = dict(own.problems), dict(own.faults)
    for document in documents.values():
        declared = catalogue_of_entries(document.get("x-gwella-catalogue", {}))
        problems = {**declared.problems, **problems}
        faults = {**declared.faults, **faults}
    return Catalogue(problems, faults)
