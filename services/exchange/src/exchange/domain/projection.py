"""The figures of a return from the events alone: the same log up to the same position gives the same figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from exchange.domain.amber_and_red import amber_and_red_figures
from exchange.domain.categories import CATEGORY, category_figures
from exchange.domain.definition import Definition
from exchange.domain.facts import Ledger
from exchange.domain.figures import Cell, Figure, Item, Reference, cells
from exchange.domain.findings_and_actions import ACTION, FINDING, action_figures
from exchange.domain.governance import AGENDA_ITEM, BODY, MEETING, REFERENCE, governance_figures
from exchange.domain.ground import Ground
from exchange.domain.impact import IMPACT, impact_figures
from exchange.domain.money import money_figures
from exchange.domain.obligations import Obligation
from exchange.domain.register import SCHOOL, register_at, register_figures
from exchange.domain.reports import report_figures
from exchange.domain.rules import Remark
from exchange.domain.support import COMMISSION, REQUEST, support_figures
from exchange.domain.support_days import DELIVERY, OVERRIDE, support_day_figures
from exchange.domain.visits import VISIT, visit_figures

_ALWAYS: Final = ("authority", "school", "valid_from", "valid_to", "state")
READS: Final[Mapping[str, tuple[str, ...]]] = {
    aggregate: (*_ALWAYS, *fields.split())
    for aggregate, fields in {
        SCHOOL: "status sector language_category",
        CATEGORY: "scheme school_year value dated intensive_monitoring ceiling_days",
        VISIT: "visit_type planned_for held_on draft_due shared_on replied_on final_due final_on disputed",
        FINDING: "published_on",
        ACTION: "due_date proposed_on agreed_on claimed_on verified_on",
        REQUEST: "requested_on specialism",
        COMMISSION: "request_id support_type school_year commissioned_on delivered_on closed_on days days_used "
        "cost_pence funding_stream counts_towards_ceiling ceiling_days lead_working_days",
        DELIVERY: "commission_id delivered_on days",
        OVERRIDE: "school_year extra_days",
        IMPACT: "commission_id finding_id support_type side level judged_on",
        BODY: "body_type authorities consortium meetings_a_year",
        MEETING: "body_id opened_at",
        AGENDA_ITEM: "meeting_id matter",
        REFERENCE: "to_body due_on made_on considered_on",
        "registry.regime": "delivered_by",
        "registry.calendar": "school_year periods",
        "registry.footprint": "kind footprint",
    }.items()
}
"""The aggregates from which a return is made, and which fields of their events it needs."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a projection is made of, beside the log: everything that it depends on.

    `earlier`: the position of the return of the period before, None where there is none. `parked`: events that the
    exchange could not take in when the return was filled.
    """

    obligation: Obligation
    position: int
    earlier: int | None
    parked: int
    remarks: tuple[Remark, ...] = ()


def project(ledger: Ledger, definition: Definition, asked: Asked) -> list[Figure]:
    """Every figure of the definition, in its order and by its measure."""
    owed, days, known = asked.obligation, asked.obligation.days, asked.position
    register = register_at(ledger, days, known, asked.earlier, definition.sectors)
    ground = Ground(ledger, days, owed.school_year, owed.organisation, register.now, known, asked.earlier)
    made = [
        *register_figures(register, days),
        *category_figures(ledger, register, days, known, asked.earlier),
        *amber_and_red_figures(ground, definition.review_types),
        *visit_figures(ledger, register.now, days, known, asked.earlier, definition.visit_types),
        *report_figures(ground),
        *action_figures(ground),
        *support_figures(ground),
        *support_day_figures(ground),
        *impact_figures(ground),
        *governance_figures(ground, definition.body_types),
        *money_figures(ground),
        Figure("data_quality.parked", scalar=asked.parked),
        _waivers(asked),
        Figure("data_quality.position", scalar=known),
    ]
    by_code = {figure.code: figure for figure in made}
    return [replace(by_code[code], measure=one.measure) for code, one in definition.figures.items()]


def _waivers(asked: Asked) -> Figure:
    """Waivers count under their authority; one for the whole return counts under each."""
    return Figure(
        "data_quality.waivers",
        tuple(
            Item(authority, (("rule", remark.rule),), Reference("returns", asked.obligation.return_id, 0, 0))
            for remark in asked.remarks
            if remark.kind == "waiver"
            for authority in asked.obligation.authorities
            if remark.authority in (None, authority)
        ),
    )


def all_cells(figures: Sequence[Figure], authorities: Sequence[str]) -> list[Cell]:
    """The cells of all figures, in their order."""
    return [cell for figure in figures for cell in cells(figure, authorities)]
