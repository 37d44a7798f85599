"""The suite on a real Kafka: every service a process of its own, as in production; the issuer here in this one."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import AsyncExitStack
from dataclasses import replace

from gwella.exits import CommandError, Exit
from gwella.suite.children import Child, failure, finished, first_to_end, ready, start_child, stop
from gwella.suite.parts import issuer_server, start_databases
from gwella.suite.run import Run
from gwella.suite.sandbox_clock import clock_file
from gwella.suite.secret_store import suite_secrets
from gwella.suite.servers import drained, started
from gwella.suite.stopping import Stopping
from gwella.suite.topology import Role
from gwella.suite.wiring import Wiring, as_environment
from testkit.kafka import GivenKafka, KafkaError, KafkaServer, kafka_or_given
from testkit.kafka_jars import KafkaJarsError

HEALTH_PATH = "/readyz"


async def run_processes(run: Run, stopping: Stopping) -> Exit:
    """Start PostgreSQL, Kafka, the issuer and one process per service (or role); stay; stop them in order."""
    async with AsyncExitStack() as stack:
        with run.progress.step("PostgreSQL 18") as step:
            postgres, databases = start_databases(run.instance, run.topology)
            stack.callback(postgres.stop)
            step.note = f"127.0.0.1:{postgres.port}, {len(databases)} databases"
        secrets = suite_secrets(run.instance.folder)
        wiring = Wiring(
            run.topology, run.options.host, secrets, databases, clock=clock_file(run.instance.folder)
        )
        migrations = _start_migrations(run, wiring)
        stack.callback(stop, migrations)
        # What the issuer needs is imported while Kafka starts, which is another process's work.
        loading = asyncio.create_task(asyncio.to_thread(importlib.import_module, "testkit.issuer"))
        await asyncio.sleep(0)
        with run.progress.step("Apache Kafka 4.4") as step:
            kafka = _start_kafka(run, stack)
            step.note = kafka.bootstrap_servers
        with run.progress.step("migrations") as step:
            await finished(migrations)
            step.note = ", ".join(databases)
        await loading
        wiring = replace(wiring, kafka=kafka.bootstrap_servers)
        issuer = issuer_server(wiring.issuer_url, run.instance.folder)
        stack.push_async_callback(drained, await started([(issuer, run.sockets["issuer"])]))
        children = _start_services(run, wiring)
        # The last callback runs first: the gateway goes before those that it asks.
        front = run.topology.front.name
        stack.callback(stop, [child for child in children if not child.name.startswith(f"{front}-")])
        stack.callback(stop, [child for child in children if child.name.startswith(f"{front}-")])
        with run.progress.step("services") as step:
            await ready(children)
            step.note = f"{len(children)} processes"
        state = {
            **run.state(wiring),
            "kafka": kafka.bootstrap_servers,
            "processes": {child.name: child.process.pid for child in children},
        }
        stopping.ready()
        run.tell_ready(state)
        outcome = await run.until_told(stopping, state, _watch(children))
        run.progress.line("\nStopping ...")
        return outcome


def _start_kafka(run: Run, stack: AsyncExitStack) -> KafkaServer | GivenKafka:
    try:
        kafka = kafka_or_given(run.instance.folder / "kafka")
        stack.callback(kafka.stop)
        kafka.create_topics(run.topology.topics)
        return kafka
    except (KafkaError, KafkaJarsError) as problem:
        raise CommandError(Exit.SERVER_FAILED, str(problem)) from problem


def _start_migrations(run: Run, wiring: Wiring) -> list[Child]:
    return [
        start_child(run.instance, plan.name, "migrate", as_environment(wiring.values(plan, None)))
        for plan in run.topology.with_database
    ]


def _start_services(run: Run, wiring: Wiring) -> list[Child]:
    children = []
    for plan in run.topology.services:
        roles: tuple[Role, ...] = plan.roles if run.options.split else ("all",)
        for role in roles:
            address = f"http://{wiring.reachable_host}:{plan.port_of(role)}{HEALTH_PATH}"
            environment = as_environment(wiring.values(plan, role))
            children.append(start_child(run.instance, plan.name, role, environment, health=address))
    return children


async def _watch(children: list[Child]) -> None:
    raise failure(await first_to_end(children))
