"""Structured logs: one JSON object a line on standard output, and nothing in it that is about a person.

What may be logged is listed here, key by key (flows: "no person's name, narrative or pupil data in events, logs,
URLs or keys"). Another key is withheld and its name is said, so that the omission shows. An exception is logged as
its type and the places it passed through, never with its message: messages of databases and validators quote the
values that they refuse.
"""

import logging
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, BinaryIO, Final

import orjson
import structlog
from opentelemetry import trace

ALLOWED_KEYS: Final[frozenset[str]] = frozenset(
    {
        # the line itself
        "event", "level", "timestamp", "logger", "service", "role", "error_type", "error_at", "error",
        "sqlstate",
        # who asked for what
        "request_id", "trace_id", "span_id", "client_id", "event_id", "correlation_id", "causation_id",
        "operation", "method", "route", "status", "code", "duration_ms", "bytes",
        # the backbone
        "event_type", "consumer", "group", "topic", "partition", "partitions", "offset", "position", "positions",
        "transport", "shipper", "cursor", "attempt", "attempts", "batch", "count", "parked", "pending",
        "lag", "lag_seconds", "seconds", "retry_in", "limit", "reason", "loop", "times",
        "topics", "waiting", "outcome",
        # the process
        "host", "port", "pid", "database", "revision", "upstream", "issuer", "kid", "job", "job_kind", "task", "signal",
        "document", "version", "state", "component", "path", "size",
    }
)  # fmt: skip
"""Keys that a log line may have. Each holds a code, an id, a number or a name of a part, never free text."""

# Lower case only: a message is a constant of the program, and the names of people begin with capitals.
MESSAGE: Final = re.compile(r"^[a-z][a-z0-9_., ;:()-]*$")
_TYPE_NAME: Final = re.compile(r"^[A-Za-z_][A-Za-z0-9_.]*$")
_LONGEST_VALUE: Final = 200
_FRAMES: Final = 12

_NOISY: Final = {"uvicorn.access": logging.CRITICAL, "aiokafka": logging.ERROR, "sqlalchemy": logging.ERROR}


def configure_logging(
    *, level: str = "INFO", service: str, role: str = "all", to: BinaryIO | None = None
) -> None:
    """Sends the logs of this process, and those of the libraries in it, to `to` (standard output) as JSON lines.

    `level` is a name of the standard library's. Raises ValueError for another.
    """
    threshold = logging.getLevelNamesMapping().get(level.upper())
    if threshold is None:
        raise ValueError(f"no log level: {level!r}")
    stream = to if to is not None else sys.stdout.buffer
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            add_trace,
            describe_exception,
            withhold_unlisted,
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.BytesLoggerFactory(stream),
        cache_logger_on_first_use=to is None,
    )
    structlog.contextvars.bind_contextvars(service=service, role=role)
    _take_over_standard_library(threshold)


@contextmanager
def log_context(**ids: str | None) -> Iterator[None]:
    """Within the block every line carries these ids, also lines of functions called from it.

    Takes what ALLOWED_KEYS lists (`request_id`, `client_id`, `event_id`, ...). Raises ValueError for another key.
    """
    unlisted = ids.keys() - ALLOWED_KEYS
    if unlisted:
        raise ValueError(f"not a key of a log line: {sorted(unlisted)}")
    with structlog.contextvars.bound_contextvars(
        **{key: value for key, value in ids.items() if value is not None}
    ):
        yield


def add_trace(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Adds the ids of the current trace and span, in the form of W3C trace context."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        line["trace_id"] = trace.format_trace_id(context.trace_id)
        line["span_id"] = trace.format_span_id(context.span_id)
    return line


def describe_exception(
    _logger: Any, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replaces `exc_info` by the exception's type, its SQL state where it has one, and where it came from."""
    given = line.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        line.update(described(error))
    return line


def described(error: BaseException) -> Mapping[str, Any]:
    """An exception without its message: `error_type`, `error_at` (innermost place last) and `sqlstate`."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    states = [getattr(one, "sqlstate", None) for one in chain]
    found: dict[str, Any] = {
        "error_type": " < ".join(f"{type(one).__module__}.{type(one).__qualname__}" for one in chain[:4]),
        "error_at": _places(error.__traceback__),
    }
    state = next((state for state in states if isinstance(state, str)), None)
    return {**found, "sqlstate": state} if state else found


def _places(traceback: TracebackType | None) -> list[str]:
    places: list[str] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        module = traceback.tb_frame.f_globals.get("__name__", "?")
        places.append(f"{module}:{traceback.tb_lineno} {code.co_qualname}")
        traceback = traceback.tb_next
    return places[-_FRAMES:]


def withhold_unlisted(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drops every key that is not listed and names it in `withheld`; a message that is no name is dropped too."""
    withheld = sorted(key for key in line if key not in ALLOWED_KEYS)
    kept = {key: _cut(value) for key, value in line.items() if key in ALLOWED_KEYS}
    if not MESSAGE.match(str(kept.get("event", ""))):
        kept["event"] = "unnamed"
        withheld.append("event")
    if not _TYPE_NAME.match(str(kept.get("error", "Error"))):
        del kept["error"]
        withheld.append("error")
    if withheld:
        kept["withheld"] = withheld
    return kept


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST_VALUE:
        return value[:_LONGEST_VALUE] + "…"
    return value


def _to_json(line: Any, **_ignored: Any) -> bytes:
    return orjson.dumps(line, default=_kind_of)


def _kind_of(value: Any) -> str:
    # What JSON cannot hold is some object of ours: its type says enough, its text might say too much.
    return f"<{type(value).__qualname__}>"


class _Forward(logging.Handler):
    """Sends records of the standard library the same way. Their text is free, so only place and level are kept."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        fields: dict[str, Any] = {"logger": record.name, "component": f"{record.module}:{record.lineno}"}
        log.log(record.levelno, "library", exc_info=record.exc_info, **fields)


def _take_over_standard_library(threshold: int) -> None:
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(max(threshold, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    for name, floor in _NOISY.items():
        logging.getLogger(name).setLevel(floor)
