"""Pictures of every page of the app, light and dark, for the README: ``make screenshots``."""

import os
import tempfile
from pathlib import Path

from browser import PAGES, launch, running_app, wait_until_shown
from conftest import PROJECT
from playwright.sync_api import sync_playwright

PICTURES = PROJECT / "docs"
SIZE = {"width": 1280, "height": 720}


def main() -> None:
    """Show each page of the last good build to a browser, and keep what it draws."""
    serving_copy = Path(os.environ.get("BOOTLOADER_SERVING", PROJECT / "serving.duckdb"))
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(serving_copy, Path(folder) / "app.log") as address,
        sync_playwright() as playwright,
        launch(playwright) as chromium,
    ):
        for scheme in ("light", "dark"):
            page = chromium.new_page(viewport=SIZE, color_scheme=scheme)
            for path in PAGES:
                page.goto(f"{address}/{path}")
                wait_until_shown(page)
                name = f"{path or 'audience'}{'-dark' if scheme == 'dark' else ''}.png"
                page.screenshot(path=PICTURES / name)


main()
