"""The moment that the story shows, spring 1 of 2019/20 under the National Model, and how it moves through it.

Every step is taken from the state in which its record is found, so that a story told again goes on where it stopped.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from gwella.story.clients import Clients
from gwella.story.telling import Telling
from gwella.suite.sandbox_clock import moment_of, move_forward
from testkit.client import Answer, ApiClient, ApiProblem

SCHOOL = "6732118"
"""Gladstone Primary in the Vale of Glamorgan, whose head the development issuer knows."""
SUPPORTER = "6732109"
"""A green primary school of the same authority; its head is known, too."""
VALE = "673"
YEAR = "2019/20"
PERIOD = "spring_1"
SCHEME = "national_2014"
TOGETHER = 4
"""Requests of one kind that are under way at the same time."""
_LOOK_SECONDS = 0.02
_PATIENCE = 60.0
T = TypeVar("T")
R = TypeVar("R")


def on(telling: Telling, clients: Clients, moment: str) -> None:
    """Sets the sandbox's clock forward to a day or moment, unless it shows that or later."""
    if move_forward(Path(clients.state["data"]), moment_of(moment)):
        day = date.fromisoformat(moment[:10])
        telling.say(f"The clock is set to {day.day} {day:%B %Y}{moment[10:].replace('T', ', ')}.")
        time.sleep(_LOOK_SECONDS)


def walk(
    client: ApiClient, path: str, steps: Mapping[str, Callable[[Answer], object]], *, until: str | None = None
) -> Answer:
    """Takes the step out of each state in which the record at `path` is found; gives it as it is in the end.

    `until`: a state in which to stop although a step leads out of it.
    """
    record = client.get(path)
    while record["state"] != until and record["state"] in steps:
        before = record["version"]
        steps[record["state"]](record)
        record = client.get(path)
        if record["version"] == before:
            raise RuntimeError(f"a step out of {record['state']} changed nothing at {path}")
    return record


def only(client: ApiClient, path: str, **filters: Any) -> Mapping[str, Any] | None:
    """The first record of a list, or None."""
    items = client.get(path, limit=1, **filters)["items"]
    return items[0] if items else None


def once_heard(ask: Callable[[], T], *codes: str) -> T:
    """Asks until the answering service has heard what it needs from another: meanwhile it refuses with these codes.

    Codes are those of the problem or of a fault in it.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return ask()
        except ApiProblem as problem:
            named = {problem.code, *(fault.get("code") for fault in problem.errors)}
            if not named & set(codes) or time.monotonic() > until:
                raise
        time.sleep(0.2)


def wait_until(look: Callable[[], T], enough: Callable[[T], bool]) -> T:
    """Looks until it is enough; gives what it saw last, enough or not."""
    until = time.monotonic() + _PATIENCE
    while not enough(seen := look()) and time.monotonic() < until:
        time.sleep(0.2)
    return seen


def together(
    work: Callable[[T], R], items: Iterable[T], each_done: Callable[[], object] = lambda: None
) -> list[R]:
    """Does the same with each item, some at a time; the results are in the order of the items."""

    def one(item: T) -> R:
        result = work(item)
        each_done()
        return result

    with ThreadPoolExecutor(TOGETHER) as pool:
        return list(pool.map(one, items))


def refusal(client: ApiClient, path: str, body: Any = None) -> Mapping[str, Any]:
    """The problem that a command ends in, with `status`; empty where it was not refused."""
    try:
        client.post(path, body)
    except ApiProblem as problem:
        return {**problem.document, "status": problem.status}
    return {}


def bars(client: ApiClient, path: str, body: Any = None) -> tuple[Any, Any, Any]:
    """Status, code and reason of a command that is refused."""
    problem = refusal(client, path, body)
    return problem.get("status"), problem.get("code"), problem.get("reason")
