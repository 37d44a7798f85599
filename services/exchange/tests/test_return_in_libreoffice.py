"""The ODS as LibreOffice opens it: converted headless to CSV, its values are those of the JSON (S1-34, E-04)."""

import csv
import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from returning import document, submitted

from contracts.text import Language
from exchange.domain.definition import DIMENSIONS

SOFFICE = shutil.which("soffice")
EVERY_SHEET = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
"""Comma, quotes, UTF-8, values as stored and not as formatted, all sheets."""

pytestmark = pytest.mark.skipif(
    # Where the suite must be whole, LibreOffice belongs to it: there its absence is a failure.
    SOFFICE is None and not os.environ.get("CI"),
    reason="LibreOffice is not installed (Debian: libreoffice-calc-nogui)",
)


def converted(content: bytes, folder: Path) -> dict[str, list[list[str]]]:
    """The sheets of a spreadsheet as LibreOffice reads them, by name."""
    assert SOFFICE is not None, "LibreOffice is required here: apt-get install libreoffice-calc-nogui"
    (folder / "return.ods").write_bytes(content)
    profile = (folder / "profile").as_uri()
    command = [SOFFICE, "--headless", "--norestore", f"-env:UserInstallation={profile}"]
    command += ["--convert-to", EVERY_SHEET, "--outdir", str(folder), str(folder / "return.ods")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    found = {
        path.stem.removeprefix("return-"): list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))
        for path in folder.glob("return-*.csv")
    }
    assert found, ran.stdout + ran.stderr
    return found


@pytest.mark.parametrize(("language", "sheet"), [("en", "Figures"), ("cy", "Ffigurau")])
async def test_libreoffice_opens_the_return_and_its_values_are_those_of_the_json(
    filled: Any, tmp_path: Path, language: Language, sheet: str
) -> None:
    """E-04: every figure, authority, breakdown and value, in Welsh and in English."""
    await submitted(filled)
    content = (await document(filled)).json()
    ods = (await document(filled, format="ods", lang=language)).content
    sheets = converted(ods, tmp_path)
    assert len(sheets) == 3
    header, *rows = sheets[sheet]
    told = [(r[2], r[4], tuple(filter(None, r[5:-3])), r[-1]) for r in rows if r[2]]
    assert header[5:-3] == [title.in_(language) for title in DIMENSIONS.values()]
    assert told == [
        (
            cell["figure"],
            cell["authority"] or "",
            tuple(cell["by"][name] for name in DIMENSIONS if name in cell["by"]),
            "" if cell["value"] is None else str(cell["value"]),
        )
        for cell in content["figures"]
    ]
    titles = {section["code"]: section["title"][language] for section in content["sections"]}
    silent = {r[1] for r in rows if not r[2]}
    assert silent == {titles[code] for code in ("risks", "programmes", "notices", "estyn")}
