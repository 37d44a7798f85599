"""What `registry` publishes: schools, who challenges them, and the frame (regimes, calendars, footprints)."""

from datetime import date
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from contracts.data_class import DataClass
from contracts.event import Event, Moved, event
from contracts.identifiers import AuthorityCode, RecordId, SchoolNumber

_SCHOOL_EXAMPLE: dict[str, Any] = {
    "authority": "673",
    "school": "6732118",
    "school_number": "6732118",
    "name": "Gladstone Primary",
    "status": "open",
    "sector": "primary",
    "governance": "community",
    "school_type": "nursery_infants_juniors",
    "language_category": "EM",
    "religious_character": "none",
    "address": ["Gladstone Road", "Barry"],
    "postcode": "CF62 8NA",
    "phone": "01446 000000",
    "pupils": 420,
}


class SchoolFacts(Event):
    """All public facts of a school as of the event."""

    school_number: SchoolNumber
    name: str
    """The one official name; it may be Welsh, English or both, and is never translated."""
    status: str
    """Code of `school_status`."""
    sector: str
    """Code of `sectors`."""
    governance: str | None = None
    """Code of `governance`; null where the source gives none (independent schools, PRUs)."""
    school_type: str | None = None
    """Code of `school_types`."""
    language_category: str | None = None
    """Code of `language_category_2007`."""
    religious_character: str | None = None
    """Code of `religious_character`."""
    address: tuple[str, ...] = ()
    postcode: str | None = None
    phone: str | None = None
    pupils: int | None = None
    """Number on roll as published; null: not given."""


@event(publisher="registry", aggregate="school", happened="registered", data_class=DataClass.public)
class SchoolRegistered(SchoolFacts):
    """A school entered the register: from an applied list, or by hand."""

    EXAMPLE: ClassVar[dict[str, Any]] = _SCHOOL_EXAMPLE


@event(publisher="registry", aggregate="school", happened="details_changed", data_class=DataClass.public)
class SchoolDetailsChanged(SchoolFacts):
    """Facts of a school changed; `changed` names which."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_SCHOOL_EXAMPLE, "changed": ["phone", "pupils"]}


@event(publisher="registry", aggregate="school", happened="opened", data_class=DataClass.public)
class SchoolOpened(SchoolFacts):
    """A proposed school opens from `valid_from` on; that day may lie ahead."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_SCHOOL_EXAMPLE,
        "valid_from": "2018-09-01",
        "changed": ["status"],
    }


class SchoolLineage(SchoolFacts):
    """A school's facts, with those before and after it in the line of successions as of the event."""

    predecessors: tuple[SchoolNumber, ...] = ()
    """Schools that were amalgamated into it."""
    successors: tuple[SchoolNumber, ...] = ()
    """Schools into which it was amalgamated."""


@event(publisher="registry", aggregate="school", happened="closed", data_class=DataClass.public)
class SchoolClosed(SchoolLineage):
    """A school is closed from `valid_from` on, a day that may lie ahead; with `successors` where it was amalgamated."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_SCHOOL_EXAMPLE,
        "status": "closed",
        "successors": ["6734068"],
        "valid_from": "2018-09-01",
        "changed": ["status", "successors"],
    }


@event(publisher="registry", aggregate="school", happened="amalgamated", data_class=DataClass.public)
class SchoolAmalgamated(SchoolLineage):
    """Other schools are amalgamated into this one from `valid_from` on. Where nothing was told of this school before,
    it is new and open from that day."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_SCHOOL_EXAMPLE,
        "predecessors": ["6732119"],
        "valid_from": "2018-09-01",
        "changed": ["status", "predecessors"],
    }


@event(publisher="registry", aggregate="contact", happened="changed", data_class=DataClass.personal)
class ContactChanged(Event):
    """A school's contact changed. Who it is and how to reach them is personal: read it under your own rights."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "authority": "673",
        "school": "6732118",
        "post": "head_teacher",
        "changed": ["email"],
    }

    post: str
    """Code of `roles_of_people`: the post that the contact holds at the school."""


@event(publisher="registry", aggregate="list", happened="applied")
class ListApplied(Event):
    """A list of schools was applied to the register as one dated change set."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "list_id": "0199c0de-0000-7000-8000-000000000001",
        "list_date": "2018-04-10",
        "added": 1616,
        "changed_schools": 0,
        "unchanged": 0,
        "missing": 0,
        "valid_from": "2018-04-10",
    }

    list_id: RecordId
    list_date: date
    added: int
    changed_schools: int
    unchanged: int
    missing: int
    """Schools of the register that the list does not name. They stay; closing is an act of its own."""


