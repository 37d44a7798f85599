"""R102: tokens that are not good end at the gateway, the matrix over HTTP (design, section 6; RFC 8725; RFC 9068).

`service_kit`'s own tests try the verifier with many more; here no request behind such a token reaches a service.
"""

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt

from contracts.identifiers import new_id
from service_kit.auth.principal import Grant
from testkit.tokens import TokenFactory, new_key

OPERATOR = [Grant("operator")]
COMMAND = "/v1/echo"


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def unsigned(tokens: TokenFactory, algorithm: str) -> str:
    head = {"alg": algorithm, "typ": "at+jwt", "kid": tokens.key.kid}
    return ".".join(encoded(json.dumps(part).encode()) for part in (head, tokens.claims(OPERATOR)))


def key_confusion(tokens: TokenFactory) -> str:
    text = unsigned(tokens, "HS256")
    return f"{text}.{encoded(hmac.new(tokens.key.as_pem(private=False), text.encode(), 'sha256').digest())}"


def promoted(tokens: TokenFactory) -> str:
    head, _, signature = tokens.token("auditor").split(".")
    return f"{head}.{encoded(json.dumps(tokens.claims(OPERATOR)).encode())}.{signature}"


def by_another_key(tokens: TokenFactory, **header: Any) -> str:
    head = {"alg": "ES256", "typ": "at+jwt", "kid": tokens.key.kid, **header}
    return jwt.encode(head, tokens.claims(OPERATOR), new_key(), algorithms=["ES256"])


def with_claims(**seconds_or_text: Any) -> Callable[[TokenFactory], str]:
    """An operator's token with other claims; a number is seconds from now."""

    def made(tokens: TokenFactory) -> str:
        now = int(tokens.clock.now().timestamp())
        claims = {
            name: now + value if isinstance(value, int) else value for name, value in seconds_or_text.items()
        }
        return tokens.signed(OPERATOR, **claims)

    return made


MATRIX: dict[str, Callable[[TokenFactory], str]] = {
    "forged signature": lambda tokens: tokens.token("operator")[:-8] + "AAAAAAAA",
    "payload changed": promoted,
    "another's key": by_another_key,
    "key brought along": lambda tokens: by_another_key(tokens, jwk=new_key().as_dict(private=False)),
    "unknown key id": lambda tokens: by_another_key(tokens, kid=f"invented-{new_id()}"),
    "alg none": lambda tokens: unsigned(tokens, "none") + ".",
    "key confusion": key_confusion,
    "expired": with_claims(exp=-40),
    "not yet valid": with_claims(nbf=300),
    "issued tomorrow": with_claims(iat=86_400),
    "wrong audience": with_claims(aud="another"),
    "wrong issuer": with_claims(iss="https://elsewhere.test"),
    "no audience": with_claims(aud=None),
    "no expiry": with_claims(exp=None),
    "no subject": with_claims(sub=None),
    "no client": with_claims(client_id=None),
    "ID token": lambda tokens: tokens.signed(OPERATOR, header={"typ": "JWT"}),
}


@pytest.mark.parametrize("case", MATRIX)
async def test_no_request_behind_a_bad_token_reaches_a_service(running, case):
    token = MATRIX[case](running.tokens)
    async with running.client(None) as client:
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "cy"}
        for answer in (
            await client.post(COMMAND, json={}, headers=headers),
            await client.get("/v1/me", headers=headers),
        ):
            assert answer.status_code == 401, answer.text
            assert answer.json()["code"] == ("token_expired" if case == "expired" else "token_invalid")
            assert answer.headers["content-language"] == "cy"
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]
            # Why is in our log alone: a forger is told nothing that helps.
            assert token not in answer.text
    assert running.upstream.seen == []


async def test_the_same_request_with_a_good_token_arrives(running):
    """What the matrix sends is refused for its token and for nothing else."""
    async with running.client() as client:
        assert (await client.post(COMMAND, json={})).status_code == 201
    assert len(running.upstream.seen) == 1


async def test_a_token_in_the_address_or_the_form_is_none(running):
    """RFC 6750, sections 2.2 and 2.3: ways that leave tokens in logs are not offered."""
    token = running.tokens.token("operator")
    async with running.client(None) as client:
        for answer in (
            await client.get(f"{COMMAND}?access_token={token}"),
            await client.post(COMMAND, data={"access_token": token}),
            await client.get(COMMAND, headers={"Cookie": f"access_token={token}"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
    assert running.upstream.seen == []


async def test_invented_key_ids_ask_the_issuer_once_a_period(running):
    """Fifty invented keys cost one look at the issuer's keys, and who has a good token is served meanwhile."""
    async with running.client(None) as client:
        for _ in range(50):
            token = MATRIX["unknown key id"](running.tokens)
            assert (
                await client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
            ).status_code == 401
    # Discovery and keys; a second look only where the fifty took longer than the period of thirty seconds.
    assert len(running.tokens.fetched) in (2, 4)
    async with running.client() as client:
        assert (await client.get("/v1/me")).status_code == 200
