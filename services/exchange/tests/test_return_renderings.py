"""The renderings of a return and its signature, checked by other libraries (E-04, S1-34)."""

import csv
import io
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

import jsonschema
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from python_calamine import CalamineWorkbook
from returning import VERSION, WALES, document, submitted
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from exchange.storage.return_tables import return_renderings


async def test_renderings_are_one_content(filled: Any) -> None:
    """E-04, S1-34: JSON under its schema names the digests of CSV and ODS; their values are equal in both languages."""
    await submitted(filled)
    answer = await document(filled)
    content = answer.json()
    definition = (await filled.ask("GET", "/v1/return-definitions/1", **WALES)).json()
    jsonschema.Draft202012Validator(definition["document_schema"]).validate(content)
    assert (await filled.ask("GET", VERSION, **WALES)).json()["digest"] == sha256(answer.content).hexdigest()
    again = await filled.ask(
        "GET", f"{VERSION}/document", headers={"If-None-Match": answer.headers["etag"]}, **WALES
    )
    assert again.status_code == 304
    values = [(c["figure"], c["authority"], c["value"]) for c in content["figures"]]
    tables = {}
    for named in content["renderings"]:
        got = await document(filled, format=named["format"], lang=named["language"])
        assert sha256(got.content).hexdigest() == named["sha256"]
        tables[named["format"], named["language"]] = got.content
    for language, sheet in (("en", "Figures"), ("cy", "Ffigurau")):
        rows = list(csv.reader(io.StringIO(tables["csv", language].decode())))[1:]
        told_csv = [(r[2], r[4] or None, int(r[-1]) if r[-1] else None) for r in rows if r[2]]
        assert told_csv == values
        book = CalamineWorkbook.from_filelike(io.BytesIO(tables["ods", language]))
        cells = book.get_sheet_by_name(sheet).to_python()[1:]
        told_ods = [
            (r[2], r[4] or None, int(str(r[-1]).partition(".")[0]) if r[-1] != "" else None)
            for r in cells
            if r[2]
        ]
        assert told_ods == values
    assert b"Adran" in tables["csv", "cy"]
    assert b"Section" in tables["csv", "en"]
    by_accept = await filled.ask("GET", f"{VERSION}/document", headers={"Accept": "text/csv"}, **WALES)
    assert by_accept.content == tables["csv", "en"]


async def test_the_signature_verifies_elsewhere(filled: Any) -> None:
    """S1-34: one detached JWS over the exact bytes of the JSON, verified by another library with a published key."""
    await submitted(filled)
    content = (await document(filled)).content
    signature = (await filled.ask("GET", f"{VERSION}/signature", **WALES)).json()["jws"]
    protected, detached, signed = signature.split(".")
    assert detached == ""
    header = json.loads(padded(protected))
    keys = (await filled.ask("GET", "/v1/return-keys", **WALES)).json()["keys"]
    key = next(key for key in keys if key["kid"] == header["kid"])
    assert "d" not in key
    public = Ed25519PublicKey.from_public_bytes(padded(key["x"]))
    payload = urlsafe_b64encode(content).rstrip(b"=")
    public.verify(padded(signed), protected.encode() + b"." + payload)
    with pytest.raises(InvalidSignature):
        public.verify(padded(signed), protected.encode() + b"." + payload[:-4])


def padded(text: str) -> bytes:
    """The bytes of base64url without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def test_a_rendering_is_never_changed(filled: Any) -> None:
    """S1-34, immutable: the database itself refuses, whoever asks."""
    await submitted(filled)
    with pytest.raises(DBAPIError, match="never changed"):
        async with filled.worker.transaction() as connection:
            await connection.execute(update(return_renderings).values(bytes=b"other"))
