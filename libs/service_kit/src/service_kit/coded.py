"""Types of fields whose value is one of some codes, checked and described once.

Sector = Annotated[str, *in_list(SECTORS)]
Side = Annotated[str, *one_of(("supported", "supporting"))]
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import AfterValidator, WithJsonSchema

from contracts.code_list import CodeList
from contracts.text import Text
from service_kit.dictionary import LABELS
from service_kit.problems import fault


def one_of(codes: Sequence[str] | Mapping[str, Text]) -> tuple[AfterValidator, WithJsonSchema]:
    """One of these codes; anything else is the fault `not_in_list`, which names them.

    Codes with their labels describe themselves; those of others are in the service's dictionary, under `values`.
    """
    known = tuple(codes)

    def check(value: str) -> str:
        if value not in known:
            raise fault("not_in_list", {"expected": ", ".join(known)})
        return value

    schema: dict[str, Any] = {"type": "string", "enum": list(known)}
    if isinstance(codes, Mapping):
        schema[LABELS] = {code: {"en": label.en, "cy": label.cy} for code, label in codes.items()}
    return AfterValidator(check), WithJsonSchema(schema)


def in_list(codes: CodeList) -> tuple[AfterValidator, WithJsonSchema]:
    """One of the codes of a list."""
    return one_of({entry.code: entry.label for entry in codes})
