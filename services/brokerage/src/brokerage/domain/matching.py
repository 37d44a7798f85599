"""Ranks what is on the menu for a request, each with its reasons; what blocks is told as well [flows 2; domain 5.2]."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from contracts.text import Text

REASONS: Final[Mapping[str, Text]] = {
    "specialism": Text("It has the specialism.", "Mae'r arbenigedd ganddo."),
    "language": Text("It supports in the language wanted.", "Mae'n cefnogi yn yr iaith a ddymunir."),
    "phase": Text("It knows schools of this phase.", "Mae'n adnabod ysgolion o'r cyfnod hwn."),
    "capacity": Text("It has the days wanted.", "Mae'r diwrnodau a ddymunir ganddo."),
    "category": Text(
        "Its own category shows capacity to support.", "Dengys ei gategori ei hun allu i gefnogi."
    ),
    "worked_before": Text("It had a strong impact before.", "Cafodd effaith gref o'r blaen."),
    "nearby": Text("It is in the same postcode district.", "Mae yn yr un ardal god post."),
    "same_authority": Text("It is in the same authority.", "Mae yn yr un awdurdod."),
    "other_authority": Text("It is in another authority.", "Mae mewn awdurdod arall."),
}
"""Why a match is good, in both languages."""

BLOCKS: Final[Mapping[str, Text]] = {
    "own_school": Text("It is the school itself.", "Yr ysgol ei hun ydyw."),
    "provider_ended": Text("It supports schools no longer.", "Nid yw'n cefnogi ysgolion mwyach."),
    "provider_school_closed": Text("The supporting school is closed.", "Mae'r ysgol sy'n cefnogi wedi cau."),
    "special_measures": Text(
        "The supporting school is in special measures.", "Mae'r ysgol sy'n cefnogi mewn mesurau arbennig."
    ),
    "significant_improvement": Text(
        "The supporting school needs significant improvement.",
        "Mae angen gwelliant sylweddol ar yr ysgol sy'n cefnogi.",
    ),
    "no_language": Text(
        "It does not support in the language wanted.", "Nid yw'n cefnogi yn yr iaith a ddymunir."
    ),
    "no_phase": Text("It does not support this phase.", "Nid yw'n cefnogi'r cyfnod hwn."),
    "no_capacity": Text("It does not have the days wanted.", "Nid yw'r diwrnodau a ddymunir ganddo."),
    "same_authority_excluded": Text(
        "This type of support comes from another authority.",
        "O awdurdod arall y daw'r math hwn o gymorth.",
    ),
    "wrote_finding": Text(
        "The provider wrote the finding: a conflict of interest.",
        "Y darparwr a ysgrifennodd y canfyddiad: gwrthdaro buddiannau.",
    ),
    "matched_it": Text(
        "The provider would be matched by itself: a conflict of interest.",
        "Y darparwr ei hun fyddai'n gwneud y paru: gwrthdaro buddiannau.",
    ),
    "commercial_gain": Text(
        "The provider gains commercially: a conflict of interest.",
        "Byddai'r darparwr ar ei ennill yn fasnachol: gwrthdaro buddiannau.",
    ),
}
"""Why a match is not possible, in both languages."""


@dataclass(frozen=True)
class Conventions:
    """How matches are ranked: data of the region."""

    weights: Mapping[str, int]
    phases: Mapping[str, Sequence[str]]
    supporting_categories: frozenset[str]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Conventions":
        """From the document. Raises ValueError where a reason has no weight or a weight no reason."""
        weights = dict(document["weights"])
        if weights.keys() != REASONS.keys():
            raise ValueError(f"weights and reasons differ: {sorted(weights.keys() ^ REASONS.keys())}")
        return cls(weights, dict(document["phases"]), frozenset(document["supporting_categories"]))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks for: `sector` is that of its school; days are wanted from a day on."""

    school: str
    authority: str
    sector: str
    postcode: str | None
    language: str
    days: int
    from_day: date


@dataclass(frozen=True, slots=True)
class Window:
    """Days that a provider has free in one period."""

    first_day: date
    last_day: date
    free: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One entry of the menu with its provider, as it stands; `conflicts` are the grounds that block."""

    menu_item_id: str
    provider_id: str
    languages: frozenset[str]
    phases: frozenset[str]
    follow_up: str
    active: bool
    school: str | None = None
    school_closed: bool = False
    authority: str | None = None
    postcode: str | None = None
    category: str | None = None
    other_authority_only: bool = False
    windows: tuple[Window, ...] = ()
    strong_impacts: int = 0
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A candidate judged: the reasons that speak for it, and what blocks it (then it cannot be chosen)."""

    menu_item_id: str
    provider_id: str
    score: int
    reasons: tuple[str, ...]
    blocked: tuple[str, ...] = field(default=())


def judged(candidate: Candidate, wanted: Wanted, conventions: Conventions) -> Match:
    """One candidate with its reasons in the order of their table, its score, and what blocks it."""
    blocked = tuple(_blocks(candidate, wanted, conventions))
    holding = frozenset(_reasons(candidate, wanted, conventions))
    reasons = tuple(code for code in REASONS if code in holding)
    score = sum(conventions.weights[code] for code in reasons)
    return Match(candidate.menu_item_id, candidate.provider_id, score, reasons, blocked)


def ranked(candidates: Iterable[Candidate], wanted: Wanted, conventions: Conventions) -> list[Match]:
    """All candidates: those that can be chosen first, the best first; equal ones in the order of their ids."""
    matches = [judged(candidate, wanted, conventions) for candidate in candidates]
    return sorted(matches, key=lambda one: (bool(one.blocked), -one.score, one.provider_id, one.menu_item_id))


def _fits_phase(candidate: Candidate, wanted: Wanted, conventions: Conventions) -> bool:
    return bool(candidate.phases & frozenset(conventions.phases.get(wanted.sector, (wanted.sector,))))


def _has_days(candidate: Candidate, wanted: Wanted) -> bool:
    return any(w.last_day >= wanted.from_day and w.free >= wanted.days for w in candidate.windows)


def _blocks(candidate: Candidate, wanted: Wanted, conventions: Conventions) -> Iterable[str]:
    yield from candidate.conflicts
    if not candidate.active:
        yield "provider_ended"
    if candidate.school_closed:
        yield "provider_school_closed"
    if candidate.follow_up in ("special_measures", "significant_improvement"):
        yield candidate.follow_up
    if wanted.language not in candidate.languages:
        yield "no_language"
    if not _fits_phase(candidate, wanted, conventions):
        yield "no_phase"
    if not _has_days(candidate, wanted):
        yield "no_capacity"
    if candidate.other_authority_only and candidate.authority == wanted.authority:
        yield "same_authority_excluded"


def _reasons(candidate: Candidate, wanted: Wanted, conventions: Conventions) -> Iterable[str]:
    yield "specialism"
    if wanted.language in candidate.languages:
        yield "language"
    if _fits_phase(candidate, wanted, conventions):
        yield "phase"
    if _has_days(candidate, wanted):
        yield "capacity"
    if candidate.category in conventions.supporting_categories:
        yield "category"
    if candidate.strong_impacts:
        yield "worked_before"
    if candidate.postcode and wanted.postcode and _district(candidate.postcode) == _district(wanted.postcode):
        yield "nearby"
    if candidate.authority is not None:
        yield "same_authority" if candidate.authority == wanted.authority else "other_authority"


def _district(postcode: str) -> str:
    return postcode.split(maxsplit=1)[0].upper() if postcode.split() else ""
