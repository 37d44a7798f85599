"""The offline verifier: is this audit log, as exported, the one that was written?

It needs the entries, the signed checkpoints and the public keys, and no database. It finds a changed, removed, added or
reordered entry (the chain), a rewritten chain (the checkpoints), a cut end (a checkpoint beyond it), columns that do
not repeat their bytes, and values that are not those that were written.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from joserfc.jwk import Key, KeySet

from service_kit.audit.checkpoints import Checkpoint, CheckpointError, read_checkpoint
from service_kit.audit.entries import REASON, digest
from service_kit.audit.tables import PROMOTED

GENESIS: Final = b""
"""The chain before the first entry."""

Values = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """One row of audit_log as exported; `values` of its row in audit_values, or None where there is none any more."""

    position: int
    entry: bytes
    chain: bytes
    promoted: Mapping[str, Any]
    values: Values | None = None

    @classmethod
    def of(cls, row: Any, values: Values | None = None) -> "LoggedEntry":
        """From a row of `select(audit_log)`."""
        return cls(
            row.position, row.entry, row.chain, {name: getattr(row, name) for name in PROMOTED}, values
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `kind`: position, chain, columns, values, checkpoint or end."""

    position: int
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What the verifier saw. `sound` only when nothing is wrong; `signed_up_to` 0: no checkpoint vouches for it."""

    entries: int
    last_position: int
    checkpoints: int
    signed_up_to: int
    erased: int
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether the log is what was written, as far as chain and checkpoints can tell."""
        return not self.findings

    @property
    def vouched(self) -> bool:
        """Whether it is sound and a checkpoint vouches for its very end; entries after the last one might be added."""
        return self.sound and self.signed_up_to == self.last_position


def verify(
    entries: Iterable[LoggedEntry], checkpoints: Sequence[str], keys: Key | KeySet, service: str | None = None
) -> VerificationReport:
    """Checks a whole log from position 1, in order of position, in constant memory.

    `checkpoints` are signed ones, from the database or from wherever copies were kept; `service`, when given, must be
    theirs. `erased` counts writes some of whose values are gone, which is no fault.
    """
    findings: list[Finding] = []
    expected = _expected(checkpoints, keys, service, findings)
    state, position, count, erased, confirmed = GENESIS, 0, 0, 0, []
    for entry in entries:
        count += 1
        if entry.position != position + 1:
            findings.append(Finding(entry.position, "position", f"follows position {position}"))
        position = entry.position
        state = hashlib.sha256(state + entry.entry).digest()
        if not hmac.compare_digest(state, entry.chain):
            findings.append(
                Finding(position, "chain", "the entry, or one before it, is not what was written")
            )
            # Go on from what is stored, so that each break is reported once and not at every later entry.
            state = entry.chain
        erased += _check_content(entry, findings)
        for checkpoint in expected.pop(position, ()):
            if hmac.compare_digest(checkpoint.chain, entry.chain):
                confirmed.append(position)
            else:
                findings.append(Finding(position, "checkpoint", "the chain is not the one that was signed"))
    findings.extend(
        Finding(at, "end", f"signed up to here, but the log has no such entry (it ends at {position})")
        for at in sorted(expected)
    )
    return VerificationReport(
        count, position, len(confirmed), max(confirmed, default=0), erased, tuple(findings)
    )


def _expected(
    signed: Sequence[str], keys: Key | KeySet, service: str | None, findings: list[Finding]
) -> dict[int, list[Checkpoint]]:
    expected: dict[int, list[Checkpoint]] = {}
    for one in signed:
        try:
            checkpoint = read_checkpoint(one, keys)
        except CheckpointError as error:
            findings.append(Finding(0, "checkpoint", str(error)))
            continue
        if service is not None and checkpoint.service != service:
            findings.append(Finding(checkpoint.position, "checkpoint", f"is of {checkpoint.service}"))
            continue
        expected.setdefault(checkpoint.position, []).append(checkpoint)
    return expected


def _check_content(entry: LoggedEntry, findings: list[Finding]) -> int:
    """Columns and values against the bytes; returns 1 where values are gone."""
    try:
        document: dict[str, Any] = orjson.loads(entry.entry)
        differing = [name for name in PROMOTED if not _repeats(name, entry.promoted[name], document[name])]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        findings.append(Finding(entry.position, "columns", f"unreadable entry ({type(error).__name__})"))
        return 0
    if differing:
        findings.append(
            Finding(entry.position, "columns", f"do not repeat the entry: {', '.join(differing)}")
        )
    digests = _digests(document)
    for name, value in (entry.values or {}).items():
        if not _holds(digests.get(name), value):
            findings.append(Finding(entry.position, "values", f"of {name} are not those that were written"))
    return int(bool(digests.keys() - (entry.values or {}).keys()))


def _digests(document: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    found = dict(document.get("fields", {}))
    if REASON in document:
        found["/" + REASON] = {"new": document[REASON]}
    return found


def _holds(digests: Mapping[str, str] | None, value: Mapping[str, str]) -> bool:
    """Whether a field's kept values are the digested ones: each of them, and none left out or added."""
    if digests is None or value.keys() - {"salt"} != digests.keys():
        return False
    try:
        salt = bytes.fromhex(value["salt"])
    except (KeyError, ValueError):
        return False
    return all(hmac.compare_digest(digest(salt, value[key]), digests[key]) for key in digests)


def _repeats(name: str, column: Any, said: Any) -> bool:
    if name != "at":
        return bool(column == said)
    # An export spells a moment as it likes.
    moment = column if isinstance(column, datetime) else datetime.fromisoformat(column)
    return moment == datetime.fromisoformat(said)
