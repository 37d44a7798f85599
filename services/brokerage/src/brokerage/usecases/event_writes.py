"""Writes of each record with its event: public and internal fields are carried, what was written is only named."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from brokerage.storage.conventions import support_types
from contracts.event import Event
from contracts.events.brokerage import InterestFacts, OfferFacts, SupportRequestFacts
from contracts.events.brokerage_commissions import CommissionFacts
from contracts.events.brokerage_providers import CapacityFacts, MenuItemFacts, ProviderFacts
from service_kit.records import Write

Row = Mapping[str, Any]

_ITEM: Final = (
    "provider_id",
    "support_type",
    "specialism",
    "title_en",
    "title_cy",
    "day_price_pence",
    "state",
)
_PROVIDER: Final = (
    "kind", "provider_school", "provider_authority", "specialisms", "phases", "languages", "follow_up", "state",
)  # fmt: skip
_REQUEST: Final = (
    "authority", "finding_id", "visit_id", "area", "specialism", "phase", "language", "days_wanted", "state",
    "requested_on", "provider_id", "menu_item_id", "offer_id", "commission_id",
)  # fmt: skip
_OFFER: Final = (
    "authority", "request_id", "menu_item_id", "support_type", "provider_id", "provider_school",
    "provider_authority", "provider_person", "days", "first_day", "last_day", "cost_pence", "paid_by", "state",
    "supported", "supporting", "paying_authority", "expires_on",
)  # fmt: skip
_INTEREST: Final = (
    "authority", "provider_id", "provider_school", "provider_authority", "provider_person", "request_id", "ground",
    "state",
)  # fmt: skip
_COMMISSION: Final = (
    "authority", "request_id", "offer_id", "finding_id", "menu_item_id", "support_type", "specialism",
    "provider_id", "provider_school", "provider_authority", "provider_person", "days", "days_used", "days_released",
    "cost_pence", "funding_stream", "school_year", "first_day", "last_day", "counts_towards_ceiling", "ceiling_days",
    "state", "requested_on", "commissioned_on", "lead_working_days", "delivered_on", "closed_on",
)  # fmt: skip


def _carried(values: Row, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in names}


def _write(id_: str, path: str, values: Row, event: Event, **options: Any) -> Write:
    return Write(
        id=id_, subject=f"/{path}/{id_}", values=values, event=event, reason=values.get("reason"), **options
    )


def item_write(
    id_: str, kind: type[MenuItemFacts], values: Row, *, changed: tuple[str, ...] = (), **options: Any
) -> Write:
    """The write of an entry of the menu."""
    counts = support_types()[values["support_type"]].counts_towards_ceiling
    event = kind(**_carried(values, _ITEM), menu_item_id=id_, counts_towards_ceiling=counts, changed=changed)
    return _write(id_, "menu-items", values, event, **options)


def provider_write(
    id_: str, kind: type[ProviderFacts], values: Row, *, changed: tuple[str, ...] = (), **options: Any
) -> Write:
    """The write of a provider. Its own school and authority are also what the event is about."""
    event = kind(
        **_carried(values, _PROVIDER), provider_id=id_, person_id=values["provider_person"],
        authority=values["provider_authority"], school=values["provider_school"], changed=changed,
    )  # fmt: skip
    return _write(id_, "providers", values, event, **options)


def capacity_write(
    id_: str,
    kind: type[CapacityFacts],
    values: Row,
    period: tuple[date, date],
    *,
    commission_id: str | None = None,
    moved_days: int = 0,
    **options: Any,
) -> Write:
    """The write of a provider's days in one period; both days of `period` are inclusive."""
    first_day, last_day = period
    event = kind(
        capacity_id=id_, provider_id=values["provider_id"], first_day=first_day, last_day=last_day,
        days=values["days"], reserved_days=values["reserved_days"], commission_id=commission_id,
        moved_days=moved_days, valid_from=first_day, valid_to=last_day + timedelta(days=1),
    )  # fmt: skip
    return _write(
        id_,
        "capacities",
        values,
        event,
        valid_from=first_day,
        valid_to=last_day + timedelta(days=1),
        **options,
    )


def request_write(
    id_: str, kind: type[SupportRequestFacts], values: Row, *, changed: tuple[str, ...] = (), **options: Any
) -> Write:
    """The write of a support request."""
    event = kind(
        **_carried(values, _REQUEST), request_id=id_, school=values["school_number"], changed=changed
    )
    return _write(id_, "support-requests", values, event, **options)


def offer_write(
    id_: str, kind: type[OfferFacts], values: Row, *, answered_by: str | None = None, **options: Any
) -> Write:
    """The write of an offer."""
    event = kind(
        **_carried(values, _OFFER), offer_id=id_, school=values["school_number"], answered_by=answered_by
    )
    return _write(id_, "offers", values, event, **options)


def interest_write(id_: str, kind: type[InterestFacts], values: Row, changed: str, **options: Any) -> Write:
    """The write of a conflict of interest; `changed` names what was written about it."""
    event = kind(
        **_carried(values, _INTEREST), interest_id=id_, school=values["school_number"], changed=(changed,)
    )
    return _write(id_, "interests", values, event, **options)


def commission_write(
    id_: str, kind: type[CommissionFacts], values: Row, *, changed: tuple[str, ...] = (), **options: Any
) -> Write:
    """The write of a commission."""
    event = kind(
        **_carried(values, _COMMISSION), commission_id=id_, school=values["school_number"], changed=changed
    )
    return _write(id_, "commissions", values, event, **options)
