"""What the tests of the page share: the real server, a real browser, and a visit that notes what it is asked for."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

CHECKOUT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a microphone that beeps once a second
    "--use-fake-ui-for-media-stream",  # and may be used
]
USABLE = "#chat-settings-open-modal:enabled"
HARMLESS = ("application/*", "DialogTitle")  # Chainlit's own

SERVE = """
import logging, sys
from pathlib import Path
from agent.graph import build_agent
from agent.llm.embedded import EmbeddedChatModel
from agent.server import serve
from core.library import Library
from core.settings import Settings

logging.basicConfig(level=logging.INFO, stream=sys.stderr)
folder = Path(sys.argv[1])
settings = Settings(library=folder / "library", exports=folder / "exports", port=0, _env_file=None)
library = Library(settings.library, settings)
agent = lambda saver: build_agent(library, EmbeddedChatModel(), saver)
serve(library, agent, settings, folder=folder / "page", on_ready=lambda url: print(url, flush=True))
"""

IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed"),
]


def serve_library(folder: Path) -> list[str]:
    """The command that serves the library in `folder / "library"` with the embedded chat model."""
    return [sys.executable, "-c", SERVE, str(folder)]


@contextmanager
def served(command: list[str], cwd: Path) -> Iterator[SimpleNamespace]:
    """A server that prints its address when it is ready, and is interrupted at the end. `log()` is what it wrote."""
    log = cwd / "server.log"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"}
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=file, text=True)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url, log.read_text()
        yield SimpleNamespace(url=url, log=log.read_text, process=process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        process.stdout.close()


class Visit:
    """One visit to the page, and all that it asked for and complained of."""

    def __init__(self, page: Page, url: str, shots: Path) -> None:
        self.page = page
        self.shots = shots
        self.outside: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self._note_request(request.url, url))
        page.on("console", lambda message: self._note_message(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(url)
        expect(page.locator(USABLE)).to_be_visible(timeout=15_000)  # what is sent before goes nowhere

    def ask(self, text: str) -> None:
        """Types a message and sends it, when the answer before it has ended."""
        expect(self.page.locator("#stop-button")).to_have_count(0, timeout=20_000)
        self.page.locator("#chat-input").click()
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    def attach(self, path: Path) -> None:
        """Attaches a file to the next message."""
        self.page.locator("#upload-button-input").set_input_files(path)
        expect(self.page.locator("#attachments").get_by_text(path.name)).to_be_visible()
        self.page.wait_for_timeout(300)

    def last(self, test_id: str, count: int) -> Locator:
        """The newest card of a kind, when there are that many."""
        cards = self.page.get_by_test_id(test_id)
        expect(cards).to_have_count(count, timeout=90_000)  # the first map of a process is compiled before it is drawn
        return cards.nth(count - 1)

    def lists_beside(self, card: Locator) -> int:
        """How many lists the text of the answer has that a card belongs to."""
        message = self.page.locator("[data-step-type=assistant_message]").filter(has=card)
        return message.locator(":is(ol, ul):not(.es-card *)").count()

    def shot(self, name: str) -> None:
        """Keeps a picture of the page."""
        self.page.wait_for_timeout(400)
        self.page.screenshot(path=self.shots / f"{name}.png")

    def _note_request(self, asked: str, url: str) -> None:
        if not asked.startswith((url, "data:", "blob:")):
            self.outside.append(asked)

    def _note_message(self, kind: str, text: str) -> None:
        if kind == "error" and not any(harmless in text for harmless in HARMLESS):
            self.complaints.append(text)


@contextmanager
def visiting(url: str, folder: Path, scheme: Literal["light", "dark"] = "light", **window: Any) -> Iterator[Visit]:
    """window: what is different of the window, as Playwright's contexts take it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            folder / "browser",
            executable_path=CHROMIUM,
            args=FLAGS,
            color_scheme=scheme,
            **{"viewport": {"width": 1100, "height": 900}, **window},
        )
        browser.set_default_timeout(15_000)
        yield Visit(browser.pages[0], url, folder)
        browser.close()
