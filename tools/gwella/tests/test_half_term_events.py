"""The events by which a half-term is measured are ones that the return can be made of without an error."""

import json
from collections import defaultdict
from datetime import date

from exchange.domain.facts import Ledger, fact_of
from exchange.domain.obligations import obligations
from exchange.domain.projection import READS, Asked, all_cells, project
from exchange.domain.rules import findings
from exchange.storage.definitions import current
from gwella.bench.half_term_events import CONSORTIUM, RECORDED, HalfTerm

AUTHORITIES = ("673", "681")


def test_the_half_term_of_the_benchmark_makes_a_return_without_errors() -> None:
    """S1-34: eight schools' events, version after version, give a return that no rule finds an error in."""
    events = list(HalfTerm(AUTHORITIES, 8))
    told: dict[str, list[int]] = defaultdict(list)
    for _, row in events:
        told[row.key].append(row.version)
    assert all(versions == list(range(1, len(versions) + 1)) for versions in told.values())
    assert {publisher for publisher, _ in events} == {"registry", "visits", "brokerage", "governance"}
    ledger = Ledger(
        fact_of(
            position, ".".join(row.type.split(".")[2:4]), row.type, row.key, row.version, json.loads(row.data),
            RECORDED.date(),
        )
        for position, (_, row) in enumerate(events, 1)
    )  # fmt: skip
    definition = current()
    owed = next(one for one in obligations(ledger, len(events), 14) if one.period == "spring_1")
    assert (owed.organisation, owed.authorities, owed.last_day) == (
        CONSORTIUM,
        AUTHORITIES,
        date(2020, 2, 23),
    )
    cells = all_cells(project(ledger, definition, Asked(owed, len(events), None, 0)), AUTHORITIES)
    found = findings(definition, cells, AUTHORITIES, None)
    assert [one for one in found if one.severity == "error"] == []
    counted = {cell.figure: cell.value for cell in cells if cell.authority is None and not cell.by}
    names = ("register.open", "support.commissioned", "actions.closing", "impact.judged")
    assert [counted[name] for name in names] == [8, 2, 16, 2]
    assert {one.split(".")[0] for one in READS} == {"registry", "visits", "brokerage", "governance"}
