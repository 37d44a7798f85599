"""One run of schemathesis as a process of its own: a part of the description, who asks, which phases, how many."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service_kit.policy.roles import roles
from testkit.fuzzing.parts import described, narrowed


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run asks: role by operation id, phases, cases per operation and phase, seed."""

    name: str
    asks: Mapping[str, str]
    phases: tuple[str, ...]
    examples: int
    seed: int
    mode: str = "all"
    steps: int = 4


@dataclass(slots=True)
class Outcome:
    """What came of runs: cases by operation, role, phase and status, failures by kind, the report of what failed."""

    cases: Counter[tuple[str, str, str, int]] = field(default_factory=Counter)
    excepted: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    reports: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Adds those of another run."""
        self.cases += other.cases
        self.excepted += other.excepted
        self.failures += other.failures
        self.reports += other.reports

    @property
    def labels(self) -> set[str]:
        """The operations that were asked."""
        return {label for label, *_ in self.cases}


async def run(
    plan: Plan, document: Mapping[str, Any], url: str, bearer: Mapping[str, str], folder: Path
) -> Outcome:
    """Asks, and tells what came of it. `bearer`: Authorization line by role. Raises RuntimeError without a report."""
    part = narrowed(document, plan.asks.keys())
    (folder / "openapi.json").write_text(json.dumps(part))
    calls = folder / "calls.jsonl"
    calls.touch()
    permitted = {role: sorted(roles().roles[role].operations) for role in set(plan.asks.values())}
    methods = {path: sorted(item) for path, item in document["paths"].items()}
    told = {
        "name": plan.name, "roles": dict(plan.asks), "permitted": permitted, "methods": methods, "calls": str(calls)
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(told))
    (folder / "schemathesis.toml").write_text(_settings(plan, bearer))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "run", "openapi.json", "--url", url,
        "--phases", ",".join(plan.phases), "--max-examples", str(plan.examples), "--mode", plan.mode,
        "--seed", str(plan.seed), "--checks", "all", "--continue-on-failure", "--no-color", "--no-shrink",
        "--suppress-health-check", "all", "--warnings", "off", "--generation-database", "none",
        "--output-sanitize", "false", "--report", "json", "--report-json-path", "report.json",
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "testkit.fuzzing.hooks", "GWELLA_FUZZ": str(folder / "run.json")},
    )  # fmt: skip
    printed = (await process.communicate())[0].decode()
    return _outcome(plan, folder, printed)


def _settings(plan: Plan, bearer: Mapping[str, str]) -> str:
    """The configuration: what the command line has no option for."""
    lines = [
        "[checks.missing_required_header]",
        # 428 is what RFC 6585 has for a missing If-Match.
        "expected-statuses = [400, 401, 403, 406, 415, 422, 428]",
        "[checks.negative_data_rejection]",
        # What was refused was refused: also a tag that cannot be current, a position never given, a body too large.
        "expected-statuses = [400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 415, 416, 422, 428, 429]",
        "[phases.stateful]", f"max-steps = {plan.steps}",
    ]  # fmt: skip
    by_role: dict[str, list[str]] = {}
    for operation, role in plan.asks.items():
        by_role.setdefault(role, []).append(operation)
    if len(by_role) == 1:
        (role,) = by_role
        return "\n".join([f"headers = {{ Authorization = {json.dumps(bearer[role])} }}", *lines])
    for role, ids in by_role.items():
        lines += ["[[operations]]", f"include-operation-id = {json.dumps(ids)}"]
        lines += [f"headers = {{ Authorization = {json.dumps(bearer[role])} }}"]
    return "\n".join(lines)


def _outcome(plan: Plan, folder: Path, printed: str) -> Outcome:
    outcome = Outcome()
    if not (folder / "report.json").exists():
        raise RuntimeError(f"{plan.name}: schemathesis did not run:\n{printed[-4000:]}")
    report = json.loads((folder / "report.json").read_text())
    for line in (folder / "calls.jsonl").read_text().splitlines():
        match json.loads(line):
            case ["call", label, role, status, phase, _]:
                outcome.cases[label, role, phase, status] += 1
            case ["excepted", _, exception]:
                outcome.excepted[exception] += 1
    for failure in report["failures"]:
        outcome.failures[failure["title"]] += failure["count"]
    for error in report["errors"]:
        outcome.failures[f"error: {error['title']}"] += error["count"]
    if not report["complete"]:
        outcome.failures["incomplete"] += 1
    if outcome.failures:
        outcome.reports.append(f"=== {plan.name} (seed {plan.seed})\n{printed}")
    missed = {
        one.label for one in described(json.loads((folder / "openapi.json").read_text()))
    } - outcome.labels
    if missed and set(plan.phases) - {"stateful", "examples"}:
        outcome.failures["operation never asked"] += len(missed)
        outcome.reports.append(f"=== {plan.name}: never asked: {', '.join(sorted(missed))}")
    return outcome
