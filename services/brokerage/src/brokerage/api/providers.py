"""Providers of support: schools, advisers and partners, and the days that they have by period [D-13, D-15]."""

from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import any_, func
from starlette.responses import Response

from brokerage.api.fields import (
    AuthorityCode,
    FollowUp,
    Line,
    Phase,
    ProviderKind,
    RecordId,
    SchoolNumber,
    Specialism,
    SupportLanguage,
    VersionedView,
)
from brokerage.storage.reading import one_period
from brokerage.storage.tables import SUPPORTING, capacities, providers
from brokerage.usecases.change_providers import (
    change_capacity,
    change_provider,
    declare_capacity,
    end_provider,
    register_provider,
)
from contracts.data_class import DataClass
from contracts.text import Text
from service_kit.call import Call, RequestCall
from service_kit.merge_patch import Patch, unsent
from service_kit.models import ExternalReferences, Model, Page, classed
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.reading import Row, first, locked, showing
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("providers", Text("Providers of support", "Darparwyr cymorth"))

_Specialisms = Annotated[list[Specialism], Field(min_length=1, max_length=20)]
_Phases = Annotated[list[Phase], Field(min_length=1, max_length=10)]
_Languages = Annotated[list[SupportLanguage], Field(min_length=1, max_length=2)]
_Capacity = Annotated[int, Field(ge=0, le=10_000)]


class ProviderView(VersionedView, data_class=DataClass.public):
    """Who supports schools."""

    SCOPED_BY = SUPPORTING

    kind: str
    """Kind of the provider: a code of `provider_kinds`."""
    name: str | None
    """Name of a school or an organisation; an adviser is known by the person's id."""
    provider_school: str | None
    provider_authority: str | None
    person_id: Annotated[str | None, classed(DataClass.internal)] = None
    specialisms: list[str]
    phases: list[str]
    languages: list[str]
    follow_up: Annotated[str, classed(DataClass.internal)] = "none"
    """Estyn's follow-up category of its school: a code of `follow_up_categories`."""
    state: str
    """State of the provider: a code of `provider_states`."""
    external_references: ExternalReferences = Field(default_factory=list)


class NewProvider(Model):
    """A provider: a school by its number, an adviser by the person's id, a partner by its name."""

    kind: ProviderKind
    name: Line | None = None
    provider_school: SchoolNumber | None = None
    provider_authority: AuthorityCode | None = None
    person_id: RecordId | None = None
    specialisms: _Specialisms
    phases: _Phases
    languages: _Languages
    follow_up: FollowUp = "none"


class ProviderPatch(Patch):
    """What may change of a provider."""

    specialisms: _Specialisms = unsent()
    phases: _Phases = unsent()
    languages: _Languages = unsent()
    follow_up: FollowUp = unsent()


class CapacityView(VersionedView, data_class=DataClass.public):
    """The days that a provider has in one period."""

    SCOPED_BY = SUPPORTING

    provider_id: str
    first_day: date
    last_day: date
    days: int
    reserved_days: int
    free_days: int
    external_references: ExternalReferences = Field(default_factory=list)


class NewCapacity(Model):
    """The days that a provider has in a period; both days are inclusive."""

    first_day: date
    last_day: date
    days: _Capacity


class CapacityPatch(Patch):
    """Another number of days in a period; never below what is reserved."""

    days: _Capacity = unsent()


@router.page("/providers", operation="providers.read", response_model=Page[ProviderView], referenced=True)
async def list_providers(
    call: Call, specialism: Specialism | None = None, provider_school: SchoolNumber | None = None
) -> Response:
    """Lists active providers."""
    columns = providers.slices.c
    async with call.read() as uow:
        query = showing(providers, call.valid_at, call.known_at, columns.state == "active")
        if specialism is not None:
            query = query.where(any_(columns.specialisms) == specialism)
        if provider_school is not None:
            query = query.where(columns.provider_school == provider_school)
        query = call.with_references(query, "provider", columns.id)
        return await call.page(uow, ProviderView, query, [ascending(columns.id)], shape=_shaped)


