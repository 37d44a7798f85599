"""Types of fields and parameters that several resources have, each checked and described once."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from contracts.data_class import DataClass
from contracts.governance_codes import (
    AGENDA_MATTERS,
    BODY_TYPES,
    DECISION_STATES,
    DECLARATION_KINDS,
    MEETING_STATES,
    OFFICES,
    REFERENCE_OUTCOMES,
    REFERENCE_STATES,
    RESOLUTION_KINDS,
    RESOLUTION_STATES,
    RESOLUTION_SUBJECTS,
)
from contracts.identifiers import AuthorityCode, RecordId
from governance.storage.conventions import constitutions
from service_kit.coded import in_list, one_of
from service_kit.models import Model, Timestamp, View

BodyCode = Annotated[
    str,
    StringConstraints(min_length=3, max_length=60, pattern=r"^[a-z][a-z0-9_]*$"),
    Field(examples=["csc_joint_committee"]),
]
ConstitutionCode = Annotated[str, *one_of({code: one.title for code, one in constitutions().items()})]
BodyType = Annotated[str, *in_list(BODY_TYPES)]
Office = Annotated[str, *in_list(OFFICES)]
MeetingState = Annotated[str, *in_list(MEETING_STATES)]
Matter = Annotated[str, *in_list(AGENDA_MATTERS)]
DeclarationKind = Annotated[str, *in_list(DECLARATION_KINDS)]
ResolutionKind = Annotated[str, *in_list(RESOLUTION_KINDS)]
ResolutionState = Annotated[str, *in_list(RESOLUTION_STATES)]
SubjectKind = Annotated[str, *in_list(RESOLUTION_SUBJECTS)]
DecisionState = Annotated[str, *in_list(DECISION_STATES)]
ReferenceState = Annotated[str, *in_list(REFERENCE_STATES)]
Outcome = Annotated[str, *in_list(REFERENCE_OUTCOMES)]
Way = Annotated[str, *one_of(("for", "against", "abstained"))]
ForOrAgainst = Annotated[str, *one_of(("for", "against"))]
CarriedOrLost = Annotated[str, *one_of(("carried", "lost"))]
LanguageCode = Annotated[str, *one_of(("en", "cy"))]

SeatCode = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[a-z_]+$")]
MunicipalYear = Annotated[str, StringConstraints(pattern=r"^\d{4}/\d{2}$"), Field(examples=["2019/20"])]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=r"\S")]
Narrative = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000, pattern=r"\S")
]
Count = Annotated[int, Field(ge=0, le=1000)]
SubjectId = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9_.-]+$")]

OF_BODY: Mapping[str, str] = {"body": "body_id"}
"""Which member of a row says whose it is."""

__all__ = [
    "OF_BODY", "AuthorityCode", "BodyCode", "BodyType", "CarriedOrLost", "ConstitutionCode", "Count", "DecisionState",
    "DeclarationKind", "ForOrAgainst", "LanguageCode", "Line", "Matter", "MeetingState", "MunicipalYear",
    "Narrative", "NewPaper", "Office", "Outcome", "PaperView", "Reasoned", "RecordId", "RecordView",
    "ReferenceState", "ResolutionKind", "ResolutionState", "SeatCode", "SubjectId", "SubjectKind", "Way",
]  # fmt: skip


class Reasoned(Model):
    """A step that needs a reason."""

    reason: Narrative


class NewPaper(Model):
    """A paper or appendix: what it is and where it is kept. The file itself is a document of its own."""

    title_en: Line | None = None
    title_cy: Line | None = None
    language: LanguageCode
    document_id: RecordId | None = None
    """A document of `/v1/documents` that you may read; it is attached to the record that names it."""
    author: Line | None = None
    presenter: Line | None = None
    purpose: Line | None = None


class PaperView(View, data_class=DataClass.public):
    """A paper or appendix [S0-19]."""

    id: str
    title_en: str | None
    title_cy: str | None
    language: str
    document_id: str | None
    author: str | None
    presenter: str | None
    purpose: str | None


class RecordView(View, data_class=DataClass.public):
    """What every record says of itself. Which rows may be known is decided by the query; exempt rows are not public."""

    SCOPED_BY = OF_BODY

    id: str
    version: int
    """Version of the record: raised by every change; earlier versions stay readable with `known_at`."""
    known_at: Timestamp
    """When this version became known."""


class DatedView(RecordView, data_class=DataClass.public):
    """A record that holds on days."""

    valid_from: date | None
    valid_to: date | None
    """First day on which it no longer holds; null: open."""
