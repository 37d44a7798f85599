"""Why a job failed, stored without a language and read in the reader's."""

from collections.abc import Mapping
from typing import Any

from contracts.text import Language, Text
from service_kit.problems import Catalogue, Fault, ProblemError, as_document


def stored_problem(problem: ProblemError) -> dict[str, Any]:
    """What is kept of a problem: codes, parameters and places; texts in both languages."""
    return {
        "code": problem.code,
        "params": _stored(problem.params),
        "errors": [
            {"pointer": fault.pointer, "code": fault.code, "params": _stored(fault.params), "in": fault.part}
            for fault in problem.errors
        ],
        "extra": problem.extra,
    }


def shown_problem(
    stored: Mapping[str, Any], catalogue: Catalogue, language: Language, request_id: str
) -> dict[str, Any]:
    """The problem document in one language."""
    faults = [Fault(e["pointer"], e["code"], _read(e["params"]), e["in"]) for e in stored["errors"]]
    problem = ProblemError(stored["code"], _read(stored["params"]), errors=faults, extra=stored["extra"])
    return as_document(problem, catalogue, language, request_id)


def _stored(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"en": value.en, "cy": value.cy} if isinstance(value, Text) else value
        for name, value in params.items()
    }


def _read(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: Text(**value) if isinstance(value, dict) and value.keys() == {"en", "cy"} else value
        for name, value in params.items()
    }
