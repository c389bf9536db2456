"""Every color of the app, for a light and a dark background, and what the pages' layout needs."""

from dataclasses import dataclass

import streamlit as st

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Theme:
    """The colors that charts and maps are drawn in on one background.

    ``values`` tells the values of an attribute apart and begins with the most frequent one;
    ``probabilities`` and ``states`` rise from the lowest to the highest.
    """

    background: Color
    text: Color
    quiet: Color
    line: Color
    sea: Color
    border: Color
    accent: Color
    marked: Color
    values: tuple[Color, ...]
    probabilities: tuple[Color, ...]
    states: tuple[Color, Color]


# Okabe and Ito's colors, which people with any kind of color blindness can tell apart, darker on
# white and lighter on black where the contrast asks for it.
LIGHT = Theme(
    background=(255, 255, 255),
    text=(23, 32, 42),
    quiet=(95, 107, 120),
    line=(122, 132, 143),
    sea=(244, 247, 250),
    border=(255, 255, 255),
    accent=(11, 98, 168),
    marked=(17, 17, 17),
    values=(
        (0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167),
        (213, 94, 0), (86, 180, 233), (120, 94, 40),
    ),
    probabilities=(
        (250, 204, 126), (246, 160, 66), (230, 108, 26), (187, 66, 10), (122, 30, 8),
    ),
    states=((228, 234, 240), (133, 166, 201)),
)  # fmt: skip
DARK = Theme(
    background=(14, 21, 29),
    text=(230, 237, 243),
    quiet=(157, 169, 181),
    line=(125, 138, 150),
    sea=(17, 26, 36),
    border=(14, 21, 29),
    accent=(102, 178, 242),
    marked=(255, 255, 255),
    values=(
        (86, 170, 240), (240, 178, 50), (38, 190, 145), (226, 150, 192),
        (240, 120, 50), (150, 215, 250), (200, 170, 110),
    ),
    probabilities=(
        (122, 62, 24), (184, 92, 27), (236, 138, 47), (253, 190, 98), (255, 240, 190),
    ),
    states=((33, 45, 58), (66, 104, 143)),
)  # fmt: skip


def theme() -> Theme:
    """Return the colors for the background that the reader's browser shows."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def css(color: Color) -> str:
    """Return a color as style sheets and Vega write it."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def between(low: Color, high: Color, share: float) -> Color:
    """Return the color at a share from 0 to 1 of the way from one color to another."""
    red, green, blue = (
        round(one + share * (other - one)) for one, other in zip(low, high, strict=True)
    )
    return red, green, blue


# Streamlit's own distances leave no room for a map and its answer on one screen.
_LAYOUT = """
<style>
/* The menu of the pages takes the place of Streamlit's header, of which the settings stay. */
[data-testid="stHeader"] { background: transparent; }
[data-testid="stHeader"], [data-testid="stHeader"] * { pointer-events: none; }
[data-testid="stHeader"] button, [data-testid="stHeader"] button * { pointer-events: auto; }
[data-testid="stMainBlockContainer"] { padding: 0.5rem 2rem 2rem; gap: 0.5rem; }
[data-testid="stMainBlockContainer"] > [data-testid="stVerticalBlock"],
.st-key-answer { gap: 0.6rem; }
.st-key-menu { padding-right: 3rem; }
.st-key-menu [data-testid="stPageLink"] a[aria-current="page"] { font-weight: 600; }
.st-key-head { align-items: baseline; }
.st-key-head h1 { padding: 0; }
[data-testid="stMetric"], [data-testid="stMetric"] > div { padding: 0.2rem 0.4rem; }
/* A finger that moves up or down scrolls the page, on the map as everywhere. */
.st-key-map [data-testid="stDeckGlJsonChart"],
.st-key-map [data-testid="stDeckGlJsonChart"] * { touch-action: pan-y !important; }
.st-key-map [data-testid="stDeckGlJsonChart"] { background: SEA; border-radius: 0.5rem; }
.st-key-map [data-testid="stElementToolbar"] { top: 0.4rem; right: 0.4rem; }
/* Streamlit's own gray has too little contrast on white. */
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] * {
  color: QUIET; opacity: 1;
}
/* Streamlit writes white on every primary color. */
[data-testid="stBaseButton-primary"] { color: ON_PRIMARY; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding: 0.5rem 1rem 2rem; }
  .st-key-controls [data-testid="stHorizontalBlock"] { gap: 0.5rem; }
  .st-key-controls [data-testid="stColumn"] { min-width: 45%; flex: 1 1 45%; }
  .st-key-controls [data-testid="stColumn"]:has([data-testid="stColumn"]) { min-width: 100%; }
}
</style>
"""


def set_layout() -> None:
    """Send the style sheet that every page is laid out by."""
    colors = {"SEA": "sea", "ON_PRIMARY": "background", "QUIET": "quiet"}
    style = _LAYOUT
    for name, color in colors.items():
        style = style.replace(name, css(getattr(theme(), color)))
    st.html(style)
