"""What a document looks like, and the fields that are asked of whoever adds one."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from contracts.data_class import DataClass
from contracts.text import Language
from service_kit.documents.machine import DOCUMENT, why_not
from service_kit.models import ExternalReferences, Model, Timestamp, View
from service_kit.transitions import TransitionView, allowed

DocumentLanguage = Literal["en", "cy", "both"]
Classification = Literal["public", "internal", "confidential"]
RecordKind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]


class BearerView(View, data_class=DataClass.public):
    """A record to which a document is attached."""

    kind: str
    id: str


class DocumentView(View, data_class=DataClass.public):
    """A file attached to a record. Whoever may not read the record, or files of this class of it, finds none."""

    id: str
    version: int
    known_at: Timestamp
    state: str
    """Code of `document_states`."""
    file_name: str | None
    media_type: str
    """As its content was found to be."""
    size: int
    """Bytes."""
    sha256: str
    """Digest of the file, in hex."""
    language: str
    """Code of `document_languages`."""
    classification: str
    """Data class of the contents; each download of a confidential file is audited."""
    records: list[BearerView]
    original_id: str | None
    """The document of which this one is a redacted rendering."""
    added_at: Timestamp
    external_references: ExternalReferences = Field(default_factory=list)
    allowed_transitions: list[TransitionView]


class DocumentLinkView(View, data_class=DataClass.public):
    """Where the file is for some minutes, for whoever asked, with the token that it asked with or a newer one."""

    url: str
    expires_at: Timestamp


class Removal(Model):
    """Why a file is removed; the audit keeps it."""

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000, pattern=r"\S")
    ]


def shaped(row: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """A row with the steps that this caller may take."""
    steps = allowed(DOCUMENT, row["state"], why_not(row), language)
    # The tag turns on what the records say of their files, too: those change without a version of the document.
    tagged = f"{row['slice']}-{row['may_write']:d}{row['all_open']:d}"
    dumped = [step.model_dump() for step in steps]
    return {"external_references": [], **row, "slice": tagged, "allowed_transitions": dumped}
