"""Declares a conflict of interest between a provider and a request, and records how it is mitigated [S4-16, D-17]."""

from collections.abc import Mapping
from typing import Any

from brokerage.domain.caller import Caller
from brokerage.storage.tables import interests, providers
from brokerage.usecases.event_writes import interest_write
from contracts.events.brokerage import InterestDeclared, InterestMitigated
from contracts.identifiers import new_id
from service_kit.problems import Fault, ProblemError
from service_kit.reading import first, showing, values_of
from service_kit.unit_of_work import UnitOfWork

Row = Mapping[str, Any]


async def declare_interest(
    uow: UnitOfWork, request: Row, provider_id: str, ground: str, statement: str, who: str
) -> str:
    """Declares a conflict; it blocks from now on. Gives its id. Raises 422 for an unknown provider."""
    query = showing(providers, uow.clock.today(), None, providers.slices.c.id == provider_id)
    provider = await first(uow.connection, query)
    if provider is None:
        raise ProblemError("validation_failed", errors=[Fault("/provider_id", "no_such_provider")])
    id_ = new_id()
    values = {
        **{name: provider[name] for name in ("provider_school", "provider_authority", "provider_person")},
        "school_number": request["school_number"],
        "authority": request["authority"],
        "provider_id": provider_id,
        "request_id": request["id"],
        "ground": ground,
        "state": "declared",
        "statement": statement,
        "declared_by": who,
        "mitigation": None,
        "mitigated_by": None,
    }
    write = interest_write(id_, InterestDeclared, values, "statement", create=True)
    await uow.write(interests, [write])
    return id_


async def mitigate_interest(uow: UnitOfWork, row: Row, caller: Caller, mitigation: str) -> None:
    """Records the authority's mitigation; the conflict blocks no longer.

    Raises 409 `interest_is_mitigated` where it was already, `provider_cannot_mitigate` for whoever provides.
    """
    if row["state"] != "declared":
        raise ProblemError("interest_is_mitigated")
    if caller.provides(row["provider_person"], row["provider_school"]):
        raise ProblemError("provider_cannot_mitigate")
    values = values_of(interests, row, state="mitigated", mitigation=mitigation, mitigated_by=caller.who)
    await uow.write(interests, [interest_write(row["id"], InterestMitigated, values, "mitigation")])
