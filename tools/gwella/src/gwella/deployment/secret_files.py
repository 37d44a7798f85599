"""The secrets of a deployment: what must exist, and files of what does not exist yet. Nothing of it is committed.

A secret is a folder, its keys are files, as Kubernetes mounts them. `databases/` has the passwords of database roles
(the init script of PostgreSQL sees that folder alone), `keys/` what else there is. The outermost folder is ours alone;
inside it files are readable, because the processes in containers run as somebody else.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from gwella.deployment.keycloak import keys_variable, secret_variable
from gwella.deployment.processes import DATABASE_ROLES, Addresses, processes
from gwella.suite.topology import Topology
from testkit.issuer_directory import Directory

FOLDER: Final = "deploy/secrets"
ISSUER_FILE: Final = "keycloak.env"
FRONT_END: Final = "http://localhost:3000"
_NOWHERE: Final = Addresses("", lambda _: "")

Kind = Literal["random", "key"]


@dataclass(frozen=True)
class Needed:
    """One key of a secret: random text, or a private key (JWK, Ed25519)."""

    secret: str
    key: str
    kind: Kind

    @property
    def path(self) -> str:
        """Where it lies below the folder."""
        return path_of(self.secret, self.key)


def path_of(secret: str, key: str) -> str:
    """Where the key of a secret lies below the folder of secrets."""
    roles = tuple(f"-{role}" for role in set(DATABASE_ROLES.values()))
    return f"{'databases' if secret.endswith(roles) else 'keys'}/{secret}/{key}"


def needed(topology: Topology) -> list[Needed]:
    """Every key that some process refers to, and PostgreSQL's superuser."""
    found = {Needed("postgres-superuser", "password", "random")}
    for process in processes(topology, _NOWHERE):
        found |= {Needed(one.secret, one.key, "random") for one in process.secrets}
        found |= {Needed(one.secret, one.key, "key") for one in process.files}
    return sorted(found, key=lambda one: one.path)


def complete(folder: Path, topology: Topology, directory: Directory) -> list[str]:
    """Makes what is missing and changes nothing that is there; gives the paths that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    written = []
    for one in needed(topology):
        path = folder / one.path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_value(one), encoding="utf-8")
            written.append(one.path)
    issuer = folder / ISSUER_FILE
    if not issuer.exists():
        issuer.write_text(
            "".join(f"{name}={value}\n" for name, value in _issuer(directory)), encoding="utf-8"
        )
        written.append(ISSUER_FILE)
    return written


def secret_manifests(folder: Path, topology: Topology, namespace: str) -> Iterator[dict[str, Any]]:
    """The files as Secrets of Kubernetes, for a cluster of development; of database roles with their user name."""
    by_secret: dict[str, dict[str, str]] = {}
    for one in needed(topology):
        text = (folder / one.path).read_text(encoding="utf-8")
        by_secret.setdefault(one.secret, {})[one.key] = text
        if one.path.startswith("databases/"):
            by_secret[one.secret]["username"] = one.secret.replace("-", "_")
    lines = (folder / ISSUER_FILE).read_text(encoding="utf-8").splitlines()
    by_secret["keycloak"] = dict(line.split("=", 1) for line in lines if "=" in line)
    for name, content in by_secret.items():
        basic = {"username", "password"} <= set(content)
        yield {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace},
            "type": "kubernetes.io/basic-auth" if basic else "Opaque",
            "data": {key: base64.b64encode(text.encode()).decode() for key, text in content.items()},
        }


def _value(one: Needed) -> str:
    if one.kind == "random":
        return secrets.token_urlsafe(32)
    from joserfc.jwk import OKPKey

    key = OKPKey.generate_key("Ed25519", parameters={"use": "sig"}, auto_kid=True)
    return json.dumps(key.as_dict(private=True))


def _issuer(directory: Directory) -> Iterator[tuple[str, str]]:
    yield "KC_BOOTSTRAP_ADMIN_USERNAME", "admin"
    yield "KC_BOOTSTRAP_ADMIN_PASSWORD", secrets.token_urlsafe(24)
    yield "GWELLA_FRONT_END_URL", FRONT_END
    for client in directory.clients.values():
        if client.assertion:
            # Where the client publishes its public keys: to be replaced by its real address.
            yield keys_variable(client.client_id), f"https://{client.client_id}.example/jwks"
        elif not client.may_act_for_people:
            yield secret_variable(client.client_id), secrets.token_urlsafe(32)
