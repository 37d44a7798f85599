"""Where access tokens come from: client credentials (RFC 6749, 4.4), or any callable of the caller's."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

import httpx

TokenSource = Callable[[], str | Awaitable[str]]
"""Gives the token of the moment. One with a method `forget(token)` is told of a token that was refused."""

RENEWED_AT: Final = 0.8
"""Share of its life after which a token is renewed: before it expires on the way."""


class ClientCredentials:
    """Asks the issuer when there is no token, when it is about to expire, and when one was refused."""

    def __init__(
        self,
        token_url: str,
        client_id: str,
        secret: str,
        *,
        scope: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._token_url = token_url
        self._basic = httpx.BasicAuth(client_id, secret)
        self._form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        self._transport = transport
        self._token = ""
        self._until = 0.0
        self._asking = asyncio.Lock()

    async def __call__(self) -> str:
        """The token of the moment. Raises httpx.HTTPStatusError where the issuer refuses."""
        async with self._asking:
            if monotonic() >= self._until:
                await self._ask()
            return self._token

    def forget(self, token: str) -> None:
        """Lets the next call ask the issuer again, unless it has been asked since."""
        if token == self._token:
            self._until = 0.0

    async def _ask(self) -> None:
        async with httpx.AsyncClient(transport=self._transport, timeout=10) as issuer:
            answer = await issuer.post(self._token_url, data=self._form, auth=self._basic)
        answer.raise_for_status()
        granted = answer.json()
        self._token = granted["access_token"]
        self._until = monotonic() + granted["expires_in"] * RENEWED_AT
