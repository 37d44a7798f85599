"""Signed checkpoints: what the chain was at a position, so that nobody can rewrite it later, not even its keeper.

A checkpoint is a JWS (compact, Ed25519) over the service, the position, the chain and the moment. Keep copies outside
the database: what was signed and is no longer there is a fault that the verifier names.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit.audit.tables import AuditTables
from service_kit.clock import Clock

ALGORITHMS: Final = ["Ed25519"]
TYPE: Final = "gwella-audit-checkpoint"


class CheckpointError(ValueError):
    """A checkpoint that is not one, or that nobody known has signed. The message says which."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What one signed checkpoint says."""

    service: str
    position: int
    chain: bytes
    signed_at: str


def load_signing_key(path: Path) -> OKPKey:
    """The private key from a JWK file. Raises CheckpointError when it is no private Ed25519 key."""
    key = OKPKey.import_key(orjson.loads(path.read_bytes()))
    if key.curve_name != "Ed25519" or not key.is_private:
        raise CheckpointError("the audit's signing key must be a private Ed25519 JWK")
    key.ensure_kid()
    return key


async def sign_checkpoint(
    connection: AsyncConnection, tables: AuditTables, key: OKPKey, clock: Clock, service: str
) -> str | None:
    """Signs the chain as it stands and keeps the checkpoint; None when nothing was added since the last one.

    Runs as the worker role, in the caller's transaction. Returns the signed checkpoint, to be kept elsewhere as well.
    """
    head = (await connection.execute(select(tables.head.c.position, tables.head.c.chain))).one_or_none()
    last = tables.checkpoints.c.position
    newest = await connection.scalar(select(last).order_by(last.desc()).limit(1))
    if head is None or head.position in (0, newest):
        return None
    now = clock.now()
    signed = sign(Checkpoint(service, head.position, head.chain, now.isoformat()), key)
    row = {"position": head.position, "signed_at": now, "signed": signed}
    await connection.execute(insert(tables.checkpoints).values(row))
    return signed


def sign(checkpoint: Checkpoint, key: OKPKey) -> str:
    """The JWS of a checkpoint."""
    payload = {
        "service": checkpoint.service,
        "position": checkpoint.position,
        "chain": checkpoint.chain.hex(),
        "signed_at": checkpoint.signed_at,
    }
    header = {"alg": "Ed25519", "typ": TYPE, "kid": key.kid}
    return jws.serialize_compact(header, orjson.dumps(payload), key, ALGORITHMS)


def read_checkpoint(signed: str, keys: KeySet) -> Checkpoint:
    """Verifies and reads a checkpoint. Raises CheckpointError for any other signature, key, type or content."""
    try:
        verified = jws.deserialize_compact(signed, keys, ALGORITHMS)
        content: dict[str, Any] = orjson.loads(verified.payload or b"")
        if verified.headers().get("typ") != TYPE:
            raise CheckpointError("signed, but not as a checkpoint")
        return Checkpoint(
            str(content["service"]),
            int(content["position"]),
            bytes.fromhex(content["chain"]),
            str(content["signed_at"]),
        )
    except (JoseError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"not a checkpoint signed by a known key: {error}") from error
