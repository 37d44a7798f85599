"""From pydantic's errors to our faults: a closed mapping, so that no text in one language slips through."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from service_kit.problems.catalogue import Catalogue
from service_kit.problems.problem import Fault, Part

Params = Callable[[Mapping[str, Any]], dict[str, Any]]
_HALF = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair."""


def _bound(name: str) -> Params:
    return lambda context: {"bound": context[name]}


def _minimum(context: Mapping[str, Any]) -> dict[str, Any]:
    return {"minimum": context["min_length"]}


def _maximum(context: Mapping[str, Any]) -> dict[str, Any]:
    return {"maximum": context["max_length"]}


def _expected(context: Mapping[str, Any]) -> dict[str, Any]:
    # pydantic joins the choices as in "'a', 'b' or 'c'", in English.
    return {"expected": str(context["expected"]).replace(" or ", ", ").replace("'", "")}


def _none(_: Mapping[str, Any]) -> dict[str, Any]:
    return {}


_BY_TYPE: Mapping[str, tuple[str, Params]] = {
    **dict.fromkeys(("missing", "union_tag_not_found"), ("missing", _none)),
    "extra_forbidden": ("unknown_field", _none),
    **dict.fromkeys(
        ("model_type", "model_attributes_type", "dict_type", "dataclass_type", "mapping_type"),
        ("must_be_object", _none),
    ),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), ("must_be_list", _none)),
    **dict.fromkeys(("string_type", "string_sub_type", "bytes_type", "url_type"), ("must_be_text", _none)),
    **dict.fromkeys(("string_unicode", "string_not_ascii"), ("invalid_text", _none)),
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_from_float", "int_parsing_size"), ("must_be_whole_number", _none)
    ),
    **dict.fromkeys(
        ("float_type", "float_parsing", "decimal_type", "decimal_parsing", "finite_number"),
        ("must_be_number", _none),
    ),
    **dict.fromkeys(("bool_type", "bool_parsing"), ("must_be_true_or_false", _none)),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        ("must_be_date", _none),
    ),
    **dict.fromkeys(
        ("time_type", "time_parsing", "time_delta_type", "time_delta_parsing"), ("must_be_time", _none)
    ),
    **dict.fromkeys(
        (
            "datetime_type",
            "datetime_parsing",
            "datetime_object_invalid",
            "datetime_from_date_parsing",
            "timezone_aware",
            "timezone_naive",
            "timezone_offset",
        ),
        ("must_be_timestamp", _none),
    ),
    **dict.fromkeys(("uuid_type", "uuid_parsing", "uuid_version"), ("must_be_uuid", _none)),
    **dict.fromkeys(("date_past", "datetime_past"), ("must_be_past", _none)),
    **dict.fromkeys(("date_future", "datetime_future"), ("must_be_future", _none)),
    **dict.fromkeys(("string_too_short", "bytes_too_short"), ("too_short", _minimum)),
    **dict.fromkeys(("string_too_long", "bytes_too_long", "url_too_long"), ("too_long", _maximum)),
    "too_short": ("too_few", _minimum),
    "too_long": ("too_many", _maximum),
    "string_pattern_mismatch": ("pattern_mismatch", _none),
    "greater_than": ("must_be_more_than", _bound("gt")),
    "greater_than_equal": ("must_be_at_least", _bound("ge")),
    "less_than": ("must_be_less_than", _bound("lt")),
    "less_than_equal": ("must_be_at_most", _bound("le")),
    "multiple_of": ("must_be_multiple", _bound("multiple_of")),
    **dict.fromkeys(("literal_error", "enum"), ("not_in_list", _expected)),
    "union_tag_invalid": (
        "not_in_list",
        lambda context: {"expected": str(context["expected_tags"]).replace("'", "")},
    ),
}


def from_pydantic(
    errors: Iterable[Mapping[str, Any]], catalogue: Catalogue, *, part: Part | None = "body"
) -> list[Fault]:
    """Faults from `ValidationError.errors()` (part given) or FastAPI's, whose place begins with the part (None).

    An error raised by `problems.fault` keeps its code; any other kind that is not in the table is `invalid_value`.
    """
    return [_fault(error, catalogue, part) for error in errors]


def _fault(error: Mapping[str, Any], catalogue: Catalogue, part: Part | None) -> Fault:
    place: Sequence[str | int] = error["loc"]
    if part is None:
        part, place = cast(Part, place[0]), place[1:]
    code, params = _code_and_params(error, catalogue)
    if part == "body":
        return Fault(pointer(place), code, params)
    return Fault(str(place[0]) if place else "", code, params, part)


def _code_and_params(error: Mapping[str, Any], catalogue: Catalogue) -> tuple[str, dict[str, Any]]:
    kind, context = error["type"], error.get("ctx", {})
    # pydantic names the type, not the cause, when null meets a field that does not take it.
    if kind.endswith("_type") and "input" in error and error["input"] is None:
        return "must_not_be_null", {}
    if context.get("code") == kind and kind in catalogue.faults:
        return kind, {name: value for name, value in context.items() if name != "code"}
    code, params = _BY_TYPE.get(kind, ("invalid_value", _none))
    return code, params(context)


def pointer(place: Sequence[str | int]) -> str:
    """The JSON Pointer (RFC 6901) of a path of names and positions; of the whole body it is ''."""
    return printable("".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place))


def printable(text: str) -> str:
    """The text with each NUL and each half of a surrogate pair written as an escape: no answer holds either."""
    text = text.replace("\x00", "\\x00")
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def faults_in_text(text: str) -> Iterator[str]:
    """Codes of what no text of a request may hold, wherever it stands: NUL, half of a surrogate pair."""
    if "\x00" in text:
        yield "nul_character"
    if not text.isascii() and _HALF.search(text):
        yield "invalid_text"
