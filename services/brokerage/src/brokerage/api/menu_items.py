"""The menu of support: what can be had for each specialism, and what is known to have worked [S2-29, S2-54, D-13]."""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Select, func, select
from starlette.responses import Response

from brokerage.api.fields import Line, Pence, RecordId, Specialism, SupportType, VersionedView
from brokerage.storage.conventions import support_types
from brokerage.storage.tables import menu_evidence, menu_items
from brokerage.usecases.change_menu import change_item, publish_item, withdraw_item
from contracts.data_class import DataClass
from contracts.text import Text
from service_kit.call import Call, RequestCall
from service_kit.merge_patch import Patch, unsent
from service_kit.models import ExternalReferences, Model, Page, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.reading import Row, first, locked, showing
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("menu-items", Text("Menu of support", "Dewislen cymorth"))


class EvidenceView(View, data_class=DataClass.public):
    """What is known to have worked, and where that is found."""

    claim_en: str
    claim_cy: str
    source: str


class ImpactCounts(View, data_class=DataClass.public):
    """How often support of this entry had which impact on the supported school."""

    none: int
    some: int
    strong: int


class MenuItemView(VersionedView, data_class=DataClass.public):
    """Support that can be had from a provider."""

    provider_id: str
    support_type: str
    """Type of the support: a code of `support_types`."""
    specialism: str
    """What the support is about: a code of `specialisms`."""
    title_en: str
    title_cy: str
    day_price_pence: int
    counts_towards_ceiling: bool
    evidence: list[EvidenceView]
    impact: ImpactCounts
    state: str
    """Whether it is on the menu: a code of `menu_item_states`."""
    external_references: ExternalReferences = Field(default_factory=list)


class EvidenceIn(Model):
    """What is known to have worked, in both languages, and where that is found."""

    claim_en: Line
    claim_cy: Line
    source: Line


_Evidence = Annotated[list[EvidenceIn], Field(max_length=20)]


class NewMenuItem(Model):
    """An entry to be put on the menu."""

    provider_id: RecordId
    support_type: SupportType
    specialism: Specialism
    title_en: Line
    title_cy: Line
    day_price_pence: Pence
    evidence: _Evidence = []


class MenuItemPatch(Patch):
    """What may change of an entry; what was commissioned keeps its terms."""

    title_en: Line = unsent()
    title_cy: Line = unsent()
    day_price_pence: Pence = unsent()
    evidence: _Evidence = unsent()


@router.page("/menu-items", operation="support_menu.read", response_model=Page[MenuItemView], referenced=True)
async def list_menu_items(
    call: Call,
    specialism: Specialism | None = None,
    support_type: SupportType | None = None,
    provider_id: RecordId | None = None,
) -> Response:
    """Lists what is on the menu."""
    columns = menu_items.slices.c
    async with call.read() as uow:
        query = _listed(call).where(columns.state == "published")
        for column, value in (
            (columns.specialism, specialism),
            (columns.support_type, support_type),
            (columns.provider_id, provider_id),
        ):
            query = query if value is None else query.where(column == value)
        order = [ascending(columns.specialism), ascending(columns.id)]
        return await call.page(uow, MenuItemView, query, order, shape=_shaped)


@router.get("/menu-items/{id}", operation="support_menu.read", response_model=MenuItemView)
async def read_menu_item(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one entry, also a withdrawn one."""
    async with call.read() as uow:
        return call.record(MenuItemView, await _one(call, uow, id))


@router.post("/menu-items", operation="support_menu.write", response_model=MenuItemView)
async def publish_menu_item(new: NewMenuItem, call: Call) -> Response:
    """Puts an entry on the menu of a specialism that its provider has."""

    async def do(uow: UnitOfWork) -> Row:
        demand(call, DataClass.public)
        return await _made(call, uow, await publish_item(uow, new.model_dump()))

    return await call.command(MenuItemView, do, location="/v1/menu-items/{id}")


@router.patch(
    "/menu-items/{id}",
    operation="support_menu.write",
    response_model=MenuItemView,
    problems=["withdrawn_item"],
)
async def change_menu_item(id: RecordId, patch: MenuItemPatch, call: Call) -> Response:  # noqa: A002
    """Changes an entry of the menu."""

    async def load(uow: UnitOfWork) -> Row | None:
        return await _one(call, uow, id)

    async def do(uow: UnitOfWork, held: Row) -> None:
        changes = patch.changes()
        if "evidence" in changes:
            changes["evidence"] = [one.model_dump() for one in patch.evidence]
        await change_item(uow, held, changes, call.expected_version)

    return await call.change(MenuItemView, load, do)


@router.post(
    "/menu-items/{id}/withdraw", operation="support_menu.write", response_model=MenuItemView, status=200,
    problems=["withdrawn_item"],
)  # fmt: skip
async def withdraw_menu_item(id: RecordId, call: Call) -> Response:  # noqa: A002
    """Takes an entry off the menu; commissions of it go on."""

    async def do(uow: UnitOfWork) -> Row:
        demand(call, DataClass.public)
        row = await locked(uow.connection, menu_items, id, _listed(call).where(menu_items.slices.c.id == id))
        if row is None:
            raise ProblemError("not_found")
        await withdraw_item(uow, row)
        return await _made(call, uow, id)

    return await call.command(MenuItemView, do, status=200)


def _listed(call: RequestCall) -> Select[Any]:
    counted = menu_evidence.c
    impact = (
        select(func.jsonb_object_agg(counted.level, counted.judgements))
        .where(counted.menu_item_id == menu_items.slices.c.id)
        .scalar_subquery()
    )
    query = showing(menu_items, call.valid_at, call.known_at).add_columns(impact.label("counts"))
    return call.with_references(query, "menu_item", menu_items.slices.c.id)


def _shaped(row: Row) -> Row:
    counts = row["counts"] or {}
    return {
        **row,
        "impact": {level: counts.get(level, 0) for level in ("none", "some", "strong")},
        "counts_towards_ceiling": support_types()[row["support_type"]].counts_towards_ceiling,
    }


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    row = await first(uow.connection, _listed(call).where(menu_items.slices.c.id == id_))
    return None if row is None else _shaped(row)


async def _made(call: RequestCall, uow: UnitOfWork, id_: str) -> Row:
    row = await _one(call, uow, id_)
    if row is None:
        raise ProblemError("not_found")
    return row


takes_references(router, "/menu-items/{id}", MenuItemView, "menu_item", "support_menu.read", _one)
