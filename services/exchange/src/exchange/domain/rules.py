"""The rules of the return by id: asked of its cells, so that they would also find an error in the counting itself."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from exchange.domain.definition import Definition
from exchange.domain.figures import ADDITIVE, Cell, Status
from exchange.domain.section_rules import OF_SECTIONS, Finding, Key, Values, joint_bodies, shares, totals

__all__ = ["Finding", "Key", "Remark", "Values", "findings", "unanswered", "values_of"]


@dataclass(frozen=True, slots=True)
class Remark:
    """What an officer said of a finding: a comment on a warning, or the reason why an error is waived."""

    rule: str
    authority: str | None
    kind: Literal["comment", "waiver"]
    text: str


def values_of(cells: Sequence[Cell]) -> Values:
    """The counts of cells."""
    return {(c.figure, c.authority, c.by): c.value for c in cells if c.value is not None}


def findings(
    definition: Definition,
    cells: Sequence[Cell],
    authorities: Sequence[str],
    earlier: Values | None,
) -> list[Finding]:
    """Everything that the rules find. `earlier`: the counts of the return of the period before, as it was frozen."""
    values = values_of(cells)
    found = [
        finding
        for rule in (_register, _categories, _visits, *OF_SECTIONS)
        for authority in authorities
        for finding in rule(values, authority, earlier)
    ]
    found += [*_sums(definition, values, authorities), *_unknown(cells), *_parked(values)]
    found += joint_bodies(values)
    found += [one for authority in (None, *authorities) for one in shares(values, authority)]
    found += [*_late(definition, values, authorities), *_changes(definition, values, authorities, earlier)]
    return [replace(one, severity=definition.rules[one.rule].severity) for one in found]


def unanswered(found: Sequence[Finding], remarks: Sequence[Remark]) -> tuple[int, int]:
    """How many errors have no waiver, and how many warnings neither comment nor waiver."""
    waived = {(r.rule, r.authority) for r in remarks if r.kind == "waiver"}
    said = {(r.rule, r.authority) for r in remarks}
    errors = [f for f in found if f.severity == "error" and (f.rule, f.authority) not in waived]
    warnings = [f for f in found if f.severity == "warning" and (f.rule, f.authority) not in said]
    return len(errors), len(warnings)


_Rule = Callable[[Values, str, Values | None], Iterator[Finding]]


def _register(values: Values, authority: str, earlier: Values | None) -> Iterator[Finding]:
    last, added, removed, opened, closed, now = totals(
        values, authority,
        "register.last", "register.late_added", "register.late_removed", "register.opened", "register.closed",
        "register.open",
    )  # fmt: skip
    if None in (last, added, removed, opened, closed, now):
        return
    # The number that was handed in, not the one that we would compute today for the same moment.
    reported = (earlier or {}).get(("register.open", authority, ()), last)
    expected = (reported or 0) + (added or 0) - (removed or 0) + (opened or 0) - (closed or 0)
    if expected != now:
        yield Finding("RET-01", authority, "register.open", expected, now)


def _categories(values: Values, authority: str, _: Values | None) -> Iterator[Finding]:
    counted, confidential, without, now = totals(
        values, authority,
        "categories.count", "categories.confidential", "categories.uncategorised", "register.open",
    )  # fmt: skip
    if counted is None or confidential is None or without is None or now is None:
        return
    if counted + confidential + without != now:
        yield Finding("RET-02", authority, "categories.count", now, counted + confidential + without)


def _visits(values: Values, authority: str, _: Values | None) -> Iterator[Finding]:
    due, held, outstanding = totals(values, authority, "visits.due", "visits.held", "visits.outstanding")
    if due is not None and held is not None and outstanding is not None and held + outstanding != due:
        yield Finding("RET-03", authority, "visits.due", due, held + outstanding)


def _sums(definition: Definition, values: Values, authorities: Sequence[str]) -> Iterator[Finding]:
    """Of what is counted or added up. What belongs to the region as such is in its breakdown alone."""
    sums = {key: value for key, value in values.items() if definition.figures[key[0]].measure in ADDITIVE}
    parts: dict[tuple[str, str | None], int] = {}
    for (figure, authority, by), value in sums.items():
        if by:
            parts[figure, authority] = parts.get((figure, authority), 0) + value
    for figure in sorted({figure for figure, _, _ in sums}):
        whole = sums.get((figure, None, ()))
        rows = [sums.get((figure, authority, ())) for authority in authorities]
        total = sum(row or 0 for row in rows) + parts.get((figure, None), 0)
        if whole is not None and None not in rows and whole != total:
            yield Finding("RET-04", None, figure, total, whole)
    for (figure, authority, by), held in sums.items():
        total = parts.get((figure, authority), 0)
        if authority is not None and not by and held != total:
            yield Finding("RET-04", authority, figure, total, held)


def _unknown(cells: Sequence[Cell]) -> Iterator[Finding]:
    for cell in cells:
        if cell.status is Status.unknown and cell.authority is not None:
            yield Finding("RET-05", cell.authority, cell.figure)


def _parked(values: Values) -> Iterator[Finding]:
    parked = values.get(("data_quality.parked", None, ()), 0)
    if parked:
        yield Finding("RET-06", None, "data_quality.parked", 0, parked)


def _late(definition: Definition, values: Values, authorities: Sequence[str]) -> Iterator[Finding]:
    for figure in definition.figures.values():
        for authority in authorities if figure.late else ():
            late = values.get((figure.code, authority, ()), 0)
            if late:
                yield Finding("RET-07", authority, figure.code, 0, late)
        if figure.late and (whole := values.get((figure.code, None, ()))) is not None:
            joint = whole - sum(values.get((figure.code, authority, ()), 0) for authority in authorities)
            if joint:
                yield Finding("RET-07", None, figure.code, 0, joint)


def _changes(
    definition: Definition, values: Values, authorities: Sequence[str], earlier: Values | None
) -> Iterator[Finding]:
    for figure in definition.figures.values():
        for authority in authorities if figure.compared and earlier is not None else ():
            now, then = (source.get((figure.code, authority, ())) for source in (values, earlier or {}))
            if now is None or then is None:
                continue
            # In whole numbers: a change from nothing is more than any share of it.
            if abs(now - then) * 100 > definition.change_percent * then:
                yield Finding("RET-08", authority, figure.code, then, now)
