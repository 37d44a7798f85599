"""From the bytes of a file to an address list: every fault and warning at once, each with sheet, row and column."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from contracts.text import Language
from registry.domain.address_list.columns import SHEETS, Part, columns_of, nearest
from registry.domain.address_list.decoding import Sheet, decode
from registry.domain.address_list.listed import AddressList, ListedSchool
from registry.domain.address_list.rows import RowReader, columns_in
from registry.domain.data_quality import Finding

_COMPARED = tuple(name for name in ListedSchool.__dataclass_fields__ if name != "school_number")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one sheet says."""

    part: Part
    language: Language
    sheet: str
    schools: dict[str, ListedSchool]
    rows_of: dict[str, list[int]]
    findings: list[Finding]


def read(content: bytes, file_name: str, authorities: Collection[str]) -> AddressList:
    """Reads an ODS, or a CSV of one part in either language.

    `authorities` are the codes of the known local authorities; they are matched by code only, because their names vary
    between publications. An ODS holds each part in both languages: the English sheet counts, and where the Welsh one
    differs there is a warning (DQ-006). The list may be applied when it has no fault.
    """
    sheets, unreadable = decode(content, file_name)
    if unreadable:
        return AddressList((), frozenset(), tuple(unreadable))
    is_csv = not content.startswith(b"PK")
    named = _sheets_of_schools(sheets, is_csv=is_csv)
    if not named and not is_csv:
        return AddressList((), frozenset(), (Finding("DQ-103", file_name, expected=", ".join(SHEETS)),))
    known = frozenset(authorities)
    readings = [_read_sheet(sheet, part, language, known) for sheet, part, language in named]
    kept = {reading.part: reading for reading in sorted(readings, key=lambda r: r.language == "en")}
    ordered = [kept[part] for part in Part if part in kept]
    findings = [finding for reading in ordered for finding in reading.findings]
    for other in (reading for reading in readings if reading is not kept[reading.part]):
        findings += _of_the_other_language(kept[other.part], other)
    findings += _in_two_parts(ordered)
    schools = {number: school for reading in ordered for number, school in reading.schools.items()}
    if not schools and not findings:
        findings.append(Finding("DQ-115", file_name))
    return AddressList(tuple(schools.values()), frozenset(kept), tuple(findings))


def _sheets_of_schools(sheets: Iterable[Sheet], *, is_csv: bool) -> list[tuple[Sheet, Part, Language]]:
    """Which sheets hold schools: by name in a spreadsheet; a CSV is the part that its header is nearest to."""
    if is_csv:
        return [(sheet, *nearest(_header(sheet))) for sheet in sheets if sheet.rows]
    return [(sheet, *SHEETS[sheet.name]) for sheet in sheets if sheet.name in SHEETS]


def _header(sheet: Sheet) -> list[str]:
    header = [cell.strip() for cell in sheet.rows[0]] if sheet.rows else []
    while header and not header[-1]:
        header.pop()
    return header


def _read_sheet(sheet: Sheet, part: Part, language: Language, authorities: frozenset[str]) -> _Reading:
    header = _header(sheet)
    wanted = [(column, column.header.in_(language)) for column in columns_of(part)]
    names = [name for _, name in wanted]
    at = sheet.first_row
    findings = [Finding("DQ-104", sheet.name, (at,), column=name) for name in names if name not in header]
    findings += [
        Finding("DQ-105", sheet.name, (at,), column=name)
        for name in dict.fromkeys(header)
        if name not in names
    ]
    findings += [
        Finding("DQ-106", sheet.name, (at,), column=name)
        for name, count in Counter(header).items()
        if count > 1 and name in names
    ]
    columns = columns_in(header, wanted)
    headers = {column.field: name for column, name in wanted}
    reader = RowReader(sheet.name, part, columns, headers, authorities, len(header))
    if "school_number" in columns:
        for number, cells in enumerate(sheet.rows[1:], start=at + 1):
            reader.read(number, cells)
    return _Reading(part, language, sheet.name, reader.schools, reader.rows_of, findings + reader.findings)


def _of_the_other_language(kept: _Reading, other: _Reading) -> list[Finding]:
    """What the second sheet of a part adds: its own findings, and where it says something else (DQ-006)."""
    said = {(finding.rule, finding.rows, finding.value) for finding in kept.findings}
    findings = [found for found in other.findings if (found.rule, found.rows, found.value) not in said]
    for number in dict.fromkeys((*kept.schools, *other.schools)):
        differing = _differing(kept.schools.get(number), other.schools.get(number))
        if differing:
            rows = tuple(other.rows_of.get(number) or kept.rows_of[number])
            findings.append(
                Finding("DQ-006", other.sheet, rows, column=", ".join(differing), school_number=number)
            )
    return findings


def _differing(one: ListedSchool | None, other: ListedSchool | None) -> Sequence[str]:
    if one is None or other is None:
        return ("school_number",)
    return [name for name in _COMPARED if getattr(one, name) != getattr(other, name)]


def _in_two_parts(readings: Sequence[_Reading]) -> list[Finding]:
    """A number that stands in two parts of the list (DQ-108), found on the second."""
    seen: set[str] = set()
    findings = []
    for reading in readings:
        for number in reading.schools.keys() & seen:
            rows = tuple(reading.rows_of[number])
            findings.append(Finding("DQ-108", reading.sheet, rows, value=number, school_number=number))
        seen |= reading.schools.keys()
    return findings
