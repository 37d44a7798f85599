"""What a return asks, who owes one when, and by which keys it is verified."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.identifiers import AuthorityCode
from contracts.text import Text
from exchange.domain.definition import Definition, json_schema
from exchange.storage import returns
from exchange.storage.definitions import definitions
from exchange.usecases.owe_returns import Owed, calendar_of_returns
from service_kit.call import Call
from service_kit.models import View
from service_kit.problems import ProblemError
from service_kit.routing import Router

router = Router("return_definitions", Text("Definitions of returns", "Diffiniadau ffurflenni"))


class SectionView(View, data_class=DataClass.public):
    """One section; of one that is not collected yet nothing is said, which is not zero."""

    code: str
    title: str
    collected: bool


class FigureView(View, data_class=DataClass.public):
    """One figure; its code means the same in every version of the definition."""

    code: str
    section: str
    title: str
    measure: str
    """How its value is made: count, total, share, median, percentile_90 (nearest rank) or day."""
    unit: str
    """records, days, working_days, pence, basis_points (hundredths of a percent) or date (YYYYMMDD)."""


class RuleView(View, data_class=DataClass.public):
    """One rule: an error bars freezing unless it is waived, a warning needs a comment."""

    id: str
    severity: str
    title: str


class ReturnDefinitionView(View, data_class=DataClass.public):
    """One version of the definition of the return."""

    version: str
    title: str
    due_after_days: int
    """Days after the end of the period within which the return is in time."""
    change_percent: int
    """A change of more than this share asks for a comment."""
    sections: list[SectionView]
    figures: list[FigureView]
    rules: list[RuleView]
    document_schema: dict[str, Any]
    """JSON Schema of the JSON rendering."""


class ReturnDefinitionsView(View, data_class=DataClass.public):
    """Every version, the oldest first."""

    items: list[ReturnDefinitionView]


class ReturnKeysView(View, data_class=DataClass.public):
    """The public keys that ever signed a return, as a JWK Set."""

    keys: list[dict[str, Any]]


class ReturnObligationView(View, data_class=DataClass.internal):
    """One return that is owed."""

    return_id: str
    organisation: str
    kind: str
    """Code of `return_kinds`."""
    authorities: list[str]
    school_year: str
    period: str
    """Code of `half_terms`."""
    first_day: date
    last_day: date
    opens_on: date
    due_on: date
    state: str
    """Code of `return_obligation_states`."""
    submitted_version: int | None = None


class ReturnObligationsView(View, data_class=DataClass.internal):
    """Who owes what when, by first day and organisation."""

    items: list[ReturnObligationView]


@router.get(
    "/return-definitions",
    operation="return_definitions.read",
    response_model=ReturnDefinitionsView,
    dated=False,
)
async def list_return_definitions(call: Call) -> Response:
    """Lists every version of the definition."""
    items = [_view(definition, call.language) for definition in definitions().values()]
    return call.answer(ReturnDefinitionsView(items=items))


@router.get(
    "/return-definitions/{version}",
    operation="return_definitions.read",
    response_model=ReturnDefinitionView,
    dated=False,
)
async def read_return_definition(version: str, call: Call) -> Response:
    """Reads one version of the definition with the JSON Schema of its returns."""
    definition = definitions().get(version)
    if definition is None:
        raise ProblemError("not_found")
    return call.answer(_view(definition, call.language))


def _view(definition: Definition, language: Any) -> ReturnDefinitionView:
    return ReturnDefinitionView(
        version=definition.version,
        title=definition.title.in_(language),
        due_after_days=definition.due_after_days,
        change_percent=definition.change_percent,
        sections=[
            SectionView(code=code, title=title.in_(language), collected=code in definition.collected)
            for code, title in definition.sections.items()
        ],
        figures=[
            FigureView(
                code=figure.code,
                section=figure.section,
                title=figure.title.in_(language),
                measure=figure.measure,
                unit=figure.unit,
            )
            for figure in definition.figures.values()
        ],
        rules=[
            RuleView(id=rule.id, severity=rule.severity, title=rule.title.in_(language))
            for rule in definition.rules.values()
        ],
        document_schema=json_schema(definition),
    )


@router.get("/return-keys", operation="return_keys.read", response_model=ReturnKeysView, dated=False)
async def list_return_keys(call: Call) -> Response:
    """Lists the public keys that verify the signatures of returns; old ones stay published."""
    async with call.read() as uow:
        keys: list[Mapping[str, Any]] = list(await returns.published_keys(uow.connection))
    return call.answer(ReturnKeysView(keys=[dict(key) for key in keys]))


@router.get(
    "/return-obligations",
    operation="return_obligations.read",
    response_model=ReturnObligationsView,
    dated=False,
)
async def list_return_obligations(
    call: Call,
    organisation: str | None = None,
    school_year: str | None = None,
    period: str | None = None,
    state: str | None = None,
    authority: AuthorityCode | None = None,
) -> Response:
    """Lists who owes which return when, what is missing and what is late, as of today.

    `authority`: those that it owes itself, and those of the consortium in which it has a row.
    """
    async with call.read() as uow:
        owed = await calendar_of_returns(uow.connection, call.decision, call.clock.today())
        scope = call.rows(DataClass.internal)
    asked = {"organisation": organisation, "school_year": school_year, "period": period, "state": state}
    shown = [
        view
        for one in owed
        if scope.covers(
            authority=one.obligation.organisation if one.obligation.kind == "authority" else None,
            body=one.obligation.organisation if one.obligation.kind == "consortium" else None,
        )
        and (authority is None or authority in one.obligation.authorities)
        and all(value in (None, getattr(view := _owed(one), name)) for name, value in asked.items())
    ]
    return call.answer(ReturnObligationsView(items=shown))


def _owed(one: Owed) -> ReturnObligationView:
    obligation = one.obligation
    return ReturnObligationView(
        return_id=obligation.return_id,
        organisation=obligation.organisation,
        kind=obligation.kind,
        authorities=list(obligation.authorities),
        school_year=obligation.school_year,
        period=obligation.period,
        first_day=obligation.first_day,
        last_day=obligation.last_day,
        opens_on=obligation.opens_on,
        due_on=obligation.due_on,
        state=one.state,
        submitted_version=one.submitted["number"] if one.submitted is not None else None,
    )
