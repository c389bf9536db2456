"""What is known of the screen that a page is shown on."""

import streamlit as st

# So close that the states fill a map of about 650 pixels, or of about 350.
WIDE, NARROW = 2.9, 2.0


def first_zoom() -> float:
    """Return how close a map of the states begins: a phone's browser says "Mobi" in its name."""
    return NARROW if "Mobi" in st.context.headers.get("User-Agent", "") else WIDE
