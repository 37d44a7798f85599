"""What every event about a document carries, whichever service keeps it.

Ids, digest, size and type only: a file's name may name a person, and its contents are read under the rights of the
records that it is attached to.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict

from contracts.data_class import DataClass
from contracts.event import Event
from contracts.identifiers import RecordId


class BearingRecord(BaseModel):
    """A record to which a document is attached."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: str
    id: str


class DocumentFacts(Event):
    """A document as of the event."""

    document_id: RecordId
    state: str
    """Code of `document_states`."""
    sha256: str
    """Digest of the file, in hex."""
    size: int
    """Bytes."""
    media_type: str
    """As its content was found to be."""
    language: str
    """Code of `document_languages`."""
    classification: str
    """Data class of the file's contents: who may read the record may read no file of a class closed to it."""
    records: tuple[BearingRecord, ...]
    """What it is attached to: a visit, a finding, an agenda item, ..."""
    original_id: RecordId | None = None
    """The document of which this one is a redacted rendering."""
    body_id: str | None = None
    """The body whose record it was added to."""

    def classed(self) -> DataClass:
        """Confidential where its contents are."""
        return DataClass.confidential if self.classification == "confidential" else self.DATA_CLASS


def example(service: str, kind: str, **more: Any) -> dict[str, Any]:
    """An example of a document of a service, attached to a record of a kind."""
    return {
        "document_id": f"{service}-0199c0de-0000-7000-8000-00000000d001",
        "state": "available",
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "size": 48213,
        "media_type": "application/pdf",
        "language": "both",
        "classification": "confidential",
        "records": [{"kind": kind, "id": "0199c0de-0000-7000-8000-00000000a001"}],
        **more,
    }
