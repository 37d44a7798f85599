"""The realm of Keycloak: the clients that the development issuer knows, and mappers that make our access tokens.

A token's `gwella_roles` come from the client (machines) or from the person's attribute; its `scope` holds what the
client asked for, so a client that asks for nothing may do nothing and one that asks for `*` may do all its roles allow.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from contracts.operations import OPERATIONS
from service_kit.auth.principal import Grant
from service_kit.auth.tokens import ROLES_CLAIM
from service_kit.settings import Settings
from testkit.issuer_directory import Directory, KnownClient

Document = dict[str, Any]

REALM: Final = "gwella"
CLAIMS: Final = "gwella-claims"
EVERYTHING: Final = "*"
TOKEN_SECONDS: Final = 600
FRONT_END: Final = "${GWELLA_FRONT_END_URL}"
"""Resolved from Keycloak's environment when the realm is imported, as every `${...}` here."""


def secret_variable(client_id: str) -> str:
    """The variable that holds a client's secret: `GWELLA_CLIENT_AUTHORITY_673_SECRET`."""
    return f"GWELLA_CLIENT_{client_id.replace('-', '_').upper()}_SECRET"


def keys_variable(client_id: str) -> str:
    """The variable that holds the address of a client's public keys (JWKS)."""
    return f"GWELLA_CLIENT_{client_id.replace('-', '_').upper()}_JWKS_URL"


def realm(directory: Directory) -> Document:
    """The realm as Keycloak imports it. People are not in it: a region's directory has them."""
    audience = Settings.model_fields["audience"].default
    return {
        "realm": REALM,
        "enabled": True,
        "displayName": "Gwella",
        "sslRequired": "external",
        "registrationAllowed": False,
        "bruteForceProtected": True,
        "accessTokenLifespan": TOKEN_SECONDS,
        "internationalizationEnabled": True,
        "supportedLocales": ["cy", "en"],
        "defaultLocale": "cy",
        "clientScopes": [_claims(audience), *_operations()],
        "defaultDefaultClientScopes": [CLAIMS],
        "defaultOptionalClientScopes": [],
        "clients": [_client(client) for client in directory.clients.values()],
        "components": {
            "org.keycloak.userprofile.UserProfileProvider": [
                {
                    "providerId": "declarative-user-profile",
                    "config": {"kc.user.profile.config": [json.dumps(_profile())]},
                }
            ]
        },
    }


def _claims(audience: str) -> Document:
    return {
        "name": CLAIMS,
        "description": "What every token of ours carries",
        "protocol": "openid-connect",
        "attributes": {"include.in.token.scope": "false"},
        "protocolMappers": [
            _mapper("subject", "oidc-sub-mapper", {}),
            _mapper("audience", "oidc-audience-mapper", {"included.custom.audience": audience}),
            _mapper("person", "oidc-usermodel-attribute-mapper", _attribute("person_id", "String")),
            _mapper("locale", "oidc-usermodel-attribute-mapper", _attribute("locale", "String")),
        ],
    }


def _operations() -> list[Document]:
    names = [
        (EVERYTHING, "All that the roles allow"),
        *((one.name, one.title.en) for one in OPERATIONS.values()),
    ]
    return [
        {
            "name": name,
            "description": description,
            "protocol": "openid-connect",
            "attributes": {"include.in.token.scope": "true", "display.on.consent.screen": "false"},
        }
        for name, description in names
    ]


def _client(client: KnownClient) -> Document:
    scopes = {
        "defaultClientScopes": [CLAIMS],
        "optionalClientScopes": [EVERYTHING, *OPERATIONS],
    }
    return {
        "clientId": client.client_id,
        "name": client.title.en,
        "protocol": "openid-connect",
        "enabled": True,
        "fullScopeAllowed": False,
        "directAccessGrantsEnabled": False,
        "implicitFlowEnabled": False,
        **(_person_client() if client.may_act_for_people else _machine(client)),
        "protocolMappers": _own_mappers(client),
        **scopes,
    }


def _machine(client: KnownClient) -> Document:
    about: Document = {
        "publicClient": False,
        "serviceAccountsEnabled": True,
        "standardFlowEnabled": False,
        "attributes": {"access.token.header.type.rfc9068": "true"},
    }
    if client.assertion:
        about["clientAuthenticatorType"] = "client-jwt"
        about["attributes"] |= {
            "use.jwks.url": "true",
            "jwks.url": f"${{{keys_variable(client.client_id)}}}",
            "token.endpoint.auth.signing.alg": "ES256",
        }
    else:
        about["clientAuthenticatorType"] = "client-secret"
        about["secret"] = f"${{{secret_variable(client.client_id)}}}"
    return about


def _person_client() -> Document:
    return {
        "publicClient": True,
        "serviceAccountsEnabled": False,
        "standardFlowEnabled": True,
        "redirectUris": [f"{FRONT_END}/*"],
        "webOrigins": [FRONT_END],
        "attributes": {
            "access.token.header.type.rfc9068": "true",
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": f"{FRONT_END}/*",
        },
    }


def _own_mappers(client: KnownClient) -> list[Document]:
    named = _mapper(
        "client",
        "oidc-hardcoded-claim-mapper",
        _claim("client_id", "String") | {"claim.value": client.client_id},
    )
    if client.may_act_for_people:
        held = _attribute(ROLES_CLAIM, "JSON") | {"multivalued": "true", "aggregate.attrs": "true"}
        return [named, _mapper("roles", "oidc-usermodel-attribute-mapper", held)]
    fixed = _claim(ROLES_CLAIM, "JSON") | {"claim.value": json.dumps([_grant(one) for one in client.grants])}
    return [named, _mapper("roles", "oidc-hardcoded-claim-mapper", fixed)]


def _grant(grant: Grant) -> dict[str, str]:
    return {name: value for name, value in asdict(grant).items() if value}


def _attribute(name: str, kind: str) -> dict[str, str]:
    return _claim(name, kind) | {"user.attribute": name}


def _claim(name: str, kind: str) -> dict[str, str]:
    return {"claim.name": name, "jsonType.label": kind}


def _mapper(name: str, kind: str, config: dict[str, str]) -> Document:
    return {
        "name": name,
        "protocol": "openid-connect",
        "protocolMapper": kind,
        "config": {
            "access.token.claim": "true",
            "id.token.claim": "false",
            "userinfo.token.claim": "false",
            "introspection.token.claim": "true",
        }
        | config,
    }


def _profile() -> Document:
    """A person's attributes. Whoever signs in may not change what gives rights."""
    ours = {"permissions": {"view": ["admin"], "edit": ["admin"]}}
    return {
        "attributes": [
            {"name": "username", "permissions": {"view": ["admin", "user"], "edit": ["admin"]}},
            {"name": "email", "permissions": {"view": ["admin", "user"], "edit": ["admin"]}},
            {"name": "firstName", "permissions": {"view": ["admin", "user"], "edit": ["admin"]}},
            {"name": "lastName", "permissions": {"view": ["admin", "user"], "edit": ["admin"]}},
            {"name": "person_id", "validations": {"length": {"max": 64}}, **ours},
            {"name": ROLES_CLAIM, "multivalued": True, "validations": {"length": {"max": 255}}, **ours},
        ]
    }
