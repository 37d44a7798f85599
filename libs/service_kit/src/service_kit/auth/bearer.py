"""From the Authorization header to the caller (RFC 6750): the same for the gateway's handler and the services."""

from collections.abc import Iterable
from typing import Final

import structlog

from service_kit.auth.issuers import IssuerUnavailableError
from service_kit.auth.principal import Principal
from service_kit.auth.tokens import TokenError, TokenVerifier
from service_kit.problems import ProblemError

REALM: Final = 'Bearer realm="gwella"'
RETRY_SECONDS: Final = 2

_log = structlog.get_logger("auth")


class Bearer:
    """Authenticates by bearer token; `await bearer(header)` is what `Serving.authenticate` wants."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self.verifier = verifier

    async def __call__(self, authorization: str | None) -> Principal:
        """The caller behind an Authorization header.

        Raises ProblemError `token_missing`, `token_invalid` or `token_expired` (401, with WWW-Authenticate), and
        `unavailable` (503) when the issuer's keys cannot be had.
        """
        token = _token(authorization)
        if (principal := self.verifier.known(token)) is not None:
            return principal
        try:
            return await self.verifier.verify(token)
        except TokenError as error:
            _log.info("token_refused", code=error.code, reason=error.reason)
            description = "expired" if error.code == "token_expired" else "not valid here"
            challenge = f'{REALM}, error="invalid_token", error_description="{description}"'
            raise ProblemError(error.code, headers={"WWW-Authenticate": challenge}) from error
        except IssuerUnavailableError as error:
            raise ProblemError("unavailable", headers={"Retry-After": str(RETRY_SECONDS)}) from error

    async def of_headers(self, headers: Iterable[tuple[bytes, bytes]]) -> Principal:
        """The caller behind the raw headers of an ASGI scope; two Authorization headers are refused."""
        found = [value.decode("latin-1") for name, value in headers if name == b"authorization"]
        if len(found) > 1:
            raise ProblemError(
                "token_invalid", headers={"WWW-Authenticate": f'{REALM}, error="invalid_request"'}
            )
        return await self(found[0] if found else None)


def _token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ProblemError("token_missing", headers={"WWW-Authenticate": REALM})
    return token.strip()
