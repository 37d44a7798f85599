"""How tests act at the realm: as a machine, as somebody who signs in, as the administrator."""

import base64
import json
import secrets
from dataclasses import dataclass
from typing import Any

import httpx

from service_kit.clock import SystemClock
from testkit.issuer import ASSERTION_TYPE, assertion_for
from testkit.issuer_directory import Credential
from testkit.keycloak import Keycloak
from testkit.signing_in import FrontEnd

ASSERTING = "welsh-government"
"""The client that proves itself with its key."""
PERSON_ID = "01900000-0000-7000-8000-000000000001"


@dataclass(frozen=True)
class Realm:
    """The running server, what machine clients prove themselves with, and where people come back to."""

    server: Keycloak
    credentials: dict[str, Credential]
    front_end: str


def proof(credential: Credential, audience: str, scope: str | None = "*") -> dict[str, str]:
    """The form by which a machine asks for a token; `audience` is for whom an assertion is made."""
    form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
    if credential.secret is not None:
        return form | {"client_id": credential.client_id, "client_secret": credential.secret}
    assertion = assertion_for(credential, audience, SystemClock())
    return form | {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


def asked(realm: Realm, credential: Credential, scope: str | None = "*", **more: str) -> httpx.Response:
    """What the token endpoint answers to a machine."""
    form = proof(credential, realm.server.issuer, scope)
    return httpx.post(realm.server.token_url, data=form | more, trust_env=False, timeout=30)


def token(realm: Realm, client_id: str, scope: str | None = "*") -> str:
    answer = asked(realm, realm.credentials[client_id], scope)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def registered(realm: Realm, grants: list[dict[str, str]], person_id: str = PERSON_ID) -> tuple[str, str]:
    """Somebody whom the administrator entered: user name and password."""
    name, password = f"person-{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    attributes = {
        "person_id": [person_id],
        "locale": ["cy"],
        "gwella_roles": [json.dumps(grant) for grant in grants],
    }
    credential = {"type": "password", "value": password, "temporary": False}
    user = {"username": name, "enabled": True, "attributes": attributes, "credentials": [credential]}
    realm.server.administer("POST", "/users", user)
    return name, password


def front_end(realm: Realm) -> FrontEnd:
    return FrontEnd(realm.server.issuer, "front-end", f"{realm.front_end}/back")


def switch(realm: Realm, client_id: str, *, on: bool) -> None:
    """The administrator lets a client in or not."""
    known = realm.server.client(client_id)
    realm.server.administer("PUT", f"/clients/{known['id']}", known | {"enabled": on})


def rotate(realm: Realm) -> None:
    """A new signing key of higher priority, as an administrator adds it."""
    provider = {
        "name": f"rotated-{secrets.token_hex(4)}",
        "parentId": realm.server.administer("GET").json()["id"],
        "providerId": "rsa-generated",
        "providerType": "org.keycloak.keys.KeyProvider",
        "config": {"priority": ["200"], "enabled": ["true"], "active": ["true"], "keySize": ["2048"]},
    }
    realm.server.administer("POST", "/components", provider)


def header(token: str) -> dict[str, Any]:
    """What stands before the claims."""
    text = token.partition(".")[0]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found
