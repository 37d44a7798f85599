"""What every section rests on: the log, the days of each authority, and each school with its category at the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from exchange.domain.categories import CATEGORY, Categories, CategoryThen, categories_on
from exchange.domain.facts import Fact, Ledger
from exchange.domain.figures import By, Item, Reference
from exchange.domain.obligations import Days
from exchange.domain.register import SCHOOL, Schools

CONFIDENTIAL = "confidential"


@dataclass(frozen=True)
class Ground:
    """One projection's view of the log.

    `schools`: those open at the end of the period. `known`: the position up to which the log is read; `earlier` that
    of the return of the period before, None where there is none.
    """

    ledger: Ledger
    days: Mapping[str, Days]
    school_year: str
    organisation: str
    schools: Schools
    known: int
    earlier: int | None

    @cached_property
    def categories(self) -> Mapping[date, Categories]:
        """The category of each school, by last day."""
        return {day: categories_on(self.ledger, day, self.known) for day in self._last_days}

    @cached_property
    def confidential(self) -> frozenset[str]:
        """Authorities with a school whose category was settled in confidence."""
        return frozenset(
            school.authority
            for school in self.schools.values()
            if (held := self.category(school.number, self.days[school.authority])) and held.value is None
        )

    @cached_property
    def has_categories(self) -> bool:
        """Whether any category was told of."""
        return self.ledger.has(CATEGORY, self.known)

    @property
    def _last_days(self) -> set[date]:
        return {span.last_day for span in self.days.values()}

    def category(self, number: str | None, span: Days) -> CategoryThen | None:
        """The category of a school at the end of the period."""
        return self.categories[span.last_day].get(number or "")

    def by_category(self, number: str | None, span: Days) -> tuple[str, str]:
        """The pair by which a record of a school is broken down: `none` without a category."""
        held = self.category(number, span)
        return "category", "none" if held is None else held.value or CONFIDENTIAL

    def by_kind(self, number: str | None) -> By:
        """Medium and sector of a school."""
        school = self.schools.get(number or "")
        if school is not None:
            return ("medium", school.medium), ("sector", school.sector)
        medium, sector = self._gone.get(number or "", ("unknown", "unknown"))
        return ("medium", medium), ("sector", sector)

    @cached_property
    def _gone(self) -> Mapping[str, tuple[str, str]]:
        """Medium and sector of schools that are not open any more, as told last."""
        return {
            told[0].key: (fact.data.get("language_category") or "NA", fact.data["sector"])
            for told in self.ledger.records(SCHOOL, self.known)
            if (fact := next((one for one in reversed(told) if "status" in one.data), None)) is not None
            and told[0].key not in self.schools
        }

    def came_late(self, told: Sequence[Fact], happened: date | None, span: Days) -> bool:
        """Whether something that happened before the period was told only after the return before was frozen.

        `told` is what tells that it happened.
        """
        return (
            self.earlier is not None
            and happened is not None
            and happened < span.first_day
            and not any(fact.position <= self.earlier for fact in told)
        )


def reference(subject: str, fact: Fact) -> Reference:
    """A record at the version that a fact told."""
    return Reference(subject, fact.key, fact.version, fact.position)


def item(authority: str | None, by: Sequence[tuple[str, str]], of: Reference, amount: int = 1) -> Item:
    """An item with its breakdown in the order of the dimensions."""
    return Item(authority, tuple(sorted(by)), of, amount)
