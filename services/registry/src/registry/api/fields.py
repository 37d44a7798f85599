"""Types of fields and parameters that several resources have, each checked and described once."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Self

from pydantic import StringConstraints, model_validator

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
from service_kit.coded import in_list, one_of
from service_kit.models import Model, Timestamp, View
from service_kit.problems import Fault, ProblemError, fault

Sector = Annotated[str, *in_list(SECTORS)]
Governance = Annotated[str, *in_list(GOVERNANCE)]
SchoolType = Annotated[str, *in_list(SCHOOL_TYPES)]
LanguageCategory = Annotated[str, *in_list(LANGUAGE_CATEGORY_2007)]
ReligiousCharacter = Annotated[str, *in_list(RELIGIOUS_CHARACTER)]
SchoolStatus = Annotated[str, *in_list(SCHOOL_STATUS)]
RoleOfPerson = Annotated[str, *in_list(ROLES_OF_PEOPLE)]
FootprintKind = Annotated[str, *in_list(FOOTPRINT_KINDS)]
RegimeCode = Annotated[str, *in_list(REGIMES)]
LiaisonKind = Annotated[str, *in_list(LIAISON_KINDS)]
Post = Annotated[
    str, *one_of({entry.code: entry.label for entry in ROLES_OF_PEOPLE if entry.code in CONTACT_POSTS})
]
LanguageCode = Annotated[str, *one_of(("en", "cy"))]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"\S")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"\S")]
Postcode = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10, pattern=r"\S")
]
Telephone = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30, pattern=r"\S")
]
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
