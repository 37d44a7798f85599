"""R92, R93: the headers of an upload: its digest (RFC 9530) and its name (RFC 6266)."""

import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_kit.documents.receiving import file_name, sent_digest
from service_kit.problems import ProblemError

DIGEST = sha256(b"file").digest()
HEADER = f"sha-256=:{base64.b64encode(DIGEST).decode()}:"


@pytest.mark.parametrize("header", [HEADER, f"sha-512=:AAAA:, {HEADER}", f"{HEADER}, md5=:AAAA:"])
def test_the_digest_is_found_among_others(header: str) -> None:
    assert sent_digest(header) == DIGEST


def test_other_algorithms_alone_say_nothing() -> None:
    assert sent_digest("sha-512=:AAAA:") is None
    assert sent_digest(None) is None


@pytest.mark.parametrize(
    "header", ["sha-256=abc", "sha-256=:abc:", "sha-256=::", "sha-256", f"{HEADER[:-3]}"]
)
def test_a_digest_that_is_none_is_a_fault(header: str) -> None:
    with pytest.raises(ProblemError) as refused:
        sent_digest(header)
    assert [(f.pointer, f.part) for f in refused.value.errors] == [("Content-Digest", "header")]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="paper.pdf"', "paper.pdf"),
        ("attachment; filename*=UTF-8''Llŷn%20a%20M%C3%B4n.pdf".replace("ŷ", "%C5%B7"), "Llŷn a Môn.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\temp\\\\paper.pdf"', "paper.pdf"),
        ("attachment", None),
        ('attachment; filename=""', None),
    ],
)
def test_the_name_without_its_folders(header: str, name: str | None) -> None:
    assert file_name(header) == name


@pytest.mark.parametrize(
    "header",
    [
        "attachment; filename*=UTF-8''a%0d%0aSet-Cookie:x.pdf",
        "attachment; filename*=UTF-8''a%00.pdf",
        "attachment; filename*=UTF-8''fdp.%E2%80%AEexe",
        "attachment; filename*=UTF-8''%FF.pdf",
        f'attachment; filename="{"a" * 201}"',
    ],
)
def test_a_name_that_deceives_is_a_fault(header: str) -> None:
    with pytest.raises(ProblemError) as refused:
        file_name(header)
    assert refused.value.code == "validation_failed"


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=80))
def test_any_header_is_a_name_or_a_fault(header: str) -> None:
    try:
        name = file_name(header)
    except ProblemError:
        return
    assert name is None or not set(name) & set("/\\\r\n\0")
