"""Access tokens: what is accepted, and everything that is not (design, section 6; RFC 9068; RFC 8725)."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from service_kit.auth.issuers import Issuers, TrustedIssuer
from service_kit.auth.principal import Grant
from service_kit.auth.tokens import TokenError, TokenVerifier, principal_of
from service_kit.clock import FixedClock
from testkit.tokens import TokenFactory

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def factory(clock: FixedClock) -> TokenFactory:
    return TokenFactory(clock=clock)


async def refused(verifier: TokenVerifier, token: str) -> TokenError:
    with pytest.raises(TokenError) as caught:
        await verifier.verify(token)
    assert verifier.known(token) is None
    return caught.value


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


async def test_a_good_token_becomes_its_principal(factory: TokenFactory) -> None:
    token = factory.token(
        "head", school="6732118", person_id="p-1", locale="cy-GB", scope="schools.read", sub="s"
    )
    principal = await factory.verifier().verify(token)
    assert principal.grants == (Grant("head", school="6732118"),)
    assert (principal.subject, principal.person_id, principal.language) == ("s", "p-1", "cy")
    assert principal.in_scope("schools.read")
    assert not principal.in_scope("schools.write")


@pytest.mark.parametrize("kind", ["ES256", "Ed25519", "RS256"])
async def test_the_three_algorithms_are_accepted(kind: str, clock: FixedClock) -> None:
    """Design, section 6: ES256, Ed25519 and RS256."""
    keys: dict[str, Any] = {
        "ES256": lambda: ECKey.generate_key("P-256", auto_kid=True),
        "Ed25519": lambda: OKPKey.generate_key("Ed25519", auto_kid=True),
        "RS256": lambda: RSAKey.generate_key(2048, auto_kid=True),
    }
    key = keys[kind]()
    factory = TokenFactory(clock=clock, key=key)
    header = {"alg": kind, "typ": "at+jwt", "kid": key.kid}
    token = jwt.encode(header, factory.claims([Grant("auditor")]), key, algorithms=[kind])
    assert (await factory.verifier().verify(token)).roles == {"auditor"}


async def test_a_token_without_signature_is_refused(factory: TokenFactory) -> None:
    """RFC 8725, 3.1: `alg: none`, however it is spelt."""
    for algorithm in ("none", "None", "NONE", ""):
        header = {"alg": algorithm, "typ": "at+jwt", "kid": factory.key.kid}
        await refused(factory.verifier(), unsigned(header, factory.claims([Grant("operator")])))


async def test_the_public_key_is_no_shared_secret(factory: TokenFactory) -> None:
    """RFC 8725, 2.1: HS256 keyed with the published key must not pass for ES256."""
    for secret in (
        factory.key.as_pem(private=False),
        json.dumps(factory.key.as_dict(private=False)).encode(),
    ):
        header = {"alg": "HS256", "typ": "at+jwt", "kid": factory.key.kid}
        signed = unsigned(header, factory.claims([Grant("operator")])).rpartition(".")[0]
        signature = hmac.new(secret, signed.encode(), "sha256").digest()
        token = signed + "." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
        error = await refused(factory.verifier(), token)
        assert "algorithm" in error.reason


async def test_an_algorithm_that_the_issuer_does_not_use_is_refused(factory: TokenFactory) -> None:
    """The list is per issuer: ES256 is good elsewhere, not from an issuer that signs with Ed25519 only."""
    issuers = Issuers.of([TrustedIssuer(factory.issuer, algorithms=("Ed25519",))], factory.fetch)
    await refused(TokenVerifier(issuers, factory.clock), factory.token("operator"))


def test_no_issuer_can_be_configured_with_a_shared_secret() -> None:
    for algorithm in ("HS256", "none"):
        with pytest.raises(ValueError, match="not accepted"):
            TrustedIssuer("https://issuer.test", algorithms=("ES256", algorithm))


async def test_a_key_in_the_header_is_not_used(factory: TokenFactory) -> None:
    """RFC 8725, 3.10: a token that brings its own key, or says where to fetch one, is signed by nobody we trust."""
    foreign = ECKey.generate_key("P-256", auto_kid=True)
    for extra in ({"jwk": foreign.as_dict(private=False)}, {"jku": "https://evil.test/jwks"}, {}):
        header = {"alg": "ES256", "typ": "at+jwt", "kid": factory.key.kid, **extra}
        token = jwt.encode(header, factory.claims([Grant("operator")]), foreign, algorithms=["ES256"])
        await refused(factory.verifier(), token)
    assert not [url for url in factory.fetched if "evil" in url]


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": NOW.timestamp() - 31}, "token_expired"),
        ({"exp": None}, "token_invalid"),
        ({"exp": "tomorrow"}, "token_invalid"),
        ({"exp": True}, "token_invalid"),
        ({"nbf": NOW.timestamp() + 31}, "token_invalid"),
        ({"iat": NOW.timestamp() + 31}, "token_invalid"),
        ({"iat": None}, "token_invalid"),
        ({"aud": "another"}, "token_invalid"),
        ({"aud": ["another", "third"]}, "token_invalid"),
        ({"aud": None}, "token_invalid"),
        ({"iss": "https://elsewhere.test"}, "token_invalid"),
        ({"iss": "https://issuer.test/"}, "token_invalid"),
        ({"iss": None}, "token_invalid"),
        ({"sub": None}, "token_invalid"),
        ({"sub": ""}, "token_invalid"),
        ({"client_id": None}, "token_invalid"),
        ({"scope": ["schools.read"]}, "token_invalid"),
        ({"person_id": 7}, "token_invalid"),
        ({"gwella_roles": {"role": "operator"}}, "token_invalid"),
        ({"gwella_roles": ["operator"]}, "token_invalid"),
        ({"gwella_roles": [{"role": "head", "school": 6732118}]}, "token_invalid"),
        ({"gwella_roles": [{"role": "head", "until": "2019-08-31"}]}, "token_invalid"),
        ({"gwella_roles": [{"role": "head"}] * 201}, "token_invalid"),
    ],
)
async def test_wrong_claims_are_refused(factory: TokenFactory, claims: dict[str, Any], code: str) -> None:
    """RFC 9068, section 4: issuer, audience, times and who; a grant with an unknown limit is not read as unlimited."""
    error = await refused(factory.verifier(), factory.signed([Grant("operator")], **claims))
    assert error.code == code


@pytest.mark.parametrize("claims", [{"exp": NOW.timestamp() - 29}, {"nbf": NOW.timestamp() + 29}])
async def test_clocks_may_differ_by_thirty_seconds(factory: TokenFactory, claims: dict[str, Any]) -> None:
    assert await factory.verifier().verify(factory.token("auditor", **claims))


@pytest.mark.parametrize("typ", ["JWT", "", "dpop+jwt", "id+jwt"])
async def test_only_access_tokens_are_taken(factory: TokenFactory, typ: str) -> None:
    """RFC 9068, section 4: an ID token of the same issuer is no access token."""
    await refused(factory.verifier(), factory.signed([Grant("operator")], header={"typ": typ}))


async def test_a_changed_payload_is_refused(factory: TokenFactory) -> None:
    header, payload, signature = factory.token("head", school="6732118").split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["gwella_roles"] = [{"role": "operator"}]
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    await refused(factory.verifier(), f"{header}.{forged}.{signature}")


async def test_what_is_no_token_is_refused(factory: TokenFactory) -> None:
    verifier = factory.verifier()
    for rubbish in (
        "",
        ".",
        "..",
        "a.b.c",
        "é.é.é",
        "x" * 20_000,
        factory.token("auditor") + "A",
        "null.null.null",
    ):
        await refused(verifier, rubbish)


@given(st.binary(max_size=60), st.binary(max_size=200), st.binary(max_size=80))
async def test_no_bytes_raise_anything_else(header: bytes, payload: bytes, signature: bytes) -> None:
    """Whatever a client sends as a token, the answer is a refusal and never a fault of ours."""
    parts = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (header, payload, signature)]
    await refused(TokenFactory(clock=FixedClock(NOW)).verifier(), ".".join(parts))


async def test_a_token_is_verified_once_and_forgotten_when_it_expires(
    factory: TokenFactory, clock: FixedClock
) -> None:
    """Design, section 6: verified once per token and cached until expiry."""
    verifier, token = factory.verifier(), factory.token("auditor")
    first = await verifier.verify(token)
    assert verifier.known(token) is first
    assert await verifier.verify(token) is first
    clock.advance(timedelta(seconds=329))
    assert verifier.known(token) is first
    clock.advance(timedelta(seconds=1))
    assert (await refused(verifier, token)).code == "token_expired"


async def test_the_cache_is_bounded_and_drops_the_least_used(factory: TokenFactory) -> None:
    verifier = factory.verifier()
    verifier.capacity = 3
    tokens = [factory.token("auditor", sub=f"s{i}") for i in range(4)]
    for token in tokens[:3]:
        await verifier.verify(token)
    verifier.known(tokens[0])
    await verifier.verify(tokens[3])
    assert [verifier.known(token) is not None for token in tokens] == [True, False, True, True]


def test_a_missing_scope_narrows_to_nothing(factory: TokenFactory) -> None:
    claims = factory.claims([Grant("operator")])
    del claims["scope"]
    assert not principal_of(claims).in_scope("schools.read")