@event(publisher="registry", aggregate="regime", happened="adopted")
class RegimeAdopted(Event):
    """A local authority works under a regime (operating model) from a date."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "authority": "673",
        "regime_code": "national_model_2014",
        "valid_from": "2014-04-01",
        "delivered_by": "consortium",
    }

    regime_code: str
    delivered_by: str
    """`consortium` or `authority`: who delivers school improvement, and so who makes the returns."""


class Period(BaseModel):
    """A half-term period: from its first teaching day to the day before the next period begins."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    first_day: date
    last_day: date


@event(publisher="registry", aggregate="calendar", happened="published")
class CalendarPublished(Event):
    """A local authority's term dates for a school year, with the six half-term periods that follow from them."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "authority": "673",
        "school_year": "2019/20",
        "assumed": True,
        "periods": [{"code": "spring_1", "first_day": "2020-01-06", "last_day": "2020-02-23"}],
        "valid_from": "2019-09-02",
    }

    school_year: str
    """Like `2019/20`: 1 September to 31 August."""
    assumed: bool
    """True where a date was not read at its source."""
    periods: tuple[Period, ...]


@event(
    publisher="registry", aggregate="footprint", happened="membership_changed", data_class=DataClass.public
)
class FootprintMembershipChanged(Event):
    """A local authority joined or left a footprint (consortium or health board) on a date."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "authority": "672",
        "kind": "health_board",
        "footprint": "cwm_taf_morgannwg",
        "valid_from": "2019-04-01",
    }

    kind: str
    footprint: str


@event(publisher="registry", aggregate="person", happened="registered", data_class=DataClass.personal)
class PersonRegistered(Event):
    """A person entered the register. Nothing about the person is carried but the id."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"person_id": "0199c0de-0000-7000-8000-000000000002"}

    person_id: RecordId


@event(publisher="registry", aggregate="person", happened="details_changed", data_class=DataClass.personal)
class PersonDetailsChanged(Event):
    """Details of a person changed; they are named, not carried."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "person_id": "0199c0de-0000-7000-8000-000000000002",
        "changed": ["email"],
    }

    person_id: RecordId


class RoleFacts(Moved):
    """A dated role of a person: by id, never by name."""

    person_id: RecordId
    role: str
    """Code of `roles_of_people`."""
    employer: str | None = None
    """Code of the local authority that employs, or `consortium`."""


_ROLE_EXAMPLE: dict[str, Any] = {
    "person_id": "0199c0de-0000-7000-8000-000000000002",
    "role": "adviser",
    "employer": "consortium",
    "valid_from": "2019-09-01",
}


@event(publisher="registry", aggregate="role", happened="assigned")
class RoleAssigned(RoleFacts):
    """A person holds a role from a date."""

    EXAMPLE: ClassVar[dict[str, Any]] = _ROLE_EXAMPLE


@event(publisher="registry", aggregate="role", happened="ended")
class RoleEnded(RoleFacts):
    """A person's role ends on a date (`valid_to`)."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ROLE_EXAMPLE, "valid_to": "2020-08-31"}


class AllocationFacts(Moved):
    """The lead adviser of a school, dated."""

    person_id: RecordId
    school_number: SchoolNumber


_ALLOCATION_EXAMPLE: dict[str, Any] = {
    "authority": "673",
    "school": "6732118",
    "person_id": "0199c0de-0000-7000-8000-000000000002",
    "school_number": "6732118",
    "valid_from": "2019-09-01",
}


@event(publisher="registry", aggregate="adviser", happened="allocated")
class AdviserAllocated(AllocationFacts):
    """A school has this lead adviser from a date. At most one per school and day."""

    EXAMPLE: ClassVar[dict[str, Any]] = _ALLOCATION_EXAMPLE


@event(publisher="registry", aggregate="adviser", happened="allocation_ended")
class AdviserAllocationEnded(AllocationFacts):
    """A lead adviser's allocation ends on a date (`valid_to`)."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ALLOCATION_EXAMPLE, "valid_to": "2020-08-31"}


@event(publisher="registry", aggregate="liaison", happened="designated")
class LiaisonDesignated(Event):
    """A person is an authority's senior link officer (consortium side) or lead officer (authority side)."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "authority": "673",
        "person_id": "0199c0de-0000-7000-8000-000000000002",
        "kind": "senior_link_officer",
        "valid_from": "2019-09-01",
    }

    person_id: RecordId
    kind: str
    """`senior_link_officer` or `lead_officer`."""


@event(publisher="registry", aggregate="authority", happened="registered", data_class=DataClass.public)
class AuthorityRegistered(Event):
    """A local authority entered the register, with its codes and its name in both languages."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "authority": "673",
        "authority_code": "673",
        "gss_code": "W06000014",
        "name_en": "The Vale of Glamorgan",
        "name_cy": "Bro Morgannwg",
    }

    authority_code: AuthorityCode
    gss_code: str
    name_en: str
    name_cy: str
