"""The exported file: any single damage to it is found, also by somebody who writes its last line anew (O-08)."""

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey

from contracts.data_class import DataClass
from service_kit import audit
from service_kit.audit.checkpoints import Checkpoint, CheckpointError, sign
from service_kit.audit.entries import AuditEntry
from service_kit.audit.exporting import (
    ExportReport,
    entry_document,
    load_public_key,
    verify_export,
    write_export,
)
from service_kit.audit.tables import PROMOTED
from service_kit.audit.verifying import LoggedEntry

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY, STRANGER = (OKPKey.generate_key("Ed25519", auto_kid=True) for _ in range(2))
PUBLIC = load_public_key(KEY.as_pem(private=False))
SIGNED = (4, 8)
ENTRIES = 10
"""Two entries stand behind the last checkpoint."""


@dataclass(frozen=True)
class Actor:
    """Who acts in these tests."""

    subject: str = "s-1"
    client_id: str = "c-1"
    request_id: str = "r-1"
    principal: None = None


def entry(number: int) -> AuditEntry:
    if number % 3 == 0:
        return audit.reading(
            actor=Actor(), at=NOW, operation="contacts.read", record="contact", record_ids=["a", "b"],
            data_class=DataClass.personal,
        )  # fmt: skip
    return audit.change(
        actor=Actor(), at=NOW, record="contact", record_id=f"id-{number}", version=number,
        before={"email": "hen@x.test"}, after={"email": f"tŷ{number}@x.test"}, reason="she moved",
    )  # fmt: skip


def log() -> list[LoggedEntry]:
    """A log as a sequencer leaves it."""
    state, rows = b"", []
    for position in range(1, ENTRIES + 1):
        one = entry(position)
        state = hashlib.sha256(state + one.entry).digest()
        promoted = {name: getattr(one, name) for name in PROMOTED}
        rows.append(LoggedEntry(position, one.entry, state, promoted, one.values))
    return rows


def exported(rows: Sequence[LoggedEntry], checkpoints: Sequence[str], service: str = "audited") -> bytes:
    file = io.BytesIO()
    # As a client has them: the API's JSON, read again.
    listed = [orjson.loads(orjson.dumps({**entry_document(row), "id": "1"})) for row in rows]
    for row in listed:
        del row["id"]
    assert write_export(file, service, checkpoints, listed) == len(rows)
    return file.getvalue()


def checkpoint(row: LoggedEntry, key: OKPKey = KEY, chain: bytes | None = None) -> str:
    return sign(Checkpoint("audited", row.position, chain or row.chain, NOW.isoformat()), key)


ROWS = log()
GOOD = exported(ROWS, [checkpoint(ROWS[at - 1]) for at in SIGNED])
LINES = GOOD.splitlines(keepends=True)
FIRST = 1 + len(SIGNED)
"""The line of the first entry, from 0."""


def report(content: bytes, further: Sequence[str] = ()) -> ExportReport:
    return verify_export(io.BytesIO(content), PUBLIC, further)


