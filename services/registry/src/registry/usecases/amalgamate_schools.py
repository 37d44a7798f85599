"""Amalgamates schools, one case or many at once: all of them, or nothing with every reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from contracts.events.registry import SchoolAmalgamated, SchoolClosed
from registry.domain.lifecycle import (
    CLOSED,
    OPEN,
    Amalgamation,
    Edge,
    Refused,
    Register,
    amalgamated,
    amalgamation_refused,
    direct_lineage,
)
from registry.domain.school_number import authority_of
from registry.storage.lineage import SchoolHistory, add_successions, histories, line_of
from registry.usecases.change_school import FACTS, SchoolChange, write_schools
from registry.usecases.close_school import written_once
from registry.usecases.refusing import refuse, unknown_authorities
from service_kit.problems import Fault, ProblemError
from service_kit.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewAmalgamation:
    """One case. `new_school`: the successor's facts, where the register does not have it yet."""

    valid_from: date
    predecessors: tuple[str, ...]
    successor: str
    new_school: Mapping[str, Any] | None = None

    @property
    def case(self) -> Amalgamation:
        """What the rules decide about."""
        return Amalgamation(self.valid_from, self.predecessors, self.successor, self.new_school is not None)


async def amalgamate_schools(uow: UnitOfWork, wanted: Sequence[NewAmalgamation]) -> None:
    """Records amalgamations in their order, each on top of those before it.

    Each predecessor closes on the day (`school.closed`, with its successors); the successor is open from that day
    (`school.amalgamated`, with its predecessors). Raises 422 for a number of no authority, and 409
    `amalgamation_refused` with every reason and its place.
    """
    numbers = {number for one in wanted for number in (*one.predecessors, one.successor)}
    new = {
        f"/amalgamations/{index}/successor": authority_of(one.successor)
        for index, one in enumerate(wanted)
        if one.new_school is not None
    }
    refuse(*await unknown_authorities(uow, new))
    known = await histories(uow.connection, numbers)
    line = await line_of(uow.connection, numbers)
    register = Register({number: held.standing for number, held in known.items()}, frozenset(line))
    plan = _Plan(known, {number: held.version for number, held in known.items()})
    faults: list[Fault] = []
    for index, one in enumerate(wanted):
        refused = amalgamation_refused(register, one.case)
        faults += [_fault(index, one, reason) for reason in refused]
        if not refused:
            register = amalgamated(register, one.case)
            plan.add(one, register)
    if faults:
        raise ProblemError("amalgamation_refused", {"count": len(faults)}, errors=faults)
    async with written_once():
        for together in plan.waves():
            await write_schools(uow, together)
    await add_successions(uow.connection, plan.edges, uow.clock.now())


def _fault(index: int, wanted: NewAmalgamation, refused: Refused) -> Fault:
    if refused.predecessor is None:
        return Fault(f"/amalgamations/{index}/successor", refused.code, {"school": wanted.successor})
    number = wanted.predecessors[refused.predecessor]
    place = f"/amalgamations/{index}/predecessors/{refused.predecessor}"
    return Fault(place, refused.code, {"school": number})


@dataclass
class _Plan:
    """The writes of several amalgamations, one after the other."""

    known: Mapping[str, SchoolHistory]
    versions: dict[str, int]
    edges: dict[Edge, date] = field(default_factory=dict)
    made: dict[str, list[tuple[date, Mapping[str, Any]]]] = field(default_factory=dict)
    changes: list[SchoolChange] = field(default_factory=list)

    def add(self, wanted: NewAmalgamation, register: Register) -> None:
        """Adds what one amalgamation writes. `register`: as it is once this one is recorded."""
        day, number = wanted.valid_from, wanted.successor
        for predecessor in wanted.predecessors:
            facts = {**self._facts(predecessor, day), "status": CLOSED}
            self._write(facts, day, register, ("status", "successors"))
            self.edges[predecessor, number] = day
        if wanted.new_school is None:
            held = self._facts(number, day)
            changed = ("predecessors",) if held["status"] == OPEN else ("status", "predecessors")
            self._write({**held, "status": OPEN}, day, register, changed)
        else:
            new = {"school_number": number, "authority": authority_of(number), "status": OPEN}
            self._write({**wanted.new_school, **new}, day, register, ("status", "predecessors"))

    def waves(self) -> Iterator[list[SchoolChange]]:
        """The writes in their order, as many together as change each school once."""
        together: dict[str, SchoolChange] = {}
        for change in self.changes:
            number = change.facts["school_number"]
            if number in together:
                yield list(together.values())
                together = {}
            together[number] = change
        yield list(together.values())

    def _facts(self, number: str, day: date) -> dict[str, Any]:
        held = self.known.get(number)
        entries = [*(held.facts if held is not None else ()), *self.made.get(number, ())]
        _, facts = max((entry for entry in entries if entry[0] <= day), key=lambda entry: entry[0])
        return {name: facts[name] for name in FACTS}

    def _write(
        self, facts: Mapping[str, Any], day: date, register: Register, changed: tuple[str, ...]
    ) -> None:
        number = facts["school_number"]
        version = self.versions.get(number)
        self.changes.append(
            SchoolChange(
                facts,
                day,
                register.schools[number].next_after(day),
                changed,
                version,
                happened=SchoolClosed if facts["status"] == CLOSED else SchoolAmalgamated,
                lineage=direct_lineage(register.edges, number),
                create=version is None,
            )
        )
        self.versions[number] = (version or 0) + 1
        self.made.setdefault(number, []).append((day, facts))
