"""Conventions of the field as data: visit types and cycles by regime, category schemes, frameworks of judgement."""

from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Language, Text
from service_kit.call import Call
from service_kit.models import View
from service_kit.routing import Router
from visits.api.fields import RegimeCode
from visits.domain.visit_types import RegimeCycle
from visits.storage.conventions import cycles, frameworks, schemes

router = Router("visit-conventions", Text("Conventions of visits", "Confensiynau ymweliadau"))


class CycleEntryView(View, data_class=DataClass.public):
    """A visit type of a regime."""

    code: str
    title: str
    component: str
    """Component of the universal service: a code of `cmi_components`."""
    universal: bool
    """Whether it is owed to every school in scope once in a school year."""
    due_by: str | None
    """Last day for the visit: month and day of the school year, as MM-DD; null where the cycle names none."""
    sectors: list[str]
    """The sectors that are owed it; empty: all that are in scope."""


class RegimeCycleView(View, data_class=DataClass.public):
    """What a regime asks for."""

    regime: str
    framework: str
    draft_working_days: int
    """Working days for the draft, counted from the visit."""
    reply_working_days: int
    """Working days for the school's reply, counted from the sharing of the draft."""
    final_working_days: int
    """Working days for the final report, counted from the visit."""
    visit_types: list[CycleEntryView]


class RegimeCyclesView(View, data_class=DataClass.public):
    """Visit types and annual cycle by regime."""

    items: list[RegimeCycleView]


class SchemeValueView(View, data_class=DataClass.public):
    """A value of a scheme."""

    code: str
    title: str
    ceiling_days: int | None
    intensive_monitoring: bool
    monitoring: list[str]
    """Visits that the value calls for, each as `<visit type> every <half_term or term>`."""


class SchemeView(View, data_class=DataClass.public):
    """A version of a category scheme."""

    code: str
    title: str
    published: bool
    """Whether its categories are public."""
    first_school_year: str
    last_school_year: str | None
    values: list[SchemeValueView]


class SchemesView(View, data_class=DataClass.public):
    """Category schemes. Values of two schemes are never compared, whatever letters they share."""

    items: list[SchemeView]


class JudgementView(View, data_class=DataClass.public):
    """A judgement that may be given."""

    code: str
    title: str


class FrameworkView(View, data_class=DataClass.public):
    """A version of a framework of judgement."""

    code: str
    title: str
    areas: list[str]
    """Areas that are judged: codes of `finding_areas`."""
    judgements: list[JudgementView]


class FrameworksView(View, data_class=DataClass.public):
    """Frameworks of judgement."""

    items: list[FrameworkView]


@router.get("/visit-types", operation="codes.read", response_model=RegimeCyclesView, dated=False)
async def list_visit_types(call: Call, regime: RegimeCode | None = None) -> Response:
    """Visit types and the annual cycle of each regime."""
    wanted = [cycle for code, cycle in cycles().items() if regime in (None, code)]
    return call.answer(RegimeCyclesView(items=[_cycle(cycle, call.language) for cycle in wanted]))


@router.get("/category-schemes", operation="codes.read", response_model=SchemesView, dated=False)
async def list_category_schemes(call: Call) -> Response:
    """Category schemes with their values, ceilings and monitoring."""
    items = [
        SchemeView(
            code=scheme.code,
            title=scheme.title.in_(call.language),
            published=scheme.public,
            first_school_year=scheme.first_school_year,
            last_school_year=scheme.last_school_year,
            values=[
                SchemeValueView(
                    code=value.code,
                    title=value.title.in_(call.language),
                    ceiling_days=value.ceiling_days,
                    intensive_monitoring=value.intensive_monitoring,
                    monitoring=[f"{rule.visit_type} every {rule.every}" for rule in value.monitoring],
                )
                for value in scheme.values.values()
            ],
        )
        for scheme in schemes().values()
    ]
    return call.answer(SchemesView(items=items))


@router.get("/judgement-frameworks", operation="codes.read", response_model=FrameworksView, dated=False)
async def list_judgement_frameworks(call: Call) -> Response:
    """Frameworks under which findings are judged."""
    items = [
        FrameworkView(
            code=framework.code,
            title=framework.title.in_(call.language),
            areas=list(framework.areas),
            judgements=[
                JudgementView(code=code, title=title.in_(call.language))
                for code, title in framework.judgements.items()
            ],
        )
        for framework in frameworks().values()
    ]
    return call.answer(FrameworksView(items=items))


def _cycle(cycle: RegimeCycle, language: Language) -> RegimeCycleView:
    return RegimeCycleView(
        regime=cycle.regime,
        framework=cycle.framework,
        draft_working_days=cycle.timeliness.draft,
        reply_working_days=cycle.timeliness.reply,
        final_working_days=cycle.timeliness.final,
        visit_types=[
            CycleEntryView(
                code=entry.visit_type.code,
                title=entry.visit_type.title.in_(language),
                component=entry.visit_type.component,
                universal=entry.universal,
                due_by=entry.due_by,
                sectors=sorted(entry.sectors),
            )
            for entry in cycle.cycle.values()
        ],
    )
