"""Which monitoring a school's category calls for on a day [flows 2, monitoring frequency; S2-28]."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from visits.domain.schemes import MonitoringRule, SchemeValue


@dataclass(frozen=True, slots=True)
class Period:
    """A half-term of one authority's calendar, or a whole term; both days inclusive."""

    school_year: str
    code: str
    first_day: date
    last_day: date

    def __contains__(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


@dataclass(frozen=True, slots=True)
class Due:
    """One piece of monitoring that is due: by a visit of this type, within the period."""

    visit_type: str
    period: Period
    due_from: date


def terms_of(half_terms: Sequence[Period]) -> list[Period]:
    """The terms that half-terms like `spring_1` and `spring_2` make up."""
    grouped: dict[tuple[str, str], list[Period]] = {}
    for period in half_terms:
        grouped.setdefault((period.school_year, period.code.rpartition("_")[0]), []).append(period)
    return [
        Period(year, term, min(p.first_day for p in parts), max(p.last_day for p in parts))
        for (year, term), parts in grouped.items()
    ]


def due_on(today: date, value: SchemeValue, held_from: date, half_terms: Sequence[Period]) -> Iterator[Due]:
    """What is due in the periods in which `today` lies, for a school that has the value since `held_from`."""
    if not value.intensive_monitoring or today < held_from:
        return
    for rule in value.monitoring:
        for period in _periods(rule, half_terms):
            if today in period:
                yield Due(rule.visit_type, period, max(period.first_day, held_from))


def _periods(rule: MonitoringRule, half_terms: Sequence[Period]) -> Sequence[Period]:
    return half_terms if rule.every == "half_term" else terms_of(half_terms)
