"""What a kind of work is, and what the work is given."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contracts.text import Text

if TYPE_CHECKING:
    from service_kit.unit_of_work import UnitOfWork

Progress = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Work:
    """One run of a job: its transaction, what it was asked to do, and how to tell how far it is.

    `uow` acts as the caller that began the job. The effect commits together with the job's success, so a run that is
    killed leaves nothing and is repeated. `progress(done, total)` is written outside of that transaction.
    """

    job_id: str
    uow: "UnitOfWork"
    params: Mapping[str, Any]
    progress: Progress


Run = Callable[[Work], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class JobKind:
    """A named kind of work. `run` gives the result (JSON) or raises ProblemError, which becomes the job's problem.

    `attempts`: how often a run that was killed or lost its database is begun again.
    """

    name: str
    title: Text
    run: Run
    attempts: int = 5
