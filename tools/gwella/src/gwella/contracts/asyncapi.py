"""AsyncAPI 3.0: what a service publishes, where, and under which headers."""

import inspect
from collections.abc import Sequence
from typing import Any, Final

from contracts.event import Event
from contracts.text import Text
from gwella.contracts.schemas import EXTENSION, example_of

SCHEMA_FORMAT: Final = "application/schema+json;version=2020-12"
RECORD_BINDING: Final = "0.5.0"

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_TIME: Final[dict[str, Any]] = {"type": "string", "format": "date-time"}

HEADERS: Final[dict[str, Any]] = {
    "type": "object",
    "description": "CloudEvents 1.0 in binary mode: attributes and extensions travel as Kafka headers.",
    "required": [
        "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "content-type",
        "ce_partitionkey", "ce_sequence", "ce_recordedtime", "ce_dataclassification",
    ],
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {**_TEXT, "description": "Unique; what a reader recognises a repeated event by."},
        "ce_source": {**_TEXT, "description": "The publishing service, like `/registry`."},
        "ce_type": {**_TEXT, "description": "`cymru.gwella.<service>.<aggregate>.<past-tense verb>.v<n>`."},
        "ce_subject": {**_TEXT, "description": "The aggregate, like `/schools/6732118`."},
        "ce_time": {**_TIME, "description": "When it became known; rises strictly within an aggregate."},
        "ce_dataschema": {**_TEXT, "description": "Where the JSON Schema of the data is served."},
        "content-type": {"type": "string", "const": "application/json"},
        "ce_partitionkey": {**_TEXT, "description": "Id of the aggregate; also the key of the Kafka record."},
        "ce_sequence": {**_TEXT, "description": "Version of the aggregate after the event, as digits."},
        "ce_recordedtime": {**_TIME, "description": "When the event was written down."},
        "ce_dataclassification": {**_TEXT, "description": "public, internal, personal or confidential."},
        "ce_correlationid": {**_TEXT, "description": "Groups everything that one request set off."},
        "ce_causationid": {**_TEXT, "description": "Id of the event that caused this one."},
        "ce_traceparent": {**_TEXT, "description": "W3C trace context of the writer."},
        "ce_position": {**_TEXT, "description": "Position in the publisher's log: rising, without gaps."},
    },
}  # fmt: skip


def asyncapi_document(
    publisher: str, title: Text, version: str, events: Sequence[type[Event]]
) -> dict[str, Any]:
    """The document of one publishing service. Payloads are references to the committed schemas beside it."""
    topic = f"{publisher}.events"
    names = [cls.__name__ for cls in events]
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:cymru:gwella:{publisher}",
        "info": {
            "title": f"{title.en}: events",
            "version": version,
            "description": (
                f"Events of `{publisher}`. One topic, keyed by aggregate: order holds within an aggregate and "
                "nowhere else. Delivery is at least once and may step back; recognise repetitions by `ce_id`."
            ),
            "x-title": {"en": title.en, "cy": title.cy},
        },
        "defaultContentType": "application/json",
        "channels": {
            topic: {
                "address": topic,
                "title": f"{title.en}: events",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
                "bindings": {"kafka": {"topic": topic, "bindingVersion": RECORD_BINDING}},
            }
        },
        "operations": {
            "publish": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{topic}"},
                "messages": [{"$ref": f"#/channels/{topic}/messages/{name}"} for name in names],
            }
        },
        "components": {
            "messages": {cls.__name__: _message(cls) for cls in events},
            "schemas": {"CloudEventHeaders": HEADERS},
        },
    }


def _message(cls: type[Event]) -> dict[str, Any]:
    description = inspect.cleandoc(cls.__doc__ or "")
    return {
        "name": cls.TYPE,
        "title": cls.__name__,
        "summary": description.splitlines()[0],
        "description": description,
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/CloudEventHeaders"},
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": {"$ref": f"../events/{cls.TYPE}.json"}},
        "tags": [{"name": cls.AGGREGATE}, {"name": str(cls.DATA_CLASS)}],
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": RECORD_BINDING}},
        "examples": [{"name": cls.__name__, "payload": example_of(cls)}],
        EXTENSION: {"change": str(cls.CHANGE), "data_class": str(cls.DATA_CLASS)},
    }
