"""Types of fields and parameters that several resources have, each checked and described once."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Self

from pydantic import AfterValidator, StringConstraints, WithJsonSchema, model_validator

from contracts.code_list import CodeList
from contracts.codes import (
    FOOTPRINT_KINDS,
    GOVERNANCE,
    LANGUAGE_CATEGORY_2007,
    LIAISON_KINDS,
    REGIMES,
    RELIGIOUS_CHARACTER,
    ROLES_OF_PEOPLE,
    SCHOOL_STATUS,
    SCHOOL_TYPES,
    SECTORS,
)
from contracts.data_class import DataClass
from contracts.identifiers import AuthorityCode, RecordId, SchoolNumber
from registry.domain.posts import CONTACT_POSTS
from service_kit.models import Model, Timestamp, View
from service_kit.problems import Fault, ProblemError, fault


def _one_of(codes: tuple[str, ...]) -> tuple[AfterValidator, WithJsonSchema]:
    def check(value: str) -> str:
        if value not in codes:
            raise fault("not_in_list", {"expected": ", ".join(codes)})
        return value

    return AfterValidator(check), WithJsonSchema({"type": "string", "enum": list(codes)})


def _codes(codes: CodeList) -> tuple[AfterValidator, WithJsonSchema]:
    return _one_of(tuple(entry.code for entry in codes))


Sector = Annotated[str, *_codes(SECTORS)]
Governance = Annotated[str, *_codes(GOVERNANCE)]
SchoolType = Annotated[str, *_codes(SCHOOL_TYPES)]
LanguageCategory = Annotated[str, *_codes(LANGUAGE_CATEGORY_2007)]
ReligiousCharacter = Annotated[str, *_codes(RELIGIOUS_CHARACTER)]
SchoolStatus = Annotated[str, *_codes(SCHOOL_STATUS)]
RoleOfPerson = Annotated[str, *_codes(ROLES_OF_PEOPLE)]
FootprintKind = Annotated[str, *_codes(FOOTPRINT_KINDS)]
RegimeCode = Annotated[str, *_codes(REGIMES)]
LiaisonKind = Annotated[str, *_codes(LIAISON_KINDS)]
Post = Annotated[str, *_one_of(CONTACT_POSTS)]
LanguageCode = Annotated[str, *_one_of(("en", "cy"))]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Postcode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10)]
Telephone = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
Employer = Annotated[str, StringConstraints(pattern=r"^[0-9a-z_]{2,40}$")]
"""Code of an authority or of a footprint (a consortium)."""

__all__ = [
    "AuthorityCode", "Dated", "DatedView", "Email", "Employer", "FootprintKind", "Governance",
    "LanguageCategory", "LanguageCode", "LiaisonKind", "Line", "Name", "Post", "Postcode",
    "RecordId", "RegimeCode", "ReligiousCharacter", "RoleOfPerson", "SchoolNumber", "SchoolStatus", "SchoolType",
    "Sector", "Telephone", "later_than",
]  # fmt: skip


class Dated(Model):
    """Days on which something holds: from the first, up to and not including `valid_to`."""

    valid_from: date
    """First day."""
    valid_to: date | None = None
    """First day on which it no longer holds; left out: open."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise fault("ends_before_it_begins")
        return self


def later_than(valid_from: date | None, valid_to: date | None) -> None:
    """Raises 422 where a record would end before it begins."""
    if valid_from is not None and valid_to is not None and valid_to <= valid_from:
        raise ProblemError("validation_failed", errors=[Fault("/valid_to", "ends_before_it_begins")])


class DatedView(View, data_class=DataClass.internal):
    """What every record says of itself: its version, when that was known, and for which days it holds."""

    version: int
    """Raised by every change of the record, whatever days the change is for."""
    known_at: Timestamp
    """When this version became known."""
    valid_from: date | None
    """First day on which these values hold; null: unknown, or since always."""
    valid_to: date | None
    """First day on which they no longer hold; null: open."""


OWN_SCHOOL: Mapping[str, str] = {"authority": "authority", "school": "school_number"}
"""Which members of a row say whose it is, for a record about a school."""
OWN_PERSON: Mapping[str, str] = {**OWN_SCHOOL, "person": "person_id"}
"""The same for a record about a person."""

Values = Mapping[str, Any]
