"""The development issuer: an OpenID provider for `gwella up` and for tests, on a port of its own.

It speaks what production's provider speaks (discovery, JWKS, client credentials), so services have one code path and no
back door. Two paths are its own, for development: `/dev/user-token`, by which a client that may act for people gets a
person's token, and `/dev/rotate`, by which the operator changes the signing key.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jwt import JWTClaimsRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts.identifiers import new_id
from service_kit.auth.principal import Grant
from service_kit.auth.tokens import LEEWAY_SECONDS, ROLES_CLAIM
from service_kit.clock import Clock, SystemClock
from testkit.issuer_directory import (
    Credential,
    Directory,
    KnownClient,
    SigningKeys,
    credentials,
    load_directory,
)

AUDIENCE: Final = "gwella"
TOKEN_SECONDS: Final = 3600
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_FORM_BYTES: Final = 32_768
ROTATING_ROLE: Final = "operator"


class RefusedError(Exception):
    """An OAuth error (RFC 6749, section 5.2): its code and what to tell the client."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.status = status


@dataclass
class DevelopmentIssuer:
    """Who is known, what they prove themselves with, and the keys that sign. `app()` is the ASGI application."""

    url: str
    keys: SigningKeys
    credentials: Mapping[str, Credential]
    directory: Directory
    clock: Clock = field(default_factory=SystemClock)
    _spent: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(
        cls, folder: Path, url: str, directory: Directory | None = None, clock: Clock | None = None
    ) -> "DevelopmentIssuer":
        """The issuer whose data lie in `folder` (made if absent), reached at `url` (its `iss`, without a slash)."""
        known = load_directory() if directory is None else directory
        return cls(
            url.rstrip("/"),
            SigningKeys.load(folder),
            credentials(folder, known),
            known,
            clock or SystemClock(),
        )

    def client_token(self, client_id: str, scope: str = "*") -> str:
        """A machine's own token. Raises KeyError for an unknown client."""
        client = self.directory.clients[client_id]
        return self._signed({"sub": client_id, "client_id": client_id, "scope": scope}, client.grants)

    def user_token(
        self, person: str, client_id: str = "front-end", scope: str = "*", person_id: str | None = None
    ) -> str:
        """A person's token through a client. Raises KeyError for an unknown person.

        `person_id` replaces the directory's, so that a person just registered can be signed in.
        """
        known = self.directory.people[person]
        claims = {
            "sub": known.subject,
            "client_id": client_id,
            "scope": scope,
            "person_id": person_id or known.person_id,
            "locale": known.locale,
        }
        return self._signed(claims, known.grants)

    def app(self) -> Starlette:
        """The ASGI application."""
        configuration = Route("/.well-known/openid-configuration", self._configuration, methods=["GET"])
        return Starlette(
            routes=[
                configuration,
                Route("/.well-known/oauth-authorization-server", self._configuration, methods=["GET"]),
                Route("/jwks", self._jwks, methods=["GET"]),
                Route("/token", self._token, methods=["POST"]),
                Route("/dev/user-token", self._user_token, methods=["POST"]),
                Route("/dev/rotate", self._rotate, methods=["POST"]),
            ],
            exception_handlers={RefusedError: _refused},
        )

    def _signed(self, claims: Mapping[str, Any], grants: tuple[Grant, ...]) -> str:
        now = int(self.clock.now().timestamp())
        roles = [{name: value for name, value in asdict(grant).items() if value} for grant in grants]
        content = {
            "iss": self.url,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": new_id(),
            ROLES_CLAIM: roles,
            **claims,
        }
        key = self.keys.keys[0]
        return jwt.encode(
            {"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, content, key, algorithms=["ES256"]
        )

    async def _configuration(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "jwks_uri": self.url + "/jwks",
                "token_endpoint": self.url + "/token",
                "grant_types_supported": ["client_credentials"],
                "response_types_supported": [],
                "subject_types_supported": ["public"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                    "private_key_jwt",
                ],
                "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
                "id_token_signing_alg_values_supported": ["ES256"],
            }
        )

    async def _jwks(self, _: Request) -> Response:
        keys = [{**key.as_dict(private=False), "use": "sig", "alg": "ES256"} for key in self.keys.keys]
        return JSONResponse({"keys": keys}, headers={"Cache-Control": "max-age=300"})

    async def _token(self, request: Request) -> Response:
        form = await _form(request)
        client = self._authenticated(request, form, "/token")
        if form.get("grant_type") != "client_credentials":
            raise RefusedError("unsupported_grant_type", "only client_credentials")
        if not client.grants:
            raise RefusedError("unauthorized_client", "this client acts for people only")
        scope = form.get("scope", "*")
        return _answer(self.client_token(client.client_id, scope), scope)

    async def _user_token(self, request: Request) -> Response:
        form = await _form(request)
        client = self._authenticated(request, form, "/dev/user-token")
        if not client.may_act_for_people:
            raise RefusedError("unauthorized_client", "this client does not act for people")
        person = form.get("person", "")
        if person not in self.directory.people:
            raise RefusedError("invalid_request", "person: nobody of that id")
        scope = form.get("scope", "*")
        token = self.user_token(person, client.client_id, scope, form.get("person_id"))
        return _answer(token, scope)

    async def _rotate(self, request: Request) -> Response:
        client = self._authenticated(request, await _form(request), "/dev/rotate")
        if all(grant.role != ROTATING_ROLE for grant in client.grants):
            raise RefusedError("unauthorized_client", "only the operator changes the key")
        self.keys.rotate()
        return JSONResponse({"kid": self.keys.keys[0].kid})

    def _authenticated(self, request: Request, form: Mapping[str, str], path: str) -> KnownClient:
        """The client that proved itself by one method. Raises RefusedError `invalid_client` alike for every failure."""
        refused = RefusedError("invalid_client", "client authentication failed", 401)
        if "client_assertion" in form:
            return self._by_assertion(form, path, refused)
        client_id, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        credential = self.credentials.get(client_id)
        known = credential.secret if credential is not None else None
        if not hmac.compare_digest((known or "").encode(), secret.encode()) or not known:
            raise refused
        return self._known(client_id, refused)

    def _by_assertion(self, form: Mapping[str, str], path: str, refused: RefusedError) -> KnownClient:
        """`private_key_jwt` (RFC 7523): signed by the client's key, for us, short-lived, used once."""
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise refused
        assertion = form["client_assertion"]
        now = int(self.clock.now().timestamp())
        try:
            client_id = _issuer_of(assertion)
            credential = self.credentials.get(client_id)
            if credential is None or credential.private_key is None:
                raise refused
            key = ECKey.import_key(dict(credential.private_key))
            claims = jwt.decode(assertion, key, algorithms=["ES256"]).claims
            JWTClaimsRegistry(
                now=now,
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": client_id},
                sub={"essential": True, "value": client_id},
                aud={"essential": True, "values": [self.url, self.url + path]},
                exp={"essential": True},
                jti={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise refused from error
        self._spend(f"{client_id}/{claims['jti']}", int(claims["exp"]), now, refused)
        return self._known(client_id, refused)

    def _spend(self, jti: str, until: int, now: int, refused: RefusedError) -> None:
        self._spent = {one: end for one, end in self._spent.items() if end + LEEWAY_SECONDS > now}
        if jti in self._spent:
            raise refused
        self._spent[jti] = until

    def _known(self, client_id: str, refused: RefusedError) -> KnownClient:
        client = self.directory.clients.get(client_id)
        if client is None:
            raise refused
        return client


def assertion_for(credential: Credential, audience: str, clock: Clock) -> str:
    """The signed assertion by which a client with a private key authenticates; good for one use within a minute.

    Raises ValueError for a client that has a secret instead.
    """
    if credential.private_key is None:
        raise ValueError(f"{credential.client_id} has no private key")
    now = int(clock.now().timestamp())
    key = ECKey.import_key(dict(credential.private_key))
    name = credential.client_id
    claims = {"iss": name, "sub": name, "aud": audience, "iat": now, "exp": now + 60, "jti": new_id()}
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])


async def _form(request: Request) -> dict[str, str]:
    if (
        request.headers.get("content-type", "").partition(";")[0].strip()
        != "application/x-www-form-urlencoded"
    ):
        raise RefusedError("invalid_request", "send application/x-www-form-urlencoded")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise RefusedError("invalid_request", "too long", 413)
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    if len({name for name, _ in pairs}) != len(pairs):
        raise RefusedError("invalid_request", "a parameter is given twice")
    return dict(pairs)


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise RefusedError("invalid_client", "client authentication failed", 401) from error
    # RFC 6749, section 2.3.1: both are form-encoded before they are joined.
    return unquote_plus(name), unquote_plus(secret)


def _issuer_of(assertion: str) -> str:
    """Who the assertion says it is of, unverified: only to know whose key to check it with."""
    return str(json.loads(jws.extract_compact(assertion.encode("ascii")).payload or b"{}")["iss"])


def _answer(token: str, scope: str) -> Response:
    content = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": scope}
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        raise error
    headers = {"Cache-Control": "no-store"}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="gwella development issuer"'
    content = {"error": error.code, "error_description": error.description}
    return JSONResponse(content, error.status, headers)
