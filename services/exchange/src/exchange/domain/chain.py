"""The chain from a finding to what became of it: visit, support, impact, decisions, and the returns that counted it.

Each record tells by ids what it follows from (`up`); a finding tells its visit, and a reference the resolution that
answers it, which do not tell it back (`down`). The chain is walked over these links when it is read, so the order in
which services told of the records does not matter: what is kept is the last version of each, and nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.ownership import body_of
from contracts.text import Text

FINDING: Final = "visits.finding"
VISIT: Final = "visits.visit"
RETURN: Final = "exchange.return"
PUBLISHED: Final = "published"
"""The state of a finding from which a chain begins."""
FINAL: Final = frozenset({"final", "amended"})
"""States of a visit whose findings are published."""

STATUSES: Final[Mapping[str, Text]] = {
    "present": Text("Present", "Yn bresennol"),
    "none_yet": Text("None yet", "Dim eto"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the chain: which records stand there, what is told of them, and what they follow from.

    `record` is the plural of the resource, as in its path. `facts` are fields of the event; the first one that is a
    day orders the records of the step. `up` and `down` map a field that holds an id to the records that it names.
    """

    code: str
    aggregate: str
    record: str
    title: Text
    facts: tuple[str, ...]
    states: str | None = None
    up: Mapping[str, str] = field(default_factory=dict)
    down: Mapping[str, str] = field(default_factory=dict)


STEPS: Final = (
    Step("visit", VISIT, "visits", Text("Visit", "Ymweliad"),
         ("held_on", "visit_type", "component", "school_year", "final_on"), "visit_states"),
    Step("finding", FINDING, "findings", Text("Finding", "Canfyddiad"),
         ("published_on", "framework", "area"), "finding_states", down={"visit_id": "visits"}),
    Step("support_requests", "brokerage.support_request", "support-requests",
         Text("Requests for support", "Ceisiadau am gymorth"),
         ("requested_on", "area", "specialism", "days_wanted", "provider_id", "menu_item_id"),
         "support_request_states", up={"finding_id": "findings"}),
    Step("offers", "brokerage.offer", "offers", Text("Matches and offers", "Paru a chynigion"),
         ("first_day", "last_day", "provider_id", "support_type", "days", "cost_pence", "paid_by", "supported",
          "supporting", "paying_authority", "expires_on"),
         "offer_states", up={"request_id": "support-requests"}),
    Step("commissions", "brokerage.commission", "commissions", Text("Commissions", "Comisiynau"),
         ("commissioned_on", "provider_id", "support_type", "days", "days_used", "days_released", "cost_pence",
          "funding_stream", "school_year", "first_day", "last_day", "delivered_on", "closed_on"),
         "commission_states",
         up={"finding_id": "findings", "request_id": "support-requests", "offer_id": "offers"}),
    Step("deliveries", "brokerage.delivery", "deliveries", Text("Deliveries", "Darpariaeth"),
         ("delivered_on", "days"), up={"commission_id": "commissions"}),
    Step("impacts", "brokerage.impact", "impacts", Text("Impact", "Effaith"),
         ("judged_on", "side", "about_school", "level", "support_type"),
         up={"finding_id": "findings", "commission_id": "commissions"}),
    Step("resolutions", "governance.resolution", "resolutions", Text("Resolutions", "Penderfyniadau cyrff"),
         ("decided_on", "body_id", "meeting_id", "kind", "municipal_year", "number"), "resolution_states"),
    Step("decisions", "governance.decision", "decisions",
         Text("Executive decisions", "Penderfyniadau gweithrediaeth"),
         ("decided_on", "published_on", "body_id", "municipal_year", "number", "call_in_ends", "effective_on",
          "implemented_on"),
         "decision_states", up={"resolution_id": "resolutions"}),
    Step("references", "governance.reference", "references", Text("References", "Atgyfeiriadau"),
         ("made_on", "due_on", "from_body", "to_body", "considered_on", "outcome"), "reference_states",
         up={"resolution_id": "resolutions", "referred_from": "references"},
         down={"outcome_resolution_id": "resolutions"}),
    Step("returns", RETURN, "returns", Text("Returns that counted it", "Ffurflenni a'i cyfrifodd"),
         ("last_day", "return_id", "number", "organisation", "school_year", "period", "first_day", "position"),
         "return_states"),
)  # fmt: skip
"""The steps in the order of the chain."""

STEP_OF: Final[Mapping[str, Step]] = {step.aggregate: step for step in STEPS}
_ABOUT: Final[Mapping[str, str]] = {"finding": "findings", "commission": "commissions"}
"""What a resolution or decision may be about and the chain has: one about a school or a return is about no finding."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event as far as the chain is concerned: the aggregate's state as of its version."""

    aggregate: str
    key: str
    version: int
    subject: str
    data_class: str
    data: Mapping[str, Any]


def reference(record: str, id_: str) -> str:
    """How a record is named in links, like `findings:0199c0de-...`; `record` is the plural in its path."""
    return f"{record.replace('_', '-')}:{id_}"


def last_told(told: Iterable[Told]) -> list[dict[str, Any]]:
    """What is kept of these events: of each record in a chain its last version, in the order of their keys.

    What is not part of any chain is left out. The same events in any order give the same, also with repeats.
    """
    last: dict[tuple[str, str], Told] = {}
    for one in told:
        place = (one.aggregate, one.key)
        if one.aggregate in STEP_OF and (place not in last or last[place].version < one.version):
            last[place] = one
    return [kept(last[place]) for place in sorted(last)]


def kept(told: Told) -> dict[str, Any]:
    """One record as it is kept: whose it is, its facts, and its links both ways."""
    step, data = STEP_OF[told.aggregate], told.data
    return {
        "reference": reference(step.record, told.key),
        "aggregate": told.aggregate,
        "version": told.version,
        "subject": told.subject,
        "data_class": told.data_class,
        "authority": data.get("authority"),
        "school": data.get("school"),
        "body": body_of(told.aggregate, data),
        "follows_from": [*_named(step.up, data), *_about(data), *_content(told.aggregate, data)],
        "leads_to": _named(step.down, data),
        "data": dict(data),
    }


def _named(fields: Mapping[str, str], data: Mapping[str, Any]) -> list[str]:
    return [reference(record, data[name]) for name, record in fields.items() if data.get(name) is not None]


def _about(data: Mapping[str, Any]) -> list[str]:
    about = data.get("about")
    record = _ABOUT.get(about["kind"]) if about is not None else None
    return [] if about is None or record is None else [reference(record, about["id"])]


def _content(aggregate: str, data: Mapping[str, Any]) -> list[str]:
    """A return follows from what was frozen: by its digest, what it counts is found."""
    digest = data.get("digest") if aggregate == RETURN else None
    return [content(digest)] if digest is not None else []


def content(digest: str) -> str:
    """How what was frozen of a return is named in links."""
    return f"content:{digest}"
