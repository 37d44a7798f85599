"""Log lines carry ids and codes, and nothing about a person (design §3.12 of the notes; X-06)."""

import io
import logging
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider

from service_kit.logging import ALLOWED_KEYS, configure_logging, described, log_context, withhold_unlisted

NAME = "Angharad Prys-Jones"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What was logged since, as parsed lines."""
    root = logging.getLogger()
    before, configured = (root.handlers, root.level), structlog.get_config()
    stream = io.BytesIO()
    configure_logging(level="INFO", service="registry", role="api", to=stream)
    yield lambda: [orjson.loads(line) for line in stream.getvalue().splitlines()]
    structlog.configure(**configured)
    structlog.contextvars.clear_contextvars()
    root.handlers, root.level = before


def test_a_line_says_who_asked_and_where(lines: Lines) -> None:
    with log_context(request_id="r1", client_id="vale", event_id=None):
        structlog.get_logger().info("request_finished", status=200, route="/v1/schools")
    structlog.get_logger().info("outside")
    inside, outside = lines()
    assert inside | {"timestamp": ""} == {
        "event": "request_finished",
        "level": "info",
        "timestamp": "",
        "service": "registry",
        "role": "api",
        "request_id": "r1",
        "client_id": "vale",
        "status": 200,
        "route": "/v1/schools",
    }
    assert "request_id" not in outside


def test_a_key_that_is_not_listed_is_withheld_and_named(lines: Lines) -> None:
    structlog.get_logger().info("contact_changed", name=NAME, email="a@b.cymru", status=200)
    structlog.get_logger().info(f"contact of {NAME} changed")
    structlog.get_logger().info("a round failed", error=f"ValueError({NAME})", loop="relay")
    structlog.get_logger().info("a round failed", error="ValueError")
    first, second, third, fourth = lines()
    assert first["withheld"] == ["email", "name"]
    assert first["status"] == 200
    assert second["event"] == "unnamed"
    assert (third["event"], third["loop"], third["withheld"]) == ("a round failed", "relay", ["error"])
    assert fourth["error"] == "ValueError"
    assert NAME not in str(lines())


def test_an_exception_is_described_without_its_message(lines: Lines) -> None:
    try:
        try:
            raise ValueError(f"Key (name)=({NAME}) already exists")
        except ValueError as error:
            raise RuntimeError(NAME) from error
    except RuntimeError:
        structlog.get_logger().exception("write_failed")
    (line,) = lines()
    assert line["error_type"] == "builtins.RuntimeError < builtins.ValueError"
    assert line["error_at"][-1].endswith("test_an_exception_is_described_without_its_message")
    assert NAME not in str(line)


def test_the_sql_state_is_kept() -> None:
    class RefusedError(Exception):
        sqlstate = "23P01"

    error = RuntimeError(NAME)
    error.__cause__ = RefusedError(NAME)
    assert described(error)["sqlstate"] == "23P01"


def test_libraries_log_the_same_way_and_their_text_is_left_out(lines: Lines) -> None:
    logging.getLogger("aiokafka.consumer").error("cannot read %s", NAME)
    logging.getLogger("some.library").info("below the threshold of libraries")
    (line,) = lines()
    assert (line["event"], line["level"], line["logger"]) == ("library", "error", "aiokafka.consumer")
    assert NAME not in str(line)


def test_the_level_holds(lines: Lines) -> None:
    structlog.get_logger().debug("too_fine")
    assert lines() == []
    with pytest.raises(ValueError, match="no log level"):
        configure_logging(level="CHATTY", service="registry")


def test_the_trace_is_named(lines: Lines) -> None:
    with TracerProvider().get_tracer("test").start_as_current_span("request") as span:
        structlog.get_logger().info("inside")
    assert lines()[0]["trace_id"] == f"{span.get_span_context().trace_id:032x}"


def test_a_context_takes_listed_keys_only() -> None:
    with pytest.raises(ValueError, match="not a key"), log_context(person=NAME):
        pass


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=300)))
def test_no_other_key_ever_passes(line: dict[str, str]) -> None:
    kept = withhold_unlisted(None, "info", dict(line))
    assert set(kept) <= ALLOWED_KEYS | {"withheld"}
    assert all(len(value) <= 201 for key, value in kept.items() if key != "withheld")
