"""Opens pages of the app without a browser, as its users would by a link."""

import csv
import json
from pathlib import Path

import duckdb
from conftest import PROJECT
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

# What the app calls the strategies, by their names.
LABELS = {
    row["strategy"]: row["label"]
    for row in csv.DictReader((PROJECT / "seeds" / "strategies.csv").read_text().splitlines())
}

# As the address names them; the front page has no name.
FRONT, SEGMENTS, HOW_SURE = "", "segments", "how-sure"
DID_IT_WORK, DATA_HEALTH, EXPLORER = "did-it-work", "data-health", "explorer"


def open_app(
    serving_copy: Path, monkeypatch, page: str = FRONT, **query: str | list[str]
) -> AppTest:
    """Follow a link to a page."""
    monkeypatch.setenv("BOOTLOADER_SERVING", str(serving_copy))
    app = AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app._page_hash = calc_hash(page)
    app.run()
    assert not app.exception
    return app


def first_user(serving_copy: Path, campaign: str = "bicycle") -> str:
    """Return the session_id of the user whom the fund network ranks first."""
    with duckdb.connect(serving_copy, read_only=True) as copy:
        return copy.execute(
            "select session_id from strategy_rankings where campaign = ? "
            "and strategy = 'fund_network' and score_rank = 1",
            [campaign],
        ).fetchone()[0]


def figures(app: AppTest) -> dict[str, str]:
    """Return the figures of a page by their labels."""
    return {metric.label: metric.value for metric in app.metric}


def number(text: str) -> int:
    """Return a figure as it was before it was made a text."""
    return int(text.replace(",", ""))


def texts(app: AppTest) -> str:
    """Return all that a page says in plain text."""
    return "\n".join(element.value for kind in (app.text, app.caption) for element in kind)


def deck(app: AppTest) -> dict:
    """Return the map."""
    return json.loads(app.get("deck_gl_json_chart")[0].proto.json)


def layer(app: AppTest, name: str) -> list[dict]:
    """Return the data of one layer of the map, none where it is not drawn."""
    layers = {layer["id"]: layer["data"] for layer in deck(app)["layers"]}
    data = layers.get(name, [])
    return data["features"] if isinstance(data, dict) else data


def legend(app: AppTest) -> dict:
    """Return the title, the entries and the shades of the map's legend."""
    return json.loads(app.get("bidi_component")[0].proto.json)


def address(app: AppTest) -> dict[str, list[str]]:
    """Return the parameters of the page's address."""
    return {
        name: value if isinstance(value, list) else [value]
        for name, value in app.query_params.items()
    }
