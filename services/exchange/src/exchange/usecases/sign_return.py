"""Sign-off by two people, submission under our signature, and what Welsh Government answers."""

from pathlib import Path
from typing import Final

import orjson
from joserfc import jws
from joserfc.jwk import OKPKey

from contracts.events.exchange import (
    ReturnAcknowledged,
    ReturnQueried,
    ReturnSigned,
    ReturnSubmitted,
    ReturnSuperseded,
    ReturnVoidAsked,
    ReturnVoided,
)
from exchange.storage import returns, whole_log
from exchange.storage.returns import Version
from exchange.usecases.return_writing import write_version
from service_kit.policy.decide import Decision
from service_kit.problems import ProblemError
from service_kit.unit_of_work import UnitOfWork

ALGORITHM: Final = "Ed25519"
TYPE: Final = "gwella-return"
TEST_TYPE: Final = "gwella-test-return"
_SIGNED_BY: Final = {"signed_first": "signed_first_by", "signed_second": "signed_second_by"}
_REPLACED: Final = frozenset({"submitted", "queried", "acknowledged"})


def load_return_key(path: Path | None) -> OKPKey:
    """The key that signs returns. Raises 503 `return_key_missing` without one, ValueError for another kind of key."""
    if path is None:
        raise ProblemError("return_key_missing")
    key = OKPKey.import_key(orjson.loads(path.read_bytes()))
    if key.curve_name != "Ed25519" or not key.is_private:
        raise ValueError("the key that signs returns must be a private Ed25519 JWK")
    key.ensure_kid()
    return key


def detached_signature(content: bytes, key: OKPKey, *, test: bool) -> str:
    """A JWS over these exact bytes with the payload left out (RFC 7515, appendix F); `typ` tells a test apart."""
    header = {"alg": ALGORITHM, "typ": TEST_TYPE if test else TYPE, "kid": key.kid}
    protected, _, signature = jws.serialize_compact(header, content, key, [ALGORITHM]).split(".")
    return f"{protected}..{signature}"


async def sign_off(uow: UnitOfWork, row: Version, to: str, person: str, digest: str) -> None:
    """Signs off what was frozen. Raises 409 `return_digest_differs` where the signatory saw something else."""
    if digest != row["digest"]:
        raise ProblemError("return_digest_differs")
    await write_version(
        uow, row["id"], row, {"state": to, _SIGNED_BY[to]: person}, ReturnSigned, signed_by=person
    )


async def submit(uow: UnitOfWork, row: Version, decision: Decision, key: OKPKey) -> None:
    """Signs the JSON and opens the version to Welsh Government; an earlier version is superseded with it."""
    found = await returns.rendering(uow.connection, row["digest"], "json", "")
    if found is None:
        raise ProblemError("not_found")
    now = uow.clock.now()
    changes = {
        "state": "submitted",
        "submitted_at": now,
        "signature": detached_signature(found.bytes, key, test=row["test"]),
    }
    # The key is everybody's to read and nobody's to write by rights of their own; and with this step the row leaves
    # the class in which the caller's right to write it was decided.
    async with whole_log.unrestricted(uow.connection, decision):
        await returns.keep_key(uow.connection, str(key.kid), key.as_dict(private=False), now)
        await returns.hand_over_renderings(uow.connection, row["digest"])
    for held in await returns.versions_of(uow.connection, row["return_id"]):
        if held["number"] < row["number"] and held["state"] in _REPLACED:
            await write_version(
                uow, held["id"], held, {"state": "superseded"}, ReturnSuperseded, superseded_by=row["number"]
            )
    await write_version(uow, row["id"], row, changes, ReturnSubmitted)


async def acknowledge(uow: UnitOfWork, row: Version) -> None:
    """Welsh Government takes the return."""
    await write_version(uow, row["id"], row, {"state": "acknowledged"}, ReturnAcknowledged)


async def query(uow: UnitOfWork, row: Version, question: str) -> None:
    """Welsh Government asks about the return."""
    changes = {"state": "queried", "question": question}
    await write_version(uow, row["id"], row, changes, ReturnQueried)


async def void(uow: UnitOfWork, row: Version, person: str, reason: str) -> None:
    """Asks that a version be void; it is once the other signatory has asked as well."""
    if row["void_asked_by"] is None:
        changes = {"void_asked_by": person, "void_reason": reason}
        await write_version(uow, row["id"], row, changes, ReturnVoidAsked, reason=reason)
    else:
        await write_version(uow, row["id"], row, {"state": "voided"}, ReturnVoided, reason=reason)
