"""Office documents are ZIP archives: looked into without unpacking, within limits that a bomb exceeds.

The directory of an archive is measured before it is read, and its members are counted as they come out of the
decompressor: what a header claims of its size is believed by nobody.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

MOST_MEMBERS: Final = 5_000
MOST_DIRECTORY: Final = 2_097_152
"""Bytes of the archive's directory, which is read whole."""
MOST_UNPACKED: Final = 268_435_456
"""Bytes of all members (256 MiB): ten times the largest file that is taken."""
MOST_RATIO: Final = 400
"""How much larger the members may be than the archive, beyond the first 16 MiB: tables of figures pack well."""
FREE_OF_RATIO: Final = 16_777_216
_TAIL: Final = 65_557  # the longest end-of-directory record: 22 bytes and a comment
_SMALL: Final = 1_048_576
_PIECE: Final = 262_144


class UnsafeFileError(ValueError):
    """The file is of an accepted type and must not be kept. `reason` is a fault's code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@contextmanager
def open_document(file: IO[bytes]) -> Iterator[zipfile.ZipFile | None]:
    """The archive, checked whole; None where the file is none. Raises UnsafeFileError."""
    if file.read(4) != b"PK\x03\x04":
        yield None
        return
    _measure_directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            _check(archive, _size(file))
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UnsafeFileError("file_damaged") from error


def package_type(archive: zipfile.ZipFile) -> str | None:
    """The media type of an office document, by what it says inside; None for another archive."""
    names = set(archive.namelist())
    if "mimetype" in names:
        return _small(archive, "mimetype").decode("ascii", "replace").strip()
    if "[Content_Types].xml" not in names:
        return None
    declared = _small(archive, "[Content_Types].xml")
    for part, media_type in _MAIN_PARTS:
        if part in declared:
            return media_type
    return None


_OPENXML: Final = "application/vnd.openxmlformats-officedocument."
_MAIN_PARTS: Final = tuple(
    (f"{_OPENXML}{kind}.main+xml".encode(), _OPENXML + kind)
    for kind in ("wordprocessingml.document", "spreadsheetml.sheet", "presentationml.presentation")
)


def _measure_directory(file: IO[bytes]) -> None:
    """Refuses a directory that is too long to be read, by its own end record."""
    size = _size(file)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise UnsafeFileError("file_damaged")
    members = int.from_bytes(tail[at + 10 : at + 12], "little")
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    # 65535 members, or a size of all ones, announce the 64-bit form, which no document of ours needs.
    if members > MOST_MEMBERS or directory > MOST_DIRECTORY:
        raise UnsafeFileError("archive_too_large")
    file.seek(0)


def _check(archive: zipfile.ZipFile, size: int) -> None:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise UnsafeFileError("archive_too_large")
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise UnsafeFileError("file_damaged")
    for member in members:
        if member.flag_bits & 0x1:
            raise UnsafeFileError("file_encrypted")
        if member.filename.startswith(("/", "\\")) or ".." in member.filename.replace("\\", "/").split("/"):
            raise UnsafeFileError("file_damaged")
        if _is_program(member.filename):
            raise UnsafeFileError("file_holds_program")
    limit = min(MOST_UNPACKED, max(FREE_OF_RATIO, size * MOST_RATIO))
    # What the headers say first, because that costs nothing; then what really comes out.
    if sum(member.file_size for member in members) > limit:
        raise UnsafeFileError("archive_too_large")
    _unpack(archive, limit)


def _is_program(name: str) -> bool:
    lower = name.lower()
    return lower.endswith("vbaproject.bin") or lower.startswith(("basic/", "scripts/"))


def _unpack(archive: zipfile.ZipFile, limit: int) -> None:
    """Lets every member through the decompressor, a piece at a time; sums are checked on the way."""
    left = limit
    for member in archive.infolist():
        with archive.open(member) as stream:
            while piece := stream.read(_PIECE):
                left -= len(piece)
                if left < 0:
                    raise UnsafeFileError("archive_too_large")


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as stream:
        return stream.read(_SMALL)


def _size(file: IO[bytes]) -> int:
    at = file.tell()
    size = file.seek(0, 2)
    file.seek(at)
    return size
