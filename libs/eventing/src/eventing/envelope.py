"""The envelope of an event: CloudEvents 1.0, in binary mode on Kafka and in structured mode over HTTP.

Attributes and their extensions are those of the CloudEvents specification 1.0.2 and its Kafka protocol binding:
`ce_*` headers, `content-type` for `datacontenttype`, data as the record's value. The extensions are `partitionkey`,
`sequence` (version of the aggregate), `recordedtime`, `correlationid`, `causationid`, `traceparent`,
`dataclassification` and `position` (in the publisher's event log).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from contracts.event import Event
from eventing import trace

SPEC_VERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/json"
TYPE_HEADER: Final = "ce_type"
STRUCTURED_CONTENT_TYPE: Final = "application/cloudevents+json"

# CloudEvents strings may hold no control characters (section 2 of the specification), so the unit separator can
# part the names and values of headers that are kept together in one column.
_SEPARATOR: Final = "\x1f"
_SEPARATOR_BYTES: Final = b"\x1f"

_FORBIDDEN: Final = re.compile("[\x00-\x1e\x7f-\x9f\ud800-\udfff]")

HeaderList = list[tuple[str, bytes]]


class UndecodableEventError(ValueError):
    """What arrived is no event that we can read; no retry will change that."""


@lru_cache(maxsize=1024)
def _aggregate(event_type: str, source: str) -> str:
    parts = event_type.split(".")
    return ".".join(parts[2:4]) if len(parts) >= 5 else source


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event with everything that travels around its data.

    `key` is the aggregate's id and partitions the topic; `version` is the aggregate's version after the event, rising
    by at least one with each. `time` is when it became known to the publisher (strictly rising per aggregate),
    `recorded_time` when it was written down. `position` is None until the event is sequenced.
    """

    id: str
    type: str
    source: str
    subject: str
    key: str
    version: int
    time: datetime
    recorded_time: datetime
    data: bytes
    data_class: str
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None
    position: int | None = None

    @property
    def aggregate(self) -> str:
        """`<service>.<aggregate>`, the kind of thing whose versions are counted, from the event's type."""
        return _aggregate(self.type, self.source)

    @property
    def dataschema(self) -> str:
        """Where the JSON Schema of the data is served."""
        return f"/schemas/{self.type}.json"

    def at(self, position: int) -> "Envelope":
        """The same event with its position in the publisher's log."""
        return replace(self, position=position)


def envelope_of(
    event: Event,
    *,
    event_id: str,
    key: str,
    version: int,
    subject: str,
    time: datetime,
    recorded_time: datetime,
) -> Envelope:
    """The envelope of an event about to be written, caused by what runs now (see `trace.caused_by`).

    Without a correlation id the event begins a story of its own and correlates with itself.
    """
    cause = trace.cause()
    return Envelope(
        id=event_id,
        type=event.TYPE,
        source=f"/{event.PUBLISHER}",
        subject=subject,
        key=key,
        version=version,
        time=time,
        recorded_time=recorded_time,
        data=event.model_dump_json().encode(),
        data_class=str(event.classed()),
        correlation_id=cause.correlation_id or event_id,
        causation_id=cause.causation_id,
        traceparent=trace.traceparent(),
    )


def packed_headers(envelope: Envelope) -> bytes:
    """All binary-mode headers but the position, packed once when written so that shipping need not build them.

    Raises ValueError when a value holds a control character, which CloudEvents forbids.
    """
    pairs = [
        "ce_specversion", SPEC_VERSION,
        "ce_id", envelope.id,
        "ce_source", envelope.source,
        TYPE_HEADER, envelope.type,
        "ce_subject", envelope.subject,
        "ce_time", envelope.time.isoformat(),
        "ce_dataschema", envelope.dataschema,
        "content-type", CONTENT_TYPE,
        "ce_partitionkey", envelope.key,
        "ce_sequence", str(envelope.version),
        "ce_recordedtime", envelope.recorded_time.isoformat(),
        "ce_dataclassification", envelope.data_class,
    ]  # fmt: skip
    if envelope.correlation_id is not None:
        pairs += ["ce_correlationid", envelope.correlation_id]
    if envelope.causation_id is not None:
        pairs += ["ce_causationid", envelope.causation_id]
    if envelope.traceparent is not None:
        pairs += ["ce_traceparent", envelope.traceparent]
    packed = _SEPARATOR.join(pairs)
    if packed.count(_SEPARATOR) != len(pairs) - 1 or _FORBIDDEN.search(packed):
        raise ValueError(f"a control character in the headers of event {envelope.id!r}")
    return packed.encode()


_NAMES: Final[dict[bytes, str]] = {
    name.encode(): name
    for name in (
        "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_dataschema", "content-type",
        "ce_partitionkey", "ce_sequence", "ce_recordedtime", "ce_dataclassification", "ce_correlationid",
        "ce_causationid", "ce_traceparent",
    )
}  # fmt: skip


