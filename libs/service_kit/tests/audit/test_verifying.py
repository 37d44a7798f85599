"""The offline verifier finds every tampering (mutants of a real log), and finds nothing wrong with an erasure."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, KeySet, OKPKey

from service_kit import audit
from service_kit.audit.checkpoints import (
    Checkpoint,
    CheckpointError,
    load_signing_key,
    read_checkpoint,
    sign,
    sign_checkpoint,
)
from service_kit.audit.verifying import LoggedEntry, verify
from service_kit.clock import FixedClock

Log = list[LoggedEntry]
KEY = OKPKey.generate_key("Ed25519", auto_kid=True)
KEYS = KeySet([KEY])


async def signed_log(ground: Any, count: int = 6) -> tuple[Log, list[str]]:
    """A log with a checkpoint in its middle and one at its end."""
    clock, checkpoints = FixedClock(ground.now), []
    for part in (ground.history(count // 2), ground.history(count - count // 2)):
        await ground.append(*part)
        await ground.sequence()
        async with ground.worker.begin() as connection:
            checkpoints.append(await sign_checkpoint(connection, ground.tables, KEY, clock, "audited"))
    return await ground.logged(), checkpoints


def rechained(log: Sequence[LoggedEntry]) -> Log:
    """What somebody with the whole database would do: number and chain everything anew."""
    state, made = b"", []
    for place, entry in enumerate(log, start=1):
        state = hashlib.sha256(state + entry.entry).digest()
        made.append(replace(entry, position=place, chain=state))
    return made


def rewritten(entry: LoggedEntry, **said: Any) -> LoggedEntry:
    document = orjson.loads(entry.entry) | said
    promoted = {**entry.promoted, **{k: v for k, v in said.items() if k in entry.promoted}}
    return replace(entry, entry=orjson.dumps(document, option=orjson.OPT_SORT_KEYS), promoted=promoted)


def at(place: int, change: Callable[[LoggedEntry], LoggedEntry]) -> Callable[[Log], Log]:
    return lambda log: [change(one) if i == place else one for i, one in enumerate(log)]


def value(one: LoggedEntry, **changes: str | None) -> LoggedEntry:
    email = {k: v for k, v in ({**one.values["email"], **changes}).items() if v is not None}
    return replace(one, values={**one.values, "email": email})


def beside(one: LoggedEntry, name: str, text: str) -> LoggedEntry:
    return replace(one, values={**one.values, name: {"salt": "00" * 16, "new": text}})


def column(one: LoggedEntry, **columns: Any) -> LoggedEntry:
    return replace(one, promoted={**one.promoted, **columns})


def flipped(content: bytes, place: int) -> bytes:
    return bytes(byte ^ 1 if i == place else byte for i, byte in enumerate(content))


def swapped(log: Log, place: int) -> Log:
    other = (place + 1) % len(log)
    moved = list(log)
    moved[place], moved[other] = log[other], log[place]
    return moved


# What can be done to one entry where it stands.
IN_PLACE: dict[str, Callable[[LoggedEntry], LoggedEntry]] = {
    "another subject, in the bytes only": lambda e: replace(rewritten(e, subject="x"), promoted=e.promoted),
    "another subject, in the bytes and the column": lambda e: rewritten(e, subject="x"),
    "one bit of the bytes": lambda e: replace(e, entry=flipped(e.entry, len(e.entry) - 2)),
    "one bit of the chain": lambda e: replace(e, chain=flipped(e.chain, 0)),
    "no object": lambda e: replace(e, entry=b"[]"),
    "no JSON": lambda e: replace(e, entry=b"{"),
    "another number": lambda e: replace(e, position=e.position + 1),
    "a column that says otherwise": lambda e: column(e, client_id="x"),
    "a column with another moment": lambda e: column(e, at=e.promoted["at"] + timedelta(seconds=1)),
    "another new value": lambda e: value(e, new='"x"'),
    "another old value": lambda e: value(e, old='"x"'),
    "the old value left out": lambda e: value(e, old=None),
    "another salt": lambda e: value(e, salt="00" * 16),
    "no salt": lambda e: value(e, salt=None),
    "a value that was never written": lambda e: beside(e, "n2", "1"),
    "another reason": lambda e: beside(e, "/reason", '"because"'),
}
# What can be done to the log around one entry; "hidden": with everything numbered and chained anew afterwards.
AROUND: dict[str, Callable[[Log, int], Log]] = {
    "removed": lambda log, i: log[:i] + log[i + 1 :],
    "removed, hidden": lambda log, i: rechained(log[:i] + log[i + 1 :]),
    "doubled": lambda log, i: log[: i + 1] + log[i:],
    "doubled, hidden": lambda log, i: rechained(log[: i + 1] + log[i:]),
    "swapped": swapped,
    "swapped, hidden": lambda log, i: rechained(swapped(log, i)),
    "rewritten, hidden": lambda log, i: rechained(at(i, lambda e: rewritten(e, subject="x"))(log)),
    "cut off from here": lambda log, i: log[:i],
}
MUTANTS = {
    name: (lambda log, i, change=change: at(i, change)(log)) for name, change in IN_PLACE.items()
} | AROUND


async def test_a_log_as_it_was_written_is_sound(ground: Any) -> None:
    """Design, section 6: signed checkpoints, verifiable offline."""
    log, checkpoints = await signed_log(ground)
    report = verify(log, checkpoints, KEYS, "audited")
    assert report.findings == ()
    assert report.vouched
    assert (report.entries, report.last_position, report.checkpoints, report.signed_up_to, report.erased) == (
        6,
        6,
        2,
        6,
        0,
    )
    public_only = KeySet.import_key_set(KEYS.as_dict(private=False))
    assert verify(iter(log), checkpoints, public_only).sound


async def test_tampering_any_entry_is_found(ground: Any) -> None:
    """Every mutant, at every entry of a log."""
    log, checkpoints = await signed_log(ground)
    survivors = [
        (name, place)
        for name, mutate in MUTANTS.items()
        for place in range(len(log))
        if verify(mutate(log, place), checkpoints, KEYS).vouched
    ]
    assert survivors == []


async def test_what_no_checkpoint_covers_is_said(ground: Any) -> None:
    """A rewritten chain is consistent in itself: only a checkpoint can contradict it; the report says up to where."""
    log, checkpoints = await signed_log(ground)
    forged = rechained(at(5, lambda e: rewritten(e, subject="x"))(log))
    report = verify(forged, checkpoints[:1], KEYS)
    assert (report.sound, report.vouched, report.signed_up_to) == (True, False, 3)
    assert not verify(forged, checkpoints, KEYS).sound


async def test_an_early_break_is_named_once(ground: Any) -> None:
    log, checkpoints = await signed_log(ground)
    report = verify(at(1, lambda e: rewritten(e, subject="x"))(log), checkpoints, KEYS)
    assert [(f.position, f.kind) for f in report.findings] == [(2, "chain")]


async def test_erasing_values_keeps_the_chain_valid(ground: Any) -> None:
    """Design, section 6: erasure and retention may empty `audit_values` without breaking the chain."""
    _, checkpoints = await signed_log(ground)
    async with ground.worker.begin() as connection:
        assert await audit.erase_values(connection, ground.tables, "contact", "id-1") == 2
        assert await audit.erase_values(connection, ground.tables, "contact", "id-0", ["email"]) == 2
    report = verify(await ground.logged(), checkpoints, KEYS)
    assert report.sound
    assert report.erased == 4
    stored = " ".join(str(one.entry) + str(one.values) for one in await ground.logged())
    assert "new1@x.test" not in stored


async def test_a_checkpoint_is_signed_once_per_state(ground: Any) -> None:
    clock = FixedClock(ground.now)
    async with ground.worker.begin() as connection:
        assert await sign_checkpoint(connection, ground.tables, KEY, clock, "audited") is None
    await ground.append(*ground.history(1))
    await ground.sequence()
    async with ground.worker.begin() as connection:
        assert await sign_checkpoint(connection, ground.tables, KEY, clock, "audited")
        assert await sign_checkpoint(connection, ground.tables, KEY, clock, "audited") is None


async def test_two_relays_may_sign_one_state(ground: Any) -> None:
    """Both see that nothing was signed yet; one keeps its checkpoint, the other ends without an error."""
    clock = FixedClock(ground.now)
    await ground.append(*ground.history(1))
    await ground.sequence()
    async with ground.worker.connect() as first, ground.worker.connect() as second:
        assert await sign_checkpoint(first, ground.tables, KEY, clock, "audited")
        waiting = asyncio.create_task(sign_checkpoint(second, ground.tables, KEY, clock, "audited"))
        await asyncio.sleep(0.05)
        await first.commit()
        assert await asyncio.wait_for(waiting, 10) is None
        await second.commit()


def test_a_checkpoint_of_another_key_type_service_or_kind_is_named() -> None:
    checkpoint = Checkpoint("audited", 1, b"\x00" * 32, "2026-11-22T12:00:00+00:00")
    other = OKPKey.generate_key("Ed25519", auto_kid=True)
    elliptic = ECKey.generate_key("P-256", auto_kid=True)
    payload = orjson.dumps({"service": "audited", "position": 1, "chain": "00", "signed_at": "x"})
    header = {"typ": "gwella-audit-checkpoint", "kid": elliptic.kid, "alg": "ES256"}
    refused = [
        sign(checkpoint, other),
        sign(checkpoint, KEY) + "A",
        "rubbish",
        jws.serialize_compact({"alg": "Ed25519", "typ": "JWT", "kid": KEY.kid}, payload, KEY, ["Ed25519"]),
        jws.serialize_compact(
            {"alg": "Ed25519", "typ": "gwella-audit-checkpoint", "kid": KEY.kid}, b"{}", KEY, ["Ed25519"]
        ),
        jws.serialize_compact(header, payload, elliptic, ["ES256"]),
    ]
    for one in refused:
        with pytest.raises(CheckpointError):
            read_checkpoint(one, KeySet([KEY, elliptic]))
        assert [f.kind for f in verify([], [one], KEYS).findings] == ["checkpoint"]
    assert read_checkpoint(sign(checkpoint, KEY), KEYS) == checkpoint
    assert [f.kind for f in verify([], [sign(checkpoint, KEY)], KEYS, "another").findings] == ["checkpoint"]
    assert [f.kind for f in verify([], [sign(checkpoint, KEY)], KEYS, "audited").findings] == ["end"]


def test_the_signing_key_is_a_private_ed25519_key(tmp_path: Path) -> None:
    path = tmp_path / "key.jwk"
    path.write_bytes(orjson.dumps(KEY.as_dict(private=True)))
    assert load_signing_key(path).kid == KEY.kid
    for wrong in (KEY.as_dict(private=False), OKPKey.generate_key("X25519").as_dict(private=True)):
        path.write_bytes(orjson.dumps(wrong))
        with pytest.raises(CheckpointError):
            load_signing_key(path)
