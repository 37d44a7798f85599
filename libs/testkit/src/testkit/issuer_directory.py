"""Whom the development issuer knows, and the secrets and keys that it makes at its first start.

Who is known is reviewed data (`clients.toml`). Nothing secret is in the repository: client secrets, private keys of
clients that authenticate by assertion, and signing keys are made in the issuer's data folder, readable by us alone.
"""

import fcntl
import json
import os
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from contracts.text import LANGUAGES, Language, Text
from service_kit.auth.principal import Grant
from service_kit.policy.roles import Role, roles

KEYS_FILE = "signing-keys.json"
CLIENTS_FILE = "clients.json"
OWNER_ONLY = 0o600


class DirectoryError(ValueError):
    """`clients.toml` names an unknown role or leaves something out. The message says where."""


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A machine client: what its own tokens grant, and how it proves who it is."""

    client_id: str
    title: Text
    grants: tuple[Grant, ...]
    may_act_for_people: bool = False
    assertion: bool = False


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person of the development directory, by id; never by name."""

    subject: str
    person_id: str
    locale: Language
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class Directory:
    """Clients and people by their ids."""

    clients: Mapping[str, KnownClient]
    people: Mapping[str, KnownPerson]


def load_directory(text: str | None = None) -> Directory:
    """The directory from TOML, by default the one beside this module. Raises DirectoryError."""
    source = resources.files("testkit").joinpath("clients.toml").read_text("utf-8") if text is None else text
    document = tomllib.loads(source)
    clients = {name: _client(name, table) for name, table in document.get("clients", {}).items()}
    people = {name: _person(name, table) for name, table in document.get("people", {}).items()}
    return Directory(clients, people)


def _client(name: str, table: Mapping[str, Any]) -> KnownClient:
    title = table["title"]
    return KnownClient(
        name,
        Text(title["en"], title["cy"]),
        _grants(name, table, "machine"),
        bool(table.get("may_act_for_people", False)),
        bool(table.get("assertion", False)),
    )


def _person(name: str, table: Mapping[str, Any]) -> KnownPerson:
    if table.get("locale") not in LANGUAGES:
        raise DirectoryError(f"{name}: locale must be one of {LANGUAGES}")
    return KnownPerson(name, table["person_id"], table["locale"], _grants(name, table, "person"))


def _grants(name: str, table: Mapping[str, Any], kind: str) -> tuple[Grant, ...]:
    grants = tuple(Grant(**entry) for entry in table["grants"])
    known: Mapping[str, Role] = roles().roles
    for grant in grants:
        if grant.role not in known or known[grant.role].kind != kind:
            raise DirectoryError(f"{name}: {grant.role!r} is no role of a {kind}")
    return grants


@dataclass(frozen=True, slots=True)
class Credential:
    """How one client authenticates: a secret, or the private key with which it signs assertions."""

    client_id: str
    secret: str | None
    private_key: Mapping[str, Any] | None


def credentials(folder: Path, directory: Directory) -> dict[str, Credential]:
    """The credentials of every client, made at the first start and for clients added since. `folder` is created."""
    with _alone(folder):
        path = folder / CLIENTS_FILE
        kept: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.exists() else {}
        added = [client for client in directory.clients.values() if client.client_id not in kept]
        for client in added:
            kept[client.client_id] = (
                {"private_key": _new_key().as_dict(private=True)}
                if client.assertion
                else {"secret": secrets.token_urlsafe(32)}
            )
        if added:
            write_private(path, kept)
    return {name: Credential(name, one.get("secret"), one.get("private_key")) for name, one in kept.items()}


@dataclass
class SigningKeys:
    """The issuer's keys, newest first: the first signs, all are published."""

    folder: Path
    keys: list[ECKey]

    @classmethod
    def load(cls, folder: Path) -> "SigningKeys":
        """From the data folder; made there at the first start."""
        path = folder / KEYS_FILE
        with _alone(folder):
            if not path.exists():
                cls(folder, [_new_key()]).save()
        return cls(folder, [ECKey.import_key(entry) for entry in json.loads(path.read_text())])

    def rotate(self) -> None:
        """Signs with a new key from now on; the old ones stay published, so tokens already given stay good."""
        self.keys.insert(0, _new_key())
        self.save()

    def save(self) -> None:
        """Keeps the keys in the folder."""
        write_private(self.folder / KEYS_FILE, [key.as_dict(private=True) for key in self.keys])


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Makes the folder; whoever else makes what is missing in it waits, and then finds it there."""
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _new_key() -> ECKey:
    key = ECKey.generate_key("P-256", auto_kid=True)
    key.ensure_kid()
    return key


def write_private(path: Path, content: Any) -> None:
    """Writes JSON that only its owner can read, whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(content, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
