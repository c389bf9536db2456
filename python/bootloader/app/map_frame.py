"""The legend of the map, which also tells how large the browser shows the map."""

from importlib import resources
from typing import Any

import streamlit as st

KEY = "map_frame"

# What is drawn before the browser has said how large the map is: on a computer, and on a phone.
WIDE, NARROW = (716, 436), (358, 250)
_SMALLEST, _LARGEST = 100, 10_000

_HTML = '<div class="map-legend"><strong></strong><ul></ul><p hidden></p></div>'


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text()


_component = st.components.v2.component(
    "map_frame",
    html=_HTML,
    css=_text("map_frame.css"),
    js=_text("map_frame.js"),
    isolate_styles=False,
)


def shown_size() -> dict[str, Any]:
    """Return the width and height of the map in pixels, and whether it fills the screen."""
    state = st.session_state.get(KEY)
    size = state.get("size") if state else None
    if size is not None and _is_size(size):
        return {name: size[name] for name in ("width", "height", "is_full")}
    # A phone's browser says "Mobi" in its name.
    is_phone = "Mobi" in st.context.headers.get("User-Agent", "")
    width, height = NARROW if is_phone else WIDE
    return {"width": width, "height": height, "is_full": False}


def show_legend(title: str, entries: list[dict], ramp: dict | None, size: dict) -> None:
    """Show what the colors mean; a change of the map's size runs the fragment around it again.

    Args:
        title: what the dots are colored by.
        entries: label, users and color of each, see :func:`bootloader.app.map_layers.legend`.
        ramp: title, low and high as texts and the colors between, or None.
        size: what the map was drawn for, see :func:`shown_size`.
    """
    _component(
        key=KEY,
        data={"title": title, "entries": entries, "ramp": ramp, "size": size},
        on_size_change=lambda: None,
    )


def _is_size(size: object) -> bool:
    """Return whether the browser says something that can be a size."""
    return (
        isinstance(size, dict)
        and isinstance(size.get("is_full"), bool)
        and all(
            isinstance(size.get(side), int) and _SMALLEST <= size[side] <= _LARGEST
            for side in ("width", "height")
        )
    )
