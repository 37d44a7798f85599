"""Problems: how a request is refused (RFC 9457), in Welsh and in English, with every fault at once.

    raise ProblemError("not_found")
    raise ProblemError("validation_failed", errors=[Fault("/opened_on", "must_be_past")])
    raise fault("must_be_past")            # inside a pydantic validator: the place is added by pydantic

Codes live in `catalogue.toml` here and in `problems.toml` beside a service's `service.py`. A code that stands in no
catalogue fails the build, and so does a text that lacks a language, a problem without cause and remedy, a fault
without remedy.
"""

from service_kit.problems.catalogue import (
    Catalogue,
    FaultKind,
    ProblemKind,
    catalogue_of_entries,
    entries_of,
    explained_fault,
    explained_problem,
    generic_catalogue,
    load_catalogue,
)
from service_kit.problems.problem import Fault, ProblemError, fault
from service_kit.problems.render import PROBLEM_MEDIA_TYPE, as_document, as_response

__all__ = [
    "PROBLEM_MEDIA_TYPE",
    "Catalogue",
    "Fault",
    "FaultKind",
    "ProblemError",
    "ProblemKind",
    "as_document",
    "as_response",
    "catalogue_of_entries",
    "entries_of",
    "explained_fault",
    "explained_problem",
    "fault",
    "generic_catalogue",
    "load_catalogue",
]
