"""OpenAPI 3.1 as the services serve it: asked of the application itself, without a database behind it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import SecretStr

from gateway.api.install import OWN_DESCRIPTION, description
from service_kit.app import create_app
from service_kit.auth.principal import Principal
from service_kit.service import Service
from service_kit.settings import Settings


def service_document(service: Service) -> dict[str, Any]:
    """What the service answers at `/openapi.json`; of the gateway only what is its own. Nothing is connected to."""
    return asyncio.run(_asked(service))


async def _asked(service: Service) -> dict[str, Any]:
    settings = Settings(
        issuer_url=_default("issuer_url"),
        database_url=SecretStr("postgresql+asyncpg://nobody@localhost/nothing"),
        cursor_secret=SecretStr("no page is ever asked for"),
    )
    app = create_app(service, settings, authenticate=_nobody)
    own: dict[str, Any] | None = getattr(app.state, OWN_DESCRIPTION, None)
    if own is not None:
        return own
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://service") as client:
        answer = await client.get("/openapi.json")
    answer.raise_for_status()
    document: dict[str, Any] = answer.json()
    return document


async def _nobody(_authorization: str | None) -> Principal:
    raise PermissionError("the description of a service is asked for without a caller")


def merged_document(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """All services in one document, as the gateway serves it. `documents` by service, the gateway's among them."""
    return description(documents, _default("public_url"))


def _default(field: str) -> str:
    # What this machine is configured with must not get into a committed file.
    return str(Settings.model_fields[field].default)
