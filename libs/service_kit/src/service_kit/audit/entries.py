"""What an audit entry says, and the bytes that are chained.

The bytes are canonical JSON (sorted names, UTF-8, no spaces) and are stored as they were hashed, so that no later
library can spell them otherwise. They hold no value of a record, no reason and no name of a person: those are digests
here and stand in `audit_values`.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Protocol

import orjson

from contracts.data_class import DataClass
from contracts.identifiers import new_id
from service_kit.auth.principal import Principal

SALT_BYTES: Final = 16
REASON: Final = "reason"
"""Under this name, apart from the record's fields, the reason has its digest and its value."""


class Acting(Protocol):
    """Who acts in a request: what `service_kit.journal.Actor` is."""

    @property
    def subject(self) -> str:
        """Who."""
        ...

    @property
    def client_id(self) -> str:
        """Through which client."""
        ...

    @property
    def request_id(self) -> str:
        """In which request."""
        ...

    @property
    def principal(self) -> Principal | None:
        """With which roles; None for the service itself."""
        ...


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry ready to be stored: the bytes, what repeats them for search, and the values that stand beside.

    `values`: name to `{"salt", "old", "new"}`, salt in hex, old and new as canonical JSON text or absent; None for a
    read, which keeps no values.
    """

    entry_id: str
    at: datetime
    action: Literal["write", "read"]
    subject: str
    client_id: str
    request_id: str
    record: str
    record_id: str
    entry: bytes
    values: Mapping[str, Mapping[str, str]] | None = field(default=None, repr=False)


def change(
    *,
    actor: Acting,
    at: datetime,
    record: str,
    record_id: str,
    version: int,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    reason: str | None = None,
) -> AuditEntry:
    """The entry of one write: which fields changed, and salted digests of their old and new values.

    Fields that are equal before and after are left out; None and absent are the same. `at`: aware, UTC. Values are
    anything JSON has, or what has a text (dates, ranges).
    """
    texts = {
        name: (_text(before.get(name)), _text(after.get(name)))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
    pool = os.urandom(SALT_BYTES * (len(texts) + 1))
    digests: dict[str, dict[str, str]] = {}
    values: dict[str, dict[str, str]] = {}
    for place, (name, (old, new)) in enumerate(texts.items()):
        salt = pool[place * SALT_BYTES : (place + 1) * SALT_BYTES]
        pair = {key: text for key, text in (("old", old), ("new", new)) if text is not None}
        digests[name] = {key: digest(salt, text) for key, text in pair.items()}
        values[name] = {"salt": salt.hex(), **pair}
    facts: dict[str, Any] = {"version": version, "fields": digests}
    if reason is not None:
        salt, said = pool[-SALT_BYTES:], orjson.dumps(reason).decode()
        facts[REASON] = digest(salt, said)
        values["/" + REASON] = {"salt": salt.hex(), "new": said}
    return _entry("write", actor, at, record, record_id, facts, values)


def reading(
    *,
    actor: Acting,
    at: datetime,
    operation: str,
    record: str,
    record_ids: Sequence[str],
    data_class: DataClass,
) -> AuditEntry:
    """The entry of one read of personal or confidential data: which records one answer showed. It keeps no values.

    `record_id` of the stored row is the one record shown, or "" for a page of several.
    """
    facts = {"operation": operation, "records": sorted(record_ids), "data_class": data_class.value}
    return _entry("read", actor, at, record, record_ids[0] if len(record_ids) == 1 else "", facts, None)


def digest(salt: bytes, text: str) -> str:
    """The salted digest of one value's canonical text, in hex (SHA-256)."""
    return hashlib.sha256(salt + text.encode()).hexdigest()


def _entry(
    action: Literal["write", "read"],
    actor: Acting,
    at: datetime,
    record: str,
    record_id: str,
    facts: Mapping[str, Any],
    values: Mapping[str, Mapping[str, str]] | None,
) -> AuditEntry:
    entry_id = new_id()
    document = {
        "entry_id": entry_id,
        "at": at.isoformat(),
        "action": action,
        "subject": actor.subject,
        "for": _on_behalf_of(actor.principal),
        "client_id": actor.client_id,
        "request_id": actor.request_id,
        "record": record,
        "record_id": record_id,
        **facts,
    }
    return AuditEntry(
        entry_id,
        at,
        action,
        actor.subject,
        actor.client_id,
        actor.request_id,
        record,
        record_id,
        orjson.dumps(document, option=orjson.OPT_SORT_KEYS),
        values,
    )


def _on_behalf_of(principal: Principal | None) -> list[str]:
    """For whom: the roles as which the caller acts, each with its authority, school or body."""
    if principal is None:
        return []
    named = ((grant.role, grant.authority or grant.school or grant.body) for grant in principal.grants)
    return sorted(":".join(part for part in parts if part) for parts in named)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS).decode()
