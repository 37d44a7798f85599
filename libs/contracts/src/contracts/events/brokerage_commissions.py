"""What `brokerage` publishes from a commission on: days and money committed, delivery, impact, overrides of a ceiling.

`authority` and `school` are those of the supported side. Days are whole days, money is whole pence.
"""

from datetime import date
from functools import partial
from typing import Annotated, Any, ClassVar

from contracts.data_class import DataClass
from contracts.event import Event, event
from contracts.identifiers import AuthorityCode, RecordId, SchoolNumber

_SCHOOL: dict[str, Any] = {"authority": "673", "school": "6732118"}
_REQUEST_ID = "0199c0de-0000-7000-8000-00000000b004"
_OFFER_ID = "0199c0de-0000-7000-8000-00000000b005"
_COMMISSION_ID = "0199c0de-0000-7000-8000-00000000b006"
_FINDING_ID = "0199c0de-0000-7000-8000-00000000a002"


class CommissionFacts(Event):
    """Support that was commissioned: days, money and where it stands."""

    commission_id: RecordId
    request_id: RecordId
    offer_id: RecordId
    finding_id: Annotated[RecordId, DataClass.confidential]
    """The finding that it answers. The change feed shows it to the supported side alone."""
    menu_item_id: RecordId
    support_type: str
    """Code of `support_types`."""
    specialism: str
    provider_id: RecordId
    provider_school: SchoolNumber | None = None
    provider_authority: AuthorityCode | None = None
    provider_person: Annotated[RecordId | None, DataClass.personal] = None
    """The provider where it is a person. The change feed does not show it."""
    days: int
    """Days committed: what was commissioned and extended, without what was released."""
    days_used: int
    days_released: int
    cost_pence: int
    """Cost of everything that was commissioned and extended, in pence."""
    funding_stream: str
    """Code of `funding_streams`."""
    school_year: str
    """Like `2019/20`: the school year against whose ceiling the days count."""
    first_day: date
    last_day: date
    counts_towards_ceiling: bool
    ceiling_days: Annotated[int | None, DataClass.confidential] = None
    """The school's ceiling as it was commissioned or extended; null: without a category, no ceiling. As it tells of
    the category, the change feed shows it to the supported side alone."""
    state: str
    """Code of `commission_states`."""
    requested_on: date
    commissioned_on: date
    lead_working_days: int
    """Working days from the request to the commission."""
    delivered_on: date | None = None
    closed_on: date | None = None


_COMMISSION: dict[str, Any] = {
    **_SCHOOL,
    "commission_id": _COMMISSION_ID,
    "request_id": _REQUEST_ID,
    "offer_id": _OFFER_ID,
    "finding_id": _FINDING_ID,
    "menu_item_id": "0199c0de-0000-7000-8000-00000000b001",
    "support_type": "pathfinder_pair",
    "specialism": "teaching",
    "provider_id": "0199c0de-0000-7000-8000-00000000b002",
    "provider_school": "6812093",
    "provider_authority": "681",
    "days": 6,
    "days_used": 0,
    "days_released": 0,
    "cost_pence": 180000,
    "funding_stream": "education_improvement_grant",
    "school_year": "2019/20",
    "first_day": "2020-02-10",
    "last_day": "2020-02-23",
    "counts_towards_ceiling": True,
    "ceiling_days": 15,
    "state": "commissioned",
    "requested_on": "2020-02-04",
    "commissioned_on": "2020-02-07",
    "lead_working_days": 3,
}
_IN_DELIVERY: dict[str, Any] = {**_COMMISSION, "state": "in_delivery", "days_used": 2}
_DELIVERED: dict[str, Any] = {
    **_COMMISSION,
    "state": "delivered",
    "days": 5,
    "days_used": 5,
    "days_released": 1,
    "delivered_on": "2020-02-21",
}

_commission = partial(event, publisher="brokerage", aggregate="commission")


@_commission(happened="placed")
class CommissionPlaced(CommissionFacts):
    """Agreed support was commissioned; its days are reserved."""

    EXAMPLE: ClassVar[dict[str, Any]] = _COMMISSION


@_commission(happened="started")
class CommissionStarted(CommissionFacts):
    """Delivery began."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_COMMISSION, "state": "in_delivery"}


@_commission(happened="used")
class CommissionUsed(CommissionFacts):
    """Days were delivered: `days_used` is what was used so far."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_IN_DELIVERY, "changed": ["days_used"]}


