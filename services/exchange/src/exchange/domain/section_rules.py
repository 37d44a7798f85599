"""What each section must satisfy in itself, by rule id: asked of the counts of one authority."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from exchange.domain.figures import By, share_of

Key = tuple[str, str | None, By]
Values = Mapping[Key, int]
"""Counts by figure, authority and breakdown; what is no count is left out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found. `expected` and `found` are counts, where it compares some."""

    rule: str
    authority: str | None
    figure: str | None = None
    expected: int | None = None
    found: int | None = None
    severity: str = ""


def totals(values: Values, authority: str | None, *figures: str) -> list[int | None]:
    """The totals of figures of one authority (None: of the whole); None where there is no number."""
    return [values.get((figure, authority, ())) for figure in figures]


def _reviewed(values: Values, authority: str, _: Values | None) -> Iterator[Finding]:
    schools, missing = totals(values, authority, "amber_and_red.schools", "amber_and_red.not_reviewed")
    if schools and missing:
        yield Finding("RET-09", authority, "amber_and_red.not_reviewed", 0, missing)


def _actions(values: Values, authority: str, earlier: Values | None) -> Iterator[Finding]:
    opening, added, removed, new, reopened, verified, cancelled, closing = totals(
        values, authority,
        *(f"actions.{name}" for name in ("opening", "late_added", "late_removed", "new", "reopened", "verified",
                                         "cancelled", "closing")),
    )  # fmt: skip
    if opening is None or closing is None:
        return
    # The number that was handed in, not the one that we would compute today for the same moment.
    reported = (earlier or {}).get(("actions.closing", authority, ()), opening)
    expected = reported + (added or 0) - (removed or 0)
    expected += (new or 0) + (reopened or 0) - (verified or 0) - (cancelled or 0)
    if expected != closing:
        yield Finding("RET-10", authority, "actions.closing", expected, closing)


def shares(values: Values, authority: str | None) -> Iterator[Finding]:
    """A share is the part of the whole, and there is none where there is nothing of which it could be one."""
    for kind in ("drafts", "finals"):
        due, in_time = totals(values, authority, f"reports.{kind}_due", f"reports.{kind}_in_time")
        found = values.get((f"reports.{kind}_share", authority, ()))
        expected = share_of(in_time, due) if due and in_time is not None else None
        if found != expected:
            yield Finding("RET-11", authority, f"reports.{kind}_share", expected, found)


def _support(values: Values, authority: str, _: Values | None) -> Iterator[Finding]:
    agreed, commissioned = totals(values, authority, "support.agreed", "support.commissioned")
    if agreed is not None and commissioned is not None and commissioned > agreed:
        yield Finding("RET-12", authority, "support.commissioned", agreed, commissioned)


def _support_days(values: Values, authority: str, _: Values | None) -> Iterator[Finding]:
    (beyond,) = totals(values, authority, "support_days.beyond")
    if beyond:
        yield Finding("RET-13", authority, "support_days.beyond", 0, beyond)


def _impact(values: Values, authority: str, _: Values | None) -> Iterator[Finding]:
    unlinked, delivered, judged = totals(
        values, authority, "impact.without_finding", "impact.delivered", "impact.judged"
    )
    if unlinked:
        yield Finding("RET-14", authority, "impact.without_finding", 0, unlinked)
    if delivered is not None and judged is not None and judged > delivered:
        yield Finding("RET-15", authority, "impact.judged", delivered, judged)


def _governance(values: Values, authority: str, _: Values | None) -> Iterator[Finding]:
    required, behind, scrutiny = totals(
        values, authority,
        "governance.meetings_required", "governance.bodies_behind", "governance.scrutiny_held",
    )  # fmt: skip
    if behind:
        yield Finding("RET-16", authority, "governance.bodies_behind", 0, behind)
    if required is not None and not scrutiny:
        yield Finding("RET-17", authority, "governance.scrutiny_held", 1, scrutiny)


OF_SECTIONS: Final[tuple[Callable[[Values, str, Values | None], Iterator[Finding]], ...]] = (
    _reviewed, _actions, _support, _support_days, _impact, _governance,
)  # fmt: skip
"""The rules of the sections beyond register, categories and visits. The last argument: the counts handed in before."""


def joint_bodies(values: Values) -> Iterator[Finding]:
    """The bodies of the region as such, like the joint committee: what its authorities' own leave of the whole."""
    behind = sum(
        value
        for (figure, authority, by), value in values.items()
        if figure == "governance.bodies_behind" and authority is None and by
    )
    if behind:
        yield Finding("RET-16", None, "governance.bodies_behind", 0, behind)
