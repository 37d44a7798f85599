"""Start and memory: how soon the suite answers, what a process of each role holds, and what imports alone cost."""

import subprocess
import sys

from gwella.bench.figures import Figure
from gwella.bench.suites import suite

MIB = 1024 * 1024
_IMPORTS = (
    "import psutil, uvicorn, uvloop, httptools; import registry.service, service_kit.process; "
    "print(psutil.Process().memory_info().rss)"
)


def _imports() -> float:
    out = subprocess.run([sys.executable, "-c", _IMPORTS], capture_output=True, text=True, check=True)
    return int(out.stdout) / MIB


def measure() -> list[Figure]:
    """Starts the suite three times: embedded, with Kafka, and with Kafka split by role."""
    figures = []
    with suite() as running:
        figures.append(
            Figure("start", "embedded, until ready", running.ready_seconds, "s", expected=5, bound="at most")
        )
        held = running.process.memory_info().rss / MIB
        figures.append(Figure("memory", "embedded, the one process", held, "MiB"))
    with suite("--kafka") as running:
        figures.append(Figure("start", "--kafka, until ready", running.ready_seconds, "s"))
    imports = _imports()
    with suite("--split") as running:
        for process in running.processes()[1:]:
            role = " ".join(process.cmdline()[-2:])
            held = process.memory_info().rss / MIB
            figures.append(
                Figure(
                    "memory",
                    f"{role} (imports {imports:.0f} MiB)",
                    held,
                    "MiB",
                    expected=170,
                    bound="at most",
                )
            )
    return figures
