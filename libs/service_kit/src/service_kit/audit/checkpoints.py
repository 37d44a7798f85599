"""Signed checkpoints: what the chain was at a position, so that nobody can rewrite it later, not even its keeper.

A checkpoint is a JWS (compact, Ed25519) over the service, the position, the chain and the moment. Keep copies outside
the database: what was signed and is no longer there is a fault that the verifier names.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, OKPKey
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eventing.loop import Health, Loop, Pace
from service_kit.audit.tables import AuditTables
from service_kit.clock import Clock
from service_kit.database import Database

ALGORITHMS: Final = ["Ed25519"]
TYPE: Final = "gwella-audit-checkpoint"
EVERY: Final = timedelta(hours=1)
"""A convention: how much of the log at most rests on the chain without a signature."""


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
    now = clock.system_now()
    signed = sign(Checkpoint(service, head.position, head.chain, now.isoformat()), key)
    row = {"position": head.position, "signed_at": now, "signed": signed}
    # Another relay may have signed the same state meanwhile: its word is as good.
    kept = insert(tables.checkpoints).values(row).on_conflict_do_nothing()
    return signed if (await connection.execute(kept)).rowcount else None


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


def read_checkpoint(signed: str, keys: Key | KeySet) -> Checkpoint:
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


class Checkpoints:
    """Signs the chain once an hour while anything is added, as a part of the relay; two relays sign no less truly."""

    def __init__(
        self, database: Database, tables: AuditTables, key: OKPKey, clock: Clock, service: str
    ) -> None:
        self._database = database
        self._tables = tables
        self._key = key
        self._clock = clock
        self._service = service
        self._signed_at: datetime | None = None
        self.loop = Loop(f"checkpoints:{tables.log.name}", self._round, pace=Pace(busy=60, quiet=60))

    @property
    def health(self) -> Health:
        """How the loop is."""
        return self.loop.health

    async def run(self) -> None:
        """Runs until `stop`."""
        await self.loop.run()

    def stop(self) -> None:
        """Ends after the signature under way."""
        self.loop.stop()

    async def _round(self) -> bool:
        now = self._clock.system_now()
        if self._signed_at is None or now - self._signed_at >= EVERY:
            async with self._database.transaction() as connection:
                await sign_checkpoint(connection, self._tables, self._key, self._clock, self._service)
            self._signed_at = now
        return False
