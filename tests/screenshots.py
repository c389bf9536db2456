"""Pictures of every page of the app, for the README: ``make screenshots``."""

import os
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from browser import PAGES, launch, running_app, wait_until_shown
from conftest import PROJECT
from playwright.sync_api import sync_playwright

PICTURES = PROJECT / "docs"
SIZE = {"width": 1280, "height": 1150}


def main() -> None:
    """Show each page of the last good build to a browser, and keep what it draws."""
    serving_copy = Path(os.environ.get("BOOTLOADER_SERVING", PROJECT / "serving.duckdb"))
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(serving_copy, Path(folder) / "app.log") as address,
        sync_playwright() as playwright,
        launch(playwright) as chromium,
    ):
        page = chromium.new_page(viewport=SIZE, color_scheme="light")
        for path in PAGES:
            query = urlencode({"campaign": "bicycle"})
            page.goto(f"{address}/{path if path != 'map' else ''}?{query}")
            wait_until_shown(page)
            page.screenshot(path=PICTURES / f"{path}.png")


main()
