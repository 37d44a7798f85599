"""Which records of brokerage follow a school to another authority, and how each is told.

A record with two sides follows whichever of its schools moves. What has no school does not move.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from brokerage.storage.tables import (
    ceiling_overrides,
    commissions,
    deliveries,
    impacts,
    interests,
    offers,
    providers,
    support_requests,
)
from brokerage.usecases.event_writes import provider_write
from contracts.events.brokerage_moves import (
    CeilingMoved,
    CommissionMoved,
    DeliveryMoved,
    ImpactMoved,
    InterestMoved,
    OfferMoved,
    ProviderMoved,
    SupportRequestMoved,
)
from service_kit.moving import OWN, Move, Moving, Side, told_as
from service_kit.records import Write

_SUPPORTING: Final = Side(
    "provider_authority", "provider_school", "from_provider_authority", "from_provider_school"
)
_PROVIDER: Final = Side("provider_authority", "provider_school")
"""A provider's event is about its own school."""
_BOTH: Final = (OWN, _SUPPORTING)
_two_sided = partial(Moving, sides=_BOTH)


def _provider(id_: str, values: Mapping[str, Any]) -> Write:
    return provider_write(id_, ProviderMoved, values)


def _judged(values: dict[str, Any], move: Move) -> dict[str, Any]:
    """The judgement of either side names the school that it is about."""
    about = move.new_number if values["about_school"] == move.old_number else values["about_school"]
    return values | {"about_school": about}


KINDS: Final = (
    Moving(support_requests, told_as(SupportRequestMoved, "support-requests", "request_id")),
    _two_sided(offers, told_as(OfferMoved, "offers", "offer_id")),
    _two_sided(interests, told_as(InterestMoved, "interests", "interest_id")),
    _two_sided(commissions, told_as(CommissionMoved, "commissions", "commission_id")),
    Moving(ceiling_overrides, told_as(CeilingMoved, "ceiling-overrides", "override_id")),
    _two_sided(deliveries, told_as(DeliveryMoved, "deliveries", "delivery_id")),
    Moving(impacts, told_as(ImpactMoved, "impacts", "impact_id"), renamed=_judged),
    Moving(providers, _provider, sides=(_PROVIDER,)),
)
