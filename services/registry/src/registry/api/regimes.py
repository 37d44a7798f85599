"""Regimes: under which operating model each authority's schools are improved, by date."""

from datetime import date

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Language, Text
from registry.api.fields import AuthorityCode, DatedView, RegimeCode
from registry.domain.regimes import MODELS
from registry.storage.showing import Row, first, showing
from registry.storage.tables import regimes
from registry.usecases.adopt_regime import adopt_regime
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("regimes", Text("Regimes", "Cyfundrefnau"))


class RoleTitle(View, data_class=DataClass.public):
    """What a role is called under the regime."""

    role: str
    title: str


class RegimeView(DatedView, data_class=DataClass.internal):
    """The regime under which an authority works."""

    SCOPED_BY = {"authority": "authority"}

    authority: str
    regime: str
    """Operating model: a code of `regimes`."""
    delivered_by: str
    """`consortium` or `authority`: who delivers school improvement, and so who makes the returns."""
    role_titles: list[RoleTitle]
    external_references: ExternalReferences = Field(default_factory=list)


class AdoptedRegime(Model):
    """An authority adopts a regime."""

    authority: AuthorityCode
    regime: RegimeCode
    valid_from: date
    """First day under it. It holds until the next regime begins."""


@router.page("/regimes", operation="regimes.read", response_model=Page[RegimeView], referenced=True)
async def list_regimes(call: Call) -> Response:
    """Lists which regime each authority works under on the day."""
    async with call.read() as uow:
        query = showing(regimes, call.valid_at, call.known_at, call.rows(DataClass.internal))
        query = call.with_references(query, regimes.kind, regimes.slices.c.id)
        order = [ascending(regimes.slices.c.id)]
        return await call.page(uow, RegimeView, query, order, shape=lambda row: _shaped(row, call.language))


@router.get("/regimes/{authority}", operation="regimes.read", response_model=RegimeView)
async def read_regime(authority: AuthorityCode, call: Call) -> Response:
    """Reads the regime of an authority on the day; 404 where it works under none."""
    async with call.read() as uow:
        return call.record(RegimeView, await _one(call, uow, authority))


@router.post("/regimes", operation="regimes.write", response_model=RegimeView)
async def adopt(new: AdoptedRegime, call: Call) -> Response:
    """Records that an authority adopts a regime from a day on."""

    async def do(uow: UnitOfWork) -> Row:
        demand(call, DataClass.internal, authority=new.authority)
        await adopt_regime(uow, new.authority, new.regime, new.valid_from)
        row = await _one(call, uow, new.authority, new.valid_from)
        if row is None:
            raise ProblemError("not_found")
        return row

    return await call.command(RegimeView, do, location="/v1/regimes/{authority}")


def _shaped(row: Row, language: Language) -> Row:
    model = MODELS[row["regime"]]
    titles = [{"role": role, "title": title.in_(language)} for role, title in model.role_titles.items()]
    return {**row, "delivered_by": model.delivered_by, "role_titles": titles}


async def _one(call: RequestCall, uow: UnitOfWork, id_: str, day: date | None = None) -> Row | None:
    columns = regimes.slices.c
    query = showing(regimes, day or call.valid_at, call.known_at).where(columns.id == id_)
    row = await first(uow.connection, call.with_references(query, regimes.kind, columns.id))
    return None if row is None else _shaped(row, call.language)


async def _id_of(authority: AuthorityCode) -> str:
    return authority


takes_references(
    router, "/regimes/{authority}", RegimeView, "regime", "regimes.read", _one, identified_by=_id_of
)
