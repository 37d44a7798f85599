"""A record as one row of a table: nested views spread over columns, lists as JSON in one cell."""

import csv
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from io import StringIO
from typing import Any, Final

import orjson

from contracts.data_class import DataClass
from service_kit.models import View, field_classes, nested_view

Cell = str | int | float | bool | None

_FORMULA: Final = re.compile(r"[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"[+-]?[0-9][0-9 ().]*")
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def columns(view: type[View], visible: Collection[DataClass], prefix: str = "") -> list[str]:
    """The columns of a view in its order: names of fields, `a.b` for a field of a nested view.

    A field of a class that the caller may see of no record at all has no column.
    """
    named: list[str] = []
    for name, data_class in field_classes(view).items():
        if data_class not in visible:
            continue
        inner = nested_view(view, name)
        if inner is not None:
            named += columns(inner, visible, f"{prefix}{name}.")
        else:
            named.append(prefix + name)
    return named


def cells(record: Mapping[str, Any], named: Sequence[str]) -> list[Cell]:
    """The cells of one record; what is null, or may not be seen of this record, is an empty cell."""
    return [_cell(record, name) for name in named]


def _cell(record: Mapping[str, Any], name: str) -> Cell:
    value: Any = record
    for step in name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value


def csv_bytes(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Lines of CSV (RFC 4180, UTF-8). A text that a spreadsheet would run as a formula is preceded by an apostrophe."""
    written = StringIO(newline="")
    csv.writer(written).writerows([[_safe(cell) for cell in row] for row in rows])
    return written.getvalue().encode()


def _safe(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def sheet_row(row: Sequence[Cell]) -> list[Cell]:
    """The cells as XML can hold them: without control characters."""
    return [_NOT_XML.sub("", cell) if isinstance(cell, str) else cell for cell in row]
