"""Keys of an issuer: fetched once, refetched at most every thirty seconds, and never from where they should not be."""

from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from service_kit.auth.bearer import Bearer
from service_kit.auth.issuers import IssuerKeys, IssuerUnavailableError, TrustedIssuer, public_keys
from service_kit.http_client import UpstreamUnavailable
from service_kit.problems import ProblemError
from testkit.tokens import TokenFactory


class Seconds:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_keys_are_fetched_once_and_a_new_key_is_found() -> None:
    """Notes 3.8: refetch at most once per 30 s on an unknown key id."""
    factory, seconds = TokenFactory(), Seconds()
    keys = IssuerKeys(factory.trusted, factory.fetch, seconds)
    old = factory.key.kid
    assert old is not None
    assert await keys.key(old)
    assert await keys.key(old)
    assert len(factory.fetched) == 2
    factory.rotate()
    new = factory.key.kid
    assert new is not None
    assert await keys.key(new) is None
    assert len(factory.fetched) == 2
    seconds.now += 30
    assert await keys.key(new)
    assert await keys.key(old), "tokens signed before the rotation stay good"


async def test_invented_key_ids_do_not_hammer_the_issuer() -> None:
    factory, seconds = TokenFactory(), Seconds()
    keys = IssuerKeys(factory.trusted, factory.fetch, seconds)
    for i in range(50):
        seconds.now += 1
        assert await keys.key(f"invented-{i}") is None
    # The first look, and one for each thirty seconds after it; each is discovery and keys.
    assert len(factory.fetched) == 2 * 2


async def test_without_keys_nobody_is_judged() -> None:
    """An issuer that never answered: 503, so that clients repeat, not 401."""
    answers: list[Any] = [UpstreamUnavailable("issuer", 1, "no connection")]
    factory, seconds = TokenFactory(), Seconds()

    async def fetch(url: str) -> tuple[int, bytes]:
        if answers:
            raise answers.pop()
        return await factory.fetch(url)

    keys = IssuerKeys(factory.trusted, fetch, seconds)
    with pytest.raises(IssuerUnavailableError):
        await keys.key("k")
    seconds.now += 1
    assert factory.key.kid is not None
    assert await keys.key(factory.key.kid), "an issuer that started after us is found within a second"


async def test_a_day_without_the_issuer_ends_trust_in_its_keys() -> None:
    factory, seconds = TokenFactory(), Seconds()
    down = False

    async def fetch(url: str) -> tuple[int, bytes]:
        if down:
            raise OSError("unreachable")
        return await factory.fetch(url)

    keys = IssuerKeys(factory.trusted, fetch, seconds)
    kid = factory.key.kid or ""
    assert await keys.key(kid)
    down = True
    seconds.now += 86_000
    await keys.refresh()
    assert await keys.key(kid)
    seconds.now += 500
    with pytest.raises(IssuerUnavailableError):
        await keys.key(kid)


async def test_an_issuer_that_speaks_for_another_is_not_believed() -> None:
    factory = TokenFactory()
    wrong = TrustedIssuer(
        "https://other.test", discovery_url=factory.issuer + "/.well-known/openid-configuration"
    )
    with pytest.raises(IssuerUnavailableError):
        await IssuerKeys(wrong, factory.fetch).key("k")
    assert factory.issuer + "/jwks" not in factory.fetched


def test_only_public_signing_keys_are_taken() -> None:
    good, encryption, nameless = (ECKey.generate_key("P-256", auto_kid=True) for _ in range(3))
    entries: list[Any] = [
        good.as_dict(private=False),
        {**encryption.as_dict(private=False), "use": "enc"},
        {k: v for k, v in nameless.as_dict(private=False).items() if k != "kid"},
        OctKey.generate_key(256, auto_kid=True).as_dict(private=True),
        {**RSAKey.generate_key(2048, auto_kid=True).as_dict(private=False), "n": "wR8" * 57, "kid": "short"},
        {"kty": "EC", "crv": "P-256", "x": "!", "y": "!", "kid": "broken"},
        {"kty": "ML-DSA", "kid": "unknown"},
        "rubbish",
    ]
    long_enough = RSAKey.generate_key(2048, auto_kid=True)
    assert list(public_keys([*entries, long_enough.as_dict(private=False)])) == [good.kid, long_enough.kid]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "token_missing"),
        ("", "token_missing"),
        ("Bearer", "token_missing"),
        ("Basic dXNlcjpwYXNz", "token_missing"),
        ("Bearer rubbish", "token_invalid"),
    ],
)
async def test_who_brings_no_good_token_is_told_how(header: str | None, code: str) -> None:
    """RFC 6750, section 3: 401 with a challenge; no error code where no token was sent."""
    with pytest.raises(ProblemError) as caught:
        await TokenFactory().bearer()(header)
    assert caught.value.code == code
    challenge = caught.value.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="gwella"')
    assert ("error=" in challenge) == (code != "token_missing")


async def test_the_raw_headers_of_a_request_are_enough() -> None:
    factory = TokenFactory()
    bearer: Bearer = factory.bearer()
    line = (b"authorization", b"bearer " + factory.token("auditor").encode())
    assert (await bearer.of_headers([(b"host", b"x"), line])).roles == {"auditor"}
    with pytest.raises(ProblemError, match="token_invalid"):
        await bearer.of_headers([line, line])
    with pytest.raises(ProblemError, match="token_missing"):
        await bearer.of_headers([(b"host", b"x")])
