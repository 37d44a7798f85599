"""Who writes while things fail: commands through the API, each repeated with its key until it is acknowledged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from contracts.identifiers import new_id
from service_kit.idempotency import REPLAYED

AUTHORITY = "673"
FIRST_SCHOOL = 6_730_000
PATIENCE_SECONDS = 180.0
TOKEN_SECONDS = 900.0
_AGAIN = {401, 409, 429, 500, 502, 503, 504}
"""Not yet: the service, its issuer or its database was away, or the first attempt is still under way."""


@dataclass
class Written:
    """What was acknowledged. A school number or a person's name stands for one command that must count once."""

    authority: bool = False
    """Whether the authority of all of them is registered."""
    schools: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)
    """Schools whose events were written past the API (`flood`), with their last version."""
    refused: list[str] = field(default_factory=list)
    """Answers that a faultless service would not have given."""
    repeats: int = 0
    """Commands sent again because their answer did not come."""
    replayed: int = 0
    """Of these, how many had been done: the stored answer was given."""

    @property
    def acknowledged(self) -> int:
        """Commands with an answer."""
        return len(self.schools) + len(self.opened) + len(self.people)


class Writer:
    """Sends commands in a thread of its own, about `rate` a second, one after the other."""

    def __init__(self, url: str, token: Callable[[], str], written: Written, *, rate: float) -> None:
        self._client = httpx.Client(base_url=url, timeout=10, trust_env=False)
        self._token, self._told = token, 0.0
        self._bearer = ""
        self.written = written
        self._pause = 1 / rate
        self._ending = threading.Event()
        self._numbers = count(FIRST_SCHOOL + len(written.schools))
        self._thread = threading.Thread(target=self._write, name="writer", daemon=True)

    def begin(self) -> None:
        """An authority, once, and then command after command."""
        entry = {"authority": AUTHORITY, "gss_code": "W06000014", "name_en": "Vale", "name_cy": "Bro"}
        if not self.written.authority:
            self.written.authority = self._send("/v1/authorities", {"authorities": [entry]})
        self._thread.start()

    def end(self) -> None:
        """Returns when the command under way was acknowledged."""
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join(PATIENCE_SECONDS + 10)
        if self._thread.is_alive():
            self.written.refused.append("the writer did not end")
        self._client.close()

    def _write(self) -> None:
        try:
            while not self._ending.is_set():
                self._one_school()
        except Exception as error:  # noqa: BLE001 - a thread's end is told by what it leaves
            self.written.refused.append(f"the writer ended: {error!r}")

    def _one_school(self) -> None:
        """Three commands: a school, its opening, and a person (whom no natural key would keep from being doubled)."""
        number = str(next(self._numbers))
        school = {
            "school_number": number,
            "name": f"Ysgol {number}",
            "sector": "primary",
            "valid_from": "2018-09-01",
        }
        step = {"school_number": number, "valid_from": "2018-09-02"}
        person = {"name": f"Person {number}", "authority": AUTHORITY, "employer": AUTHORITY}
        for path, body, kept, what in (
            ("/v1/schools", school, self.written.schools, number),
            ("/v1/school-openings", step, self.written.opened, number),
            ("/v1/people", person, self.written.people, person["name"]),
        ):
            if self._send(path, body):
                kept.append(what)
            time.sleep(self._pause)

    def _send(self, path: str, body: Any) -> bool:
        key, deadline, first = new_id(), time.monotonic() + PATIENCE_SECONDS, True
        why = "no answer"
        while time.monotonic() < deadline:
            if not first:
                self.written.repeats += 1
                time.sleep(0.1)
            first = False
            try:
                answer = self._client.post(path, json=body, headers=self._headers(key))
            except httpx.TransportError as error:
                why = repr(error)
                continue
            if answer.is_success:
                self.written.replayed += REPLAYED in answer.headers
                return True
            why = f"{answer.status_code} {answer.text[:300]}"
            transient = answer.status_code in _AGAIN
            if answer.status_code == httpx.codes.CONFLICT:
                transient = answer.json().get("code") == "request_in_progress"
            if not transient:
                break
        self.written.refused.append(f"{path}: {why}")
        return False

    def _headers(self, key: str) -> dict[str, str]:
        if not self._bearer or time.monotonic() - self._told > TOKEN_SECONDS:
            self._bearer, self._told = f"Bearer {self._token()}", time.monotonic()
        return {"Authorization": self._bearer, "Idempotency-Key": key}


@contextmanager
def writing(url: str, token: Callable[[], str], written: Written, *, rate: float = 30) -> Iterator[Writer]:
    """Somebody writes for as long as the context lasts; on leaving, the last command is acknowledged."""
    writer = Writer(url, token, written, rate=rate)
    try:
        writer.begin()
        yield writer
    finally:
        writer.end()
