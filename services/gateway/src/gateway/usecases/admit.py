"""Who is calling, what its roles let it do, and its share: verified once per token, then one look-up a request."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from time import monotonic, monotonic_ns
from typing import Final

from gateway.domain.headers import Lines
from gateway.domain.limits import Allowance, Quota
from service_kit.auth.principal import Principal
from service_kit.policy.decide import decide
from service_kit.policy.memberships import NO_MEMBERSHIPS
from service_kit.policy.roles import Roles
from service_kit.problems import ProblemError
from service_kit.serving import Authenticate

MOST_TOKENS: Final = 10_000
MOST_CLIENTS: Final = 10_000
REVERIFY_AFTER: Final = 10.0
"""Seconds after which a known token is put to the verifier again, which knows its expiry and the issuer's keys."""


@dataclass(slots=True)
class Caller:
    """One verified token: its principal, its client's allowance, and what was decided about operations so far."""

    principal: Principal
    allowance: Allowance
    until: float
    roles: Roles
    _permitted: dict[str, bool] = field(default_factory=dict)

    def may(self, operation: str) -> bool:
        """Whether a role of the caller lists the operation and the token's scopes leave it open.

        Rows and columns are decided by the service, which has them; so no memberships are asked for here.
        """
        permitted = self._permitted.get(operation)
        if permitted is None:
            permitted = decide(self.principal, operation, NO_MEMBERSHIPS, self.roles).allowed
            self._permitted[operation] = permitted
        return permitted


class TooMuch(ProblemError):
    """429. `pause`: seconds for which the answer is to be held back (`held_back`)."""

    def __init__(
        self, code: str, params: Mapping[str, int], headers: Mapping[str, str], allowance: Allowance, now: int
    ) -> None:
        super().__init__(code, params, headers=headers)
        self.allowance = allowance
        self.pause = allowance.pause_of_refusal(now)


async def held_back(refusal: ProblemError) -> None:
    """Waits for as long as this refusal is to be held back: not at all, but for a client that does not listen."""
    if not isinstance(refusal, TooMuch) or not refusal.pause:
        return
    refusal.allowance.held_back += 1
    try:
        await asyncio.sleep(refusal.pause)
    finally:
        refusal.allowance.held_back -= 1


def enter(allowance: Allowance, requests: int = 1, *, writing: bool = False) -> Lines:
    """Takes requests of the client's rate and one place of its bulkhead; gives the RateLimit lines.

    `writing`: the request may change something, which is remembered.

    Whoever enters leaves: `allowance.in_flight -= 1`. Raises TooMuch (429 `too_many_requests` or
    `too_many_in_flight`) with the same lines, and then nothing is to be given back.
    """
    now = monotonic_ns()
    quota = allowance.quota
    left = allowance.take(now, requests)
    lines = [
        (b"ratelimit-policy", quota.policy_line),
        (b"ratelimit", b'"client";r=%d;t=%d' % (max(0, left), allowance.seconds_until_full(now))),
    ]
    if left < 0:
        wait = str(allowance.seconds_until_next(now))
        told = {"Retry-After": wait, **_named(lines)}
        raise TooMuch("too_many_requests", {}, told, allowance, now)
    if allowance.in_flight >= quota.in_flight:
        told = {"Retry-After": "1", **_named(lines)}
        raise TooMuch("too_many_in_flight", {"limit": quota.in_flight}, told, allowance, now)
    allowance.in_flight += 1
    if writing:
        allowance.wrote_at = now
    return lines


def _named(lines: Lines) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in lines}


class Callers:
    """Finds the caller of a request by its Authorization line. `authenticate` verifies it."""

    def __init__(self, authenticate: Authenticate, roles: Roles, quota: Quota) -> None:
        self._authenticate = authenticate
        self._roles = roles
        self._quota = quota
        self._by_line: dict[bytes, Caller] = {}
        self._allowances: dict[str, Allowance] = {}

    def known(self, authorization: bytes | None) -> Caller | None:
        """The caller of a line that was verified a moment ago."""
        if authorization is None:
            return None
        caller = self._by_line.get(sha256(authorization).digest())
        return caller if caller is not None and monotonic() < caller.until else None

    async def verify(self, authorization: bytes | None) -> Caller:
        """The caller of any line. Raises ProblemError: token_missing, token_invalid, token_expired."""
        line = None if authorization is None else authorization.decode("latin-1")
        principal = await self._authenticate(line)
        caller = Caller(
            principal, self._allowance(principal.client_id), monotonic() + REVERIFY_AFTER, self._roles
        )
        if len(self._by_line) >= MOST_TOKENS:
            # The oldest entry: dictionaries keep the order of insertion.
            del self._by_line[next(iter(self._by_line))]
        if authorization is not None:
            # By hash: tokens are not kept.
            digest = sha256(authorization).digest()
            self._by_line.pop(digest, None)
            self._by_line[digest] = caller
        return caller

    def _allowance(self, client_id: str) -> Allowance:
        allowance = self._allowances.get(client_id)
        if allowance is None:
            if len(self._allowances) >= MOST_CLIENTS:
                now = monotonic_ns()
                self._allowances = {key: one for key, one in self._allowances.items() if not one.idle(now)}
            allowance = self._allowances[client_id] = Allowance(self._quota)
        return allowance
