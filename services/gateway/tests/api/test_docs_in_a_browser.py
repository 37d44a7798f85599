"""R76: the developers' page as a real browser shows it, in both languages, over the description of the whole API."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.api.install import install
from gateway.service import service
from service_kit.app import create_app
from service_kit.settings import Settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SECONDS = 120
SERVICES = ("brokerage", "exchange", "governance", "registry", "visits")


@pytest.fixture
def browser(data_folder: Path) -> list[str]:
    """The command of a browser without a window; required with CI=true, else skipped where there is none."""
    if CHROMIUM is None:
        if os.environ.get("CI", "").lower() in {"true", "1"}:
            pytest.fail(
                "with CI=true the developers' page is looked at in Chromium: install it", pytrace=False
            )
        pytest.skip("no Chromium on this machine")
    quiet = ("--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking")
    # Without its sandbox, which root may not have in a container; the page is our own.
    return [CHROMIUM, "--headless", "--no-sandbox", *quiet, f"--user-data-dir={data_folder / 'profile'}"]


@pytest.fixture
async def gateway(serve) -> AsyncIterator[str]:
    """The gateway with the committed descriptions of every service; nobody listens behind it."""
    settings = Settings(upstreams=dict.fromkeys(SERVICES, "http://127.0.0.1:9"))
    app = create_app(replace(service, install=install), settings, authenticate=nobody)
    async with serve(app) as port:
        yield f"http://127.0.0.1:{port}"


async def nobody(_authorization: str | None) -> None:
    raise PermissionError("the page needs no caller")


async def shown(browser: list[str], *options: str) -> str:
    """What the page has become once its scripts have run."""
    process = await asyncio.create_subprocess_exec(
        *browser,
        "--virtual-time-budget=20000",
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, errors = await asyncio.wait_for(process.communicate(), SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, errors.decode()[-2000:]
    return out.decode()


@pytest.mark.parametrize(
    ("language", "tag", "step"),
    [("en", "Local authorities", "Get a token."), ("cy", "Awdurdodau lleol", "Cewch docyn.")],
)
async def test_the_page_shows_every_resource_in_the_readers_language(
    gateway: str, browser: list[str], language: str, tag: str, step: str
) -> None:
    """The viewer has read the whole description, offers to take a token, and says no error."""
    dom = await shown(browser, "--dump-dom", f"{gateway}/docs?lang={language}#/authorities")
    assert f'<html lang="{language}"' in dom
    assert step in dom
    sections = re.findall(r'class="opblock-tag[^"]*"', dom)
    assert len(sections) >= 40
    assert tag in dom
    assert "authorize" in dom
    assert not re.search(r'class="(errors-wrapper|loading-container)', dom)
    assert "Failed to load" not in dom
