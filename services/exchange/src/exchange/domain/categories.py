"""Section "categories": open schools by support category, and those whose category moved since the last return.

Only values that events carry are counted. A category settled in confidence (after 2022) is counted as such and never
by its value; where there is one, what moved cannot be told and is suppressed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from exchange.domain.facts import Fact, Ledger
from exchange.domain.figures import Figure, Item, Reference, Status, absent, in_order
from exchange.domain.obligations import Days
from exchange.domain.register import Register, SchoolThen

CATEGORY = "visits.category"
FIGURES = ("categories.count", "categories.confidential", "categories.uncategorised", "categories.moved",
           "categories.late")  # fmt: skip


@dataclass(frozen=True, slots=True)
class CategoryThen:
    """A school's category on a day; `value` None: settled in confidence."""

    school: str
    scheme: str
    value: str | None
    since: date
    reference: Reference
    intensive_monitoring: bool = False
    """The scheme asks for more frequent monitoring of schools with this value."""
    ceiling_days: int | None = None
    """Days of commissioned support a school year at most; None where the scheme sets none."""


Categories = Mapping[str, CategoryThen]
_CONFIDENTIAL = frozenset({"settled_in_confidence", "moved_in_confidence"})


def categories_on(ledger: Ledger, day: date, known: int) -> Categories:
    """The category of each school on a day, as known at a position: of several schemes the one judged last."""
    found: dict[str, CategoryThen] = {}
    for told in ledger.records(CATEGORY, known):
        held = _held(told, day)
        if held is None or held.school is None or _since(held) is None:
            continue
        since = _since(held) or day
        earlier = found.get(held.school)
        if earlier is None or (since, held.position) > (earlier.since, earlier.reference.position):
            reference = Reference("categories", held.key, held.version, held.position)
            found[held.school] = CategoryThen(
                held.school,
                held.data["scheme"],
                held.data.get("value"),
                since,
                reference,
                held.data.get("intensive_monitoring", False),
                held.data.get("ceiling_days"),
            )
    return found


def _held(told: Iterable[Fact], day: date) -> Fact | None:
    """Of what was told of one category, what holds on the day; None where it does not hold, or not yet, or no more."""
    holding = [
        fact
        for fact in told
        if ("value" in fact.data or _settled_in_confidence(fact))
        and (since := _since(fact)) is not None
        and since <= day
    ]
    last = holding[-1] if holding else None
    return last if last is not None and last.data.get("state") != "superseded" else None


def _settled_in_confidence(fact: Fact) -> bool:
    return fact.verb in _CONFIDENTIAL and fact.data.get("state") == "published"


def _since(fact: Fact) -> date | None:
    if fact.valid_from is not None:
        return fact.valid_from
    dated = fact.data.get("dated")
    if dated is not None:
        return date.fromisoformat(dated)
    # A confidential settlement carries no day: it counts from the first day of its school year.
    return date(int(fact.data["school_year"][:4]), 9, 1)


def category_figures(
    ledger: Ledger, register: Register, days: Mapping[str, Days], known: int, earlier: int | None
) -> list[Figure]:
    """The figures of the section; not collected where no category was ever told of."""
    if not ledger.has(CATEGORY, known):
        return [absent(code, days) for code in FIGURES]
    ends = {authority: span.last_day for authority, span in days.items()}
    starts = {authority: span.day_before for authority, span in days.items()}
    now = _by_authority(ledger, ends, known)
    before = _by_authority(ledger, starts, known)
    reported = before if earlier is None else _by_authority(ledger, starts, earlier)
    counted, confidential, uncategorised, moved, late = [], [], [], [], []
    for school in register.now.values():
        held = now[school.authority].get(school.number)
        then = before[school.authority].get(school.number)
        if held is None:
            uncategorised.append(school.item)
        elif held.value is None:
            confidential.append(_item(school, held, None))
        else:
            counted.append(_item(school, held, held.value))
            if then is not None and then.value is not None and _differs(then, held):
                moved.append(_item(school, held, held.value))
        told = reported[school.authority].get(school.number) or _of_record(reported[school.authority], then)
        if then is not None and (told is None or _differs(told, then)):
            late.append(_item(school, then, then.value))
    hidden = {item.authority: Status.suppressed for item in confidential if item.authority is not None}
    return [
        Figure("categories.count", in_order(counted)),
        Figure("categories.confidential", in_order(confidential)),
        Figure("categories.uncategorised", in_order(uncategorised)),
        Figure("categories.moved", in_order(moved), hidden),
        Figure("categories.late", in_order(late)),
    ]


def _by_authority(ledger: Ledger, days: Mapping[str, date], known: int) -> Mapping[str, Categories]:
    by_day = {day: categories_on(ledger, day, known) for day in set(days.values())}
    return {authority: by_day[day] for authority, day in days.items()}


def _of_record(categories: Categories, held: CategoryThen | None) -> CategoryThen | None:
    """The same category under the number that the school had then."""
    if held is None:
        return None
    return next((one for one in categories.values() if one.reference.id == held.reference.id), None)


def _differs(one: CategoryThen, other: CategoryThen) -> bool:
    return one.scheme == other.scheme and one.value != other.value


def _item(school: SchoolThen, held: CategoryThen, value: str | None) -> Item:
    by = (("medium", school.medium), ("sector", school.sector))
    return Item(school.authority, by if value is None else (("category", value), *by), held.reference)
