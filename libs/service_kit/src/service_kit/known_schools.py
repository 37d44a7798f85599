"""Schools as the registry told of them: the one projection that every other service keeps of their public identity.

    known_schools = known_schools_table(metadata)          # in storage/tables.py
    keep_school = keeping_schools(known_schools)           # in reactions.py

Every event that carries a school's facts is kept: registered, details changed, opened, closed, amalgamated, and both
that tell of a change of number. What an event says of days that end is a correction of the past; what holds from then
on was told by another event.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Date, MetaData, Table, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.event import EVENTS
from contracts.events.registry import SchoolFacts
from contracts.text import Text as Title
from eventing.envelope import Envelope
from eventing.raw import Composed, driver_of
from eventing.reactions import Reaction, Unit, hears_together, reactions_of, reacts_to
from service_kit.projections import Projection


@dataclass(frozen=True, slots=True)
class KnownSchool:
    """A school as the registry told of it."""

    number: str
    authority: str
    name: str
    sector: str
    status: str
    language_category: str | None
    postcode: str | None
    closed_from: date | None

    def closed_on(self, day: date) -> bool:
        """Whether the school is closed on a day; where no day was told, it is closed on every day."""
        return self.status == "closed" and (self.closed_from is None or self.closed_from <= day)


def known_schools_table(metadata: MetaData) -> Table:
    """Declares `known_schools`: public identity, so no row-level policy. `told`: the version told last.

    Its row is also what a service locks while it decides something that must not happen twice for one school.
    """
    return Table(
        "known_schools",
        metadata,
        Column("number", Text, primary_key=True),
        Column("of_authority", Text, nullable=False, index=True),
        Column("name", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("sector", Text, nullable=False),
        Column("language_category", Text),
        Column("postcode", Text),
        Column("closed_from", Date),
        Column("told", BigInteger, nullable=False),
    )


async def keep_school(known: Table, connection: AsyncConnection, told: int, event: SchoolFacts) -> None:
    """Keeps a school's public facts, unless something later was told already.

    A closed school's later details do not move the day from which it is closed.
    """
    values = _facts(event)
    closed_from = event.valid_from if event.status == "closed" else None
    earliest = None if closed_from is None else func.least(known.c.closed_from, closed_from)
    statement = insert(known).values(told=told, closed_from=closed_from, **values)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[known.c.number],
            set_={**values, "closed_from": earliest, "told": told},
            where=known.c.told < told,
        )
    )


def _facts(event: SchoolFacts) -> dict[str, Any]:
    return {
        "number": event.school_number,
        "of_authority": event.authority or event.school_number[:3],
        "name": event.name,
        "status": event.status,
        "sector": event.sector,
        "language_category": event.language_category,
        "postcode": event.postcode,
    }


def keeping_together(known: Table) -> tuple[Reaction, ...]:
    """The same for a whole batch by two statements, for rebuilding, where nobody else writes to the table."""
    names = [column.name for column in known.columns]
    arrays: list[ColumnElement[Any]] = [bindparam(name, type_=ARRAY(known.c[name].type)) for name in names]
    rows = func.unnest(*arrays).table_valued(*names, name="rows").render_derived()
    putting = insert(known).from_select(names, select(*(rows.c[name] for name in names)))
    put = Composed.of(
        putting.on_conflict_do_update(
            index_elements=[known.c.number],
            set_={name: putting.excluded[name] for name in names if name != "number"},
        )
    )
    numbers = bindparam("numbers", type_=ARRAY(Text))
    held = Composed.of(
        select(known.c.number, known.c.told, known.c.closed_from).where(known.c.number == func.any(numbers))
    )

    @hears_together(*sorted(_telling(), key=lambda cls: cls.TYPE))
    async def keep_known_schools(told: Sequence[tuple[SchoolFacts, Envelope]], unit: Unit) -> None:
        """Keeps what is told of each school last, and the earliest day from which it is closed."""
        driver = await driver_of(unit.connection)
        numbers = {event.school_number for event, _ in told}
        found = await driver.fetch(*held.with_(numbers=list(numbers)))
        last: dict[str, tuple[int, date | None]] = {number: (at, closed) for number, at, closed in found}
        kept: dict[str, SchoolFacts] = {}
        for event, envelope in told:
            number = event.school_number
            at, closed = last.get(number, (-1, None))
            if event.valid_to is not None or at >= envelope.version:
                continue
            closes = event.valid_from if event.status == "closed" else None
            if closes is not None and closed is not None:
                closes = min(closes, closed)
            last[number], kept[number] = (envelope.version, closes), event
        if kept:
            rows = [
                {**_facts(event), "told": last[number][0], "closed_from": last[number][1]}
                for number, event in kept.items()
            ]
            await driver.fetch(*put.with_(**{name: [row[name] for row in rows] for name in names}))

    return reactions_of(keep_known_schools)


def keeping_schools(known: Table) -> Callable[[SchoolFacts, Envelope, Unit], Awaitable[None]]:
    """The reaction that keeps the table; a service names it in its `reactions.py`."""

    @reacts_to(*sorted(_telling(), key=lambda cls: cls.TYPE))
    async def keep_known_school(event: SchoolFacts, envelope: Envelope, unit: Unit) -> None:
        """Keeps a school's public identity and whether it is closed."""
        if event.valid_to is None:
            await keep_school(known, unit.connection, envelope.version, event)

    return keep_known_school


def schools_projection(known: Table) -> Projection:
    """The table as what can be rebuilt."""
    title = Title("Schools, as the register told of them", "Ysgolion, fel y dywedodd y gofrestr amdanynt")
    return Projection(known.name, title, [known], keeping_together(known))


def _telling() -> list[type[SchoolFacts]]:
    return [cls for cls in EVENTS.values() if issubclass(cls, SchoolFacts)]


async def schools_of(
    known: Table, connection: AsyncConnection, numbers: Collection[str]
) -> dict[str, KnownSchool]:
    """The schools with these numbers that were announced, by number."""
    columns = known.c
    query = select(
        columns.number, columns.of_authority, columns.name, columns.sector, columns.status,
        columns.language_category, columns.postcode, columns.closed_from,
    ).where(columns.number == func.any(sorted(numbers)))  # fmt: skip
    return {row.number: KnownSchool(*row) for row in await connection.execute(query)}