@_commission(happened="reviewed")
class CommissionReviewed(CommissionFacts):
    """Its progress was reviewed on the way."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_IN_DELIVERY, "state": "reviewed"}


@_commission(happened="extended")
class CommissionExtended(CommissionFacts):
    """It has more days or a later end."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_IN_DELIVERY, "days": 8, "changed": ["days"]}


@_commission(happened="stopped")
class CommissionStopped(CommissionFacts):
    """It ended before its time; unused days were released. The reason is read, not carried."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_IN_DELIVERY, "state": "stopped", "days": 2, "days_released": 4}


@_commission(happened="delivered")
class CommissionDelivered(CommissionFacts):
    """It was delivered; unused days were released."""

    EXAMPLE: ClassVar[dict[str, Any]] = _DELIVERED


@_commission(happened="evaluated")
class CommissionEvaluated(CommissionFacts):
    """Its impact was judged on both sides."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_DELIVERED, "state": "evaluated"}


@_commission(happened="closed")
class CommissionClosed(CommissionFacts):
    """Nothing more follows."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_DELIVERED, "state": "closed", "closed_on": "2020-03-06"}


@event(publisher="brokerage", aggregate="ceiling", happened="overridden")
class CeilingOverridden(Event):
    """The authority's lead officer allowed days beyond a school's ceiling, or a commission where there is none."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_SCHOOL,
        "override_id": "0199c0de-0000-7000-8000-00000000b008",
        "offer_id": _OFFER_ID,
        "request_id": _REQUEST_ID,
        "school_year": "2019/20",
        "extra_days": 3,
        "ceiling_days": 15,
        "committed_days": 12,
        "scheme": "national_2014",
        "category": "amber",
        "changed": ["reason"],
    }

    override_id: RecordId
    offer_id: RecordId
    """The offer for whose commission it was given."""
    request_id: RecordId
    school_year: str
    extra_days: int
    """Days beyond the ceiling, in this school year."""
    ceiling_days: int | None = None
    """The ceiling as it stood; null: the school has no category, and so no ceiling."""
    committed_days: int
    """Days committed against the ceiling before."""
    scheme: str | None = None
    category: str | None = None


@event(publisher="brokerage", aggregate="delivery", happened="logged")
class DeliveryLogged(Event):
    """Days of a commission were delivered. What was done is read, not carried."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_SCHOOL,
        "delivery_id": "0199c0de-0000-7000-8000-00000000b009",
        "commission_id": _COMMISSION_ID,
        "finding_id": _FINDING_ID,
        "provider_id": "0199c0de-0000-7000-8000-00000000b002",
        "provider_school": "6812093",
        "provider_authority": "681",
        "delivered_on": "2020-02-12",
        "days": 2,
        "days_used": 2,
        "changed": ["note"],
    }

    delivery_id: RecordId
    commission_id: RecordId
    finding_id: Annotated[RecordId, DataClass.confidential]
    """The finding that the commission answers. The change feed shows it to the supported side alone."""
    provider_id: RecordId | None = None
    provider_school: SchoolNumber | None = None
    provider_authority: AuthorityCode | None = None
    provider_person: Annotated[RecordId | None, DataClass.personal] = None
    """The provider where it is a person. The change feed does not show it."""
    delivered_on: date
    days: int
    days_used: int
    """Days used of the commission so far, with these."""


@event(publisher="brokerage", aggregate="impact", happened="judged", data_class=DataClass.confidential)
class ImpactJudged(Event):
    """The impact of support on one side was judged against the finding that it answered."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_SCHOOL,
        "impact_id": "0199c0de-0000-7000-8000-00000000b010",
        "commission_id": _COMMISSION_ID,
        "request_id": _REQUEST_ID,
        "finding_id": _FINDING_ID,
        "support_type": "pathfinder_pair",
        "side": "supported",
        "about_school": "6732118",
        "level": "strong",
        "judged_on": "2020-03-02",
        "changed": ["evidence"],
    }

    impact_id: RecordId
    commission_id: RecordId
    request_id: RecordId
    finding_id: RecordId
    support_type: str
    side: str
    """Code of `impact_sides`: supported or supporting."""
    about_school: SchoolNumber | None = None
    """The school of that side; null where the supporting side is no school."""
    level: str
    """Code of `impact_levels`: none, some or strong."""
    judged_on: date
