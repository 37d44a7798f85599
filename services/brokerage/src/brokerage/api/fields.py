"""Types of fields and parameters that several resources have, each checked and described once."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from brokerage.domain.school_year import days_of
from brokerage.storage.tables import SUPPORTING
from contracts.brokerage_codes import (
    COMMISSION_STATES,
    FOLLOW_UP_CATEGORIES,
    FUNDING_STREAMS,
    IMPACT_LEVELS,
    IMPACT_SIDES,
    INTEREST_GROUNDS,
    OFFER_STATES,
    PAYERS,
    PROVIDER_KINDS,
    SPECIALISMS,
    SUPPORT_REQUEST_STATES,
    SUPPORT_TYPES,
)
from contracts.code_list import CodeList
from contracts.codes import SECTORS
from contracts.data_class import DataClass
from contracts.identifiers import AuthorityCode, RecordId, SchoolNumber
from service_kit.models import Model, Timestamp, View
from service_kit.problems import fault


def _one_of(codes: tuple[str, ...]) -> tuple[AfterValidator, WithJsonSchema]:
    def check(value: str) -> str:
        if value not in codes:
            raise fault("not_in_list", {"expected": ", ".join(codes)})
        return value

    return AfterValidator(check), WithJsonSchema({"type": "string", "enum": list(codes)})


def _codes(of: CodeList) -> tuple[AfterValidator, WithJsonSchema]:
    return _one_of(tuple(entry.code for entry in of))


def _school_year(value: str) -> str:
    try:
        days_of(value)
    except ValueError:
        raise fault("not_a_school_year") from None
    return value


Specialism = Annotated[str, *_codes(SPECIALISMS)]
SupportType = Annotated[str, *_codes(SUPPORT_TYPES)]
ProviderKind = Annotated[str, *_codes(PROVIDER_KINDS)]
FollowUp = Annotated[str, *_codes(FOLLOW_UP_CATEGORIES)]
FundingStream = Annotated[str, *_codes(FUNDING_STREAMS)]
Payer = Annotated[str, *_codes(PAYERS)]
RequestState = Annotated[str, *_codes(SUPPORT_REQUEST_STATES)]
OfferState = Annotated[str, *_codes(OFFER_STATES)]
CommissionState = Annotated[str, *_codes(COMMISSION_STATES)]
Ground = Annotated[str, *_codes(INTEREST_GROUNDS)]
ImpactSide = Annotated[str, *_codes(IMPACT_SIDES)]
ImpactLevel = Annotated[str, *_codes(IMPACT_LEVELS)]
Phase = Annotated[str, *_codes(SECTORS)]
SupportLanguage = Annotated[str, *_one_of(("en", "cy"))]
Side = Annotated[str, *_one_of(("supported", "supporting", "paying_authority"))]
SchoolYear = Annotated[str, AfterValidator(_school_year), Field(examples=["2019/20"])]
"""Like `2019/20`: 1 September to 31 August."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Narrative = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
Days = Annotated[int, Field(ge=1, le=366)]
"""Whole days."""
Pence = Annotated[int, Field(ge=0, le=10_000_000_000)]

SUPPORTED: Mapping[str, str] = {"authority": "authority", "school": "school_number"}
"""Which members of a row say whose it is: the supported school and its authority."""

__all__ = [
    "SUPPORTED", "AuthorityCode", "CommissionState", "Days", "FollowUp", "FundingStream", "Ground", "ImpactLevel",
    "ImpactSide", "Line", "Narrative", "OfferState", "Payer", "Pence", "Phase", "ProviderKind", "Reasoned",
    "RecordId", "RequestState", "SchoolNumber", "SchoolYear", "Side", "Specialism", "StatedView",
    "SupportLanguage", "SupportType", "TwoSidedView", "VersionedView",
]  # fmt: skip


class Reasoned(Model):
    """A step that needs a reason."""

    reason: Narrative


class VersionedView(View, data_class=DataClass.public):
    """What every record says of itself."""

    id: str
    version: int
    """Raised by every change; earlier versions stay readable with `known_at`."""
    known_at: Timestamp
    """When this version became known."""


class StatedView(VersionedView, data_class=DataClass.confidential):
    """What every record about a supported school says of itself."""

    SCOPED_BY = SUPPORTED

    school_number: str
    """The supported school."""
    authority: str


class TwoSidedView(StatedView, data_class=DataClass.internal):
    """What a record of the supported and the supporting side says of both."""

    OTHER_SIDE = SUPPORTING

    provider_id: str
    provider_school: str | None
    provider_authority: str | None
