"""The sandbox's clock: set for the field's rules in every process, never for tokens, leases and stored answers."""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from service_kit.auth.tokens import TokenError
from service_kit.clock import LOOK_NANOSECONDS, FixedClock, SandboxClock, SystemClock, read_offset, set_offset
from service_kit.settings import Settings
from testkit.tokens import TokenFactory

SPRING = datetime(2020, 1, 20, 8, tzinfo=UTC)


def wait_for_a_look() -> None:
    time.sleep(2 * LOOK_NANOSECONDS / 1e9)


def test_it_is_set_for_every_clock_of_the_file_and_runs_on(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    set_offset(file, SPRING)
    one, other = SandboxClock(file), SandboxClock(file)
    assert one.today() == date(2020, 1, 20)
    assert SPRING <= one.now() < SPRING + timedelta(minutes=1)
    assert one.now() <= one.now()
    set_offset(file, SPRING + timedelta(days=35))
    wait_for_a_look()
    assert [clock.today() for clock in (one, other)] == [date(2020, 2, 24)] * 2


def test_without_its_file_it_is_the_machines_and_it_never_goes_back(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    clock = SandboxClock(file)
    first = clock.now()
    assert abs(first - SystemClock().now()) < timedelta(seconds=5)
    set_offset(file, SPRING)
    wait_for_a_look()
    assert clock.now() == first, "a process that has shown a moment shows no earlier one"
    assert SandboxClock(file).today() == date(2020, 1, 20)


@pytest.mark.parametrize("content", ["", "[]", '{"offset_seconds": "a day"}'])
def test_another_content_is_said_at_once(tmp_path: Path, content: str) -> None:
    file = tmp_path / "clock.json"
    file.write_text(content)
    with pytest.raises(ValueError, match=r"offset_seconds|Expecting"):
        read_offset(file)
    with pytest.raises(ValueError, match=r"offset_seconds|Expecting"):
        SandboxClock(file)


def test_it_is_refused_outside_a_sandbox(tmp_path: Path) -> None:
    """Flows, section 4: the suite's clock can be set in the sandbox, and there alone."""
    file = tmp_path / "clock.json"
    with pytest.raises(ValidationError, match="for a sandbox alone") as refused:
        Settings(sandbox_clock=file, cursor_secret=SecretStr("unspoken"), database_url=SecretStr("unspoken"))
    assert "unspoken" not in str(refused.value)
    assert isinstance(Settings(sandbox=True, sandbox_clock=file).clock(), SandboxClock)
    assert isinstance(Settings(sandbox=True).clock(), SystemClock)


async def test_tokens_keep_to_the_machines_time(tmp_path: Path) -> None:
    """Setting the clock makes no expired token good again, and no good token expire."""
    file = tmp_path / "clock.json"
    set_offset(file, SPRING)
    machine, sandbox = SystemClock(), SandboxClock(file)
    suite = TokenFactory(clock=sandbox)
    good = TokenFactory(clock=machine, key=suite.key).token("operator")
    late = TokenFactory(clock=FixedClock(machine.now() - timedelta(hours=1)), key=suite.key).token("operator")
    of_the_day = suite.token("operator")
    verifier = suite.verifier()
    assert (await verifier.verify(good)).roles == {"operator"}
    for refused in (late, of_the_day):
        with pytest.raises(TokenError) as caught:
            await verifier.verify(refused)
        assert caught.value.code == "token_expired"
    set_offset(file, machine.now() + timedelta(days=400))
    wait_for_a_look()
    assert verifier.known(good) is not None, "still good, though the clock shows next year"
