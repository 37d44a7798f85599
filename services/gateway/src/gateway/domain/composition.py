"""What is composed of what: the sections of a composed answer as data, and what became of each.

A section is one resource of one service, asked with the caller's own token. Which service answers and which operation
it needs is what that service's own description says; nothing of it is repeated here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import quote, urlencode

from contracts.text import Text


class Outcome(StrEnum):
    """What became of a section."""

    ok = "ok"
    not_permitted = "not_permitted"
    not_known = "not_known"
    timed_out = "timed_out"
    unavailable = "unavailable"


FAILED: Final = frozenset({Outcome.timed_out, Outcome.unavailable})
"""What another moment may mend; the others say what the caller's rights are."""


@dataclass(frozen=True, slots=True)
class Part:
    """One section to be: `path` and the values of `query` are templates over what the request names.

    `deadline`: seconds. `essential`: where it is refused, so is the whole. `only_with`: the name of a value without
    which the section is not asked for. `version`: it tells how far the suite has come with the subject, and is no
    business of the reader's but for `ETag`.
    """

    name: str
    title: Text
    path: str
    query: Sequence[tuple[str, str]] = ()
    deadline: float = 3.0
    essential: bool = False
    only_with: str | None = None
    version: bool = False

    def target(self, values: Mapping[str, str]) -> str:
        """Path and query as they are asked, percent-encoded. Raises KeyError for a value that is not given."""
        path = self.path.format_map({name: quote(value, safe="") for name, value in values.items()})
        asked = [(name, value.format_map(values)) for name, value in self.query]
        return f"{path}?{urlencode(asked)}" if asked else path


@dataclass(frozen=True, slots=True)
class Section:
    """What became of a part: its body as the service wrote it, or the problem document that says why it is missing.

    `as_of`: when the service was asked.
    """

    part: Part
    outcome: Outcome
    link: str
    as_of: datetime
    body: bytes | None = None
    problem: Mapping[str, Any] | None = None

    @property
    def failed(self) -> bool:
        """Whether another moment may give another answer though nothing has changed."""
        return self.outcome in FAILED


def digest_of(sections: Sequence[Section], language: str, version: object) -> str | None:
    """The validator of a composition, a quoted tag of all that it shows but the moments; None where a section failed.

    What failed may be anything by now, so such an answer is never called unchanged.
    """
    if any(section.failed for section in sections):
        return None
    digest = blake2b(f"{language}\x1f{version}".encode(), digest_size=12)
    for section in sections:
        if section.part.version:
            continue
        digest.update(f"\x1e{section.part.name}\x1f{section.outcome}\x1f{section.link}\x1f".encode())
        digest.update(section.body or b"")
    return f'"{digest.hexdigest()}"'


_LIST: Final = ("limit", "20")
_TOTAL: Final = ("total", "true")
_SCHOOL: Final = ("school_number", "{school_number}")
_AUTHORITY: Final = ("authority", "{authority}")

PROFILE: Final[Sequence[Part]] = (
    Part(
        "identity", Text("Identity", "Hunaniaeth"), "/v1/schools/{school_number}", [("resolve", "{resolve}")],
        essential=True,
    ),
    Part("lineage", Text("Lineage", "Llinach"), "/v1/schools/{school_number}/lineage"),
    Part("contacts", Text("Contacts", "Cysylltiadau"), "/v1/schools/{school_number}/contacts", [_LIST]),
    Part("advisers", Text("Advisers", "Ymgynghorwyr"), "/v1/adviser-allocations", [_SCHOOL, _LIST]),
    Part("liaisons", Text("Liaisons", "Swyddogion cyswllt"), "/v1/liaisons", [_AUTHORITY, _LIST]),
    Part("categories", Text("Support category", "Categori cymorth"), "/v1/categories", [_SCHOOL, _LIST]),
    Part("visits", Text("Visits", "Ymweliadau"), "/v1/visits", [_SCHOOL, _LIST, _TOTAL]),
    Part(
        "outstanding_visits", Text("Visits outstanding", "Ymweliadau heb eu cynnal"), "/v1/outstanding-visits",
        [_SCHOOL, _LIST, _TOTAL],
    ),
    Part(
        "monitoring", Text("Monitoring due", "Monitro sy'n ddyledus"), "/v1/monitoring",
        [_SCHOOL, ("state", "due"), _LIST, _TOTAL],
    ),
    Part("findings", Text("Findings", "Canfyddiadau"), "/v1/findings", [_SCHOOL, _LIST, _TOTAL]),
    Part("actions", Text("Actions", "Camau gweithredu"), "/v1/actions", [_SCHOOL, _LIST, _TOTAL]),
    Part("support_days", Text("Support days", "Diwrnodau cymorth"), "/v1/support-days", [_SCHOOL]),
    Part(
        "support_requests", Text("Requests for support", "Ceisiadau am gymorth"), "/v1/support-requests",
        [_SCHOOL, _LIST, _TOTAL],
    ),
    Part("commissions", Text("Commissions", "Comisiynau"), "/v1/commissions", [_SCHOOL, _LIST, _TOTAL]),
    Part(
        "resolutions", Text("Resolutions about the school", "Penderfyniadau am yr ysgol"), "/v1/resolutions",
        [("about_kind", "school"), ("about_id", "{school_number}"), _LIST, _TOTAL],
    ),
    Part(
        "changes", Text("Changes", "Newidiadau"), "/v1/changes",
        [("school", "{school_number}"), ("after", "{changes_after}"), ("limit", "50")], only_with="changes_after",
    ),
    Part("version", Text("Version", "Fersiwn"), "/v1/school-versions/{school_number}", version=True),
)  # fmt: skip
"""A school's profile."""

