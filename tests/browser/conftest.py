"""A web process on a port of its own, and Debian's Chromium; skipped, and said so, where there is none."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from serving.server import Server
from tests.serving.conftest import (  # noqa: F401 - fixtures, found by their names
    House,
    decoder,
    house,
    served,
    services,
    settings,
    site,
)
from tests.serving.pages.builders import PASSWORD, set_passwords

CHROMIUM = Path(os.environ.get("OVERREAD_TEST_CHROMIUM", "/usr/bin/chromium"))
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")  # Playwright keeps an event loop running, which other tests must not meet
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: apt-get install chromium, or set OVERREAD_TEST_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield browser
        browser.close()


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where somebody sits: a fresh window, and what the browser complained of."""

    page: Page
    address: str
    complaints: list[str]

    def sign_in(self, who: str, *, language: str) -> None:
        """Sign in as a person does, and choose a language."""
        self.page.goto(f"{self.address}/login?lang={language}")
        self.page.fill("#username", who)
        self.page.fill("#password", PASSWORD)
        self.page.click("main button[type=submit]")
        self.page.click(f".topbar button[value={language}]")

    def open(self, path: str) -> None:
        """Go to a page."""
        self.page.goto(self.address + path)


@contextmanager
def on_a_port(app: FastAPI) -> Iterator[str]:
    """Serve an app on a port of its own and give its address."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    server = Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"),
        ending=app.state.web.streams.end,
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@contextmanager
def a_window(chromium: Browser, address: str) -> Iterator[Desk]:
    """Open a fresh window that notes what the browser complains of."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page, complaints = context.new_page(), list[str]()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None
    )
    yield Desk(page=page, address=address, complaints=complaints)
    context.close()


@pytest.fixture
def desk(served: House, chromium: Browser) -> Iterator[Desk]:  # noqa: F811 - the fixture
    """Serve the app of `served` on a port and open a window on it."""
    set_passwords(served)
    with on_a_port(served.app) as address, a_window(chromium, address) as window:
        yield window
