"""What Postgres refuses, as problems: contradictions of stored facts, and moments in which it cannot answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from service_kit import deadline
from service_kit.problems import ProblemError

_CONTRADICTIONS: Final = frozenset({"23505", "23P01"})
"""unique_violation, exclusion_violation: another writer was first, or the facts exclude each other."""
_PASSING: Final = frozenset({"40001", "40P01", "55P03", "57014", "57P01", "57P03", "53300", "08006", "08001"})
"""Serialisation, deadlock, lock or statement timeout, shutdown, start-up, too many connections, lost connection."""

_CANCELLED: Final = "57014"
"""query_canceled: by statement_timeout, here."""


@contextmanager
def refused_by_database() -> Iterator[None]:
    """Turns what a use case did not name itself into 409 `conflict` or 503 `unavailable`; all else passes.

    The error stays the cause, so that the log has it; its text holds values of rows and is never answered.
    """
    try:
        yield
    except IntegrityError as error:
        if sqlstate(error) in _CONTRADICTIONS:
            raise ProblemError("conflict") from error
        raise
    except DBAPIError as error:
        if deadline.passed() and sqlstate(error) == _CANCELLED:
            raise deadline.passed_error() from error
        if error.connection_invalidated or sqlstate(error) in _PASSING:
            raise unavailable() from error
        raise
    except (PoolTimeoutError, ConnectionError) as error:
        raise unavailable() from error


def unavailable(seconds: int = 1) -> ProblemError:
    """503 with Retry-After."""
    return ProblemError("unavailable", headers={"Retry-After": str(seconds)})


def sqlstate(error: DBAPIError) -> str | None:
    """The SQLSTATE of a database error."""
    return getattr(error.orig, "sqlstate", None)
