"""What `registry` publishes when a school goes to another authority: it gets a new number, and its records follow."""

from datetime import date
from typing import Any, ClassVar

from contracts.data_class import DataClass
from contracts.event import Change, Moved, event
from contracts.events.registry import SchoolClosed, SchoolLineage
from contracts.identifiers import AuthorityCode, RecordId, SchoolNumber

_CHANGE: dict[str, Any] = {
    "valid_from": "2020-04-01",
    "old_number": "6732118",
    "old_authority": "673",
    "new_number": "6812399",
    "new_authority": "681",
}
_OLD: dict[str, Any] = {**SchoolClosed.EXAMPLE, **_CHANGE, "successors": ["6812399"]}
_NEW: dict[str, Any] = {
    **{name: value for name, value in _OLD.items() if name != "successors"},
    "authority": "681",
    "school": "6812399",
    "school_number": "6812399",
    "status": "open",
    "predecessors": ["6732118"],
    "changed": ["school_number", "authority", "predecessors"],
}


class ChangeOfNumber(SchoolLineage):
    """A school's facts, and the change of number and authority from `valid_from` on."""

    old_number: SchoolNumber
    old_authority: AuthorityCode
    new_number: SchoolNumber
    new_authority: AuthorityCode


@event(
    publisher="registry",
    aggregate="school",
    happened="rekeyed",
    change=Change.rekey,
    data_class=DataClass.public,
)
class SchoolRekeyed(ChangeOfNumber):
    """The school goes on under another number; this one is closed from `valid_from` on and resolves to the other."""

    EXAMPLE: ClassVar[dict[str, Any]] = _OLD


@event(publisher="registry", aggregate="school", happened="transferred", data_class=DataClass.public)
class SchoolTransferred(ChangeOfNumber):
    """The school under its new number, that of the authority to which it belongs from `valid_from` on.

    Whoever keeps records of the school writes them anew under it.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = _NEW


@event(publisher="registry", aggregate="transfer", happened="recorded")
class TransferRecorded(Moved):
    """A school's records went from one authority to another: what leaves the one's scope enters the other's."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "authority": "681",
        "school": "6812399",
        "from_authority": "673",
        "from_school": "6732118",
        "transfer_id": "0199c0de-0000-7000-8000-00000000c001",
        "transferred_on": "2020-04-01",
        "reason": "change_of_authority",
    }

    transfer_id: RecordId
    transferred_on: date
    """First day on which the school belongs to the new authority."""
    reason: str
    """Why it changed hands: `change_of_authority`."""


@event(publisher="registry", aggregate="person", happened="moved", data_class=DataClass.personal)
class PersonMoved(Moved):
    """A person of a school that went to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "authority": "681",
        "school": "6812399",
        "from_authority": "673",
        "from_school": "6732118",
        "person_id": "0199c0de-0000-7000-8000-000000000002",
    }

    person_id: RecordId
