"""Types of fields and parameters that several resources have, each checked and described once."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from contracts.codes import (
    ACTION_OWNERS,
    ACTION_STATES,
    CATEGORY_STATES,
    EVIDENCE_KINDS,
    FINDING_AREAS,
    FINDING_STATES,
    MONITORING_STATES,
    PEOPLE_MET,
    REGIMES,
    VISIT_STATES,
)
from contracts.data_class import DataClass
from contracts.identifiers import AuthorityCode, RecordId, SchoolNumber
from contracts.school_year import days_of
from service_kit.coded import in_list, one_of
from service_kit.models import Model, Timestamp, View
from service_kit.problems import fault
from visits.storage.conventions import schemes, visit_types


def _school_year(value: str) -> str:
    try:
        days_of(value)
    except ValueError:
        raise fault("not_a_school_year") from None
    return value


VisitTypeCode = Annotated[str, *one_of({code: kind.title for code, kind in visit_types().items()})]
SchemeCode = Annotated[str, *one_of({code: scheme.title for code, scheme in schemes().items()})]
RegimeCode = Annotated[str, *in_list(REGIMES)]
VisitState = Annotated[str, *in_list(VISIT_STATES)]
FindingState = Annotated[str, *in_list(FINDING_STATES)]
FindingArea = Annotated[str, *in_list(FINDING_AREAS)]
ActionState = Annotated[str, *in_list(ACTION_STATES)]
ActionOwner = Annotated[str, *in_list(ACTION_OWNERS)]
CategoryState = Annotated[str, *in_list(CATEGORY_STATES)]
MonitoringState = Annotated[str, *in_list(MONITORING_STATES)]
EvidenceKind = Annotated[str, *in_list(EVIDENCE_KINDS)]
PersonMet = Annotated[str, *in_list(PEOPLE_MET)]
SchoolYear = Annotated[
    str,
    AfterValidator(_school_year),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{4}/[0-9]{2}$", "examples": ["2019/20"]}),
]
"""Like `2019/20`: 1 September to 31 August."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"\S")]
Narrative = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000, pattern=r"\S")
]
Value = Annotated[str, StringConstraints(min_length=1, max_length=40)]

OWN_SCHOOL: Mapping[str, str] = {"authority": "authority", "school": "school_number"}
"""Which members of a row say whose it is."""

__all__ = [
    "OWN_SCHOOL", "ActionOwner", "ActionState", "AuthorityCode", "CategoryState", "EvidenceKind", "FindingArea",
    "FindingState", "Line", "MonitoringState", "Narrative", "PersonMet", "Reasoned", "RecordId", "RegimeCode",
    "SchemeCode", "SchoolNumber", "SchoolYear", "StatedView", "Value", "VisitState", "VisitTypeCode",
]  # fmt: skip


class Reasoned(Model):
    """A step that needs a reason."""

    reason: Narrative


class StatedView(View, data_class=DataClass.confidential):
    """What every record about a school says of itself."""

    SCOPED_BY = OWN_SCHOOL

    id: str
    version: int
    """Version of the record: raised by every change; earlier versions stay readable with `known_at`."""
    known_at: Timestamp
    """When this version became known."""
    school_number: str
    authority: str
