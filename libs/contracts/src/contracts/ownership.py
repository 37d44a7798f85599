"""Whose an event's record is, beside the authority and school that every event carries: a person's, a body's, a
second side's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_PERSONS_OWN: Final = frozenset({"registry.person", "registry.role", "registry.adviser"})


def person_of(aggregate: str, data: Mapping[str, Any]) -> str | None:
    """The person whose own record it is by its event's data; None: it is nobody's. `aggregate` as in `body_of`.

    Persons read what the register has of themselves: their entry, their roles, the schools that they lead.
    """
    return data.get("person_id") if aggregate in _PERSONS_OWN else None


def body_of(aggregate: str, data: Mapping[str, Any]) -> str | None:
    """The body of a record by its event's data; None: it belongs to none. `aggregate` is `<publisher>.<aggregate>`.

    Governance's records are a body's; a return that is made for several authorities is its consortium's.
    """
    if aggregate.startswith("governance."):
        return data.get("body_id")
    if aggregate == "exchange.return" and data.get("kind") == "consortium":
        return data.get("organisation")
    return None


@dataclass(frozen=True, slots=True)
class OtherSide:
    """The second party to a record, such as the supporting side of a commission; and whose that side was before."""

    authority: str | None = None
    school: str | None = None
    person: str | None = None
    from_authority: str | None = None
    from_school: str | None = None


NO_OTHER_SIDE: Final = OtherSide()
_TWO_SIDED: Final = frozenset(
    {"brokerage.offer", "brokerage.interest", "brokerage.commission", "brokerage.delivery"}
)


def other_side_of(aggregate: str, data: Mapping[str, Any]) -> OtherSide:
    """The second side of a record by its event's data. `aggregate` is `<publisher>.<aggregate>`.

    A provider belongs to its school and authority, and to the person that it may be.
    """
    if aggregate in _TWO_SIDED:
        return OtherSide(
            data.get("provider_authority"),
            data.get("provider_school"),
            data.get("provider_person"),
            data.get("from_provider_authority"),
            data.get("from_provider_school"),
        )
    if aggregate == "brokerage.provider":
        return OtherSide(person=data.get("person_id"))
    return NO_OTHER_SIDE
