"""The query parameters and headers that mean the same on every route: read, checked and described in one place."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from contracts.text import LANGUAGES, Text
from service_kit import selection
from service_kit.problems import Fault
from service_kit.problems.faults import faults_in_text, printable
from service_kit.problems.problem import Part
from service_kit.written_forms import TRUE_OR_FALSE, Form, read_date, read_moment

MAX_LIMIT: Final = 200
DEFAULT_LIMIT: Final = 50
MAX_REFERENCE: Final = 200
HEADED_BY: Final = ("labels", "names")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `read` gives its value or raises ValueError, which becomes the fault `code`."""

    name: str
    meaning: Text
    schema: Mapping[str, Any]
    read: Callable[[str], Any]
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Header:
    """One header of the contract, for the description; `call` reads it where it counts."""

    name: str
    meaning: Text
    required: bool = False
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


def _flag(value: str) -> bool:
    if not TRUE_OR_FALSE.fits(value):
        raise ValueError(value)
    return value == "true"


def _limit(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 4 and 1 <= int(value) <= MAX_LIMIT):
        raise ValueError(value)
    return int(value)


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(value)
    return value


def _headings(value: str) -> str:
    if value not in HEADED_BY:
        raise ValueError(value)
    return value


def _cursor(value: str) -> str:
    if not 1 <= len(value) <= 1024:
        raise ValueError(value)
    return value


def _reference(value: str) -> str:
    if not 1 <= len(value) <= MAX_REFERENCE:
        raise ValueError(value)
    return value


