"""Every table of every service: part of the foundation, of a record, of one projection, or named here with why."""

import pytest
from sqlalchemy import Table

from service_kit.database import new_metadata
from service_kit.foundation import foundation
from testkit.whole_suite import NAMES, service_named

OWN = {
    "brokerage": {"menu_evidence": "written by a command"},
    "exchange": {
        "changes": "a log itself; its positions are promised to clients",
        "changes_outbox": "of that log",
        "changes_head": "of that log",
        "chain_counts": "written by a command: what a return that is frozen counts",
        "return_renderings": "written by a command: the very bytes that were signed",
        "return_keys": "keys of signatures",
        "service_level_counts": "measured; no event tells of them",
        "service_level_marks": "the same",
    },
    "governance": {
        "minute_numbers": "written by a command",
        "document_leftovers": "files to be swept; no event tells of them",
    },
    "registry": {
        "school_lists": "written by a command: lists as they came in",
        "school_list_files": "the same",
        "school_list_rows": "the same",
        "school_successions": "written by a command",
        "moved_schools": "written by a command: the register moves them",
    },
    "visits": {
        "category_lists": "written by a command: lists as they came in",
        "document_leftovers": "files to be swept; no event tells of them",
    },
}
"""What no event can rebuild, and why."""


def _record(table: Table) -> bool:
    """Whether it is the head or slice table of a record; only `UnitOfWork.write` writes those."""
    columns = set(table.columns.keys())
    return columns == {"id", "version", "known_at"} or {"id", "version", "valid", "known"} <= columns


@pytest.mark.parametrize("name", NAMES)
def test_every_table_is_kept_in_one_way(name: str) -> None:
    """What reactions write can be rebuilt: a new table has to say to which projection it belongs."""
    service = service_named(name)
    assert service.metadata is not None
    names = set(service.metadata.tables)
    founded = new_metadata()
    foundation(founded)
    projected = [table.name for projection in service.projections for table in projection.tables]
    assert len(projected) == len(set(projected)), "a table in two projections"
    ways = {
        table.name: [
            table.name in founded.tables,
            _record(table),
            table.name in projected,
            table.name in OWN[name],
        ]
        for table in service.metadata.tables.values()
    }
    assert {table: kept for table, kept in ways.items() if sum(kept) != 1} == {}
    assert OWN[name].keys() <= names


@pytest.mark.parametrize("name", NAMES)
def test_every_reaction_that_keeps_a_projection_is_the_services_own(name: str) -> None:
    """Rebuilding hears what the live consumer hears: no type more, or it would never be settled."""
    service = service_named(name)
    heard = {event for reaction in service.reactions for event in reaction.events}
    for projection in service.projections:
        assert {event for reaction in projection.reactions for event in reaction.events} <= heard
        assert set(projection.topics(service.hears)) <= set(service.hears)
        assert all(table.primary_key.columns for table in projection.tables)
