"""What `visits` publishes about support categories, and about monitoring that they call for."""

from datetime import date
from functools import partial
from typing import Any, ClassVar

from contracts.data_class import DataClass
from contracts.event import Event, event
from contracts.identifiers import RecordId


class CategoryFacts(Event):
    """A school's support category in one scheme and school year, without its value while that is confidential."""

    category_id: RecordId
    scheme: str
    """Code of `category_schemes`. Values of different schemes are never compared, whatever letters they share."""
    school_year: str
    """Like `2019/20`: the year of the judgement."""
    state: str
    """Code of `category_states`."""


class CategoryHeld(CategoryFacts):
    """A category that holds: its value, and what follows from it by the scheme."""

    value: str
    """Code of a value of the scheme."""
    dated: date
    """First day on which this value holds."""
    ceiling_days: int | None = None
    """Days of commissioned support a school year at most; null where the scheme sets none."""
    intensive_monitoring: bool = False
    """The scheme asks for more frequent monitoring of schools with this value."""
    imported: bool = False
    """Taken from a published list, and so without the steps before."""


_ROUND: dict[str, Any] = {
    "authority": "673",
    "school": "6732118",
    "category_id": "national_2014.2019-20.6732118",
    "scheme": "national_2014",
    "school_year": "2019/20",
    "state": "adviser_proposed",
}
_HELD: dict[str, Any] = {
    **_ROUND,
    "state": "published",
    "value": "amber",
    "dated": "2020-01-31",
    "ceiling_days": 15,
    "intensive_monitoring": True,
    "valid_from": "2020-01-31",
}


_category = partial(event, publisher="visits", aggregate="category", data_class=DataClass.confidential)


@_category(happened="self_evaluated")
class CategorySelfEvaluated(CategoryFacts):
    """The school's own evaluation was received: the round for this school begins."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ROUND, "state": "self_evaluated"}


@_category(happened="proposed")
class CategoryProposed(CategoryFacts):
    """The adviser proposed a value. It is read, not carried."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ROUND, "changed": ["value"]}


@_category(happened="agreed")
class CategoryAgreed(CategoryFacts):
    """The school agreed with the value proposed."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ROUND, "state": "agreed_with_school"}


@_category(happened="disagreement_lodged")
class CategoryDisagreementLodged(CategoryFacts):
    """The school disagrees with the value proposed (form F1)."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ROUND, "state": "disagreement_lodged"}


@_category(happened="moderated")
class CategoryModerated(CategoryFacts):
    """The region moderated the value (form F4)."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ROUND, "state": "regionally_moderated"}


@_category(happened="verified")
class CategoryVerified(CategoryFacts):
    """The value was verified nationally (forms F5 to F7)."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ROUND, "state": "nationally_verified"}


@_category(happened="published", data_class=DataClass.public)
class CategoryPublished(CategoryHeld):
    """The category is published and holds from `dated`."""

    EXAMPLE: ClassVar[dict[str, Any]] = _HELD


@_category(happened="changed_in_year", data_class=DataClass.public)
class CategoryChangedInYear(CategoryHeld):
    """A published category was changed within its year; what is committed under the earlier value stays valid."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_HELD,
        "value": "red",
        "dated": "2020-03-02",
        "ceiling_days": 25,
        "valid_from": "2020-03-02",
        "previous_value": "amber",
        "changed": ["value"],
    }

    previous_value: str


@_category(happened="superseded", data_class=DataClass.public)
class CategorySuperseded(CategoryHeld):
    """A later category of the school takes the place of this one from `valid_from` on."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_HELD,
        "state": "superseded",
        "valid_from": "2021-01-29",
        "changed": ["state"],
    }


@_category(happened="settled_in_confidence")
class CategorySettledInConfidence(CategoryFacts):
    """A category of a scheme that is not published was settled; school, authority and consortium may read it."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ROUND, "state": "published", "changed": ["value"]}


class MonitoringFacts(Event):
    """Monitoring that a school's category calls for in one period of its authority's calendar."""

    monitoring_id: RecordId
    category_id: RecordId
    visit_type: str
    """Code of the visit type that meets it."""
    school_year: str
    period: str
    """Code of `half_terms`, or of the term (`autumn`, `spring`, `summer`), by the scheme's interval."""
    due_from: date
    due_by: date
    state: str
    """Code of `monitoring_states`: due or met."""
    visit_id: RecordId | None = None
    """The visit that met it."""


_MONITORING: dict[str, Any] = {
    "authority": "673",
    "school": "6732118",
    "monitoring_id": "causing_concern_progress_meeting.2019-20.spring_1.6732118",
    "category_id": "national_2014.2019-20.6732118",
    "visit_type": "causing_concern_progress_meeting",
    "school_year": "2019/20",
    "period": "spring_1",
    "due_from": "2020-01-31",
    "due_by": "2020-02-23",
    "state": "due",
}


@event(publisher="visits", aggregate="monitoring", happened="became_due", data_class=DataClass.confidential)
class MonitoringBecameDue(MonitoringFacts):
    """A period began in which the school is to be monitored. Said once for school, visit type and period."""

    EXAMPLE: ClassVar[dict[str, Any]] = _MONITORING


@event(publisher="visits", aggregate="monitoring", happened="met", data_class=DataClass.confidential)
class MonitoringMet(MonitoringFacts):
    """A visit of the kind asked for was held within the period."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_MONITORING,
        "state": "met",
        "visit_id": "0199c0de-0000-7000-8000-00000000a001",
    }
