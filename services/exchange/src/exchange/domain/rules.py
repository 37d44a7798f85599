"""The rules of the return by id: asked of its cells, so that they would also find an error in the counting itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from exchange.domain.definition import Definition
from exchange.domain.figures import By, Cell, Status

Key = tuple[str, str | None, By]
Values = Mapping[Key, int]
"""Counts by figure, authority and breakdown; what is no count is left out."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What an officer said of a finding: a comment on a warning, or the reason why an error is waived."""

    rule: str
    authority: str | None
    kind: Literal["comment", "waiver"]
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found. `expected` and `found` are counts, where it compares some."""

    rule: str
    authority: str | None
    figure: str | None = None
    expected: int | None = None
    found: int | None = None
    severity: str = ""


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
        for rule in (_register, _categories, _visits)
        for authority in authorities
        for finding in rule(values, authority, earlier)
    ]
    found += [*_sums(values, authorities), *_unknown(cells), *_parked(values)]
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
    last, added, removed, opened, closed, now = _all(
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
    counted, confidential, without, now = _all(
        values, authority,
        "categories.count", "categories.confidential", "categories.uncategorised", "register.open",
    )  # fmt: skip
    if counted is None or confidential is None or without is None or now is None:
        return
    if counted + confidential + without != now:
        yield Finding("RET-02", authority, "categories.count", now, counted + confidential + without)


def _visits(values: Values, authority: str, _: Values | None) -> Iterator[Finding]:
    due, held, outstanding = _all(values, authority, "visits.due", "visits.held", "visits.outstanding")
    if due is not None and held is not None and outstanding is not None and held + outstanding != due:
        yield Finding("RET-03", authority, "visits.due", due, held + outstanding)


def _all(values: Values, authority: str, *figures: str) -> list[int | None]:
    return [values.get((figure, authority, ())) for figure in figures]


def _sums(values: Values, authorities: Sequence[str]) -> Iterator[Finding]:
    parts: dict[tuple[str, str | None], int] = {}
    for (figure, authority, by), value in values.items():
        if by:
            parts[figure, authority] = parts.get((figure, authority), 0) + value
    for figure in sorted({figure for figure, _, _ in values}):
        whole = values.get((figure, None, ()))
        rows = [values.get((figure, authority, ())) for authority in authorities]
        if whole is not None and None not in rows and whole != (total := sum(row or 0 for row in rows)):
            yield Finding("RET-04", None, figure, total, whole)
    for (figure, authority, by), held in values.items():
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
