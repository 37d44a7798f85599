"""What `brokerage` publishes when a school goes to another authority: every record of the school follows it.

A record with two sides is told whichever side moved; `from_authority` and `from_school` are those of the supported
side, and null where only the supporting side moved; `from_provider_authority` and `from_provider_school` are those of
the supporting side, in the same way.
"""

from datetime import date
from functools import partial
from typing import Annotated, Any, ClassVar

from contracts.data_class import DataClass
from contracts.event import Moved, event
from contracts.events.brokerage import (
    InterestDeclared,
    InterestFacts,
    OfferFacts,
    OfferMade,
    SupportRequestFacts,
    SupportRequestReceived,
)
from contracts.events.brokerage_commissions import (
    CeilingOverridden,
    CommissionFacts,
    CommissionPlaced,
    DeliveryLogged,
    ImpactJudged,
)
from contracts.events.brokerage_providers import ProviderFacts, ProviderRegistered
from contracts.identifiers import AuthorityCode, RecordId, SchoolNumber

_MOVE: dict[str, Any] = {
    "authority": "681",
    "school": "6812399",
    "from_authority": "673",
    "from_school": "6732118",
}
_moved = partial(event, publisher="brokerage", happened="moved")


class TwoSidedMoved(Moved):
    """A record with two sides, of which one or both went to another authority."""

    from_provider_authority: AuthorityCode | None = None
    """Code of the supporting side's authority before; null: that did not change."""
    from_provider_school: SchoolNumber | None = None
    """Number of the supporting school before; null: that did not change."""


@_moved(aggregate="support_request", data_class=DataClass.confidential)
class SupportRequestMoved(SupportRequestFacts, Moved):
    """A support request follows its school to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**SupportRequestReceived.EXAMPLE, **_MOVE}


@_moved(aggregate="offer")
class OfferMoved(OfferFacts, TwoSidedMoved):
    """An offer follows a school of its two sides to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**OfferMade.EXAMPLE, **_MOVE}


@_moved(aggregate="interest")
class InterestMoved(InterestFacts, TwoSidedMoved):
    """A conflict of interest follows a school of its two sides to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**InterestDeclared.EXAMPLE, **_MOVE}


@_moved(aggregate="commission")
class CommissionMoved(CommissionFacts, TwoSidedMoved):
    """A commission follows a school of its two sides to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**CommissionPlaced.EXAMPLE, **_MOVE}


@_moved(aggregate="provider", data_class=DataClass.public)
class ProviderMoved(ProviderFacts, Moved):
    """A provider that is a school follows it to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**ProviderRegistered.EXAMPLE, **_MOVE}


@_moved(aggregate="ceiling")
class CeilingMoved(CeilingOverridden, Moved):
    """An override of a ceiling follows its school to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**CeilingOverridden.EXAMPLE, **_MOVE}


@_moved(aggregate="delivery")
class DeliveryMoved(TwoSidedMoved):
    """Days that were delivered follow a school of their commission's two sides to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **{
            name: DeliveryLogged.EXAMPLE[name]
            for name in (
                "delivery_id",
                "commission_id",
                "provider_id",
                "provider_school",
                "provider_authority",
                "delivered_on",
                "days",
            )
        },
        **_MOVE,
    }

    delivery_id: RecordId
    commission_id: RecordId
    provider_id: RecordId | None = None
    provider_school: SchoolNumber | None = None
    provider_authority: AuthorityCode | None = None
    provider_person: Annotated[RecordId | None, DataClass.personal] = None
    """The provider where it is a person. The change feed does not show it."""
    delivered_on: date
    days: int


@_moved(aggregate="impact", data_class=DataClass.confidential)
class ImpactMoved(ImpactJudged, Moved):
    """A judgement of impact follows a school of its commission's two sides to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**ImpactJudged.EXAMPLE, **_MOVE}
