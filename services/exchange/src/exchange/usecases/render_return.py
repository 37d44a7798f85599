"""Renderings of a return: CSV and ODS in each language, and the JSON that holds their digests."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import StringIO
from typing import Any, Final

import orjson
from stream_write_ods import stream_write_ods

from contracts.text import LANGUAGES, Language, Text
from exchange.domain.document import COLUMNS, STANDING, document, table_rows
from exchange.domain.rules import Remark
from exchange.usecases.fill_return import Filled

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}

_SHEETS: Final = {"figures": Text("Figures", "Ffigurau"), "findings": Text("Findings", "Canfyddiadau"),
                  "return": Text("Return", "Ffurflen")}  # fmt: skip
_FINDINGS: Final = (
    ("rule", Text("Rule", "Rheol")),
    ("title", Text("What it asks", "Beth mae'n ei ofyn")),
    ("authority", Text("Authority", "Awdurdod")),
    ("figure", Text("Figure code", "Cod y ffigur")),
    ("expected", Text("Expected", "Disgwyliedig")),
    ("found", Text("Found", "Canfuwyd")),
    ("remark", Text("Remark", "Sylw")),
)
_TEST: Final = Text("TEST", "PRAWF")
_ITEM, _CONTENT = Text("Item", "Eitem"), Text("Content", "Cynnwys")


@dataclass(frozen=True, slots=True)
class Rendering:
    """One rendering; `language` is empty for the JSON, which is in both."""

    format: str
    language: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The digest of its bytes, in hexadecimal."""
        return sha256(self.content).hexdigest()


def renderings(
    filled: Filled, head: Mapping[str, Any], remarks: Sequence[Remark], made_at: datetime
) -> list[Rendering]:
    """Every rendering of a version, the JSON last: it names the digests of the others."""
    tables = [
        make
        for language in LANGUAGES
        for make in (
            Rendering("csv", language, csv_bytes(filled, language, test=head["test"])),
            Rendering("ods", language, ods_bytes(filled, head, remarks, made_at, language)),
        )
    ]
    named = [
        {
            "format": table.format,
            "language": table.language,
            "media_type": MEDIA_TYPES[table.format],
            "sha256": table.sha256,
            "bytes": len(table.content),
        }
        for table in tables
    ]
    return [*tables, Rendering("json", "", json_bytes(filled, head, remarks, named))]


def json_bytes(
    filled: Filled,
    head: Mapping[str, Any],
    remarks: Sequence[Remark],
    named: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """The JSON rendering."""
    return orjson.dumps(document(filled.definition, head, filled.cells, filled.findings, remarks, named))


def csv_bytes(filled: Filled, language: Language, *, test: bool) -> bytes:
    """The table of figures as CSV (RFC 4180, UTF-8)."""
    written = StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow([title.in_(language) for _, title in COLUMNS])
    writer.writerows(table_rows(filled.definition, filled.cells, language, test=test))
    return written.getvalue().encode()


def ods_bytes(
    filled: Filled,
    head: Mapping[str, Any],
    remarks: Sequence[Remark],
    made_at: datetime,
    language: Language,
) -> bytes:
    """The tables as an OpenDocument spreadsheet; the same content gives the same bytes."""
    columns = [title.in_(language) for _, title in COLUMNS]
    about = {name: value for name, value in head["return"].items() if isinstance(value, str | int)}
    about |= {"standing": STANDING[head["test"]].in_(language)}
    about |= {"position": head["position"], "made_at": head["made_at"]}
    rows = table_rows(filled.definition, filled.cells, language, test=head["test"])
    names = {
        sheet: f"{_TEST.in_(language)} {title.in_(language)}" if head["test"] else title.in_(language)
        for sheet, title in _SHEETS.items()
    }
    sheets = (
        (names["figures"], columns, rows),
        (
            names["findings"],
            [title.in_(language) for _, title in _FINDINGS],
            _finding_rows(filled, remarks, language),
        ),
        (names["return"], [_ITEM.in_(language), _CONTENT.in_(language)], about.items()),
    )
    moment = made_at.replace(tzinfo=None, microsecond=0)
    return b"".join(stream_write_ods(sheets, get_modified_at=lambda: moment))


def _finding_rows(filled: Filled, remarks: Sequence[Remark], language: Language) -> Iterator[list[Any]]:
    said = {(remark.rule, remark.authority): remark.text for remark in remarks}
    for one in filled.findings:
        title = filled.definition.rules[one.rule].title.in_(language)
        remark = said.get((one.rule, one.authority))
        yield [one.rule, title, one.authority, one.figure, one.expected, one.found, remark]
