"""What `brokerage` publishes before a commission: requests for support, offers, conflicts of interest.

The menu, providers and capacity are in `brokerage_providers`, commissions in `brokerage_commissions`.

Ids, codes, dates, days, states and amounts are carried; what somebody wrote about a school is named in `changed` and
read under the reader's own rights. `authority` and `school` are always those of the supported side; a provider's own
are `provider_authority` and `provider_school`. Days are whole days, money is whole pence.
"""

from datetime import date
from functools import partial
from typing import Annotated, Any, ClassVar

from contracts.data_class import DataClass
from contracts.event import Event, event
from contracts.identifiers import AuthorityCode, RecordId, SchoolNumber

_SCHOOL: dict[str, Any] = {"authority": "673", "school": "6732118"}
_ITEM_ID = "0199c0de-0000-7000-8000-00000000b001"
_PROVIDER_ID = "0199c0de-0000-7000-8000-00000000b002"
_REQUEST_ID = "0199c0de-0000-7000-8000-00000000b004"
_OFFER_ID = "0199c0de-0000-7000-8000-00000000b005"
_COMMISSION_ID = "0199c0de-0000-7000-8000-00000000b006"
_INTEREST_ID = "0199c0de-0000-7000-8000-00000000b007"
_FINDING_ID = "0199c0de-0000-7000-8000-00000000a002"


class SupportRequestFacts(Event):
    """A school's request for support, from a published finding."""

    request_id: RecordId
    finding_id: RecordId
    visit_id: RecordId
    area: str
    """Code of `finding_areas`: that of the finding."""
    specialism: str
    phase: str
    """Code of `sectors`: that of the school."""
    language: str
    """`en` or `cy`: the language in which support is wanted."""
    days_wanted: int
    state: str
    """Code of `support_request_states`."""
    requested_on: date
    provider_id: RecordId | None = None
    """Who was matched, once somebody was."""
    menu_item_id: RecordId | None = None
    offer_id: RecordId | None = None
    commission_id: RecordId | None = None


_REQUEST: dict[str, Any] = {
    **_SCHOOL,
    "request_id": _REQUEST_ID,
    "finding_id": _FINDING_ID,
    "visit_id": "0199c0de-0000-7000-8000-00000000a001",
    "area": "teaching",
    "specialism": "teaching",
    "phase": "primary",
    "language": "en",
    "days_wanted": 6,
    "state": "requested",
    "requested_on": "2020-02-04",
}
_MATCHED: dict[str, Any] = {
    **_REQUEST,
    "state": "matched",
    "provider_id": _PROVIDER_ID,
    "menu_item_id": _ITEM_ID,
}
_OFFERED: dict[str, Any] = {**_MATCHED, "state": "offered", "offer_id": _OFFER_ID}

_request = partial(
    event, publisher="brokerage", aggregate="support_request", data_class=DataClass.confidential
)


@_request(happened="received")
class SupportRequestReceived(SupportRequestFacts):
    """Support was requested for a published finding."""

    EXAMPLE: ClassVar[dict[str, Any]] = _REQUEST


@_request(happened="triaged")
class SupportRequestTriaged(SupportRequestFacts):
    """A broker took it up, or takes it up again after an offer was declined."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_REQUEST, "state": "triaged"}


@_request(happened="matched")
class SupportRequestMatched(SupportRequestFacts):
    """A provider without anything in the way was chosen."""

    EXAMPLE: ClassVar[dict[str, Any]] = _MATCHED


@_request(happened="offered")
class SupportRequestOffered(SupportRequestFacts):
    """An offer lies before both sides."""

    EXAMPLE: ClassVar[dict[str, Any]] = _OFFERED


@_request(happened="agreed")
class SupportRequestAgreed(SupportRequestFacts):
    """Both heads, and the authority where it pays, accepted the offer."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_OFFERED, "state": "agreed"}


@_request(happened="commissioned")
class SupportRequestCommissioned(SupportRequestFacts):
    """The agreed support was commissioned."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_OFFERED, "state": "commissioned", "commission_id": _COMMISSION_ID}


@_request(happened="declined")
class SupportRequestDeclined(SupportRequestFacts):
    """The broker cannot or will not meet it. The reason is read, not carried."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_REQUEST, "state": "declined", "changed": ["reason"]}


