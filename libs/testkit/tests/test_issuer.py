"""The development issuer speaks the protocol of a production one, keeps its secrets, and has no back door."""

import stat
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from service_kit.auth.issuers import Issuers, TrustedIssuer
from service_kit.auth.principal import Grant, Principal
from service_kit.auth.tokens import TokenError, TokenVerifier
from service_kit.clock import FixedClock
from service_kit.policy.roles import roles
from testkit.issuer import ASSERTION_TYPE, DevelopmentIssuer, assertion_for
from testkit.issuer_directory import DirectoryError, SigningKeys, credentials, load_directory

URL = "http://issuer.test"
GRANT = {"grant_type": "client_credentials"}


class Ground:
    """An issuer with an HTTP client before it and the real verifier behind it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FixedClock(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
        self.issuer = DevelopmentIssuer.open(folder, URL, clock=self.clock)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.issuer.app()), base_url=URL)
        self.verifier = TokenVerifier(Issuers.of([TrustedIssuer(URL)], self.fetch), self.clock)

    async def fetch(self, url: str) -> tuple[int, bytes]:
        answer = await self.http.get(url)
        return answer.status_code, answer.content

    def secret(self, client_id: str) -> tuple[str, str]:
        secret = self.issuer.credentials[client_id].secret
        assert secret is not None
        return client_id, secret

    async def token(self, client_id: str, **form: str) -> str:
        answer = await self.http.post("/token", data=GRANT | form, auth=self.secret(client_id))
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        return str(answer.json()["access_token"])

    def assertion(self, audience: str = URL + "/token") -> dict[str, str]:
        signed = assertion_for(self.issuer.credentials["welsh-government"], audience, self.clock)
        return GRANT | {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    ready = Ground(tmp_path / "issuer")
    yield ready
    await ready.http.aclose()


async def test_discovery_leads_to_the_keys_and_the_token_endpoint(ground: Ground) -> None:
    configuration = (await ground.http.get("/.well-known/openid-configuration")).json()
    assert configuration["issuer"] == URL
    assert configuration["token_endpoint"] == URL + "/token"
    (key,) = (await ground.http.get(configuration["jwks_uri"])).json()["keys"]
    assert (key["kty"], key["crv"], key["use"]) == ("EC", "P-256", "sig")
    assert "d" not in key


@pytest.mark.parametrize(
    "client_id", [c for c in load_directory().clients if c not in ("front-end", "welsh-government")]
)
async def test_each_machine_gets_its_own_token(ground: Ground, client_id: str) -> None:
    """Client credentials with a secret in the header, as by RFC 6749, section 2.3.1."""
    principal = await ground.verifier.verify(await ground.token(client_id))
    assert principal == Principal(
        client_id, client_id, None, load_directory().clients[client_id].grants, issuer=URL
    )


async def test_the_secret_may_stand_in_the_form_and_scope_narrows(ground: Ground) -> None:
    client_id, secret = ground.secret("authority-673")
    form = GRANT | {"client_id": client_id, "client_secret": secret, "scope": "schools.read"}
    answer = (await ground.http.post("/token", data=form)).json()
    principal = await ground.verifier.verify(answer["access_token"])
    assert (answer["scope"], principal.scopes) == ("schools.read", {"schools.read"})


async def test_a_client_may_prove_itself_with_its_key(ground: Ground) -> None:
    """Flows 5: Welsh Government's exchange gets its token by `private_key_jwt`; each assertion is good once."""
    form = ground.assertion()
    answer = await ground.http.post("/token", data=form)
    assert answer.status_code == 200
    assert (await ground.verifier.verify(answer.json()["access_token"])).roles == {"welsh_government"}
    assert (await ground.http.post("/token", data=form)).status_code == 401


async def test_assertions_that_are_not_good_are_refused(ground: Ground) -> None:
    foreign = ground.assertion("https://elsewhere.test/token")
    old = ground.assertion()
    ground.clock.advance(timedelta(seconds=91))
    assert (await ground.http.post("/token", data=old)).status_code == 401
    forged = ground.assertion()
    forged["client_assertion"] = forged["client_assertion"][:-4] + "AAAA"
    untyped = {k: v for k, v in ground.assertion().items() if k != "client_assertion_type"}
    rubbish = ground.assertion() | {"client_assertion": "rubbish"}
    for form in (foreign, forged, untyped, rubbish):
        assert (await ground.http.post("/token", data=form)).status_code == 401


