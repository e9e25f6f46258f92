"""Pages of the built site opened in headless Chromium, as a reader would."""

import http.server
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


@dataclass
class Visit:
    """What went wrong while a page was open, and the addresses that it asked for."""

    errors: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def foreign(self, home: str) -> list[str]:
        """Requests that left the site."""
        own = (home, "data:", "blob:")
        return [url for url in self.asked if not url.startswith(own)]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium; nothing is downloaded."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def watched(page: Page) -> Iterator[Visit]:
    """Records errors and requests until the block ends."""
    visit = Visit()
    page.on("console", lambda m: visit.errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on("requestfailed", lambda request: visit.failed.append(request.url))
    page.on("request", lambda request: visit.asked.append(request.url))
    page.on("response", lambda r: visit.failed.append(r.url) if r.status >= 400 else None)
    yield visit


def settle(page: Page) -> None:
    """Wait until scripts have run, formulas are set, and fonts are there."""
    page.wait_for_load_state("load")
    page.evaluate("() => window.MathJax ? MathJax.startup.promise : null")
    page.evaluate("() => document.fonts.ready.then(() => null)")


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that prints nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server on the loopback interface; its address, with a slash at the end."""
    handler = partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
