"""The app's table of contents: opens the last good build and shows the page that is asked for."""

from functools import partial
from pathlib import Path

import duckdb
import streamlit as st
from bootloader.app.layout import announce_another_build, show_menu
from bootloader.app.pages import audience, data_health, did_it_work, explorer, how_sure, segments
from bootloader.app.serving_copy import (
    BrokenServingCopyError,
    NoServingCopyError,
    ServingCopy,
    announce_newer_build,
    open_serving_copy,
)
from bootloader.app.state import read_state
from bootloader.app.theme import set_layout
from bootloader.files import serving_copy_path
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from streamlit.runtime.scriptrunner import get_script_run_ctx

FOLDER = Path(__file__).parent

# In the order of the menu; the first is the front page.
PAGES = {
    "": ("Audience", ":material/group:", audience.show),
    "segments": ("Segments", ":material/pie_chart:", segments.show),
    "how-sure": ("How sure", ":material/verified:", how_sure.show),
    "did-it-work": ("Did it work?", ":material/campaign:", did_it_work.show),
    "data-health": ("Data health", ":material/monitor_heart:", data_health.show),
    "explorer": ("Explorer", ":material/hub:", explorer.show),
}


def main() -> None:
    """Show a page of the last good build, or say what is missing."""
    st.set_page_config(page_title="BootLoader audiences", page_icon="🚲", layout="wide")
    set_layout()
    try:
        show_page(open_serving_copy(FOLDER))
    except NoServingCopyError:
        st.title("Who should we notify?", anchor=False)
        st.info("There is nothing to show yet. Run `make build`, then reload this page.")
    except (BrokenServingCopyError, duckdb.Error) as error:
        st.error(
            f"`{serving_copy_path(FOLDER).name}` cannot be read, or is of another version of this "
            "app. Run `make build`, then reload this page."
        )
        st.text(str(error).partition("\n")[0])


def show_page(copy: ServingCopy) -> None:
    """Show the page that the address asks for, in the state that it asks for."""
    state = read_state(copy)
    pages = [
        st.Page(partial(show, copy, state), title=title, icon=icon, url_path=path, default=not path)
        for path, (title, icon, show) in PAGES.items()
    ]
    page = st.navigation(pages, position="hidden")
    title = page.title if state.campaign is None else f"{page.title}: {state.campaign}"
    st.set_page_config(page_title=f"{title} · BootLoader")
    show_menu(pages, state)
    announce_another_build(copy)
    announce_newer_build(copy, FOLDER)
    page.run()


# The server of `streamlit run`. It rejects other host names, which Streamlit itself does for its
# connection only, and sends scripts compressed, which is a third of their size.
app = st.App(
    __file__,
    middleware=[
        Middleware(TrustedHostMiddleware, allowed_hosts=st.get_option("server.allowedHosts")),
        Middleware(GZipMiddleware, compresslevel=5),
    ],
)

# The server imports this file; only a reader's browser runs it.
if get_script_run_ctx(suppress_warning=True):
    main()
