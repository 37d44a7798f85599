"""What the chain takes from events (X-06): every event of its records carries the facts and the links of its step."""

import pytest

import contracts.events  # noqa: F401  (registers every event class)
from contracts.aggregates import READ_OPERATIONS
from contracts.codes import CODE_LISTS
from contracts.event import EVENTS, Event
from exchange.domain.chain import STEP_OF, STEPS, Told, kept, last_told

OF_CHAINS = [event for event in EVENTS.values() if f"{event.PUBLISHER}.{event.AGGREGATE}" in STEP_OF]


@pytest.mark.parametrize("event", OF_CHAINS, ids=lambda event: event.TYPE)
def test_every_event_of_a_record_carries_what_its_step_needs(event: type[Event]) -> None:
    """The last event of a record replaces the one before: without a link it would take the record from its chain."""
    step = STEP_OF[f"{event.PUBLISHER}.{event.AGGREGATE}"]
    needed = {*step.facts, *step.up, *step.down} | ({"state"} if step.states is not None else set())
    assert needed <= set(event.model_fields), sorted(needed - set(event.model_fields))


def test_every_step_can_be_read_and_labelled() -> None:
    """E-15: each step's records have an operation that reads them, and their states labels in both languages."""
    assert {tuple(step.aggregate.split(".")) for step in STEPS} <= set(READ_OPERATIONS)
    assert {step.states for step in STEPS if step.states is not None} <= set(CODE_LISTS)


def test_a_link_is_made_of_what_the_event_names() -> None:
    """X-06: upwards by ids and by what a resolution is about; downwards where the target does not tell it back."""
    of_finding = Told("governance.resolution", "r", 1, "/resolutions/r", "internal",
                      {"about": {"kind": "commission", "id": "c"}})  # fmt: skip
    assert kept(of_finding)["follows_from"] == ["commissions:c"]
    of_school = Told("governance.resolution", "r", 1, "/resolutions/r", "internal",
                     {"about": {"kind": "school", "id": "6732118"}})  # fmt: skip
    assert kept(of_school)["follows_from"] == []
    answered = Told("governance.reference", "f", 2, "/references/f", "public",
                    {"resolution_id": "r", "referred_from": None, "outcome_resolution_id": "s"})  # fmt: skip
    assert (kept(answered)["follows_from"], kept(answered)["leads_to"]) == (
        ["resolutions:r"],
        ["resolutions:s"],
    )


def test_what_is_in_no_chain_is_left_out() -> None:
    """X-06: a batch without records of chains costs nothing."""
    assert last_told([Told("registry.school", "6732118", 1, "/schools/6732118", "public", {})]) == []
