"""The realm of Keycloak gives tokens that our verifier takes, to the clients that we know, and holds no secret."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from contracts.operations import OPERATIONS
from gwella.deployment.keycloak import realm
from gwella.deployment.secret_files import complete
from gwella.suite.topology import Topology
from service_kit.auth.principal import Principal
from service_kit.auth.tokens import principal_of
from service_kit.settings import Settings
from testkit.issuer_directory import load_directory
from testkit.kafka_jars import read_lock
from testkit.keycloak import LOCK_PATH

ROOT = Path(__file__).parents[2]
REALM: dict[str, Any] = json.loads((ROOT / "deploy/keycloak/gwella-realm.json").read_text("utf-8"))
CLIENTS = {client["clientId"]: client for client in REALM["clients"]}
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
PERSON = {"person_id": "01900000-0000-7000-8000-000000000001", "locale": "cy"}


def claims_of(client: dict[str, Any], person: dict[str, Any]) -> dict[str, Any]:
    """What Keycloak's mappers make: those of the default scopes and those of the client, on an access token."""
    scopes = {scope["name"]: scope for scope in REALM["clientScopes"]}
    mappers = [mapper for name in client["defaultClientScopes"] for mapper in scopes[name]["protocolMappers"]]
    claims: dict[str, Any] = {"iss": "https://login.gwella.example/realms/gwella", "scope": "*"}
    for mapper in [*mappers, *client["protocolMappers"]]:
        config = mapper["config"]
        assert config["access.token.claim"] == "true"
        match mapper["protocolMapper"]:
            case "oidc-sub-mapper":
                claims["sub"] = "f3ce3be5-2761-490e-aa8b-8eda4165f908"
            case "oidc-audience-mapper":
                claims["aud"] = config["included.custom.audience"]
            case "oidc-hardcoded-claim-mapper":
                value = config["claim.value"]
                claims[config["claim.name"]] = (
                    json.loads(value) if config["jsonType.label"] == "JSON" else value
                )
            case "oidc-usermodel-attribute-mapper":
                if config["user.attribute"] in person:
                    claims[config["claim.name"]] = person[config["user.attribute"]]
            case unknown:
                raise AssertionError(unknown)
    return claims


@pytest.mark.parametrize("client_id", load_directory().clients)
def test_a_client_gets_what_the_directory_says(client_id: str) -> None:
    known = load_directory().clients[client_id]
    client = CLIENTS[client_id]
    claims = claims_of(client, {})
    assert claims["aud"] == Settings.model_fields["audience"].default
    principal: Principal = principal_of(claims)
    assert (principal.client_id, principal.grants) == (client_id, known.grants)
    assert client["attributes"]["access.token.header.type.rfc9068"] == "true"
    assert client["publicClient"] == known.may_act_for_people
    assert client["serviceAccountsEnabled"] != known.may_act_for_people
    assert not client["directAccessGrantsEnabled"]
    assert not client["implicitFlowEnabled"]


def test_a_person_has_the_roles_of_the_attribute() -> None:
    held = [{"role": "head", "school": "6732118"}]
    principal = principal_of(claims_of(CLIENTS["front-end"], {**PERSON, "gwella_roles": held}))
    assert (principal.person_id, principal.language) == (PERSON["person_id"], "cy")
    assert [(grant.role, grant.school) for grant in principal.grants] == [("head", "6732118")]


def test_nobody_changes_the_roles_they_hold() -> None:
    (provider,) = REALM["components"]["org.keycloak.userprofile.UserProfileProvider"]
    (profile,) = (json.loads(text) for text in provider["config"]["kc.user.profile.config"])
    ours = {one["name"]: one for one in profile["attributes"]}
    assert "unmanagedAttributePolicy" not in profile
    for name in ("person_id", "gwella_roles"):
        assert ours[name]["permissions"] == {"view": ["admin"], "edit": ["admin"]}


def test_each_kind_of_client_proves_itself_in_its_way() -> None:
    assert CLIENTS["welsh-government"]["clientAuthenticatorType"] == "client-jwt"
    assert CLIENTS["front-end"]["attributes"]["pkce.code.challenge.method"] == "S256"
    machines = [
        client for client in REALM["clients"] if client.get("clientAuthenticatorType") == "client-secret"
    ]
    assert len(machines) == len(CLIENTS) - 2
    assert all(PLACEHOLDER.fullmatch(client["secret"]) for client in machines)
    assert all("secret" not in client for client in REALM["clients"] if client not in machines)


def test_scopes_are_the_operations() -> None:
    offered = {scope["name"] for scope in REALM["clientScopes"]}
    assert offered == {"*", "gwella-claims", *OPERATIONS}
    for client in REALM["clients"]:
        # Nothing is granted that was not asked for.
        assert client["defaultClientScopes"] == ["gwella-claims"]
        assert set(client["optionalClientScopes"]) == {"*", *OPERATIONS}


def test_what_the_realm_leaves_open_is_made(tmp_path: Path, topology: Topology) -> None:
    complete(tmp_path, topology, load_directory())
    lines = (tmp_path / "keycloak.env").read_text().splitlines()
    made = {line.partition("=")[0] for line in lines}
    assert set(PLACEHOLDER.findall(json.dumps(REALM))) == made - {
        "KC_BOOTSTRAP_ADMIN_USERNAME",
        "KC_BOOTSTRAP_ADMIN_PASSWORD",
    }


def test_what_is_committed_is_what_the_code_says() -> None:
    assert realm(load_directory()) == REALM


def test_the_keycloak_of_the_tests_is_the_one_that_is_deployed(compose: dict[str, Any]) -> None:
    """`tests/identity` tries the realm on the version that the image has."""
    (locked,) = read_lock(LOCK_PATH)
    assert compose["services"]["keycloak"]["image"].endswith(f":{locked.coordinate.split(':')[2]}")
