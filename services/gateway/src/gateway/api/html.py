"""The gateway's few HTML pages: escaped, in the reader's language, with nothing loaded from elsewhere."""

from collections.abc import Iterable
from html import escape
from typing import Final

from starlette.responses import HTMLResponse, Response

from contracts.text import Language, Text

POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""The viewer sets style attributes, hence 'unsafe-inline' for styles; scripts come from us only."""
_OTHER: Final = {"en": ("cy", "Cymraeg"), "cy": ("en", "English")}


def page(
    title: str, body: str, language: Language, path: str, *, wide: bool = False, head: str = ""
) -> Response:
    """A whole page. `title` is text, `body` and `head` are HTML that is escaped already.

    `path` is the page's own, for the link to the other language.
    """
    other, name = _OTHER[language]
    html = (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} · Gwella</title>\n"
        f'<link rel="stylesheet" href="/docs/assets/gwella.css">\n<link rel="icon" href="data:,">\n{head}</head>\n'
        f"<body{' class=wide' if wide else ''}>\n<header><h1>{escape(title)}</h1>"
        f'<a href="{escape(path)}?lang={other}" lang="{other}" hreflang="{other}">{name}</a></header>\n'
        f"<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
    headers = {
        "Content-Language": language,
        "Vary": "Accept-Language, Accept",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(html, headers=headers)


def link(address: str, text: str) -> str:
    """An anchor."""
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def table(headings: Iterable[Text], rows: Iterable[Iterable[str]], language: Language) -> str:
    """A table; the cells are HTML that is escaped already."""
    head = "".join(f"<th>{escape(heading.in_(language))}</th>" for heading in headings)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<table>\n<tr>{head}</tr>\n{lines}</table>"