DASHBOARD: Final[Sequence[Part]] = (
    Part("identity", Text("Identity", "Hunaniaeth"), "/v1/authorities/{authority}", essential=True),
    Part("regime", Text("Regime", "Cyfundrefn"), "/v1/regimes/{authority}"),
    Part("liaisons", Text("Liaisons", "Swyddogion cyswllt"), "/v1/liaisons", [_AUTHORITY, _LIST]),
    Part(
        "schools", Text("Schools by sector and status", "Ysgolion yn ôl sector a statws"), "/v1/school-counts",
        [_AUTHORITY, ("limit", "200")],
    ),
    Part(
        "categories", Text("Support categories", "Categorïau cymorth"), "/v1/category-counts",
        [_AUTHORITY, ("limit", "200")],
    ),
    Part(
        "outstanding_visits", Text("Visits owed and outstanding", "Ymweliadau dyledus a rhai heb eu cynnal"),
        "/v1/outstanding-visit-counts", [_AUTHORITY, ("limit", "200")],
    ),
    Part(
        "overdue_actions", Text("Actions overdue", "Camau gweithredu hwyr"), "/v1/actions",
        [_AUTHORITY, ("overdue", "true"), _LIST, _TOTAL],
    ),
    Part(
        "support_days", Text("Support days against ceilings", "Diwrnodau cymorth yn erbyn y terfynau"),
        "/v1/support-day-totals", [_AUTHORITY],
    ),
    Part(
        "meetings", Text("Meetings ahead", "Cyfarfodydd i ddod"), "/v1/meetings",
        [_AUTHORITY, ("from_day", "{today}"), _LIST, _TOTAL],
    ),
    Part(
        "returns", Text("Returns owed", "Ffurflenni dyledus"), "/v1/return-obligations", [_AUTHORITY],
    ),
    Part("version", Text("Version", "Fersiwn"), "/v1/authority-versions/{authority}", version=True),
)  # fmt: skip
"""An authority's dashboard."""

_LED: Final = ("lead_adviser_id", "{person_id}")
CASELOAD: Final[Sequence[Part]] = (
    Part("identity", Text("Identity", "Hunaniaeth"), "/v1/people/{person_id}", essential=True),
    Part(
        "schools", Text("Schools led", "Ysgolion a arweinir"), "/v1/adviser-allocations",
        [("person_id", "{person_id}"), ("limit", "200"), _TOTAL],
    ),
    Part(
        "planned_visits", Text("Visits planned", "Ymweliadau wedi'u cynllunio"), "/v1/visits",
        [_LED, ("state", "planned"), _LIST, _TOTAL],
    ),
    Part(
        "outstanding_visits", Text("Visits outstanding", "Ymweliadau heb eu cynnal"), "/v1/outstanding-visits",
        [_LED, _LIST, _TOTAL],
    ),
    Part(
        "monitoring", Text("Monitoring due", "Monitro sy'n ddyledus"), "/v1/monitoring",
        [_LED, ("state", "due"), _LIST, _TOTAL],
    ),
    Part(
        "overdue_actions", Text("Actions overdue", "Camau gweithredu hwyr"), "/v1/actions",
        [_LED, ("overdue", "true"), _LIST, _TOTAL],
    ),
    Part(
        "support_requests", Text("Requests for support", "Ceisiadau am gymorth"), "/v1/support-requests",
        [_LED, _LIST, _TOTAL],
    ),
    Part("commissions", Text("Commissions", "Comisiynau"), "/v1/commissions", [_LED, _LIST, _TOTAL]),
    Part(
        "meetings", Text("Meetings ahead", "Cyfarfodydd i ddod"), "/v1/meetings",
        [("from_day", "{today}"), _LIST, _TOTAL],
    ),
)  # fmt: skip
"""What an adviser's schools ask of them: what is owed, late and ahead. All but the meetings is of their schools."""
