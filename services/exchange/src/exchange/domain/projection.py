"""The figures of a return from the events alone: the same log up to the same position gives the same figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.domain.categories import CATEGORY, category_figures
from exchange.domain.definition import Definition
from exchange.domain.facts import Ledger
from exchange.domain.figures import Cell, Figure, Item, Reference, cells
from exchange.domain.obligations import Obligation
from exchange.domain.register import SCHOOL, register_at, register_figures
from exchange.domain.rules import Remark
from exchange.domain.visits import VISIT, visit_figures

READS = (SCHOOL, CATEGORY, VISIT, "registry.regime", "registry.calendar", "registry.footprint")
"""The aggregates from which a return is made."""


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
    """Every figure of the definition, in its order."""
    days, known = asked.obligation.days, asked.position
    register = register_at(ledger, days, known, asked.earlier, definition.sectors)
    made = [
        *register_figures(register, days),
        *category_figures(ledger, register, days, known, asked.earlier),
        *visit_figures(ledger, register.now, days, known, asked.earlier, definition.visit_types),
        Figure("data_quality.parked", scalar=asked.parked),
        _waivers(asked),
        Figure("data_quality.position", scalar=known),
    ]
    by_code = {figure.code: figure for figure in made}
    return [by_code[code] for code in definition.figures]


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
