"""The app as its users meet it: with data, without any, and with data that means harm."""

import json
import shutil

import duckdb
import pytest
from bootloader.app.downloads import spreadsheet_safe
from bootloader.app.map_layers import OTHER, UNKNOWN, legend
from conftest import PROJECT
from streamlit.testing.v1 import AppTest

import pandas as pd  # isort: skip


def open_app(serving_copy, monkeypatch, **query: str) -> AppTest:
    monkeypatch.setenv("BOOTLOADER_SERVING", str(serving_copy))
    app = AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=30)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def deck(app: AppTest) -> dict:
    return json.loads(app.get("deck_gl_json_chart")[0].proto.json)


def points(app: AppTest) -> list[dict]:
    return next(layer for layer in deck(app)["layers"] if layer["id"] == "users")["data"]


def texts(app: AppTest) -> str:
    return "\n".join(element.value for kind in (app.text, app.caption) for element in kind)


def test_the_map_shows_the_users_that_the_page_promises(sample_build, monkeypatch):
    """The count above the map, the points, the legend and the table would contradict each other."""
    app = open_app(sample_build.serving_copy, monkeypatch, campaign="Games", percent="10")
    assert not app.exception
    users = sample_build.value("select count(*) from users")
    expected = int(users * 0.10) - 1
    assert f"{expected:,} users" in texts(app)
    assert len(points(app)) == expected
    assert len(app.dataframe[0].value) == expected
    counts = [element.value.split()[-1].replace(",", "") for element in app.text[1:]]
    assert sum(map(int, counts)) == expected


def test_each_colour_and_campaign_changes_the_map(sample_build, monkeypatch):
    """A growth manager would choose and nothing would happen."""
    app = open_app(sample_build.serving_copy, monkeypatch)
    colour, campaign = app.selectbox(key="colour"), app.selectbox(key="campaign")
    seen = []
    for label in colour.options:
        colour.select(label).run()
        seen.append([point["colour"] for point in points(app)])
    assert all(one != other for i, one in enumerate(seen) for other in seen[i + 1 :])
    before = points(app)
    campaign.select("Fashion").run()
    assert points(app) != before
    assert not app.exception


def test_the_map_asks_nothing_of_the_outside(sample_build, monkeypatch):
    """Somebody would learn who looks at the map, and without internet there would be none."""
    app = open_app(sample_build.serving_copy, monkeypatch)
    chart = app.get("deck_gl_json_chart")[0].proto.json
    assert "http" not in chart
    assert deck(app)["mapStyle"].startswith("data:")


def test_without_a_build_the_page_says_what_to_do(tmp_path, monkeypatch):
    """The first thing that a newcomer sees would be a stack trace."""
    app = open_app(tmp_path / "none.duckdb", monkeypatch)
    assert not app.exception
    assert "make build" in app.info[0].value


@pytest.fixture
def own_copy(sample_build, tmp_path):
    """A serving copy that a test may change."""
    path = tmp_path / "serving.duckdb"
    shutil.copy(sample_build.serving_copy, path)
    return path


def test_a_campaign_without_users_says_so(own_copy, monkeypatch):
    """An empty map would look like a broken one."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("delete from similar_users where campaign = 'Games'")
    app = open_app(own_copy, monkeypatch, campaign="Games")
    assert not app.exception
    assert "Nobody is listed for Games" in app.warning[0].value


def test_text_of_the_data_stays_text(own_copy, monkeypatch):
    """A name in the data could run a script in a growth manager's browser."""
    hostile = ["<script>alert(1)</script>", "@@=alert(1)", "{city}", "**bold** :red[x] $x$", "🚲"]
    with duckdb.connect(own_copy) as copy:
        copy.execute(
            "update similar_users set city = ($1::varchar[])[1 + similarity_rank % 5], "
            "age = ($1::varchar[])[1 + similarity_rank % 5]",
            [hostile],
        )
    app = open_app(own_copy, monkeypatch)
    assert not app.exception
    assert not any(str(value).startswith("@@") for point in points(app) for value in point.values())
    # st.text shows its value as it is; markdown would interpret it.
    assert any(hostile[0] in element.value for element in app.text)
    assert not any(text in element.value for element in app.markdown for text in hostile)


def test_users_without_coordinates_are_in_the_table_and_the_page_says_so(own_copy, monkeypatch):
    """Users would vanish between the map and the list."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("update similar_users set latitude = null where similarity_rank <= 3")
    app = open_app(own_copy, monkeypatch)
    assert not app.exception
    assert len(points(app)) == len(app.dataframe[0].value) - 3
    assert "3 have no coordinates" in app.info[0].value


def test_a_new_build_is_shown_without_a_restart(own_copy, monkeypatch, tmp_path):
    """The map would show yesterday's users until somebody restarts the app."""
    app = open_app(own_copy, monkeypatch, campaign="Games")
    before = len(points(app))
    newer = tmp_path / "newer.duckdb"
    shutil.copy(own_copy, newer)
    with duckdb.connect(newer) as copy:
        copy.execute("delete from similar_users where similarity_rank > 10")
    newer.replace(own_copy)
    app.run()
    assert len(points(app)) == 10 < before


def test_a_value_named_like_the_rest_does_no_harm(own_copy, monkeypatch):
    """One odd value would take the whole map away."""
    with duckdb.connect(own_copy) as copy:
        copy.execute(
            "update similar_users set device = case when similarity_rank % 10 = 0 then $1 "
            "else 'd' || similarity_rank % 10 end",
            [OTHER],
        )
    app = open_app(own_copy, monkeypatch, colour="Device")
    assert not app.exception
    assert len(points(app)) == len(app.dataframe[0].value)


def test_a_downloaded_list_runs_nothing_in_a_spreadsheet():
    """A name in the data could run as a formula on a growth manager's machine."""
    frame = pd.DataFrame(
        {"city": ['=HYPERLINK("x")', "+1", "-1", "@a", "Reno", None], "latitude": [-1.5] * 6}
    )
    safe = spreadsheet_safe(frame)
    assert safe["city"].to_list()[:5] == ['\'=HYPERLINK("x")', "'+1", "'-1", "'@a", "Reno"]
    assert safe["city"].isna().to_list() == [False] * 5 + [True]
    assert safe["latitude"].equals(frame["latitude"])


def test_the_legend_groups_what_has_no_colour_of_its_own():
    """Two states would have one colour, or users be missing from the counts."""
    states = [f"S{number:02}" for number in range(30) for _ in range(number + 1)] + [None]
    entries = legend(pd.Series(states))
    assert entries["users"].sum() == len(states)
    assert entries["value"].to_list() == [f"S{number:02}" for number in range(29, 22, -1)] + [OTHER]
    colours = entries[["red", "green", "blue"]].apply(tuple, axis=1)
    assert colours.is_unique


def test_the_legend_counts_users_whose_value_is_unknown():
    """The legend would not add up to the users on the map."""
    entries = legend(pd.Series(["b", "a", None, "b"])).set_index("value")["users"]
    assert entries.to_dict() == {"a": 1, "b": 2, UNKNOWN: 1}
