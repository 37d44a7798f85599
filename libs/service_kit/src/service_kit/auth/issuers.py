"""Whose tokens are accepted, and the public keys of those issuers (OpenID discovery and JWKS).

Keys are fetched once, refreshed in the background, and fetched again when a token names a key that is not known: at
most once in 30 seconds, so that tokens with invented key ids cannot make us hammer the issuer.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from service_kit.http_client import UpstreamError, fetch

Fetch = Callable[[str], Awaitable[tuple[int, bytes]]]
"""GETs a URL: (status, body). Raises UpstreamError or OSError."""
PublicKey = ECKey | OKPKey | RSAKey

ACCEPTED_ALGORITHMS: Final = ("ES256", "Ed25519", "RS256")
REFETCH_SECONDS: Final = 30.0
FIRST_RETRY_SECONDS: Final = 1.0
REFRESH_SECONDS: Final = 300.0
STALE_SECONDS: Final = 86_400.0
RSA_BITS: Final = 2048
DISCOVERY: Final = "/.well-known/openid-configuration"

_log = structlog.get_logger("auth.issuers")


class IssuerUnavailableError(RuntimeError):
    """An issuer whose keys we have never had, or not for a day, does not answer: nobody's token can be judged."""


class IssuerMisconfiguredError(ValueError):
    """What an issuer answers is not what OpenID discovery and JWKS prescribe. The message says where."""


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """An issuer by its exact `iss`, and the algorithms that its tokens may be signed with.

    `discovery_url`: where its configuration is fetched when that is not below `issuer` as we reach it (a container
    network); what it names as issuer must still be `issuer`. Raises ValueError for an algorithm that is not accepted:
    never `none`, never a shared secret.
    """

    issuer: str
    algorithms: tuple[str, ...] = ACCEPTED_ALGORITHMS
    discovery_url: str | None = None

    def __post_init__(self) -> None:
        unknown = set(self.algorithms) - set(ACCEPTED_ALGORITHMS)
        if unknown or not self.algorithms:
            raise ValueError(f"issuer {self.issuer}: algorithms {sorted(unknown)} are not accepted")


@dataclass
class IssuerKeys:
    """The keys of one issuer. `key(kid)` answers from memory whenever it can."""

    trusted: TrustedIssuer
    fetch: Fetch = fetch
    seconds: Callable[[], float] = monotonic
    _keys: dict[str, PublicKey] = field(default_factory=dict)
    _tried_at: float | None = None
    _had_at: float | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def loaded(self) -> bool:
        """Whether any keys are held: for readiness."""
        return bool(self._keys)

    async def key(self, kid: str) -> PublicKey | None:
        """The key of that id, None when the issuer has none. Raises IssuerUnavailableError without any keys to ask."""
        self._drop_stale()
        if (found := self._keys.get(kid)) is not None:
            return found
        async with self._turn:
            if kid not in self._keys and self._may_fetch():
                await self._try_refresh()
        if not self._keys:
            raise IssuerUnavailableError(self.trusted.issuer)
        return self._keys.get(kid)

    async def refresh(self) -> None:
        """Fetches the keys now. What fails is logged and leaves the keys as they were."""
        async with self._turn:
            await self._try_refresh()

    def _may_fetch(self) -> bool:
        if self._tried_at is None:
            return True
        pause = REFETCH_SECONDS if self._keys else FIRST_RETRY_SECONDS
        return self.seconds() - self._tried_at >= pause

    def _drop_stale(self) -> None:
        # A key that its issuer withdrew must not stay good for ever because the issuer cannot be reached.
        if self._had_at is not None and self.seconds() - self._had_at > STALE_SECONDS:
            self._keys, self._had_at = {}, None

    async def _try_refresh(self) -> None:
        self._tried_at = self.seconds()
        try:
            self._keys = await self._fetched()
        except (UpstreamError, OSError, IssuerMisconfiguredError) as error:
            _log.warning("issuer_keys_not_fetched", issuer=self.trusted.issuer, error=type(error).__name__)
        else:
            self._had_at = self.seconds()

    async def _fetched(self) -> dict[str, PublicKey]:
        issuer = self.trusted.issuer
        where = self.trusted.discovery_url or issuer.rstrip("/") + DISCOVERY
        configuration = await self._document(where)
        if configuration.get("issuer") != issuer:
            raise IssuerMisconfiguredError(
                f"{where} speaks for {configuration.get('issuer')!r}, not {issuer!r}"
            )
        jwks_uri = configuration.get("jwks_uri")
        if not isinstance(jwks_uri, str):
            raise IssuerMisconfiguredError(f"{where} names no jwks_uri")
        if issuer.startswith("https:") and not jwks_uri.startswith("https:"):
            raise IssuerMisconfiguredError(f"{where} would have the keys fetched without TLS")
        keys = public_keys((await self._document(jwks_uri)).get("keys", ()))
        if not keys:
            raise IssuerMisconfiguredError(f"{jwks_uri} has no key that could verify a token")
        return keys

    async def _document(self, url: str) -> dict[str, Any]:
        status, body = await self.fetch(url)
        try:
            document = json.loads(body) if status == 200 else None
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise IssuerMisconfiguredError(f"{url} answered {status} without a JSON object")
        return document


@dataclass
class Issuers:
    """All trusted issuers, their keys, and the task that refreshes them."""

    by_name: dict[str, IssuerKeys]
    _task: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, trusted: Sequence[TrustedIssuer], get: Fetch = fetch) -> "Issuers":
        """The issuers by their `iss`. Nothing is fetched yet: an issuer may start after us."""
        return cls({one.issuer: IssuerKeys(one, get) for one in trusted})

    def start(self) -> None:
        """Begins to refresh in the background."""
        self._task = asyncio.create_task(self._run(), name="issuer-keys")

    async def close(self) -> None:
        """Stops refreshing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            for keys in self.by_name.values():
                await keys.refresh()
            await asyncio.sleep(REFRESH_SECONDS)


def public_keys(entries: Sequence[Any]) -> dict[str, PublicKey]:
    """The keys of a JWKS that may verify tokens, by id; shared secrets and keys for encryption are left out."""
    found: dict[str, PublicKey] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
            continue
        if entry.get("use", "sig") != "sig" or entry.get("kty") not in ("EC", "OKP", "RSA"):
            continue
        if entry["kty"] == "RSA" and len(str(entry.get("n", ""))) * 6 < RSA_BITS:
            # Measured on its base64 text: shorter ones are not even read.
            _log.warning("issuer_key_too_short", kid=entry["kid"])
            continue
        try:
            key = JWKRegistry.import_key({name: value for name, value in entry.items() if name != "d"})
        except (JoseError, ValueError, TypeError, KeyError) as error:
            # One entry that we cannot read must not cost the others: RFC 7517, section 5.
            _log.warning("issuer_key_unreadable", kid=entry["kid"], error=type(error).__name__)
            continue
        if isinstance(key, ECKey | OKPKey | RSAKey):
            found[entry["kid"]] = key
    return found
