"""What `exchange` publishes: a half-termly return from its opening to its acknowledgement.

States, days, positions and digests are carried; what was commented, asked or given as a reason is read.
"""

from datetime import date
from functools import partial
from typing import Any, ClassVar

from contracts.data_class import DataClass
from contracts.event import Event, event
from contracts.identifiers import RecordId


class ReturnFacts(Event):
    """One version of a return as of the event. `authority` is set for an authority's own return only."""

    version_id: RecordId
    return_id: RecordId
    number: int
    """Number of the version of the return, from 1."""
    organisation: str
    """Who owes the return: code of a consortium, or of an authority."""
    kind: str
    """Code of `return_kinds`: `consortium` or `authority`."""
    school_year: str
    """Like `2019/20`."""
    period: str
    """Code of `half_terms`."""
    first_day: date
    last_day: date
    due_on: date
    definition: str
    """Version of the definition of the return."""
    state: str
    """Code of `return_states`."""
    position: int | None = None
    """Position of the change feed from which the figures were made; null until they were."""
    digest: str | None = None
    """SHA-256 of the JSON rendering, in hexadecimal; null while it is not frozen."""
    test: bool = False
    """A test return: made to try the way, never to be taken for a return."""


_OPENED: dict[str, Any] = {
    "version_id": "2019-20.spring_1.central_south.1",
    "return_id": "2019-20.spring_1.central_south",
    "number": 1,
    "organisation": "central_south",
    "kind": "consortium",
    "school_year": "2019/20",
    "period": "spring_1",
    "first_day": "2020-01-06",
    "last_day": "2020-02-23",
    "due_on": "2020-03-08",
    "definition": "1",
    "state": "opened",
}
_FILLED: dict[str, Any] = {**_OPENED, "state": "filled", "position": 4711}
_FROZEN: dict[str, Any] = {**_FILLED, "state": "frozen", "digest": "0" * 64}
_SUBMITTED: dict[str, Any] = {**_FROZEN, "state": "submitted"}

_drafted = partial(event, publisher="exchange", aggregate="return", data_class=DataClass.confidential)
_handed_in = partial(event, publisher="exchange", aggregate="return", data_class=DataClass.internal)


@_drafted(happened="opened")
class ReturnOpened(ReturnFacts):
    """The period is over and the return is owed."""

    EXAMPLE: ClassVar[dict[str, Any]] = _OPENED


@_drafted(happened="filled")
class ReturnFilled(ReturnFacts):
    """The figures are those of the change feed up to `position`."""

    EXAMPLE: ClassVar[dict[str, Any]] = _FILLED


@_drafted(happened="remarked")
class ReturnRemarked(ReturnFacts):
    """A finding of the rules was commented or waived. The words are read, not carried."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_FILLED, "changed": ["remarks"]}


@_drafted(happened="validated")
class ReturnValidated(ReturnFacts):
    """The rules were asked; what they found stands in the return."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_FILLED, "state": "validated", "errors": 0, "warnings": 2}

    errors: int
    warnings: int


@_drafted(happened="frozen")
class ReturnFrozen(ReturnFacts):
    """The renderings are made; from here on only sign-off or reopening."""

    EXAMPLE: ClassVar[dict[str, Any]] = _FROZEN


@_drafted(happened="reopened")
class ReturnReopened(ReturnFacts):
    """A frozen return was opened again before it was submitted: every sign-off of it is void."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_FILLED, "changed": ["state"]}


@_drafted(happened="signed")
class ReturnSigned(ReturnFacts):
    """Somebody signed off the return, over the digest of what was frozen."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_FROZEN,
        "state": "signed_first",
        "signed_by": "0199c0de-0000-7000-8000-000000000002",
    }

    signed_by: RecordId
    """The person, by id."""


@_handed_in(happened="submitted")
class ReturnSubmitted(ReturnFacts):
    """Signed off by two people, signed and open to Welsh Government."""

    EXAMPLE: ClassVar[dict[str, Any]] = _SUBMITTED


@_handed_in(happened="acknowledged")
class ReturnAcknowledged(ReturnFacts):
    """Welsh Government has taken the return."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_SUBMITTED, "state": "acknowledged"}


@_handed_in(happened="queried")
class ReturnQueried(ReturnFacts):
    """Welsh Government has a question about the return. It is read, not carried."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_SUBMITTED, "state": "queried", "changed": ["question"]}


@_drafted(happened="amended")
class ReturnAmended(ReturnFacts):
    """A later version of a submitted return was begun; the reason is read."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_OPENED,
        "version_id": "2019-20.spring_1.central_south.2",
        "number": 2,
        "amends": 1,
    }

    amends: int
    """Number of the version that it corrects."""


@_handed_in(happened="superseded")
class ReturnSuperseded(ReturnFacts):
    """A later version of the return was submitted; this one stays readable."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_SUBMITTED, "state": "superseded", "superseded_by": 2}

    superseded_by: int


@_handed_in(happened="void_asked")
class ReturnVoidAsked(ReturnFacts):
    """One signatory asked that a submitted return be void; it is so once the other asks as well."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_SUBMITTED, "changed": ["void_asked_by"]}


@_handed_in(happened="voided")
class ReturnVoided(ReturnFacts):
    """Both signatories voided the return before it was acknowledged."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_SUBMITTED, "state": "voided"}