@pytest.mark.parametrize(
    ("auth", "form", "status", "error"),
    [
        (None, GRANT, 401, "invalid_client"),
        (("authority-673", ""), GRANT, 401, "invalid_client"),
        (("authority-673", "guessed"), GRANT, 401, "invalid_client"),
        (("nobody", "guessed"), GRANT, 401, "invalid_client"),
        (("nobody", ""), GRANT, 401, "invalid_client"),
        (("welsh-government", ""), GRANT, 401, "invalid_client"),
        (("front-end", "right"), GRANT, 400, "unauthorized_client"),
        (("authority-673", "right"), {"grant_type": "password"}, 400, "unsupported_grant_type"),
        (("authority-673", "right"), {}, 400, "unsupported_grant_type"),
    ],
)
async def test_the_token_endpoint_refuses(
    ground: Ground, auth: tuple[str, str] | None, form: dict[str, str], status: int, error: str
) -> None:
    if auth is not None and auth[1] == "right":
        auth = ground.secret(auth[0])
    answer = await ground.http.post("/token", data=form or {"x": "y"}, auth=auth)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_bodies_that_are_no_single_form_are_refused(ground: Ground) -> None:
    auth = ground.secret("authority-673")
    assert (await ground.http.post("/token", json=GRANT, auth=auth)).status_code == 400
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    twice = "grant_type=client_credentials&scope=a&scope=b"
    assert (await ground.http.post("/token", content=twice, headers=headers, auth=auth)).status_code == 400
    large = "grant_type=" + "x" * 40_000
    assert (await ground.http.post("/token", content=large, headers=headers, auth=auth)).status_code == 413
    assert (
        await ground.http.post("/token", headers={"Authorization": "Basic ???"} | headers)
    ).status_code == 401


@pytest.mark.parametrize("person", list(load_directory().people))
async def test_people_come_through_the_front_end(ground: Ground, person: str) -> None:
    known = load_directory().people[person]
    answer = await ground.http.post(
        "/dev/user-token", data={"person": person}, auth=ground.secret("front-end")
    )
    principal = await ground.verifier.verify(answer.json()["access_token"])
    assert (principal.subject, principal.client_id, principal.person_id) == (
        person,
        "front-end",
        known.person_id,
    )
    assert (principal.grants, principal.language) == (known.grants, known.locale)


async def test_a_person_just_registered_can_be_signed_in(ground: Ground) -> None:
    form = {"person": "adviser", "person_id": "another-id"}
    answer = await ground.http.post("/dev/user-token", data=form, auth=ground.secret("front-end"))
    assert (await ground.verifier.verify(answer.json()["access_token"])).person_id == "another-id"


async def test_no_other_client_acts_for_people(ground: Ground) -> None:
    form = {"person": "adviser"}
    assert (await ground.http.post("/dev/user-token", data=form)).status_code == 401
    answer = await ground.http.post("/dev/user-token", data=form, auth=ground.secret("operator"))
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    nobody = await ground.http.post("/dev/user-token", data={"person": "x"}, auth=ground.secret("front-end"))
    assert nobody.status_code == 400


async def test_the_key_changes_on_request_and_old_tokens_stay_good(ground: Ground) -> None:
    before = await ground.token("authority-673")
    assert (
        await ground.http.post("/dev/rotate", auth=ground.secret("authority-673"), data={"x": "y"})
    ).status_code == 400
    assert (
        await ground.http.post("/dev/rotate", auth=ground.secret("operator"), data={"x": "y"})
    ).status_code == 200
    assert len((await ground.http.get("/jwks")).json()["keys"]) == 2
    after = await ground.token("authority-673")
    fresh = TokenVerifier(Issuers.of([TrustedIssuer(URL)], ground.fetch), ground.clock)
    assert await fresh.verify(before)
    assert await fresh.verify(after)


async def test_keys_and_secrets_survive_a_restart_and_are_ours_alone(ground: Ground) -> None:
    """Issue 3: data lives in a named folder; no secret is in the repository."""
    token = await ground.token("authority-673")
    again = Ground(ground.folder)
    assert again.secret("authority-673") == ground.secret("authority-673")
    assert await again.verifier.verify(token)
    await again.http.aclose()
    files = [path for path in ground.folder.iterdir() if path.is_file()]
    assert len(files) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    elsewhere = Ground(ground.folder.parent / "other")
    assert elsewhere.secret("authority-673") != ground.secret("authority-673")
    with pytest.raises(TokenError):
        await elsewhere.verifier.verify(token)
    await elsewhere.http.aclose()


async def test_a_token_ends_after_an_hour(ground: Ground) -> None:
    token = await ground.token("authority-673")
    ground.clock.advance(timedelta(seconds=3631))
    with pytest.raises(TokenError, match="expired"):
        await ground.verifier.verify(token)


def test_the_directory_covers_every_role_and_names_no_unknown_one() -> None:
    """Issue 3: one client per authority of the region, a neighbour, and a person of every role."""
    directory = load_directory()
    held = {g.role for one in (*directory.clients.values(), *directory.people.values()) for g in one.grants}
    assert held == set(roles().roles)
    authorities = {
        g.authority for c in directory.clients.values() for g in c.grants if g.role == "authority_system"
    }
    assert authorities == {"672", "673", "674", "675", "681", "676"}
    ids = [person.person_id for person in directory.people.values()]
    assert len(set(ids)) == len(ids)
    wrong = '[clients.x]\ntitle = { en = "X", cy = "X" }\ngrants = [{ role = "head" }]\n'
    with pytest.raises(DirectoryError, match="no role of a machine"):
        load_directory(wrong)
    assert directory.clients["consortium"].grants == (Grant("consortium_system", body="csc"),)


def test_whoever_makes_the_credentials_at_the_same_time_gets_the_same() -> None:
    """The issuer and whoever asks it for a token may both be the first to open the folder."""
    with TemporaryDirectory() as name, ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: credentials(Path(name), load_directory()), range(8)))
        keys = list(pool.map(lambda _: SigningKeys.load(Path(name)).keys[0].kid, range(8)))
    assert all(one == made[0] for one in made)
    assert len(set(keys)) == 1
