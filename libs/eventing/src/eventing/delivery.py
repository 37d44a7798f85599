"""One event on its way into a consumer, decoded as far as it can be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import ValidationError

from contracts.event import Event
from eventing.envelope import (
    TYPE_HEADER,
    Envelope,
    UndecodableEventError,
    from_headers,
    header_list,
    repacked,
)
from eventing.reactions import Dispatch
from eventing.transports.port import Received


class Kept(Protocol):
    """A row of a table in which events are kept."""

    topic: str
    event_id: str
    key: str
    headers: bytes
    data: bytes
    position: int | None


@dataclass(slots=True)
class Delivery:
    """A received event. `error` says why it cannot be read; `event` is None when only bulk reactions hear it."""

    topic: str
    event_id: str
    type: str
    key: str
    subject: str
    version: int
    headers: Sequence[tuple[str, bytes]]
    data: bytes
    position: int | None
    envelope: Envelope | None
    event: Event | None = None
    error: str | None = None

    @property
    def aggregate(self) -> str:
        """The kind of the aggregate; empty when the envelope cannot be read."""
        return "" if self.envelope is None else self.envelope.aggregate

    def packed_headers(self) -> bytes:
        """The headers as they are kept in a table."""
        return repacked(self.headers)


def may_concern(received: Received, dispatch: Dispatch) -> bool:
    """Whether it has to be read at all: not when it names a type to which nobody here reacts."""
    named = next((value for name, value in received.headers if name == TYPE_HEADER), None)
    return named is None or dispatch.concerns(named.decode(errors="replace"))


def delivered(received: Received, dispatch: Dispatch) -> Delivery:
    """Decodes what arrived. Never raises: what cannot be read says so in `error`."""
    try:
        envelope = from_headers(received.headers, received.data)
    except UndecodableEventError as error:
        # Without an id of its own it is known by its place, so that it is parked once.
        return Delivery(
            topic=received.topic,
            event_id=f"{received.topic}/{received.place}",
            type="",
            key=received.key.replace("\x00", ""),
            subject="",
            version=0,
            headers=received.headers,
            data=received.data,
            position=None,
            envelope=None,
            error=str(error),
        )
    return _of(received.topic, envelope, received.headers, dispatch)


def redelivered(kept: Kept, dispatch: Dispatch) -> Delivery:
    """Decodes a parked or pending event again, under the id and key that it was kept with."""
    received = Received(kept.topic, "kept", kept.key, header_list(kept.headers, kept.position), kept.data)
    delivery = delivered(received, dispatch)
    delivery.event_id, delivery.key = kept.event_id, kept.key
    return delivery


def _of(topic: str, envelope: Envelope, headers: Sequence[tuple[str, bytes]], dispatch: Dispatch) -> Delivery:
    delivery = Delivery(
        topic=topic,
        event_id=envelope.id,
        type=envelope.type,
        key=envelope.key,
        subject=envelope.subject,
        version=envelope.version,
        headers=headers,
        data=envelope.data,
        position=envelope.position,
        envelope=envelope,
    )
    event_class = dispatch.classes.get(envelope.type)
    if event_class is not None:
        try:
            delivery.event = event_class.model_validate_json(envelope.data)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = "/".join(str(part) for part in first["loc"])
            delivery.error = (
                f"{error.error_count()} faults in the data, the first at /{place}: {first['msg']}"
            )
    return delivery
