"""The app on a server of its own, and a real Chromium to look at it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import PROJECT
from playwright.sync_api import Browser, Page, Playwright

sys.path.insert(0, str(PROJECT))
import streamlit_app

# By their names in the address; the front page has none.
PAGES = list(streamlit_app.PAGES)

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari",
    "has_touch": True,
    "is_mobile": True,
}

# Debian's package and others call it differently.
CHROMIUM = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None
)

# Chromium asks its maker for updates and more unless it is told not to; a container has no sandbox.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


@contextmanager
def running_app(serving_copy: Path, log: Path) -> Iterator[str]:
    """Run the app on a free port of this machine and give its address.

    Raises:
        RuntimeError: it did not start within a minute; the message has what it printed.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        log.open("w") as output,
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "streamlit",
                "run",
                "streamlit_app.py",
                "--server.port",
                f"{port}",
            ],
            cwd=PROJECT,
            env=os.environ | {"BOOTLOADER_SERVING": str(serving_copy)},
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(600):
                if _is_healthy(address):
                    break
                if server.poll() is not None:
                    raise RuntimeError(log.read_text())
                time.sleep(0.1)
            else:
                raise RuntimeError(log.read_text())
            yield address
        finally:
            server.terminate()


def _is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:  # noqa: S310  (loopback)
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


# A busy machine is no reason to fail.
PATIENCE = 90_000


def launch(playwright: Playwright) -> Browser:
    """Start this machine's Chromium."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


def wait_until_shown(page: Page) -> None:
    """Wait until the app has run and everything it sent is drawn."""
    # A click or a key needs a moment to make the app run.
    page.wait_for_timeout(300)
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    # deck.gl and Vega draw when they have time; nothing in the page says when they are done.
    page.wait_for_timeout(800)
