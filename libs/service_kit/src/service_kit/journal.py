"""What every write leaves behind in its own transaction: the event in the outbox and the entry in the audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit.auth.principal import Principal
from service_kit.records import Record, Write, Written


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, through which client, in which request. A worker acts as the service itself."""

    subject: str
    client_id: str
    request_id: str
    principal: Principal | None = None
    reason: str | None = None
