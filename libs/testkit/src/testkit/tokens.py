"""Signed access tokens for tests, without a network: an issuer that exists in memory only.

factory = TokenFactory()
bearer = factory.token("authority_system", authority="673")
verifier = factory.verifier(clock)          # the real one, with this issuer's keys
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from service_kit.auth.bearer import Bearer
from service_kit.auth.issuers import DISCOVERY, Fetch, Issuers, TrustedIssuer
from service_kit.auth.principal import Grant, Principal
from service_kit.auth.tokens import ROLES_CLAIM, TokenVerifier, principal_of
from service_kit.clock import Clock, SystemClock
from service_kit.http_client import fetch

AUDIENCE = "gwella"


def new_key() -> ECKey:
    """A new ES256 key with an id."""
    key = ECKey.generate_key("P-256", auto_kid=True)
    key.ensure_kid()
    return key


@dataclass
class TokenFactory:
    """An issuer of tokens for tests. `key` signs; `old_keys` are still published."""

    issuer: str = "https://issuer.test"
    clock: Clock = field(default_factory=SystemClock)
    key: ECKey = field(default_factory=new_key)
    old_keys: list[ECKey] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    """Every URL that was asked of this issuer, in order."""

    def token(self, role: str | None = None, **of: Any) -> str:
        """A token for one role, like `token("head", school="6732118", person_id="...")`.

        `of`: authority, school, body of the grant; everything else as `signed`.
        """
        named = {name: of.pop(name) for name in ("authority", "school", "body") if name in of}
        grants = [Grant(role, **named)] if role else []
        return self.signed(grants, **of)

    def signed(
        self, grants: Sequence[Grant], *, header: Mapping[str, Any] | None = None, **claims: Any
    ) -> str:
        """A token for any grants; `claims` replace the usual ones, None leaves one out; `header` adds to the header."""
        content = {name: value for name, value in (self.claims(grants) | claims).items() if value is not None}
        headers = {"alg": "ES256", "typ": "at+jwt", "kid": self.key.kid, **(header or {})}
        return jwt.encode(headers, content, self.key, algorithms=["ES256"])

    def claims(self, grants: Sequence[Grant]) -> dict[str, Any]:
        """The usual claims of a token that holds for five minutes and all operations."""
        now = int(self.clock.now().timestamp())
        roles = [{name: value for name, value in asdict(grant).items() if value} for grant in grants]
        return {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "test-client",
            "client_id": "test-client",
            "scope": "*",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "jti": f"test-{now}",
            ROLES_CLAIM: roles,
        }

    def principal(self, role: str, **of: Any) -> Principal:
        """The principal that `token` of the same arguments is verified into."""
        named = {name: of.pop(name) for name in ("authority", "school", "body") if name in of}
        return principal_of(self.claims([Grant(role, **named)]) | of)

    @property
    def trusted(self) -> TrustedIssuer:
        """This issuer as a verifier trusts it."""
        return TrustedIssuer(self.issuer)

    @property
    def fetch(self) -> Fetch:
        """Answers discovery and keys as an issuer over HTTP would; anything else is 404."""

        async def answer(url: str) -> tuple[int, bytes]:
            self.fetched.append(url)
            documents: dict[str, Any] = {
                self.issuer + DISCOVERY: {"issuer": self.issuer, "jwks_uri": self.issuer + "/jwks"},
                self.issuer + "/jwks": {
                    "keys": [k.as_dict(private=False) for k in (self.key, *self.old_keys)]
                },
            }
            return (200, json.dumps(documents[url]).encode()) if url in documents else (404, b"")

        return answer

    def verifier(self, others: Sequence[TrustedIssuer] = ()) -> TokenVerifier:
        """The real verifier, with this issuer's keys and clock; `others` are asked for their keys over HTTP."""

        async def get(url: str) -> tuple[int, bytes]:
            return await (self.fetch if url.startswith(self.issuer) else fetch)(url)

        return TokenVerifier(Issuers.of([self.trusted, *others], get), self.clock, AUDIENCE)

    def bearer(self, others: Sequence[TrustedIssuer] = ()) -> Bearer:
        """What `Serving.authenticate` takes."""
        return Bearer(self.verifier(others))

    def rotate(self) -> None:
        """Signs with a new key from now on; the old one stays published."""
        self.old_keys.append(self.key)
        self.key = new_key()
