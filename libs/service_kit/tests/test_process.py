"""How a service is run: what it refuses before anything is started, and with which exit status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = "from example import service; from service_kit.process import run; run(service)"
EXAMPLE = Path(__file__).parent / "contract"


def called(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The example service, run with these arguments and GWELLA_ settings alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GWELLA_")}
    given = {f"GWELLA_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], env=kept | given | {"PYTHONPATH": str(EXAMPLE)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        ((), {}, "usage: python -m"),
        (("serve",), {}, "usage: python -m"),
        (("api", "relay"), {}, "usage: python -m"),
        (("migrate",), {}, "migrate needs GWELLA_OWNER_DATABASE_URL"),
        (("relay",), {}, "relay and consumer need GWELLA_WORKER_DATABASE_URL"),
        (("api",), {"port": "none"}, "port"),
    ],
)
def test_a_wrong_call_ends_with_status_2_and_says_why(
    arguments: tuple[str, ...], settings: dict[str, str], said: str
) -> None:
    """As `process.run` documents: 2 is for whoever called it wrongly, 1 for what failed while it ran."""
    ended = called(*arguments, **settings)
    assert (ended.returncode, said in ended.stderr) == (2, True), ended
    assert "Traceback" not in ended.stderr
