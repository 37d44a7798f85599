"""Who owes which return and when: from the regimes, calendars and footprints that the register told of.

Under a regime that a consortium delivers, the consortium returns for its authorities; otherwise each authority does.
A period belongs to the regime of its last day [flows 3].
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from exchange.domain.facts import Ledger, on_day

Kind = Literal["consortium", "authority"]


@dataclass(frozen=True, slots=True)
class Days:
    """A half-term period of one authority; both days inclusive."""

    first_day: date
    last_day: date

    @property
    def day_before(self) -> date:
        """The last day of the period before."""
        return self.first_day - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Obligation:
    """One return that is owed: by whom, for which period, with the days of each of its authorities."""

    organisation: str
    kind: Kind
    school_year: str
    period: str
    days: Mapping[str, Days]
    due_after_days: int

    @property
    def return_id(self) -> str:
        """The id of the return, like `2019-20.spring_1.central_south`."""
        return f"{self.school_year.replace('/', '-')}.{self.period}.{self.organisation}"

    @property
    def authorities(self) -> tuple[str, ...]:
        """The authorities that it covers, by code."""
        return tuple(sorted(self.days))

    @property
    def first_day(self) -> date:
        """The earliest first day of its authorities."""
        return min(days.first_day for days in self.days.values())

    @property
    def last_day(self) -> date:
        """The latest last day of its authorities."""
        return max(days.last_day for days in self.days.values())

    @property
    def opens_on(self) -> date:
        """The first day on which the period is over for all."""
        return self.last_day + timedelta(days=1)

    @property
    def due_on(self) -> date:
        """The last day on which the return is in time."""
        return self.last_day + timedelta(days=self.due_after_days)


def obligations(ledger: Ledger, known: int, due_after_days: int) -> list[Obligation]:
    """Every return that follows from what was told up to a position, by first day and organisation."""
    grouped: dict[tuple[str, str, Kind, str], dict[str, Days]] = defaultdict(dict)
    for told in ledger.records("registry.calendar", known):
        calendar = told[-1]
        authority = calendar.authority
        if authority is None:
            continue
        for period in calendar.data["periods"]:
            days = Days(date.fromisoformat(period["first_day"]), date.fromisoformat(period["last_day"]))
            owner = _owner(ledger, known, authority, days.last_day)
            if owner is not None:
                key = (calendar.data["school_year"], period["code"], owner[1], owner[0])
                grouped[key][authority] = days
    owed = [
        Obligation(organisation, kind, school_year, period, days, due_after_days)
        for (school_year, period, kind, organisation), days in grouped.items()
    ]
    return sorted(owed, key=lambda one: (one.first_day, one.organisation))


def before(owed: Sequence[Obligation], this: Obligation) -> Obligation | None:
    """The same organisation's obligation of the period before."""
    earlier = [one for one in owed if one.organisation == this.organisation and one.last_day < this.first_day]
    return max(earlier, key=lambda one: one.last_day, default=None)


def _owner(ledger: Ledger, known: int, authority: str, day: date) -> tuple[str, Kind] | None:
    """Who returns for an authority on a day; None without a live regime, or without the consortium it calls for."""
    regime = next(
        (
            fact
            for told in ledger.records("registry.regime", known)
            if told[0].authority == authority and (fact := on_day(told, day)) is not None
        ),
        None,
    )
    if regime is None:
        return None
    if regime.data["delivered_by"] == "authority":
        return authority, "authority"
    # A membership that is told again holds on the days told last and no others.
    for told in ledger.records("registry.footprint", known):
        last = told[-1]
        if last.authority == authority and last.data["kind"] == "consortium" and last.covers(day):
            return str(last.data["footprint"]), "consortium"
    return None
