"""What is raised: a problem for the whole request, with its faults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic_core import PydanticCustomError

Part = Literal["body", "query", "path", "header"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one place.

    `pointer` is a JSON Pointer (RFC 6901) into the body, or the name of a query parameter, path parameter or header
    where `part` says so. `params` fill the template; a value that is a `contracts.text.Text` is put in the caller's
    language.
    """

    pointer: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    part: Part = "body"


class ProblemError(Exception):
    """A request that is refused. Raise it anywhere below an endpoint: the transaction is rolled back.

    `code` stands in the catalogue, which gives status, title and detail. `headers` go on the response; `extra` adds
    members to the document (RFC 9457, section 3.2), such as `current` on a stale version.
    """

    def __init__(
        self,
        code: str,
        params: Mapping[str, Any] | None = None,
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        # Parameters may name a person: only the code goes into what a log may show.
        super().__init__(code)
        self.code = code
        self.params = dict(params or {})
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


def fault(code: str, params: Mapping[str, Any] | None = None) -> PydanticCustomError:
    """A fault to raise inside a pydantic validator of a request model; pydantic adds the place.

    `code` stands under `[faults]` in the catalogue.
    """
    return PydanticCustomError(code, "{code}", {**(params or {}), "code": code})