@_request(happened="withdrawn")
class SupportRequestWithdrawn(SupportRequestFacts):
    """The side that asked no longer wants it."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_REQUEST, "state": "withdrawn", "changed": ["reason"]}


@_request(happened="expired")
class SupportRequestExpired(SupportRequestFacts):
    """Its offer was not answered in time."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_OFFERED, "state": "expired"}


class OfferFacts(Event):
    """Support of a provider on terms, put to both sides for one request."""

    offer_id: RecordId
    request_id: RecordId
    menu_item_id: RecordId
    support_type: str
    provider_id: RecordId
    provider_school: SchoolNumber | None = None
    provider_authority: AuthorityCode | None = None
    provider_person: Annotated[RecordId | None, DataClass.personal] = None
    """The provider where it is a person. The change feed does not show it."""
    days: int
    first_day: date
    last_day: date
    cost_pence: int
    paid_by: str
    """Code of `payers`: school, authority or consortium."""
    state: str
    """Code of `offer_states`."""
    supported: str
    """Code of `offer_answers`: the answer of the supported school's head."""
    supporting: str
    """Code of `offer_answers`: the answer of the supporting school's head, or of the provider."""
    paying_authority: str
    """Code of `offer_answers`: the answer of the authority, `not_needed` where it does not pay."""
    expires_on: date
    """Last day for the answers."""
    answered_by: str | None = None
    """The side whose answer this event tells: supported, supporting or paying_authority."""


_OFFER: dict[str, Any] = {
    **_SCHOOL,
    "offer_id": _OFFER_ID,
    "request_id": _REQUEST_ID,
    "menu_item_id": _ITEM_ID,
    "support_type": "pathfinder_pair",
    "provider_id": _PROVIDER_ID,
    "provider_school": "6812093",
    "provider_authority": "681",
    "days": 6,
    "first_day": "2020-02-10",
    "last_day": "2020-02-23",
    "cost_pence": 180000,
    "paid_by": "authority",
    "state": "made",
    "supported": "awaited",
    "supporting": "awaited",
    "paying_authority": "awaited",
    "expires_on": "2020-02-19",
}

_offer = partial(event, publisher="brokerage", aggregate="offer")


@_offer(happened="made")
class OfferMade(OfferFacts):
    """An offer lies before both sides."""

    EXAMPLE: ClassVar[dict[str, Any]] = _OFFER


@_offer(happened="accepted")
class OfferAccepted(OfferFacts):
    """One side accepted. The offer's state is `accepted` once every side has that must."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_OFFER, "supported": "accepted", "answered_by": "supported"}


@_offer(happened="declined")
class OfferDeclined(OfferFacts):
    """One side declined, and with it the offer is declined."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_OFFER,
        "state": "declined",
        "supporting": "declined",
        "answered_by": "supporting",
    }


@_offer(happened="expired")
class OfferExpired(OfferFacts):
    """The last day for the answers has passed."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_OFFER, "state": "expired"}


@_offer(happened="withdrawn")
class OfferWithdrawn(OfferFacts):
    """The request was withdrawn, and its offer with it."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_OFFER, "state": "withdrawn"}


class InterestFacts(Event):
    """A conflict of interest between a provider and a request, declared by somebody."""

    interest_id: RecordId
    provider_id: RecordId
    provider_school: SchoolNumber | None = None
    provider_authority: AuthorityCode | None = None
    provider_person: Annotated[RecordId | None, DataClass.personal] = None
    """The provider where it is a person. The change feed does not show it."""
    request_id: RecordId
    ground: str
    """Code of `interest_grounds`: wrote_finding, matched_it or commercial_gain."""
    state: str
    """Code of `interest_states`: declared (it blocks) or mitigated."""


_INTEREST: dict[str, Any] = {
    **_SCHOOL,
    "interest_id": _INTEREST_ID,
    "provider_id": _PROVIDER_ID,
    "provider_school": "6812093",
    "provider_authority": "681",
    "request_id": _REQUEST_ID,
    "ground": "commercial_gain",
    "state": "declared",
}

_interest = partial(event, publisher="brokerage", aggregate="interest")


@_interest(happened="declared")
class InterestDeclared(InterestFacts):
    """A conflict of interest was declared: it blocks until the authority records a mitigation."""

    EXAMPLE: ClassVar[dict[str, Any]] = _INTEREST


@_interest(happened="mitigated")
class InterestMitigated(InterestFacts):
    """The authority recorded how the conflict is mitigated; it blocks no longer."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_INTEREST, "state": "mitigated", "changed": ["mitigation"]}