_KEPT: Final = re.compile(rb"ce_traceparent\x1f([0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-01)")


def kept_traceparent(packed: bytes) -> str | None:
    """The trace context in packed headers where its trace is kept (sampled); read without unpacking the rest."""
    found = _KEPT.search(packed)
    return found[1].decode() if found is not None else None


def header_list(packed: bytes, position: int | None) -> HeaderList:
    """The headers as a transport sends them, with the position of the event in its log."""
    parts = packed.split(_SEPARATOR_BYTES)
    names, values = parts[::2], parts[1::2]
    try:
        headers = list(zip(map(_NAMES.__getitem__, names), values, strict=True))
    except KeyError:
        headers = [(name.decode(), value) for name, value in zip(names, values, strict=True)]
    if position is not None:
        headers.append(("ce_position", b"%d" % position))
    return headers


def repacked(headers: Iterable[tuple[str, bytes]]) -> bytes:
    """Received headers as one value, without the position; the inverse of `header_list`."""
    flat = [part for name, value in headers if name != "ce_position" for part in (name.encode(), value)]
    return _SEPARATOR_BYTES.join(flat)


def from_headers(headers: Iterable[tuple[str, bytes]], data: bytes | None) -> Envelope:
    """The envelope of a received record. Raises UndecodableEventError, naming what is missing or malformed.

    Headers that we do not know are ignored. An event of another CloudEvents publisher need not carry our
    extensions: its key is then its subject, its version 0 (never refused as stale) and its known time `time`.
    """
    held = dict(headers)
    if b"\x00" in b"".join(held.values()):
        raise UndecodableEventError("a header holds a NUL byte")
    try:
        if held["ce_specversion"] != b"1.0":
            raise UndecodableEventError(f"CloudEvents version {held['ce_specversion']!r} is not 1.0")
        time = datetime.fromisoformat(held["ce_time"].decode())
        subject = held.get("ce_subject", b"").decode()
        recorded = held.get("ce_recordedtime")
        position = held.get("ce_position")
        return Envelope(
            id=held["ce_id"].decode(),
            type=held[TYPE_HEADER].decode(),
            source=held["ce_source"].decode(),
            subject=subject,
            key=held["ce_partitionkey"].decode() if "ce_partitionkey" in held else subject,
            version=int(held.get("ce_sequence", b"0")),
            time=_aware(time),
            recorded_time=_aware(datetime.fromisoformat(recorded.decode())) if recorded else _aware(time),
            data=data or b"",
            data_class=held.get("ce_dataclassification", b"internal").decode(),
            correlation_id=_text(held.get("ce_correlationid")),
            causation_id=_text(held.get("ce_causationid")),
            traceparent=_text(held.get("ce_traceparent")),
            position=int(position) if position else None,
        )
    except KeyError as missing:
        raise UndecodableEventError(f"the header {missing} is missing") from missing
    except UndecodableEventError:
        raise
    except ValueError as malformed:
        raise UndecodableEventError(f"a header is malformed: {malformed}") from malformed


def to_structured(envelope: Envelope) -> bytes:
    """The event as structured-mode JSON, `application/cloudevents+json`."""
    document: dict[str, Any] = {
        "specversion": SPEC_VERSION,
        "id": envelope.id,
        "source": envelope.source,
        "type": envelope.type,
        "subject": envelope.subject,
        "time": envelope.time.isoformat(),
        "dataschema": envelope.dataschema,
        "datacontenttype": CONTENT_TYPE,
        "partitionkey": envelope.key,
        "sequence": str(envelope.version),
        "recordedtime": envelope.recorded_time.isoformat(),
        "dataclassification": envelope.data_class,
        "correlationid": envelope.correlation_id,
        "causationid": envelope.causation_id,
        "traceparent": envelope.traceparent,
        "position": None if envelope.position is None else str(envelope.position),
        "data": orjson.Fragment(envelope.data or b"null"),
    }
    return orjson.dumps({name: value for name, value in document.items() if value is not None})


def from_structured(document: bytes | str) -> Envelope:
    """The envelope of a structured-mode document. Raises UndecodableEventError."""
    try:
        fields = orjson.loads(document)
    except orjson.JSONDecodeError as malformed:
        raise UndecodableEventError(f"not JSON: {malformed}") from malformed
    if not isinstance(fields, Mapping):
        raise UndecodableEventError("a structured event is a JSON object")
    data = orjson.dumps(fields["data"]) if "data" in fields else b""
    headers = [
        (f"ce_{name}", value.encode())
        for name, value in fields.items()
        if name not in ("data", "datacontenttype", "dataschema") and isinstance(value, str)
    ]
    return from_headers(headers, data)


def _aware(time: datetime) -> datetime:
    if time.tzinfo is None:
        raise UndecodableEventError(f"a time without an offset: {time.isoformat()}")
    return time


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
