"""A table as an OpenDocument spreadsheet (ODF 1.2), written as a stream: what was sent is not kept.

The archive is the standard library's, written to a sink that cannot be wound back; of its parts only the last, the
cells, grows with the table.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from contracts.media_types import ODS
from service_kit.export_cells import Cell, sheet_row

_URN: Final = "urn:oasis:names:tc:opendocument:xmlns"
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_MANIFEST: Final = (
    f'{_XML}<manifest:manifest xmlns:manifest="{_URN}:manifest:1.0" manifest:version="1.2">'
    f'<manifest:file-entry manifest:full-path="/" manifest:version="1.2" manifest:media-type="{ODS}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
    "</manifest:manifest>"
)
_OPENING: Final = (
    f'{_XML}<office:document-content xmlns:office="{_URN}:office:1.0" xmlns:table="{_URN}:table:1.0" '
    f'xmlns:text="{_URN}:text:1.0" office:version="1.2"><office:body><office:spreadsheet>'
)
_CLOSING: Final = "</table:table></office:spreadsheet></office:body></office:document-content>"


class _Sink:
    """What the archive writes to: holds the bytes until they are taken."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        """Takes bytes in."""
        self._held += data
        return len(data)

    def flush(self) -> None:
        """There is nothing behind it that could hold bytes back."""

    def taken(self) -> bytes:
        """The bytes that came since the last time."""
        held, self._held = bytes(self._held), bytearray()
        return held


async def spreadsheet(
    name: str, header: Sequence[str], portions: AsyncIterator[Sequence[Sequence[Cell]]], made_at: datetime
) -> AsyncIterator[bytes]:
    """The bytes of a spreadsheet with one sheet: a row of headings, then the rows of each portion."""
    sink = _Sink()
    with ZipFile(sink, "w") as package:  # type: ignore[call-overload]  # it writes and flushes, no more is asked of it
        package.writestr(_entry("mimetype", made_at, ZIP_STORED), ODS)
        package.writestr(_entry("META-INF/manifest.xml", made_at), _MANIFEST)
        with package.open(_entry("content.xml", made_at), "w", force_zip64=True) as content:
            content.write(f"{_OPENING}<table:table table:name={quoteattr(name)}>".encode())
            content.write(f"<table:table-header-rows>{_rows([header])}</table:table-header-rows>".encode())
            async for rows in portions:
                content.write(_rows(rows).encode())
                if chunk := sink.taken():
                    yield chunk
            content.write(_CLOSING.encode())
    yield sink.taken()


def _entry(name: str, made_at: datetime, compression: int = ZIP_DEFLATED) -> ZipInfo:
    entry = ZipInfo(name, made_at.timetuple()[:6])
    entry.compress_type = compression
    return entry


def _rows(rows: Iterable[Sequence[Cell]]) -> str:
    return "".join(
        f"<table:table-row>{''.join(map(_cell, sheet_row(row)))}</table:table-row>" for row in rows
    )


def _cell(cell: Cell) -> str:
    match cell:
        case None:
            return "<table:table-cell/>"
        case bool():
            said = str(cell).lower()
            kind = f'office:value-type="boolean" office:boolean-value="{said}"'
        case int() | float():
            said = str(cell)
            kind = f'office:value-type="float" office:value="{said}"'
        case str():
            kind, said = 'office:value-type="string"', escape(cell)
    # A paragraph is one line of the cell.
    lines = "".join(f"<text:p>{line}</text:p>" for line in said.split("\n"))
    return f"<table:table-cell {kind}>{lines}</table:table-cell>"
