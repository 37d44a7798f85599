"""What a file is, by its bytes: the types that are accepted, and what is refused although its type is.

Own magic numbers rather than a library: eleven types are taken, and those that are ZIP archives must be opened anyway
to be told apart. Nothing here runs, renders or unpacks a file; what it holds in memory does not grow with the file.
"""

import codecs
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import IO, Final

from service_kit.documents.archives import UnsafeFileError, open_document, package_type

PIECE: Final = 262_144
_OPENXML: Final = "application/vnd.openxmlformats-officedocument."
_OPEN: Final = "application/vnd.oasis.opendocument."


def _pdf(file: IO[bytes]) -> bool:
    return file.read(5) == b"%PDF-"


def _png(file: IO[bytes]) -> bool:
    head = file.read(16)
    return head[:8] == b"\x89PNG\r\n\x1a\n" and head[12:16] == b"IHDR"


def _jpeg(file: IO[bytes]) -> bool:
    return file.read(3) == b"\xff\xd8\xff"


def _text(file: IO[bytes]) -> bool:
    """UTF-8 without control characters: whatever holds those is no text, whatever it says of itself."""
    if file.read(5) == b"%PDF-":
        return False  # a PDF may be made of nothing but letters
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        while piece := file.read(PIECE):
            if piece.translate(None, _PRINTABLE):
                return False
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


_PRINTABLE: Final = bytes({9, 10, 12, 13, *range(32, 127), *range(128, 256)})


def _package(media_type: str) -> Callable[[IO[bytes]], bool]:
    def matches(file: IO[bytes]) -> bool:
        with open_document(file) as archive:
            return archive is not None and package_type(archive) == media_type

    return matches


ACCEPTED: Final[Mapping[str, tuple[str, Callable[[IO[bytes]], bool]]]] = MappingProxyType(
    {
        "application/pdf": ("pdf", _pdf),
        _OPENXML + "wordprocessingml.document": ("docx", _package(_OPENXML + "wordprocessingml.document")),
        _OPENXML + "spreadsheetml.sheet": ("xlsx", _package(_OPENXML + "spreadsheetml.sheet")),
        _OPENXML + "presentationml.presentation": (
            "pptx",
            _package(_OPENXML + "presentationml.presentation"),
        ),
        _OPEN + "text": ("odt", _package(_OPEN + "text")),
        _OPEN + "spreadsheet": ("ods", _package(_OPEN + "spreadsheet")),
        _OPEN + "presentation": ("odp", _package(_OPEN + "presentation")),
        "text/csv": ("csv", _text),
        "text/plain": ("txt", _text),
        "image/png": ("png", _png),
        "image/jpeg": ("jpg", _jpeg),
    }
)
"""Media type to the ending that a file of it has, and whether a file is of it."""

MEDIA_TYPES: Final = tuple(ACCEPTED)
_SAME_ENDING: Final = {"jpeg": "jpg", "text": "txt"}


def is_of(file: IO[bytes], media_type: str) -> bool:
    """Whether a file's content is of the type that is said. Raises UnsafeFileError where it is and must not be kept."""
    file.seek(0)
    try:
        return ACCEPTED[media_type][1](file)
    finally:
        file.seek(0)


def ending_fits(file_name: str, media_type: str) -> bool:
    """Whether a name ends as files of the type do; a name without an ending says nothing."""
    _, dot, ending = file_name.rpartition(".")
    ending = ending.lower()
    return not dot or _SAME_ENDING.get(ending, ending) == ACCEPTED[media_type][0]


__all__ = ["ACCEPTED", "MEDIA_TYPES", "UnsafeFileError", "ending_fits", "is_of"]
