"""Findings: judged under a versioned framework, never without evidence [domain 4.3; D-06]."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.text import Text


@dataclass(frozen=True, slots=True)
class Framework:
    """Areas that are judged and the judgements that may be given, by their codes."""

    code: str
    title: Text
    areas: tuple[str, ...]
    judgements: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a judgement rests on: a code of `evidence_kinds`, where it is found, the day that it is of."""

    kind: str
    reference: str
    dated: date


@dataclass(frozen=True, slots=True)
class Objection:
    """What is wrong with a finding: where in the request, and the code of the fault."""

    pointer: str
    code: str
    expected: tuple[str, ...] = ()


def objections(
    framework: Framework, area: str, judgement: str | None, evidence: Sequence[Evidence], today: date
) -> Iterator[Objection]:
    """Everything that bars a finding. Without a judgement (a plain observation) it needs no evidence."""
    if area not in framework.areas:
        yield Objection("/area", "not_in_list", framework.areas)
    if judgement is not None and judgement not in framework.judgements:
        yield Objection("/judgement", "not_in_list", tuple(framework.judgements))
    if judgement is not None and not evidence:
        yield Objection("/evidence", "judgement_without_evidence")
    for at, item in enumerate(evidence):
        if item.dated > today:
            yield Objection(f"/evidence/{at}/dated", "day_in_future")


def read_frameworks(data: Mapping[str, Any]) -> Mapping[str, Framework]:
    """Frameworks by code, from `frameworks.toml`."""
    return {
        code: Framework(
            code,
            Text(**entry["title"]),
            tuple(entry["areas"]),
            {judgement["code"]: Text(**judgement["title"]) for judgement in entry["judgements"]},
        )
        for code, entry in data["frameworks"].items()
    }
