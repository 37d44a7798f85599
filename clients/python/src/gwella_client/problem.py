"""A refusal of the API as an exception (RFC 9457)."""

from collections.abc import Mapping
from typing import Any

import httpx


class Problem(Exception):
    """What the API refused. Decide by `code`; `body` is the whole problem document, in the language asked for."""

    def __init__(self, status: int, body: Mapping[str, Any], headers: httpx.Headers) -> None:
        super().__init__(f"{status} {body.get('code', '')}: {body.get('detail') or body.get('title') or ''}")
        self.status = status
        self.body = body
        self.headers = headers

    @property
    def code(self) -> str:
        """The stable code; empty where something on the way answered, and not the API."""
        return str(self.body.get("code", ""))

    @property
    def retry_after(self) -> float | None:
        """Seconds after which the request may be repeated, where the answer says so."""
        value = self.headers.get("Retry-After", "")
        return float(value) if value.isdigit() else None


def problem_of(response: httpx.Response) -> Problem:
    """The problem in an answer of 400 and above."""
    body: Any = None
    if response.headers.get("Content-Type", "").partition(";")[0].endswith("json"):
        body = response.json()
    if not isinstance(body, dict):
        body = {"title": response.reason_phrase, "status": response.status_code}
    return Problem(response.status_code, body, response.headers)
