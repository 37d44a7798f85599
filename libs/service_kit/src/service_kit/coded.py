"""Types of fields whose value is one of some codes, checked and described once.

Sector = Annotated[str, *in_list(SECTORS)]
Side = Annotated[str, *one_of(("supported", "supporting"))]
"""

from collections.abc import Sequence

from pydantic import AfterValidator, WithJsonSchema

from contracts.code_list import CodeList
from service_kit.problems import fault


def one_of(codes: Sequence[str]) -> tuple[AfterValidator, WithJsonSchema]:
    """One of these codes; anything else is the fault `not_in_list`, which names them."""

    def check(value: str) -> str:
        if value not in codes:
            raise fault("not_in_list", {"expected": ", ".join(codes)})
        return value

    return AfterValidator(check), WithJsonSchema({"type": "string", "enum": list(codes)})


def in_list(codes: CodeList) -> tuple[AfterValidator, WithJsonSchema]:
    """One of the codes of a list."""
    return one_of(tuple(entry.code for entry in codes))
