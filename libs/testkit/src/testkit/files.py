"""Small real files of every type that is taken as a document, and some that only look like one."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final

_WORDS: Final = "application/vnd.openxmlformats-officedocument."
DOCX: Final = _WORDS + "wordprocessingml.document"
XLSX: Final = _WORDS + "spreadsheetml.sheet"
ODS: Final = "application/vnd.oasis.opendocument.spreadsheet"
ODT: Final = "application/vnd.oasis.opendocument.text"


def pdf(said: str = "Evidence") -> bytes:
    """A page of PDF."""
    return b"%PDF-1.7\n1 0 obj\n<< /Title (" + said.encode() + b") >>\nendobj\ntrailer <<>>\n%%EOF\n"


def png() -> bytes:
    """One white pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    head = (1).to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\x00\xff")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def archive(members: Mapping[str, bytes], stored: tuple[str, ...] = ("mimetype",)) -> bytes:
    """A ZIP archive of these members, in their order; those named in `stored` are not compressed."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            method = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            target.writestr(name, content, method)
    return made.getvalue()


def open_document(media_type: str = ODT, **more: bytes) -> bytes:
    """An OpenDocument file; `more` are members beside its own."""
    return archive({"mimetype": media_type.encode(), "content.xml": b"<office/>", **more})


def openxml(media_type: str = DOCX, more: Mapping[str, bytes] | None = None) -> bytes:
    """An Office Open XML file."""
    declared = f'<Types><Override ContentType="{media_type}.main+xml"/></Types>'.encode()
    return archive({"[Content_Types].xml": declared, "word/document.xml": b"<w/>", **(more or {})})


def bomb(size: int = 64 * 1024 * 1024) -> bytes:
    """A word-processing file of some kilobytes that unpacks to `size` bytes."""
    return openxml(more={"word/media/image1.bin": bytes(size)})
