"""The committed realm on a real Keycloak: its tokens are ours, and what should end there ends (design, section 6)."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from service_kit.auth.issuers import REFETCH_SECONDS, IssuerKeys, Issuers, TrustedIssuer
from service_kit.auth.principal import Grant
from service_kit.auth.tokens import TokenError, TokenVerifier
from service_kit.clock import SystemClock
from service_kit.http_client import fetch
from testkit.fixtures import MigratedDatabase
from testkit.issuer import DevelopmentIssuer, assertion_for
from testkit.issuer_directory import Credential, load_directory
from testkit.signing_in import FrontEnd, SignInRefusedError, challenge_of, new_verifier
from testkit.tokens import new_key
from testkit.whole_suite import NEIGHBOUR, SCHOOL, Suite, running, served, told

sys.path.insert(0, str(Path(__file__).parent))

from keycloak_realm import (
    ASSERTING,
    PERSON_ID,
    Realm,
    asked,
    front_end,
    header,
    proof,
    registered,
    rotate,
    switch,
    token,
)

pytestmark = pytest.mark.keycloak
MACHINES = [name for name, client in load_directory().clients.items() if not client.may_act_for_people]


def verifier(realm: Realm) -> TokenVerifier:
    """What every service verifies with, told of this issuer only."""
    return TokenVerifier(Issuers.of([TrustedIssuer(realm.server.issuer)]), SystemClock())


async def test_discovery_leads_to_the_keys(realm: Realm) -> None:
    """Issuer, endpoints and methods as the realm promises them; the keys that verify are held after one look."""
    status, body = await fetch(f"{realm.server.issuer}/.well-known/openid-configuration")
    told = json.loads(body)
    assert (status, told["issuer"]) == (200, realm.server.issuer)
    assert told["token_endpoint"] == realm.server.token_url
    assert {"client_secret_post", "private_key_jwt"} <= set(told["token_endpoint_auth_methods_supported"])
    assert "S256" in told["code_challenge_methods_supported"]
    keys = IssuerKeys(TrustedIssuer(realm.server.issuer))
    await keys.refresh()
    assert keys.loaded


@pytest.mark.parametrize("client_id", MACHINES)
async def test_each_machine_gets_what_the_directory_says(realm: Realm, client_id: str) -> None:
    """R103: client credentials, by secret and by `private_key_jwt`: the principal is that of the development issuer."""
    principal = await verifier(realm).verify(token(realm, client_id))
    known = load_directory().clients[client_id]
    assert (principal.client_id, principal.grants) == (client_id, known.grants)
    assert (principal.scopes, principal.person_id) == ({"*"}, None)


async def test_a_scope_narrows_and_nothing_asked_is_nothing_granted(realm: Realm) -> None:
    check = verifier(realm)
    narrow = await check.verify(token(realm, "authority-673", "schools.read visits.read"))
    assert narrow.scopes == {"schools.read", "visits.read"}
    assert not (await check.verify(token(realm, "authority-673", None))).scopes
    assert asked(realm, realm.credentials["authority-673"], "schools.everything").status_code == 400


async def test_who_does_not_prove_itself_gets_no_token(realm: Realm) -> None:
    """A wrong secret, another's key, an assertion for somebody else's endpoint, and one that was used before."""
    for wrong in (
        Credential("authority-673", "guessed", None),
        Credential("nobody", "guessed", None),
        Credential("front-end", "guessed", None),
        Credential(ASSERTING, None, new_key().as_dict(private=True)),
    ):
        answer = asked(realm, wrong)
        assert answer.status_code in (400, 401), (wrong.client_id, answer.text)
        assert "access_token" not in answer.text
    good = realm.credentials[ASSERTING]
    foreign = assertion_for(good, "https://elsewhere.test/token", SystemClock())
    assert asked(realm, good, client_assertion=foreign).status_code in (400, 401)
    once = assertion_for(good, realm.server.issuer, SystemClock())
    statuses = [asked(realm, good, client_assertion=once).status_code for _ in range(2)]
    assert statuses[0] == 200
    assert statuses[1] in (400, 401)


async def test_a_person_signs_in_by_code_with_pkce(realm: Realm) -> None:
    """Two roles, the person's id and language arrive; the ID token of the same sign-in opens nothing."""
    held = [{"role": "head", "school": "6732118"}, {"role": "adviser", "body": "csc"}]
    granted = front_end(realm).sign_in(*registered(realm, held))
    check = verifier(realm)
    principal = await check.verify(granted["access_token"])
    assert set(principal.grants) == {Grant("head", school="6732118"), Grant("adviser", body="csc")}
    assert (principal.person_id, principal.language) == (PERSON_ID, "cy")
    assert principal.client_id == "front-end"
    assert "*" in principal.scopes
    with pytest.raises(TokenError):
        await check.verify(granted["id_token"])


