"""R93: a file is what its bytes say; archives are looked into within limits that a bomb exceeds."""

import io
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_kit.documents.content import ACCEPTED, MEDIA_TYPES, UnsafeFileError, ending_fits, is_of
from testkit import files

PRESENTATION = files._WORDS + "presentationml.presentation"
EXAMPLES = {
    "application/pdf": files.pdf(),
    files.DOCX: files.openxml(files.DOCX),
    files.XLSX: files.openxml(files.XLSX),
    PRESENTATION: files.openxml(PRESENTATION),
    files.ODT: files.open_document(files.ODT),
    files.ODS: files.open_document(files.ODS),
    "application/vnd.oasis.opendocument.presentation": files.open_document(
        "application/vnd.oasis.opendocument.presentation"
    ),
    "text/csv": "rhif,enw\n6732118,Ysgol Gyfun Llŷn\n".encode(),
    "text/plain": "\ufeffCofnodion y cyfarfod\r\n".encode(),
    "image/png": files.png(),
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00rest",
}
OF_ONE_KIND = {"text/csv", "text/plain"}


def found(content: bytes, media_type: str) -> bool:
    return is_of(io.BytesIO(content), media_type)


def answer(content: bytes, media_type: str) -> str:
    try:
        return "yes" if found(content, media_type) else "no"
    except UnsafeFileError as error:
        return error.reason


def test_every_accepted_type_has_an_example() -> None:
    assert set(EXAMPLES) == set(MEDIA_TYPES) == set(ACCEPTED)


@pytest.mark.parametrize("said", MEDIA_TYPES)
def test_a_file_is_of_its_own_type_and_of_no_other(said: str) -> None:
    for real, content in EXAMPLES.items():
        same = real == said or {real, said} == OF_ONE_KIND
        assert found(content, said) is same, real


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00\x03", b"\x7fELF\x02\x01", b"#!/bin/sh\x00", b"GIF89a\x01\x00", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"PK\x03\x04", b"\x1f\x8b\x08", "Llŷn".encode("latin-1", "replace") + b"\xff", "abc".encode("utf-16"),
    ],
)  # fmt: skip
def test_what_is_none_of_them_is_none(content: bytes) -> None:
    for media_type in MEDIA_TYPES:
        assert answer(content, media_type) in ("no", "file_damaged")


@given(st.binary(max_size=400))
def test_any_bytes_get_an_answer(content: bytes) -> None:
    for media_type in MEDIA_TYPES:
        assert answer(content, media_type) in ("yes", "no", "file_damaged")


@given(cut=st.integers(1, len(EXAMPLES[files.DOCX]) - 1))
def test_a_truncated_archive_is_damaged(cut: int) -> None:
    assert answer(EXAMPLES[files.DOCX][:cut], files.DOCX) in ("no", "file_damaged")


def test_another_archive_is_no_office_document() -> None:
    assert not found(files.archive({"a.txt": b"a"}), files.DOCX)
    assert not found(files.archive({"mimetype": b"application/epub+zip"}), files.ODT)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (files.openxml(more={"word/vbaProject.bin": b"macro"}), "file_holds_program"),
        (files.open_document(**{"Basic/Standard/Module1.xml": b"<sub/>"}), "file_holds_program"),
        (files.openxml(more={"../../etc/passwd": b"x"}), "file_damaged"),
        (files.openxml(more={"/etc/passwd": b"x"}), "file_damaged"),
        (files.openxml(more={f"word/{n}.xml": b"" for n in range(5_001)}), "archive_too_large"),
    ],
)  # fmt: skip
def test_what_is_refused_although_its_type_is_accepted(content: bytes, reason: str) -> None:
    media_type = files.ODT if b"oasis" in content[:200] else files.DOCX
    with pytest.raises(UnsafeFileError) as refused:
        found(content, media_type)
    assert refused.value.reason == reason


def test_a_locked_document_is_refused() -> None:
    content = bytearray(files.openxml())
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        names = len(archive.infolist())
    at = -1
    for _ in range(names):
        at = content.index(b"PK\x01\x02", at + 1)
        content[at + 8] |= 0x1
    with pytest.raises(UnsafeFileError, match="file_encrypted"):
        found(bytes(content), files.DOCX)


def test_a_bomb_is_refused_in_constant_memory() -> None:
    content = files.bomb()
    assert len(content) < 100_000
    tracemalloc.start()
    with pytest.raises(UnsafeFileError, match="archive_too_large"):
        found(content, files.DOCX)
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    """What the headers claim is believed by nobody: the sum of the member does not fit what they say."""
    content = bytearray(files.bomb(32 * 1024 * 1024))
    real = (32 * 1024 * 1024).to_bytes(4, "little")
    while (at := content.find(real)) >= 0:
        content[at : at + 4] = (1000).to_bytes(4, "little")
    with pytest.raises(UnsafeFileError, match="file_damaged"):
        found(bytes(content), files.DOCX)


@pytest.mark.parametrize(
    ("name", "media_type", "fits"),
    [
        ("tystiolaeth.pdf", "application/pdf", True),
        ("TYSTIOLAETH.PDF", "application/pdf", True),
        ("llun.jpeg", "image/jpeg", True),
        ("papur", "application/pdf", True),
        ("papur.exe", "application/pdf", False),
        ("papur.pdf.exe", "application/pdf", False),
        ("data.csv", "text/plain", False),
    ],
)
def test_a_name_ends_as_its_type_does(name: str, media_type: str, fits: bool) -> None:
    assert ending_fits(name, media_type) is fits