def resealed(lines: Sequence[bytes]) -> bytes:
    """What somebody does who knows the format: the last line is made to fit."""
    body = b"".join(lines[:-1])
    end = orjson.loads(LINES[-1]) | {"sha256": hashlib.sha256(body).hexdigest()}
    return body + orjson.dumps(end, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def changed(line: bytes, **said: Any) -> bytes:
    document: Mapping[str, Any] = orjson.loads(line) | said
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def without(lines: list[bytes], i: int, _: int) -> list[bytes]:
    return [*lines[:i], *lines[i + 1 :]]


def doubled(lines: list[bytes], i: int, j: int) -> list[bytes]:
    return [*lines[:j], lines[i], *lines[j:]]


def swapped(lines: list[bytes], i: int, j: int) -> list[bytes]:
    other = j if i != j else (i + 1 if i == FIRST else i - 1)
    moved = list(lines)
    moved[i], moved[other] = lines[other], lines[i]
    return moved


def rewritten(lines: list[bytes], i: int, _: int) -> list[bytes]:
    said = orjson.loads(lines[i])
    bytes_ = orjson.dumps(
        orjson.loads(said["entry"]) | {"subject": "x"}, option=orjson.OPT_SORT_KEYS
    ).decode()
    return [*lines[:i], changed(lines[i], entry=bytes_, subject="x"), *lines[i + 1 :]]


def another_column(lines: list[bytes], i: int, _: int) -> list[bytes]:
    return [*lines[:i], changed(lines[i], client_id="x"), *lines[i + 1 :]]


DAMAGE: dict[str, Callable[[list[bytes], int, int], list[bytes]]] = {
    "dropped": without, "inserted": doubled, "swapped": swapped, "rewritten": rewritten, "column": another_column,
}  # fmt: skip


def test_a_file_as_it_was_exported_is_sound() -> None:
    """O-08: verified with the public key alone; the report says how far it is signed."""
    found = report(GOOD)
    assert found.findings == ()
    assert (found.vouched, found.service, found.log.entries) == (True, "audited", ENTRIES)
    assert (found.log.signed_up_to, found.log.last_position) == (SIGNED[-1], ENTRIES)
    assert report(exported([], [])).vouched


@given(place=st.integers(0, len(GOOD) - 1), bit=st.integers(1, 255))
@settings(max_examples=400, deadline=None)
def test_any_changed_byte_is_found(place: int, bit: int) -> None:
    """O-08: wherever in the file, also in its first and last line."""
    assert not report(GOOD[:place] + bytes([GOOD[place] ^ bit]) + GOOD[place + 1 :]).sound


@given(place=st.integers(0, len(GOOD) - 1))
@settings(max_examples=200, deadline=None)
def test_any_truncation_is_found(place: int) -> None:
    """O-08: also behind the last checkpoint and between two lines."""
    assert not report(GOOD[:place]).sound


@given(st.integers(0, len(LINES) - 1), st.integers(0, len(LINES) - 1))
@settings(max_examples=100, deadline=None)
def test_any_line_dropped_inserted_or_swapped_is_found(i: int, j: int) -> None:
    """O-08: whatever the line: header, checkpoint, entry or end."""
    lines = list(LINES)
    assert not report(b"".join(without(lines, i, j))).sound
    assert not report(b"".join(doubled(lines, i, j))).sound
    if i != j:
        lines[i], lines[j] = lines[j], lines[i]
        assert not report(b"".join(lines)).sound


@given(st.sampled_from(sorted(DAMAGE)), *[st.integers(FIRST, FIRST + SIGNED[-1] - 1)] * 2)
@settings(max_examples=200, deadline=None)
def test_a_resealed_damage_to_what_is_signed_is_found_and_placed(name: str, i: int, j: int) -> None:
    """O-08: who writes the last line anew meets the chain; each finding names a row at or behind the damage."""
    found = report(resealed(DAMAGE[name](list(LINES), i, j)))
    assert not found.sound
    from_ = min(i, j) if name in ("inserted", "swapped") else i
    near = from_ - FIRST + 1
    # A swap of a row with itself falls back to its neighbour.
    assert all(one.position >= near - 1 for one in found.findings), found.findings
    assert any(near - 1 <= one.position <= max(i, j) - FIRST + 3 for one in found.findings), found.findings


@given(st.integers(1, ENTRIES), st.sampled_from(["bytes", "removed"]))
@settings(max_examples=60, deadline=None)
def test_a_chain_computed_anew_contradicts_its_signature(at: int, how: str) -> None:
    """O-08: with the whole database one can chain anew, and not sign; behind the last checkpoint it is not signed."""
    rows = [row for row in ROWS if how != "removed" or row.position != at]
    state, made = b"", []
    for position, row in enumerate(rows, start=1):
        promoted, bytes_ = dict(row.promoted), row.entry
        if how == "bytes" and row.position == at:
            promoted["subject"] = "x"
            bytes_ = orjson.dumps(orjson.loads(bytes_) | {"subject": "x"}, option=orjson.OPT_SORT_KEYS)
        state = hashlib.sha256(state + bytes_).digest()
        made.append(LoggedEntry(position, bytes_, state, promoted, row.values))
    found = report(exported(made, [checkpoint(ROWS[one - 1]) for one in SIGNED]))
    if at <= SIGNED[-1]:
        assert {one.kind for one in found.findings} <= {"checkpoint", "end"}
        assert not found.sound
    else:
        assert (found.sound, found.log.signed_up_to) == (True, SIGNED[-1]), "said, not hidden"


@pytest.mark.parametrize(
    "forged",
    [
        checkpoint(ROWS[3], STRANGER),
        checkpoint(ROWS[3], chain=b"\x00" * 32),
        sign(Checkpoint("another", 4, ROWS[3].chain, NOW.isoformat()), KEY),
        sign(Checkpoint("audited", ENTRIES + 1, ROWS[-1].chain, NOW.isoformat()), KEY),
        "rubbish",
    ],
    ids=["another key", "another chain", "another service", "beyond the end", "rubbish"],
)
def test_a_forged_checkpoint_is_found(forged: str) -> None:
    """O-08: a signature of somebody else, of another log, or of what the log does not have."""
    found = report(exported(ROWS, [forged, checkpoint(ROWS[7])]))
    assert {one.kind for one in found.findings} <= {"checkpoint", "end"}
    assert not found.sound


def test_a_dropped_checkpoint_is_found_by_a_kept_copy() -> None:
    """O-08: without any signature nothing vouches; a copy kept elsewhere is held against the log."""
    bare = exported(ROWS[:6], [])
    assert (report(bare).sound, report(bare).vouched) == (True, False)
    kept = [checkpoint(ROWS[7])]
    assert [one.kind for one in report(bare, kept).findings] == ["end"]
    assert report(exported(ROWS, []), kept).vouched


def test_erased_values_are_no_fault_and_changed_ones_are() -> None:
    """O-08, design section 6: erasure empties values; what is kept must be what was written."""
    lines = list(LINES)
    lines[FIRST] = changed(LINES[FIRST], values=None)
    found = report(resealed(lines))
    assert (found.sound, found.log.erased) == (True, 1)
    kept = orjson.loads(LINES[FIRST])["values"]
    lines[FIRST] = changed(LINES[FIRST], values={**kept, "email": {**kept["email"], "new": '"x"'}})
    assert [(one.position, one.kind) for one in report(resealed(lines)).findings] == [(1, "values")]


def test_only_an_ed25519_key_is_taken() -> None:
    """The key file may be PEM or JWK; anything else is named."""
    assert load_public_key(orjson.dumps(KEY.as_dict(private=False))).thumbprint() == KEY.thumbprint()
    elliptic = ECKey.generate_key("P-256").as_pem(private=False)
    for wrong in (b"rubbish", b"{}", elliptic, OKPKey.generate_key("X25519").as_pem(private=False)):
        with pytest.raises(CheckpointError):
            load_public_key(wrong)