@router.get("/providers/{id}", operation="providers.read", response_model=ProviderView)
async def read_provider(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one provider, also one that has ended."""
    async with call.read() as uow:
        return call.record(ProviderView, await _one(call, uow, id))


@router.post(
    "/providers", operation="providers.write", response_model=ProviderView, problems=["school_is_closed"]
)
async def register_new_provider(new: NewProvider, call: Call) -> Response:
    """Registers a provider."""

    async def do(uow: UnitOfWork) -> Row:
        demand(call, DataClass.public)
        wanted = new.model_dump(exclude={"person_id"}) | {"provider_person": new.person_id}
        return await _made(call, uow, await register_provider(uow, wanted))

    return await call.command(ProviderView, do, location="/v1/providers/{id}")


@router.patch("/providers/{id}", operation="providers.write", response_model=ProviderView)
async def change_one_provider(id: RecordId, patch: ProviderPatch, call: Call) -> Response:  # noqa: A002
    """Changes what a provider can do, or Estyn's category of its school."""

    async def load(uow: UnitOfWork) -> Row | None:
        return await _one(call, uow, id)

    async def do(uow: UnitOfWork, held: Row) -> None:
        await change_provider(uow, held, patch.changes(), call.expected_version)

    return await call.change(ProviderView, load, do)


@router.post(
    "/providers/{id}/end", operation="providers.write", response_model=ProviderView, status=200,
    problems=["provider_has_ended"],
)  # fmt: skip
async def end_one_provider(id: RecordId, call: Call) -> Response:  # noqa: A002
    """A provider is matched no longer; its commissions go on."""

    async def do(uow: UnitOfWork) -> Row:
        demand(call, DataClass.public)
        query = showing(providers, call.clock.today(), None, providers.slices.c.id == id)
        row = await locked(uow.connection, providers, id, query)
        if row is None:
            raise ProblemError("not_found")
        await end_provider(uow, row)
        return await _made(call, uow, id)

    return await call.command(ProviderView, do, status=200)


@router.page(
    "/providers/{id}/capacities",
    operation="providers.read",
    response_model=Page[CapacityView],
    dated=False,
    referenced=True,
)
async def list_capacities(id: RecordId, call: Call) -> Response:  # noqa: A002
    """Lists the days of a provider by period, the first period first."""
    slices, heads = capacities.slices, capacities.heads
    async with call.read() as uow:
        query = call.with_references(one_period(id, by=slices.c.provider_id), "capacity", heads.c.id)
        order = [ascending(func.lower(slices.c.valid), "valid_from"), ascending(heads.c.id, "id")]
        return await call.page(uow, CapacityView, query, order, shape=_shaped_period)


@router.get("/capacities/{id}", operation="providers.read", response_model=CapacityView, dated=False)
async def read_capacity(id: RecordId, call: Call) -> Response:  # noqa: A002
    """Reads the days of a provider in one period."""
    async with call.read() as uow:
        return call.record(CapacityView, await _period(call, uow, id))


@router.post(
    "/providers/{id}/capacities", operation="capacities.write", response_model=CapacityView,
    problems=["capacity_overlap"],
)  # fmt: skip
async def declare_new_capacity(id: RecordId, new: NewCapacity, call: Call) -> Response:  # noqa: A002
    """Says how many days a provider has in a period. Periods of one provider do not overlap."""

    async def do(uow: UnitOfWork) -> Row:
        await _demand_provider(call, uow, id)
        id_ = await declare_capacity(uow, id, new.first_day, new.last_day, new.days)
        row = await _period(call, uow, id_)
        if row is None:
            raise ProblemError("not_found")
        return row

    return await call.command(CapacityView, do, location="/v1/capacities/{id}", shown_under="providers.read")


@router.patch(
    "/capacities/{id}",
    operation="capacities.write",
    response_model=CapacityView,
    problems=["capacity_reserved"],
)
async def change_one_capacity(id: RecordId, patch: CapacityPatch, call: Call) -> Response:  # noqa: A002
    """Changes the days of a period."""

    async def load(uow: UnitOfWork) -> Row | None:
        row = await _period(call, uow, id)
        if row is not None:
            await _demand_provider(call, uow, row["provider_id"])
        return row

    async def do(uow: UnitOfWork, held: Row) -> None:
        await change_capacity(uow, held, patch.applied_to(held)["days"], call.expected_version)

    return await call.change(CapacityView, load, do)


async def _demand_provider(call: RequestCall, uow: UnitOfWork, provider_id: str) -> None:
    provider = await _one(call, uow, provider_id)
    if provider is None:
        raise ProblemError("not_found")
    # Everybody may know of a provider: so it is 403, never 404.
    tenants = {kind: provider[column] for kind, column in SUPPORTING.items()}
    if not call.rows(DataClass.internal).covers(**tenants):
        raise ProblemError("operation_not_permitted", {"operation": "capacities.write"})


def _shaped(row: Row) -> Row:
    return {**row, "person_id": row["provider_person"]}


def _shaped_period(row: Row) -> dict[str, Any]:
    return {
        **row,
        "first_day": row["valid_from"],
        "last_day": row["valid_to"] - timedelta(days=1),
        "free_days": row["days"] - row["reserved_days"],
    }


async def _period(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    """A period with whose provider it is: by that it is decided who may change it."""
    query = call.with_references(one_period(id_), "capacity", capacities.heads.c.id)
    row = await first(uow.connection, query)
    if row is None:
        return None
    provider = await _made(call, uow, row["provider_id"])
    return _shaped_period(row) | {column: provider[column] for column in SUPPORTING.values()}


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    query = showing(providers, call.valid_at, call.known_at, providers.slices.c.id == id_)
    row = await first(uow.connection, call.with_references(query, "provider", providers.slices.c.id))
    return None if row is None else _shaped(row)


async def _made(call: RequestCall, uow: UnitOfWork, id_: str) -> Row:
    row = await _one(call, uow, id_)
    if row is None:
        raise ProblemError("not_found")
    return row


takes_references(router, "/providers/{id}", ProviderView, "provider", "providers.read", _one)
takes_references(router, "/capacities/{id}", CapacityView, "capacity", "providers.read", _period)
