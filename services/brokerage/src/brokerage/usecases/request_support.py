"""Takes a request for support, triages it, declines or withdraws it [D-14; flows 2]."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from brokerage.storage.conventions import language_for
from brokerage.storage.known import finding_with, schools_of
from brokerage.storage.tables import offers, support_requests
from brokerage.usecases.event_writes import offer_write, request_write
from brokerage.usecases.refusing import refuse_closed
from contracts.events.brokerage import (
    OfferWithdrawn,
    SupportRequestDeclined,
    SupportRequestFacts,
    SupportRequestReceived,
    SupportRequestTriaged,
    SupportRequestWithdrawn,
)
from contracts.identifiers import new_id
from service_kit.problems import Fault, ProblemError
from service_kit.reading import first, showing, values_of
from service_kit.unit_of_work import UnitOfWork

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WantedSupport:
    """What a school asks for. `language` None: by its Welsh-medium type; `wanted_from` None: from today."""

    specialism: str
    days: int
    need: str
    language: str | None
    wanted_from: date | None


async def published_finding(uow: UnitOfWork, finding_id: str) -> Row:
    """A published finding as far as the caller may know of it. Raises 422 `finding_not_published` for any other."""
    finding = await finding_with(uow.connection, finding_id)
    if finding is None:
        raise ProblemError("validation_failed", errors=[Fault("/finding_id", "finding_not_published")])
    return finding


async def request_support(uow: UnitOfWork, finding: Row, wanted: WantedSupport, who: str) -> str:
    """Takes a request from a published finding and gives its id. Raises 409 for a closed school."""
    today = uow.clock.today()
    school = (await schools_of(uow.connection, [finding["school"]]))[finding["school"]]
    refuse_closed(school, today)
    id_ = new_id()
    values: dict[str, Any] = dict.fromkeys(support_requests.own) | {
        "school_number": school.number,
        "authority": school.authority,
        "finding_id": finding["finding_id"],
        "visit_id": finding["visit_id"],
        "area": finding["area"],
        "specialism": wanted.specialism,
        "phase": school.sector,
        "language": wanted.language or language_for(school.language_category),
        "days_wanted": wanted.days,
        "wanted_from": wanted.wanted_from or today,
        "need": wanted.need,
        "state": "requested",
        "requested_on": today,
        "requested_by": who,
        "match_reasons": [],
    }
    write = request_write(id_, SupportRequestReceived, values, changed=("need",), create=True)
    await uow.write(support_requests, [write])
    return id_


async def move_request(uow: UnitOfWork, row: Row, kind: type[SupportRequestFacts], **changed: Any) -> None:
    """Changes values of a request, most often its state, and tells it as `kind`. A reason is of this step alone."""
    values = values_of(support_requests, row, **{"reason": None, **changed})
    names = tuple(n for n in changed if n not in ("state", "reason") and row[n] != values[n])
    await uow.write(support_requests, [request_write(row["id"], kind, values, changed=names)])


async def triage(uow: UnitOfWork, row: Row, who: str) -> None:
    """A broker takes a request up."""
    await move_request(uow, row, SupportRequestTriaged, state="triaged", triaged_by=who)


async def decline(uow: UnitOfWork, row: Row, reason: str) -> None:
    """Declines a request, with the reason."""
    await move_request(uow, row, SupportRequestDeclined, state="declined", reason=reason)


async def withdraw(uow: UnitOfWork, row: Row, reason: str) -> None:
    """Withdraws a request, and its offer where one lies open."""
    await move_request(uow, row, SupportRequestWithdrawn, state="withdrawn", reason=reason)
    if row["offer_id"] is None:
        return
    query = showing(offers, uow.clock.today(), None, offers.slices.c.id == row["offer_id"])
    offer = await first(uow.connection, query)
    if offer is not None and offer["state"] in ("made", "accepted"):
        values = values_of(offers, offer, state="withdrawn")
        await uow.write(offers, [offer_write(offer["id"], OfferWithdrawn, values)])
