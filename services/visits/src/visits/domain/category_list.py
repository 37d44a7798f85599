"""The published list of support categories: read, checked, and made one category per school [domain 2.2.15; D-06]."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from contracts.identifiers import SCHOOL_NUMBER_PATTERN
from visits.domain.schemes import Scheme

COLUMNS: Final = ("school_number", "la_code", "published_list", "support_category", "published_value")
_DIGITS: Final = int(SCHOOL_NUMBER_PATTERN.partition("{")[2].partition("}")[0])


@dataclass(frozen=True, slots=True)
class ListFault:
    """What is wrong in a row (the header is row 1): the code of the fault, the column, what stands there."""

    row: int
    column: str
    code: str
    value: str


@dataclass(frozen=True, slots=True)
class CategoryList:
    """A list that was read: rows, one value per school, and everything that is wrong with it."""

    rows: int
    values: Mapping[str, str]
    faults: tuple[ListFault, ...]


def read_list(content: bytes, scheme: Scheme) -> CategoryList:
    """Reads a list (CSV, UTF-8). A school that stands in two published lists counts once; a conflict is a fault."""
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            return CategoryList(0, {}, (ListFault(1, "", "list_columns_wrong", ", ".join(COLUMNS)),))
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error):
        return CategoryList(0, {}, (ListFault(1, "", "list_not_read", ""),))
    values: dict[str, str] = {}
    stood: set[tuple[str, str]] = set()
    faults: list[ListFault] = []
    for at, row in enumerate(rows, start=2):
        found = list(_faults(at, row, scheme))
        faults += found
        if found:
            continue
        number, value = row["school_number"], row["support_category"]
        if (number, row["published_list"]) in stood:
            faults.append(ListFault(at, "school_number", "school_twice_in_list", number))
        if values.setdefault(number, value) != value:
            faults.append(ListFault(at, "support_category", "categories_conflict", number))
        stood.add((number, row["published_list"]))
    return CategoryList(len(rows), values, tuple(faults))


def _faults(at: int, row: Mapping[str, str | None], scheme: Scheme) -> Iterator[ListFault]:
    if None in row.values() or None in row:
        yield ListFault(at, "", "list_row_incomplete", "")
        return
    number, authority, value = (row[name] or "" for name in ("school_number", "la_code", "support_category"))
    if not (len(number) == _DIGITS and number.isascii() and number.isdigit()):
        yield ListFault(at, "school_number", "not_a_school_number", number)
    elif not number.startswith(authority) or len(authority) != 3:
        yield ListFault(at, "la_code", "authority_not_of_school", authority)
    known = scheme.values.get(value)
    if known is None:
        yield ListFault(at, "support_category", "value_not_in_scheme", value)
    elif row["published_value"] != f"{known.title.en}/{known.title.cy}":
        yield ListFault(at, "published_value", "published_value_differs", row["published_value"] or "")
