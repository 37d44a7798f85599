"""Access tokens (RFC 9068) checked into principals; gateway and services use the same verifier.

A token is verified once and then known by its hash until it expires: 100 microseconds become two. Nothing in the token
chooses how it is verified: the issuer's own list says which algorithms, and keys come from the issuer alone.
"""

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwt import JWTClaimsRegistry

from contracts.text import LANGUAGES, Language
from service_kit.auth.issuers import IssuerKeys, Issuers
from service_kit.auth.principal import Grant, Principal
from service_kit.clock import Clock

LEEWAY_SECONDS: Final = 30
CACHED_TOKENS: Final = 10_000
MAX_TOKEN_BYTES: Final = 16_384
MAX_GRANTS: Final = 200
ROLES_CLAIM: Final = "gwella_roles"
TYPES: Final = ("at+jwt", "application/at+jwt")


class TokenError(Exception):
    """A token that is not accepted. `code` is the problem's; `reason` is for our log, never for the caller."""

    def __init__(
        self, reason: str, code: Literal["token_invalid", "token_expired"] = "token_invalid"
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


@dataclass
class TokenVerifier:
    """Checks tokens for one audience. Keep one per process: it holds the cache."""

    issuers: Issuers
    clock: Clock
    audience: str = "gwella"
    capacity: int = CACHED_TOKENS
    _known: OrderedDict[bytes, tuple[float, Principal]] = field(default_factory=OrderedDict)

    def known(self, token: str) -> Principal | None:
        """The principal of a token verified before and not expired since; None: ask `verify`."""
        return self._known_by(_hash(token), self.clock.system_now().timestamp())

    async def verify(self, token: str) -> Principal:
        """The principal of a token.

        Raises TokenError when it is not acceptable, IssuerUnavailableError when the issuer's keys cannot be had.
        """
        if len(token) > MAX_TOKEN_BYTES:
            raise TokenError("too long")
        digest, now = _hash(token), self.clock.system_now().timestamp()
        if (principal := self._known_by(digest, now)) is not None:
            return principal
        claims = await self._verified(token, int(now))
        principal = principal_of(claims)
        self._known[digest] = (float(claims["exp"]) + LEEWAY_SECONDS, principal)
        while len(self._known) > self.capacity:
            self._known.popitem(last=False)
        return principal

    def _known_by(self, digest: bytes, now: float) -> Principal | None:
        held = self._known.get(digest)
        if held is None:
            return None
        if held[0] <= now:
            del self._known[digest]
            return None
        self._known.move_to_end(digest)
        return held[1]

    async def _verified(self, token: str, now: int) -> dict[str, Any]:
        header, issuer = _unverified(token)
        keys = self._issuer(issuer)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in keys.trusted.algorithms:
            raise TokenError("signed with an algorithm that its issuer does not use")
        if str(header.get("typ", "")).lower() not in TYPES:
            raise TokenError("is no access token")
        key = await keys.key(kid) if isinstance(kid, str) else None
        if key is None:
            raise TokenError("signed with an unknown key")
        registry = JWTClaimsRegistry(
            now=now,
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": self.audience},
            sub={"essential": True},
            client_id={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            claims = jwt.decode(token, key, algorithms=[str(algorithm)]).claims
            registry.validate(claims)
        except ExpiredTokenError as error:
            raise TokenError("expired", "token_expired") from error
        except (JoseError, ValueError, TypeError) as error:
            raise TokenError(str(error)) from error
        return claims

    def _issuer(self, issuer: str) -> IssuerKeys:
        keys = self.issuers.by_name.get(issuer)
        if keys is None:
            raise TokenError("of an issuer that is not trusted")
        return keys


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _unverified(token: str) -> tuple[dict[str, Any], str]:
    """Header and issuer as the token claims them, only to know whose keys to ask; nothing else of it is used."""
    try:
        parts = jws.extract_compact(token.encode("ascii"))
        header, payload = parts.headers(), json.loads(parts.payload or b"")
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise TokenError("malformed") from error
    issuer = payload.get("iss") if isinstance(payload, dict) else None
    if not isinstance(issuer, str):
        raise TokenError("names no issuer")
    return dict(header), issuer


def principal_of(claims: dict[str, Any]) -> Principal:
    """The principal that verified claims describe. Raises TokenError for claims of the wrong shape.

    A missing scope narrows to nothing: what a token does not say is not allowed.
    """
    scope, locale, person = claims.get("scope", ""), claims.get("locale"), claims.get("person_id")
    texts = (claims["sub"], claims["client_id"], claims["iss"], scope)
    if not all(isinstance(text, str) for text in texts) or not claims["sub"] or not claims["client_id"]:
        raise TokenError("claims of the wrong type")
    if person is not None and not (isinstance(person, str) and person):
        raise TokenError("person_id of the wrong type")
    return Principal(
        subject=claims["sub"],
        client_id=claims["client_id"],
        person_id=person,
        grants=_grants(claims.get(ROLES_CLAIM, [])),
        scopes=frozenset(scope.split()),
        language=_language(locale),
        issuer=claims["iss"],
    )


def _grants(entries: Any) -> tuple[Grant, ...]:
    if not isinstance(entries, list) or len(entries) > MAX_GRANTS:
        raise TokenError(f"{ROLES_CLAIM} is no list of at most {MAX_GRANTS}")
    return tuple(_grant(entry) for entry in entries)


def _grant(entry: Any) -> Grant:
    known = ("role", "authority", "school", "body")
    values = {name: entry.get(name) for name in known} if isinstance(entry, dict) else {}
    # A grant with a member that we do not know may be narrower than we would read it: refuse it.
    if not isinstance(values.get("role"), str) or set(entry) - set(known):
        raise TokenError(f"{ROLES_CLAIM} holds what is no grant")
    if any(value is not None and not (isinstance(value, str) and value) for value in values.values()):
        raise TokenError(f"{ROLES_CLAIM} holds a grant of the wrong type")
    return Grant(entry["role"], values["authority"], values["school"], values["body"])


def _language(locale: Any) -> Language | None:
    tag = locale.partition("-")[0].lower() if isinstance(locale, str) else None
    return next((language for language in LANGUAGES if language == tag), None)
