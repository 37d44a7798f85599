"""Types of fields and parameters that several resources have, each checked and described once."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

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
from contracts.codes import SECTORS
from contracts.data_class import DataClass
from contracts.identifiers import AuthorityCode, RecordId, SchoolNumber
from contracts.school_year import days_of
from service_kit.coded import in_list, one_of
from service_kit.models import Model, Timestamp, View
from service_kit.problems import fault


def _school_year(value: str) -> str:
    try:
        days_of(value)
    except ValueError:
        raise fault("not_a_school_year") from None
    return value


Specialism = Annotated[str, *in_list(SPECIALISMS)]
SupportType = Annotated[str, *in_list(SUPPORT_TYPES)]
ProviderKind = Annotated[str, *in_list(PROVIDER_KINDS)]
FollowUp = Annotated[str, *in_list(FOLLOW_UP_CATEGORIES)]
FundingStream = Annotated[str, *in_list(FUNDING_STREAMS)]
Payer = Annotated[str, *in_list(PAYERS)]
RequestState = Annotated[str, *in_list(SUPPORT_REQUEST_STATES)]
OfferState = Annotated[str, *in_list(OFFER_STATES)]
CommissionState = Annotated[str, *in_list(COMMISSION_STATES)]
Ground = Annotated[str, *in_list(INTEREST_GROUNDS)]
ImpactSide = Annotated[str, *in_list(IMPACT_SIDES)]
ImpactLevel = Annotated[str, *in_list(IMPACT_LEVELS)]
Phase = Annotated[str, *in_list(SECTORS)]
SupportLanguage = Annotated[str, *one_of(("en", "cy"))]
Side = Annotated[str, *one_of(("supported", "supporting", "paying_authority"))]
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
    """Version of the record: raised by every change; earlier versions stay readable with `known_at`."""
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
