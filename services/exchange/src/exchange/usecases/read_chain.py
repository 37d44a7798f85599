"""Reading a chain: the steps from a finding to the returns that counted it, each record under its own read's rights."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, any_, bindparam, false, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from contracts.aggregates import READ_OPERATIONS
from exchange.domain.chain import FINAL, FINDING, PUBLISHED, RETURN, STEP_OF, STEPS, VISIT, Step
from exchange.storage import chain
from exchange.storage.chain_tables import chain_records
from exchange.usecases.read_changes import Shown
from service_kit.policy.predicates import row_predicate

_SETTLED: Final = "visits.read"
CHAIN_OPERATIONS: Final[Mapping[tuple[str, str], str]] = {
    place: _SETTLED if f"{place[0]}.{place[1]}" in (FINDING, VISIT) else operation
    for place, operation in READ_OPERATIONS.items()
    if f"{place[0]}.{place[1]}" in STEP_OF
}
"""By which operation each record of a chain is read. A published finding and its final visit are read by `visits.read`:
the feed's entries of both do not tell the stage, so that only who sees every stage is told of them there."""

_RECORD = chain_records.c


@dataclass(frozen=True, slots=True)
class Counted:
    """A figure of a return, and which records of the chain it counts."""

    code: str
    references: Sequence[str]


@dataclass(frozen=True, slots=True)
class Link:
    """One record at its step. `version` is the last one that was told; `data` the facts of its last event."""

    reference: str
    version: int
    subject: str
    follows_from: Sequence[str]
    data: Mapping[str, Any]
    figures: Sequence[Counted] = field(default=())


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps in their order, each with its records, as of a position of the change log."""

    as_of: int
    steps: Sequence[tuple[Step, Sequence[Link]]]


def visible_records(shown: Sequence[Shown]) -> ColumnElement[bool]:
    """The records that a caller may see: as the feed shows them, and of visits and findings the settled ones."""
    state = _RECORD.data["state"].astext
    settled = and_(
        or_(_RECORD.aggregate != FINDING, state == PUBLISHED),
        or_(_RECORD.aggregate != VISIT, state.in_(sorted(FINAL))),
    )
    parts = [
        and_(
            _RECORD.aggregate == any_(bindparam(None, list(part.aggregates), type_=ARRAY(Text))),
            _RECORD.data_class == part.data_class.value,
            row_predicate(part.scope, authority=_RECORD.authority, school=_RECORD.school, body=_RECORD.body),
        )
        for part in shown
    ]
    return and_(settled, or_(*parts)) if parts else false()


async def read_chain(connection: AsyncConnection, finding_id: str, shown: Sequence[Shown]) -> Chain | None:
    """The chain of a published finding as far as it may be seen; None where the finding itself may not be known."""
    visible = visible_records(shown)
    found = await chain.walk(connection, finding_id, visible)
    if not found:
        return None
    links: dict[str, list[Link]] = defaultdict(list)
    for row in found:
        links[row.aggregate].append(Link(row.reference, row.version, row.subject, row.follows_from, row.data))
    if any(RETURN in part.aggregates for part in shown):
        references = [row.reference for row in found]
        links[RETURN] = _returns(await chain.counted_by(connection, references, visible))
    return Chain(found[0].as_of, [(step, _in_order(step, links[step.aggregate])) for step in STEPS])


def _returns(rows: Iterable[Any]) -> list[Link]:
    """Each version of a return once, with the figures that count records of the chain."""
    counted: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    versions = {}
    for row in rows:
        versions[row.reference] = row
        for code in row.figures:
            counted[row.reference][code].append(row.counted)
    return [
        Link(
            reference,
            row.version,
            row.subject,
            (),
            row.data,
            [Counted(code, sorted(records)) for code, records in sorted(counted[reference].items())],
        )
        for reference, row in versions.items()
    ]


def _in_order(step: Step, links: Sequence[Link]) -> Sequence[Link]:
    """By the day that the step names, then by id: the order does not turn on when anything was heard."""
    return sorted(links, key=lambda link: (link.data.get(step.facts[0]) or "9999", link.reference))
