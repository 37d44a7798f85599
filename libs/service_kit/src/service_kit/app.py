"""From a service's index to its running application: `app = create_app(service)`.

The application serves the routes of the service and, without a token, `/livez`, `/readyz`, `/startupz`,
`/openapi.json` and `/problems`. It fails at its start where the database is not at the head of the migrations.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Protocol

import orjson
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from eventing.bell import Bell
from eventing.loop import Health as LoopHealth
from service_kit.audit.reads import ReadAudit
from service_kit.audit_routes import audit_routers
from service_kit.auth.bearer import Bearer
from service_kit.auth.issuers import Issuers, TrustedIssuer
from service_kit.auth.tokens import TokenVerifier
from service_kit.clock import Clock
from service_kit.database import Database
from service_kit.documents.api import documents_routers
from service_kit.documents.serving import DocumentServing
from service_kit.handlers import handle_problems
from service_kit.health import Check, Health, at_head, reachable
from service_kit.jobs.api import jobs_router
from service_kit.journal import Journal
from service_kit.moving import MOVED_SCHOOLS
from service_kit.openapi import openapi_of
from service_kit.paging import Cursors
from service_kit.parked_events import REDRIVE, parked_events_router
from service_kit.policy.roles import roles
from service_kit.problems import (
    Catalogue,
    ProblemError,
    explained_problem,
    generic_catalogue,
    load_catalogue,
)
from service_kit.replays import REPLAY, replays_router
from service_kit.request_ids import RequestIds
from service_kit.routing import Router
from service_kit.service import Service
from service_kit.serving import Authenticate, Serving
from service_kit.settings import Settings
from service_kit.telemetry import ObservedRequests


class Background(Protocol):
    """What runs beside the API in one process (`process.Runtime`)."""

    @property
    def loops(self) -> Sequence[LoopHealth]:
        """How each part is."""
        ...

    @property
    def wakes(self) -> Mapping[str, asyncio.Event]:
        """By table: set after each commit that added to it."""
        ...

    @property
    def bells(self) -> Mapping[str, Bell]:
        """Rung when a log of the service has grown."""
        ...


class NotMigratedError(RuntimeError):
    """The database is not where the version files end: run the role `migrate` first."""


def create_app(
    service: Service,
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    runtime: Background | None = None,
    api: bool = True,
    authenticate: Authenticate | None = None,
) -> FastAPI:
    """The application of a service. Its parts are opened when it starts and closed when it stops.

    `runtime`: the background parts in the same process; a part that stopped itself makes the process unready, and a
    write wakes them. `api` False (a process of another role): health only. `authenticate` replaces the verification of
    tokens against the configured issuer; nothing but a test gives it.
    `app.state.serving` and `app.state.health` are what the roles of the process use.
    """
    settings = settings or Settings()
    clock = clock or settings.clock()
    issuers = Issuers.of([TrustedIssuer(settings.issuer_url, discovery_url=settings.issuer_discovery_url)])
    verify = authenticate or Bearer(TokenVerifier(issuers, clock, settings.audience))
    catalogue = catalogue_of(service)
    database = _database(service, settings, api=api)
    if database is not None and runtime is not None:
        database.wakes = runtime.wakes
    serving = _serving(service, settings, clock, verify, catalogue, database, pages=api)
    if runtime is not None:
        serving = replace(serving, bells=runtime.bells)
    health = Health()
    if authenticate is None and api:
        health.checks["issuer_keys"] = keys_loaded(issuers)
    if database is not None:
        health.checks["database"] = reachable(database)
        health.checks["migrations"] = at_head(database, service.version_folders)
    if runtime is not None:
        health.checks["background"] = none_stopped(runtime)
    routers = _routers(service) if api else ()
    app = FastAPI(
        title=service.title.en,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI's own would repeat `telemetry.instrument_app`, and export query strings.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=partial(_lifespan, serving=serving, health=health, issuers=issuers),
    )
    app.state.serving = serving
    app.state.health = health
    for router in routers:
        app.include_router(router.api)
    app.router.routes.extend([*health.routes(), *_public_routes(service, app, routers, serving)])
    handle_problems(app, catalogue, routers)
    app.add_middleware(ObservedRequests)
    app.add_middleware(RequestIds, catalogue=catalogue)
    if service.install is not None:
        service.install(app)
    return app


def catalogue_of(service: Service) -> Catalogue:
    """The problems of the kit and of the service. Raises ValueError where both declare one code."""
    own: Path = service.package / "problems.toml"
    return generic_catalogue().merged([load_catalogue(own)] if own.exists() else [])


def keys_loaded(issuers: Issuers) -> Check:
    """Whether the keys of every trusted issuer are held."""

    async def check() -> bool:
        return all(keys.loaded for keys in issuers.by_name.values())

    return check


def none_stopped(runtime: Background) -> Check:
    """Whether no background part has stopped itself and waits for somebody to look."""

    async def check() -> bool:
        return all(loop.stopped is None for loop in runtime.loops)

    return check


def _routers(service: Service) -> tuple[Router, ...]:
    routers, kinds = list(service.routers), list(service.jobs)
    if service.hears and service.foundation is not None:
        routers.append(parked_events_router(service.name, service.foundation))
        kinds.append(REDRIVE)
        if service.projections:
            routers.append(replays_router(service))
            kinds.append(REPLAY)
    if kinds:
        routers.append(jobs_router(kinds))
    if service.documents is not None:
        routers += documents_routers(service.documents)
    if service.foundation is not None:
        routers += audit_routers(service.name, service.foundation)
    return tuple(routers)


def _database(service: Service, settings: Settings, *, api: bool) -> Database | None:
    if service.foundation is None:
        return None
    given = settings.database_url if api else settings.worker_database_url
    if given is None:
        name = "GWELLA_DATABASE_URL" if api else "GWELLA_WORKER_DATABASE_URL"
        raise ValueError(f"{service.name} keeps data: {name} is needed")
    pool, role = (settings.database_pool, "api") if api else (1, "health")
    return Database(given.get_secret_value(), pool_size=pool, application=f"{service.name}-{role}")


def _serving(
    service: Service,
    settings: Settings,
    clock: Clock,
    authenticate: Authenticate,
    catalogue: Catalogue,
    database: Database | None,
    *,
    pages: bool,
) -> Serving:
    # Without a secret of its own a process refuses the cursors of its neighbours, so one is demanded where data are
    # served; a relay or consumer shows no pages and need not know it.
    secret = settings.cursor_secret.get_secret_value().encode()
    if not secret:
        if database is not None and pages:
            raise ValueError(f"{service.name} pages lists: GWELLA_CURSOR_SECRET is needed")
        secret = secrets.token_bytes(32)
    foundation = service.foundation
    read_audit = None
    if database is not None and foundation is not None:
        read_audit = ReadAudit(database.transaction, foundation.audit)
    documents = None
    if service.documents is not None:
        documents = DocumentServing.of(service.documents, settings, service.name, secret)
    return Serving(
        service=service.name,
        settings=settings,
        catalogue=catalogue,
        clock=clock,
        roles=roles(),
        authenticate=authenticate,
        cursors=Cursors(secret),
        database=database,
        foundation=foundation,
        journal=Journal(service.name, frozenset(service.publishes), foundation) if foundation else None,
        memberships=service.memberships,
        moved_schools=service.metadata.tables.get(MOVED_SCHOOLS) if service.metadata is not None else None,
        read_audit=read_audit,
        documents=documents,
        package=service.package,
    )


@asynccontextmanager
async def _lifespan(_: FastAPI, *, serving: Serving, health: Health, issuers: Issuers) -> AsyncIterator[None]:
    async with AsyncExitStack() as opened:
        if serving.database is not None:
            opened.push_async_callback(serving.database.dispose)
            if not await health.checks["migrations"]():
                raise NotMigratedError(
                    f"{serving.service}: the database is not at the head of its migrations"
                )
        if serving.read_audit is not None:
            serving.read_audit.start()
            opened.push_async_callback(serving.read_audit.close)
        if "issuer_keys" in health.checks:
            issuers.start()
            opened.push_async_callback(issuers.close)
        health.start()
        opened.push_async_callback(health.close)
        yield
        health.draining = True


def _public_routes(
    service: Service, app: FastAPI, routers: tuple[Router, ...], serving: Serving
) -> list[Route]:
    @cache
    def described() -> bytes:
        # Not before somebody asks: it is the longest part of a start, and most processes are never asked.
        issuer_url = serving.settings.issuer_url
        return orjson.dumps(
            openapi_of(
                service.name,
                service.title,
                app.routes,
                routers,
                serving.catalogue,
                issuer_url,
                service.package,
            )
        )

    listed = {code: explained_problem(kind) for code, kind in serving.catalogue.problems.items()}

    async def openapi(_: Request) -> Response:
        return Response(described(), media_type="application/json")

    async def problems(_: Request) -> Response:
        return Response(orjson.dumps({"problems": list(listed.values())}), media_type="application/json")

    async def problem(request: Request) -> Response:
        code = request.path_params["code"]
        if code not in listed:
            raise ProblemError("route_not_found")
        return Response(orjson.dumps(listed[code]), media_type="application/json")

    return [
        Route("/openapi.json", openapi, include_in_schema=False),
        Route("/problems", problems, include_in_schema=False),
        Route("/problems/{code}", problem, include_in_schema=False),
    ]