LANG = Parameter(
    "lang",
    Text(
        "Language of the answer; goes before Accept-Language",
        "Iaith yr ateb; blaenoriaeth dros Accept-Language",
    ),
    {"type": "string", "enum": list(LANGUAGES)},
    _language,
    "not_in_list",
    {"expected": ", ".join(LANGUAGES)},
)
VALID_AT = Parameter(
    "valid_at",
    Text(
        "The day for which it is asked; today when left out",
        "Y diwrnod y gofynnir amdano; heddiw os nas rhoddir",
    ),
    {"type": "string", "format": "date"},
    read_date,
    "must_be_date",
)
KNOWN_AT = Parameter(
    "known_at",
    Text(
        "As known at this moment; as known now when left out",
        "Fel y'i gwyddid ar yr adeg hon; fel y gwyddys nawr os nas rhoddir",
    ),
    {"type": "string", "format": "date-time"},
    read_moment,
    "must_be_timestamp",
)
DRY_RUN = Parameter(
    "dry_run",
    Text("Evaluate everything, answer, and change nothing", "Gwerthuso popeth, ateb, a newid dim"),
    {"type": "boolean"},
    _flag,
    "must_be_true_or_false",
)
LIMIT = Parameter(
    "limit",
    Text("Records on a page, at most 200", "Cofnodion ar dudalen, 200 ar y mwyaf"),
    {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    _limit,
    "must_be_at_most",
    {"bound": MAX_LIMIT},
)
CURSOR = Parameter(
    "cursor",
    Text(
        "Where the page begins: links.next of the page before",
        "Lle mae'r dudalen yn dechrau: links.next y dudalen flaenorol",
    ),
    {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": "^[A-Za-z0-9_~-]+$"},
    _cursor,
    "invalid_cursor",
)
TOTAL = Parameter(
    "total",
    Text("Count all records under the same filter", "Cyfrif yr holl gofnodion o dan yr un hidlydd"),
    {"type": "boolean"},
    _flag,
    "must_be_true_or_false",
)
FIELDS = Parameter(
    "fields",
    Text(
        "The only fields to be shown, parted by commas; nested ones as in `a.b`",
        "Yr unig feysydd i'w dangos, wedi'u gwahanu gan atalnodau; rhai nythol fel yn `a.b`",
    ),
    {"type": "string", "maxLength": selection.LONGEST, "pattern": selection.PATTERN},
    selection.read_selection,
    "pattern_mismatch",
)
HEADINGS = Parameter(
    "headings",
    Text(
        "Headings of a CSV's or spreadsheet's columns: labels in the language of the answer, or names of fields",
        "Beth sydd ym mhenawdau colofnau CSV neu daenlen: labeli yn iaith yr ateb, neu enwau'r meysydd",
    ),
    {"type": "string", "enum": list(HEADED_BY), "default": HEADED_BY[0], "x-enum-labels": {
        "labels": {"en": "Labels in the language of the answer", "cy": "Labeli yn iaith yr ateb"},
        "names": {"en": "Names of the fields", "cy": "Enwau'r meysydd"},
    }},
    _headings,
    "not_in_list",
    {"expected": ", ".join(HEADED_BY)},
)  # fmt: skip
EXTERNAL_REFERENCE = Parameter(
    "external_reference",
    Text(
        "Only the record to which you gave this reference", "Dim ond y cofnod y rhoesoch y cyfeirnod hwn iddo"
    ),
    {"type": "string", "minLength": 1, "maxLength": MAX_REFERENCE},
    _reference,
    "too_long",
    {"maximum": MAX_REFERENCE},
)

ACCEPT_LANGUAGE = Header("Accept-Language", Text("cy or en", "cy neu en"))
IF_NONE_MATCH = Header(
    "If-None-Match",
    Text("ETag that you hold; 304 when it is still current", "ETag sydd gennych; 304 os yw'n gyfredol o hyd"),
)
IF_MATCH = Header(
    "If-Match",
    Text("ETag of the version that you change", "ETag y fersiwn yr ydych yn ei newid"),
    required=True,
    # One strong tag; a list of them, a weak one and * say nothing of the version that was read.
    schema={"type": "string", "pattern": r'^"[!#-+\--~]+"$'},
)
RANGE = Header(
    "Range",
    Text(
        "One range of bytes, as bytes=0-1023; 206 with these alone",
        "Un ystod o feitiau, megis bytes=0-1023; 206 gyda'r rhain yn unig",
    ),
)
IDEMPOTENCY_KEY = Header(
    "Idempotency-Key",
    Text(
        "New for each thing to be done, the same when repeated",
        "Newydd ar gyfer pob peth i'w wneud, yr un fath wrth ailadrodd",
    ),
    required=True,
    schema={"type": "string", "pattern": "^[!-~]{1,128}$"},
)


@dataclass(frozen=True, slots=True)
class OwnParameter:
    """A parameter that the endpoint itself declares: whether it may be repeated, and how its value is written."""

    repeatable: bool
    form: Form | None

    def faults(self, name: str, value: str, part: Part) -> list[Fault]:
        """What is wrong with the text of a value; what it means is the endpoint's."""
        return [] if self.form is None or self.form.fits(value) else [Fault(name, self.form.code, part=part)]


def read_query(
    request: Request, known: Mapping[str, Parameter], own: Mapping[str, OwnParameter]
) -> tuple[dict[str, Any], list[Fault]]:
    """The values of the contract's parameters, and every fault of the query string.

    `own`: the endpoint's own parameters; their values are the endpoint's.
    """
    raw: bytes = request.scope["query_string"]
    if not raw:
        return {}, []
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    seen: set[str] = set()
    for name, value in _pairs(raw):
        shown = printable(name)
        faults += [
            Fault(shown, code, part="query") for text in (name, value) for code in faults_in_text(text)
        ]
        if name in seen and not (name in own and own[name].repeatable):
            faults.append(Fault(shown, "repeated_parameter", part="query"))
        elif name in own:
            faults += own[name].faults(name, value, "query")
        elif name not in known:
            faults.append(Fault(shown, "unknown_parameter", part="query"))
        else:
            parameter = known[name]
            try:
                values[name] = parameter.read(value)
            except ValueError:
                faults.append(Fault(name, parameter.code, parameter.params, "query"))
        seen.add(name)
    return values, faults


def _pairs(raw: bytes) -> Iterator[tuple[str, str]]:
    text = raw.decode("ascii", "surrogateescape")
    yield from parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="surrogateescape")


def faults_in_path(request: Request, own: Mapping[str, OwnParameter]) -> list[Fault]:
    """What no path parameter may hold, and values that are not written as their type is."""
    faults = []
    for name, value in request.scope.get("path_params", {}).items():
        if isinstance(value, str):
            faults += [Fault(name, code, part="path") for code in faults_in_text(value)]
            faults += own[name].faults(name, value, "path") if name in own else []
    return faults


def described(parameters: Iterable[Parameter], headers: Iterable[Header]) -> list[dict[str, Any]]:
    """The parameters as OpenAPI has them; the meaning in Welsh stands beside the one in English."""
    return [_described(p.name, "query", p.meaning, p.schema, required=False) for p in parameters] + [
        _described(h.name, "header", h.meaning, h.schema, required=h.required) for h in headers
    ]


def _described(
    name: str, part: Part, meaning: Text, schema: Mapping[str, Any], *, required: bool
) -> dict[str, Any]:
    return {
        "name": name,
        "in": part,
        "required": required,
        "description": meaning.en,
        "x-description-cy": meaning.cy,
        "schema": dict(schema),
    }