async def test_without_the_verifier_a_code_is_worth_nothing(realm: Realm) -> None:
    """No challenge, another verifier, a code used twice, a wrong password, a foreign place to return to."""
    pages, person = front_end(realm), registered(realm, [{"role": "adviser", "body": "csc"}])
    with pytest.raises(SignInRefusedError):
        pages.code(*person, challenge=None)
    with pytest.raises(SignInRefusedError):
        pages.code(person[0], "guessed", challenge_of(new_verifier()))
    elsewhere = FrontEnd(pages.issuer, pages.client_id, "https://elsewhere.test/back")
    with pytest.raises(SignInRefusedError):
        elsewhere.code(*person, challenge_of(new_verifier()))
    proof = new_verifier()
    stolen = pages.code(*person, challenge_of(proof))
    assert pages.redeem(stolen, new_verifier()).status_code == 400
    code = pages.code(*person, challenge_of(proof))
    assert [pages.redeem(code, proof).status_code for _ in range(2)] == [200, 400]


async def test_a_new_key_costs_one_look_and_old_tokens_stay_good(realm: Realm) -> None:
    """The realm's active key changes: fifty calls at once with its first token ask the issuer once more."""
    looks: list[str] = []
    seconds = [1000.0]

    async def counted(url: str) -> tuple[int, bytes]:
        looks.append(url)
        return await fetch(url)

    trusted = TrustedIssuer(realm.server.issuer)
    keys = IssuerKeys(trusted, counted, lambda: seconds[0])
    check = TokenVerifier(Issuers({trusted.issuer: keys}), SystemClock())
    old = token(realm, "authority-673")
    await check.verify(old)
    assert len(looks) == 2
    rotate(realm)
    new = token(realm, "authority-673")
    assert header(old)["kid"] != header(new)["kid"]
    with pytest.raises(TokenError):
        await check.verify(new)
    assert len(looks) == 2, "within the period nobody looks again"
    seconds[0] += REFETCH_SECONDS
    await asyncio.gather(*(check.verify(new) for _ in range(50)))
    assert len(looks) == 4, "discovery and keys, once"
    check = TokenVerifier(Issuers({trusted.issuer: keys}), SystemClock())
    assert (await check.verify(old)).client_id == "authority-673"
    assert len(looks) == 4


async def test_a_client_that_is_switched_off_gets_no_new_token(realm: Realm) -> None:
    """R103."""
    credential = realm.credentials["authority-676"]
    # What was given before is good to its end, which is therefore near.
    assert asked(realm, credential).json()["expires_in"] == 600
    switch(realm, "authority-676", on=False)
    try:
        refused = asked(realm, credential)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
        assert "access_token" not in refused.text
    finally:
        switch(realm, "authority-676", on=True)
    assert asked(realm, credential).status_code == 200


