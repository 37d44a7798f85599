"""What `brokerage` publishes about what can be had: the menu of support, providers, and their capacity.

A person is given by id only. Days are whole days, money is whole pence.
"""

from datetime import date
from functools import partial
from typing import Annotated, Any, ClassVar

from contracts.data_class import DataClass
from contracts.event import Event, event
from contracts.identifiers import AuthorityCode, RecordId, SchoolNumber

_ITEM_ID = "0199c0de-0000-7000-8000-00000000b001"
_PROVIDER_ID = "0199c0de-0000-7000-8000-00000000b002"
_CAPACITY_ID = "0199c0de-0000-7000-8000-00000000b003"
_COMMISSION_ID = "0199c0de-0000-7000-8000-00000000b006"


class MenuItemFacts(Event):
    """Support that can be had: one entry of the menu of a specialism."""

    menu_item_id: RecordId
    provider_id: RecordId
    """Who offers it."""
    support_type: str
    """Code of `support_types`; by it the conventions say whether its days count towards the ceiling."""
    specialism: str
    """Code of `specialisms`."""
    title_en: str
    title_cy: str
    day_price_pence: int
    """Price of one day in pence; 0: without charge."""
    counts_towards_ceiling: bool
    state: str
    """Code of `menu_item_states`: published or withdrawn."""


_ITEM: dict[str, Any] = {
    "menu_item_id": _ITEM_ID,
    "provider_id": _PROVIDER_ID,
    "support_type": "pathfinder_pair",
    "specialism": "teaching",
    "title_en": "Paired departments: improving teaching",
    "title_cy": "Paru adrannau: gwella addysgu",
    "day_price_pence": 30000,
    "counts_towards_ceiling": True,
    "state": "published",
}

_menu_item = partial(event, publisher="brokerage", aggregate="menu_item", data_class=DataClass.public)


@_menu_item(happened="published")
class MenuItemPublished(MenuItemFacts):
    """An entry was put on the menu."""

    EXAMPLE: ClassVar[dict[str, Any]] = _ITEM


@_menu_item(happened="details_changed")
class MenuItemDetailsChanged(MenuItemFacts):
    """An entry was changed; what was commissioned from it keeps its terms."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ITEM, "changed": ["day_price_pence"]}


@_menu_item(happened="withdrawn")
class MenuItemWithdrawn(MenuItemFacts):
    """An entry is no longer on the menu."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ITEM, "state": "withdrawn"}


class ProviderFacts(Event):
    """A school, an adviser or a partner that supports schools. A person is given by id only."""

    provider_id: RecordId
    kind: str
    """Code of `provider_kinds`: school, adviser or partner."""
    provider_school: SchoolNumber | None = None
    provider_authority: AuthorityCode | None = None
    person_id: Annotated[RecordId | None, DataClass.internal] = None
    specialisms: tuple[str, ...]
    phases: tuple[str, ...]
    """Codes of `sectors` that it can support."""
    languages: tuple[str, ...]
    """`en`, `cy` or both: the languages in which it can support."""
    follow_up: Annotated[str, DataClass.internal]
    """Code of `follow_up_categories`: a school in special measures or significant improvement supports nobody."""
    state: str
    """Code of `provider_states`: active or ended."""


_PROVIDER: dict[str, Any] = {
    "provider_id": _PROVIDER_ID,
    "kind": "school",
    "provider_school": "6812093",
    "provider_authority": "681",
    "specialisms": ["teaching", "literacy"],
    "phases": ["primary"],
    "languages": ["en"],
    "follow_up": "none",
    "state": "active",
}

_provider = partial(event, publisher="brokerage", aggregate="provider", data_class=DataClass.public)


@_provider(happened="registered")
class ProviderRegistered(ProviderFacts):
    """A provider can be matched from now on, within its capacity."""

    EXAMPLE: ClassVar[dict[str, Any]] = _PROVIDER


@_provider(happened="details_changed")
class ProviderDetailsChanged(ProviderFacts):
    """What a provider can do, or whether it may, was changed."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_PROVIDER, "languages": ["en", "cy"], "changed": ["languages"]}


@_provider(happened="ended")
class ProviderEnded(ProviderFacts):
    """A provider is matched no longer; its commissions go on."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_PROVIDER, "state": "ended"}


class CapacityFacts(Event):
    """The days that a provider has in one period. `reserved_days` never exceeds `days`."""

    capacity_id: RecordId
    provider_id: RecordId
    first_day: date
    last_day: date
    days: int
    reserved_days: int
    commission_id: RecordId | None = None
    """The commission that reserved or released days with this event."""
    moved_days: int = 0
    """How many days this event reserved or released."""


_CAPACITY: dict[str, Any] = {
    "capacity_id": _CAPACITY_ID,
    "provider_id": _PROVIDER_ID,
    "first_day": "2020-01-06",
    "last_day": "2020-02-23",
    "days": 12,
    "reserved_days": 0,
}

_capacity = partial(event, publisher="brokerage", aggregate="capacity", data_class=DataClass.public)


@_capacity(happened="declared")
class CapacityDeclared(CapacityFacts):
    """A provider says how many days it has in a period, or changes it; never below what is reserved."""

    EXAMPLE: ClassVar[dict[str, Any]] = _CAPACITY


@_capacity(happened="reserved")
class CapacityReserved(CapacityFacts):
    """A commission reserved days."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_CAPACITY,
        "reserved_days": 6,
        "commission_id": _COMMISSION_ID,
        "moved_days": 6,
    }


@_capacity(happened="released")
class CapacityReleased(CapacityFacts):
    """Days that a commission reserved and did not use are free again."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_CAPACITY,
        "reserved_days": 4,
        "commission_id": _COMMISSION_ID,
        "moved_days": 2,
    }
