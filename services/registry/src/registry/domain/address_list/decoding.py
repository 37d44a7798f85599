"""From the bytes of a file to sheets of text: ODS by python-calamine, CSV by the standard library.

Nothing here knows what a school is. A file that cannot be read gives one finding and no sheet. A spreadsheet is a
compressed file that may claim to be small: its unpacked size, and the cells that repeat counts would make of it, are
measured before it is opened.
"""

import csv
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from itertools import islice
from typing import Final

import python_calamine

from registry.domain.data_quality import Finding

LARGEST_UNPACKED: Final = 64 * 1024 * 1024
"""Bytes of an unpacked spreadsheet (the list of 2018: 8.3 million)."""
LARGEST_CELLS: Final = 1_000_000
"""Cells of the area that a file's sheets span (the list of 2018: about 60,000)."""
LARGEST_ROWS: Final = 100_000
LARGEST_COLUMNS: Final = 100
"""Rows and columns of one sheet (the list of 2018: 1,522 and 17). A file of 25 MB may have millions of either."""

_ODS: Final = b"application/vnd.oasis.opendocument.spreadsheet"
_MARKS: Final = re.compile(rb"<table:(table|table-row|table-cell|covered-table-cell)(?=[\s/>])([^>]*)>")
_ROWS: Final = re.compile(rb"number-rows-repeated=[\"'](\d{1,18})")
_COLUMNS: Final = re.compile(rb"number-columns-repeated=[\"'](\d{1,18})")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet as text. `rows[0]` is row `first_row` as a person counts, and so on."""

    name: str
    rows: list[list[str]]
    first_row: int = 1


def decode(content: bytes, file_name: str) -> tuple[list[Sheet], list[Finding]]:
    """The sheets of a file, or the one finding that says why there are none (DQ-101, DQ-102).

    The format is told from the content, never from the name; `file_name` only names a CSV's single sheet.
    """
    if content.startswith(b"PK"):
        return _decode_ods(content, file_name)
    return _decode_csv(content, file_name)


def _decode_csv(content: bytes, file_name: str) -> tuple[list[Sheet], list[Finding]]:
    try:
        text = content.decode("utf-8-sig")
        if "\x00" in text:
            return [], [Finding("DQ-101", file_name)]
        rows = list(islice(csv.reader(io.StringIO(text, newline=""), strict=True), LARGEST_ROWS + 1))
    except (UnicodeDecodeError, csv.Error):
        return [], [Finding("DQ-101", file_name)]
    return _of_bearable_size([Sheet(file_name, rows)], file_name)


def _decode_ods(content: bytes, file_name: str) -> tuple[list[Sheet], list[Finding]]:
    too_large = [Finding("DQ-102", file_name, expected=f"{LARGEST_UNPACKED // 1024 // 1024} MB")]
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST_UNPACKED:
                return [], too_large
            if archive.read("mimetype").strip() != _ODS:
                return [], [Finding("DQ-101", file_name)]
            if _spanned_cells(archive.read("content.xml")) > LARGEST_CELLS:
                return [], too_large
        return _of_bearable_size(_sheets(content), file_name)
    except (
        zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError, OSError,
        python_calamine.CalamineError,
    ):  # fmt: skip
        return [], [Finding("DQ-101", file_name)]


def _of_bearable_size(sheets: list[Sheet], file_name: str) -> tuple[list[Sheet], list[Finding]]:
    """The sheets, unless one is so long or wide that its faults alone would fill the memory (DQ-118)."""
    for sheet in sheets:
        if len(sheet.rows) > LARGEST_ROWS or any(len(row) > LARGEST_COLUMNS for row in sheet.rows):
            limits = f"{LARGEST_ROWS} / {LARGEST_COLUMNS}"
            return [], [Finding("DQ-118", file_name, expected=limits)]
    return sheets, []


def _sheets(content: bytes) -> list[Sheet]:
    sheets = []
    with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            first = sheet.start[0] + 1 if sheet.start else 1
            sheets.append(Sheet(name, [[_text(cell) for cell in row] for row in sheet.to_python()], first))
    return sheets


def _text(cell: object) -> str:
    """A spreadsheet keeps every number as a float: `6602134.0` is the text `6602134`."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _spanned_cells(xml: bytes) -> int:
    """Cells of the rectangle that each table spans, summed: what a reader would have to allocate.

    Trailing empty cells and rows, which every spreadsheet program repeats to the edge, do not count.
    """
    total = height = width = row = column = rows_repeated = 0
    filled = False
    for mark in _MARKS.finditer(xml):
        kind, attributes = mark[1], mark[2]
        if kind == b"table":
            total += height * width
            height = width = row = column = rows_repeated = 0
        elif kind == b"table-row":
            row, column, filled = row + rows_repeated, 0, False
            rows_repeated = _repeat(_ROWS, attributes)
        else:
            column += _repeat(_COLUMNS, attributes)
            if b"value-type" in attributes:
                filled = True
                width = max(width, column)
        if filled:
            height = max(height, row + rows_repeated)
    return total + height * width


def _repeat(pattern: re.Pattern[bytes], attributes: bytes) -> int:
    found = pattern.search(attributes)
    return int(found[1]) if found else 1