@dataclass(frozen=True)
class Issued:
    """An issuer as a journey needs it: tokens of machines, and of a person by the id in the register."""

    issuer: str
    machine: Callable[[str], Awaitable[str]]
    adviser: Callable[[str], Awaitable[str]]


@asynccontextmanager
async def development(_: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Issued]:
    """The issuer of `gwella up`, over HTTP as there."""
    issuer = DevelopmentIssuer.open(folder / "issuer", "http://127.0.0.1")
    async with served(issuer.app()) as issuer.url, httpx.AsyncClient(base_url=issuer.url) as client:

        async def granted(path: str, form: dict[str, str]) -> str:
            answer = await client.post(path, data=form)
            assert answer.status_code == 200, answer.text
            return str(answer.json()["access_token"])

        async def machine(name: str) -> str:
            return await granted("/token", proof(issuer.credentials[name], f"{issuer.url}/token"))

        async def adviser(person_id: str) -> str:
            form = proof(issuer.credentials["front-end"], f"{issuer.url}/dev/user-token")
            return await granted("/dev/user-token", form | {"person": "adviser", "person_id": person_id})

        yield Issued(issuer.url, machine, adviser)


@asynccontextmanager
async def keycloak(request: pytest.FixtureRequest, _: Path) -> AsyncIterator[Issued]:
    """The realm of `deploy/`: the person is entered by its administrator and signs in through the form."""
    realm: Realm = request.getfixturevalue("realm")

    async def machine(name: str) -> str:
        return await asyncio.to_thread(token, realm, name)

    async def adviser(person_id: str) -> str:
        known = await asyncio.to_thread(registered, realm, [{"role": "adviser", "body": "csc"}], person_id)
        granted = await asyncio.to_thread(front_end(realm).sign_in, *known)
        return str(granted["access_token"])

    yield Issued(realm.server.issuer, machine, adviser)


Issuing = Callable[[pytest.FixtureRequest, Path], AbstractAsyncContextManager[Issued]]


@pytest.mark.journey
@pytest.mark.parametrize("issuing", [development, keycloak])
async def test_one_journey_under_either_issuer(
    issuing: Issuing, migrated_database: MigratedDatabase, data_folder: Path, request: pytest.FixtureRequest
) -> None:
    """A system lists its schools, an adviser plans and holds a visit, everybody else is refused as the policy says."""
    async with (
        issuing(request, data_folder) as issued,
        running(migrated_database, issuers=(TrustedIssuer(issued.issuer),)) as suite,
    ):
        await told(suite)
        names = ("authority-673", "authority-681", ASSERTING)
        vale, cardiff, wales = [authorised(await issued.machine(name)) for name in names]
        adviser = authorised(await issued.adviser(suite.people["adviser"]))
        schools = (await suite.get("/v1/schools?authority=673", vale)).json()
        assert {one["school_number"] for one in schools["items"]} == {SCHOOL, NEIGHBOUR}
        visit = await visited(suite, adviser)
        seen = [await suite.get(f"/v1/visits/{visit}", one) for one in (vale, adviser, cardiff, wales)]
        assert [answer.status_code for answer in seen] == [200, 200, 404, 403]
        assert seen[0].json()["state"] == "held"
        assert seen[3].json()["code"] == "operation_not_permitted"
        assert (await suite.get("/v1/schools", wales)).status_code == 200
        forged = {"Authorization": vale["Authorization"][:-6] + "AAAAAA"}
        refused = await suite.get("/v1/schools", forged)
        assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")


async def visited(suite: Suite, adviser: dict[str, str]) -> str:
    """A visit that the adviser planned and held."""
    planned = {"school_number": SCHOOL, "visit_type": "spring_monitoring", "planned_for": "2020-01-20"}
    made = await suite.post("/v1/visits", planned, adviser)
    await suite.post(f"/v1/visits/{made['id']}/hold", {"held_on": "2020-01-20"}, adviser)
    return str(made["id"])


def authorised(bearer: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer}"}
