"""What schemathesis is told about this API. Its command line loads this module; `GWELLA_FUZZ` names the run's file.

Two things are added: a check that a role is given no more than its rights, and keys that are used once. Failures that
cannot be otherwise by design are dropped by `exceptions.toml`, which says why; each drop is counted.
"""

import json
import os
from itertools import count
from pathlib import Path
from typing import Any, Final

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import AllowHeaderMismatch

from testkit.fuzzing.exceptions import excepted

RUN: Final[dict[str, Any]] = json.loads(Path(os.environ["GWELLA_FUZZ"]).read_text("utf-8"))
"""`roles` by operation id, `permitted` operations by role, `methods` by path; `calls`: the file that tells of each."""
KEY: Final = "Idempotency-Key"
_calls: Final = Path(RUN["calls"]).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115 - as long as the process
_keys: Final = count(1)


def _written(*told: Any) -> None:
    _calls.write(json.dumps(told) + "\n")


def _of(case: Case[Any]) -> tuple[str, str]:
    """The role that asks, and the operation that it needs."""
    raw = case.operation.definition.raw
    return RUN["roles"][raw["operationId"]], raw["x-gwella-operation"]


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """A key of a command is used once: generated ones repeat, and all but the first would be refused.

    A cursor is what the API has given: a list is asked from its beginning where one was made up.
    """
    meta = case.meta
    if meta is None or meta.generation.mode.is_positive:
        case.query.pop("cursor", None)
    if KEY not in case.headers or (meta is not None and meta.is_negative_at(ParameterLocation.HEADER)):
        return
    if meta is not None and getattr(meta.phase.data, "parameter", None) == KEY:
        return
    case.headers[KEY] = f"{RUN['name']}-{next(_keys)}"


@schemathesis.hook
def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
    """One line for each case."""
    role, _ = _of(case)
    phase = case.meta.phase.name.value if case.meta is not None else "none"
    mode = case.meta.generation.mode.value if case.meta is not None else "none"
    _written("call", case.operation.label, role, response.status_code, phase, mode)


@schemathesis.check
def no_more_than_the_rights(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """A role that does not list the operation is given nothing; well-formed requests of it are 403, nothing else."""
    role, operation = _of(case)
    if operation in RUN["permitted"][role]:
        return
    if response.status_code < 400:
        raise AssertionError(f"{role} has no right to {operation} and got {response.status_code}")
    unexpected = response.request.method != case.operation.method.upper()
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if positive and not unexpected and response.status_code != 403:
        raise AssertionError(f"{role} has no right to {operation} and got {response.status_code}, not 403")


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Whether a failure counts: not where an exception names its kind and what was answered."""
    label = case.operation.label
    if isinstance(failure, AllowHeaderMismatch) and not failure.missing_methods:
        # A run is asked of a part of the description: methods of the path that lie outside it are no mistake.
        return not {method.lower() for method in failure.undocumented_methods} <= set(
            RUN["methods"][case.path]
        )
    found = excepted(type(failure).__name__, label, _problem(response))
    for name in found:
        _written("excepted", label, name)
    return not found


def _problem(response: Response) -> dict[str, Any]:
    if "application/problem+json" not in ",".join(response.headers.get("content-type", ())):
        return {}
    found = json.loads(response.content)
    return found if isinstance(found, dict) else {}
