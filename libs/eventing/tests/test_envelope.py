"""The envelope is CloudEvents 1.0, in both modes, and survives the way there and back [E-02]."""

import json
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, from_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from contracts.events.registry import SchoolDetailsChanged
from eventing import trace
from eventing.envelope import (
    Envelope,
    UndecodableEventError,
    envelope_of,
    from_headers,
    header_list,
    packed_headers,
    repacked,
    to_structured,
)
from eventing.envelope import from_structured as ours_from_structured
from eventing.outbox import MAX_EVENT_BYTES, OutboxRow

_NAMES = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40)
_TIMES = st.datetimes(timezones=st.just(UTC))
envelopes = st.builds(
    Envelope,
    id=_NAMES,
    type=_NAMES,
    source=_NAMES,
    subject=_NAMES,
    key=_NAMES,
    version=st.integers(1, 2**60),
    time=_TIMES,
    recorded_time=_TIMES,
    data=st.dictionaries(_NAMES, st.none() | st.integers(-(2**53), 2**53) | _NAMES, max_size=4).map(
        lambda fields: json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    ),
    data_class=st.sampled_from(["public", "internal"]),
    correlation_id=st.none() | _NAMES,
    causation_id=st.none() | _NAMES,
    traceparent=st.none() | st.just("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    position=st.none() | st.integers(1, 2**60),
)


@pytest.fixture
def school_event() -> Envelope:
    now = datetime(2026, 9, 1, 8, 30, 15, 250_000, tzinfo=UTC)
    event = SchoolDetailsChanged.model_validate(SchoolDetailsChanged.EXAMPLE)
    with trace.caused_by("request-7", "event-1"):
        return envelope_of(
            event,
            event_id="event-2",
            key="6732118",
            version=4,
            subject="/schools/6732118",
            time=now,
            recorded_time=now,
        )


@given(envelopes)
def test_binary_mode_round_trip(envelope: Envelope) -> None:
    headers = header_list(packed_headers(envelope), envelope.position)
    assert from_headers(headers, envelope.data) == envelope
    assert repacked(headers) == packed_headers(envelope)


@given(envelopes)
def test_structured_mode_round_trip(envelope: Envelope) -> None:
    assert ours_from_structured(to_structured(envelope)) == envelope


def test_names_its_origin_and_cause(school_event: Envelope) -> None:
    assert school_event.source == "/registry"
    assert school_event.aggregate == "registry.school"
    assert school_event.dataschema == "/schemas/cymru.gwella.registry.school.details_changed.v1.json"
    assert (school_event.correlation_id, school_event.causation_id) == ("request-7", "event-1")
    assert school_event.data_class == "public"


def test_a_story_begins_with_itself() -> None:
    now = datetime(2026, 9, 1, tzinfo=UTC)
    event = SchoolDetailsChanged.model_validate(SchoolDetailsChanged.EXAMPLE)
    first = envelope_of(event, event_id="e", key="k", version=1, subject="/s", time=now, recorded_time=now)
    assert (first.correlation_id, first.causation_id) == ("e", None)


def test_an_independent_sdk_reads_both_modes(school_event: Envelope) -> None:
    """The CNCF's own `cloudevents` package agrees about every attribute and about the data."""
    headers = dict(header_list(packed_headers(school_event), 77))
    binary = KafkaMessage(headers=headers, key=b"6732118", value=school_event.data)
    structured = KafkaMessage(
        headers={"content-type": b"application/cloudevents+json"},
        key=b"6732118",
        value=to_structured(school_event.at(77)),
    )
    for event in (
        from_binary(binary, JSONFormat(), CloudEvent),
        from_structured(structured, JSONFormat(), CloudEvent),
    ):
        assert event.get_id() == school_event.id
        assert event.get_type() == school_event.type
        assert event.get_source() == "/registry"
        assert event.get_subject() == "/schools/6732118"
        assert event.get_time() == school_event.time
        assert event.get_dataschema() == school_event.dataschema
        assert event.get_datacontenttype() == "application/json"
        assert event.get_extension("partitionkey") == "6732118"
        assert event.get_extension("sequence") == "4"
        assert event.get_extension("position") == "77"
        assert event.get_extension("causationid") == "event-1"
        assert event.get_extension("correlationid") == "request-7"
        assert event.get_extension("dataclassification") == "public"
        data = event.get_data()
        read = data if isinstance(data, dict) else json.loads(data)
        assert read == json.loads(school_event.data)


@pytest.mark.parametrize("missing", ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"])
def test_what_lacks_an_attribute_is_undecodable(school_event: Envelope, missing: str) -> None:
    headers = [pair for pair in header_list(packed_headers(school_event), 1) if pair[0] != missing]
    with pytest.raises(UndecodableEventError, match=missing):
        from_headers(headers, b"{}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_specversion", b"0.3"),
        ("ce_time", b"yesterday"),
        ("ce_time", b"2026-09-01T00:00:00"),
        ("ce_sequence", b"four"),
        ("ce_id", b"\xff\xfe"),
        ("ce_subject", b"a\x00b"),
    ],
)
def test_what_is_malformed_is_undecodable(school_event: Envelope, name: str, value: bytes) -> None:
    headers = {**dict(header_list(packed_headers(school_event), 1)), name: value}
    with pytest.raises(UndecodableEventError):
        from_headers(headers.items(), b"{}")


@pytest.mark.parametrize("document", [b"[]", b"{", b'{"specversion":"1.0"}', b'"text"'])
def test_what_is_no_structured_event_is_undecodable(document: bytes) -> None:
    with pytest.raises(UndecodableEventError):
        ours_from_structured(document)


def test_an_event_of_another_publisher_needs_no_extension_of_ours() -> None:
    minimal = {"ce_specversion": b"1.0", "ce_id": b"1", "ce_source": b"/x", "ce_type": b"t"}
    envelope = from_headers(
        [*minimal.items(), ("ce_time", b"2026-09-01T00:00:00Z"), ("ce_subject", b"s")], None
    )
    assert (envelope.key, envelope.version, envelope.position, envelope.data) == ("s", 0, None, b"")


@pytest.mark.parametrize("value", ["a\x1fb", "a\nb", "a\x00b"])
def test_control_characters_are_refused_when_written(school_event: Envelope, value: str) -> None:
    from dataclasses import replace

    with pytest.raises(ValueError, match="control character"):
        packed_headers(replace(school_event, subject=value))


def test_an_event_too_large_for_a_broker_is_refused_when_written(school_event: Envelope) -> None:
    from dataclasses import replace

    OutboxRow.of(replace(school_event, data=b"x" * MAX_EVENT_BYTES))
    with pytest.raises(ValueError, match="bytes"):
        OutboxRow.of(replace(school_event, data=b"x" * (MAX_EVENT_BYTES + 1)))
    with pytest.raises(ValueError, match="no key"):
        OutboxRow.of(replace(school_event, key=""))
