"""The app as its users meet it: with data, without any, and with data that means harm."""

import io
import json
import shutil

import duckdb
import pytest
from bootloader.app.downloads import as_parquet, spreadsheet_safe
from bootloader.app.map_layers import OTHER, PALETTE, UNKNOWN, legend
from bootloader.app.pages.audience import reach_chart
from bootloader.app.strategies import STRATEGIES
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
    expected = int(users * 0.10)
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Users to tell"] == f"{expected:,}"
    assert len(points(app)) == expected
    legend_texts = [element.value for element in app.text if "  " in element.value]
    assert sum(int(text.split()[-1].replace(",", "")) for text in legend_texts) == expected
    funders = sample_build.value(
        "select sum(fund_probability) from campaign_audience "
        f"where campaign = 'Games' and audience_rank <= {expected}"
    )
    assert figures["Expected funders"] == f"{funders:,.0f}"


def test_the_recommended_strategy_is_chosen_and_says_how_well_it_did(sample_build, monkeypatch):
    """A growth manager would not know which way to choose people, nor how far to trust it."""
    app = open_app(sample_build.serving_copy, monkeypatch, campaign="bicycle")
    assert app.selectbox(key="strategy").value == STRATEGIES["fund_network"].label
    assert "Recommended" in texts(app)
    reach = sample_build.query(
        "from strategy_gains where campaign = 'bicycle' and strategy = 'fund_network' "
        "and percentile = 25"
    ).iloc[0]
    assert f"{reach['funders_so_far']:,.0f} of " in texts(app)
    assert f"({reach['share_of_funders']:.0%})" in texts(app)
    app.selectbox(key="strategy").select(STRATEGIES["notebook_look_alike"].label).run()
    assert "Recommended instead: Fund network" in texts(app)
    assert not app.exception


def test_a_link_holds_what_was_chosen(sample_build, monkeypatch):
    """A colleague would open the link and see another audience."""
    strategy = STRATEGIES["pending_views"].label
    app = open_app(
        sample_build.serving_copy, monkeypatch, campaign="Games", percent="7", strategy=strategy
    )
    assert app.selectbox(key="campaign").value == "Games"
    assert app.selectbox(key="strategy").value == strategy
    assert app.slider(key="percent").value == 7


def test_filters_narrow_the_map(sample_build, monkeypatch):
    """A growth manager could not look at one state alone."""
    app = open_app(sample_build.serving_copy, monkeypatch)
    everybody = len(points(app))
    app.multiselect(key="filter_state").select("CA").run()
    assert 0 < len(points(app)) < everybody
    assert {point["w"][-2:] for point in points(app)} == {"CA"}


def open_audience(serving_copy, monkeypatch, campaign: str) -> AppTest:
    monkeypatch.setenv("BOOTLOADER_SERVING", str(serving_copy))
    return AppTest.from_string(
        "from pathlib import Path\n"
        "from bootloader.app.pages import audience\n"
        "from bootloader.app.serving_copy import open_serving_copy\n"
        f"audience.show(open_serving_copy(Path()), {campaign!r})\n",
        default_timeout=30,
    ).run()


def test_the_list_to_take_away_is_the_one_that_is_promised(sample_build, monkeypatch):
    """The push would go to other people than those whom the page counted."""
    app = open_audience(sample_build.serving_copy, monkeypatch, "bicycle")
    assert not app.exception
    listed = app.dataframe[0].value
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Users to tell"] == f"{len(listed):,}"
    expected = sample_build.query(
        "from campaign_audience where campaign = 'bicycle' order by audience_rank"
    ).head(len(listed))
    assert listed["session_id"].to_list() == expected["session_id"].to_list()
    assert listed["reasons"].iloc[0] == "; ".join(expected["reasons"].iloc[0])
    labels = [button.label for button in app.get("download_button")]
    assert [f"{len(listed):,} users as {kind}" in label for kind, label in
            zip(("CSV", "Parquet"), labels, strict=True)] == [True, True]  # fmt: skip


def test_parquet_holds_the_list():
    """The file would not open in the tool that sends the push."""
    frame = pd.DataFrame({"session_id": ["a"], "score": [0.5]})
    assert pd.read_parquet(io.BytesIO(as_parquet(frame))).equals(frame)


def test_the_reach_curve_ends_with_everybody():
    """The chart would promise more funders than there are."""
    sizes = {"users": [1, 2, 4], "expected_funders": [0.5, 0.8, 1.0], "expected_amount": [5, 8, 10]}
    curve = reach_chart(pd.DataFrame(sizes), 1).layer[0].data.set_index(["ranking", "users"])
    assert curve.loc["This strategy", "expected_funders"].to_list() == [0.5, 0.8, 1.0]
    assert curve.loc["By chance", "expected_funders"].to_list() == pytest.approx([0.25, 0.5, 1.0])
    assert curve.loc["By chance", "expected_amount"].to_list() == pytest.approx([2.5, 5, 10])


def test_each_colour_and_campaign_changes_the_map(sample_build, monkeypatch):
    """A growth manager would choose and nothing would happen."""
    app = open_app(sample_build.serving_copy, monkeypatch)
    colour, campaign = app.selectbox(key="colour"), app.selectbox(key="campaign")
    seen = []
    for label in colour.options:
        colour.select(label).run()
        seen.append([point["c"] for point in points(app)])
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
        copy.execute("delete from strategy_rankings where campaign = 'Games'")
    app = open_app(own_copy, monkeypatch, campaign="Games")
    assert not app.exception
    assert "Nobody is ranked for this campaign" in app.warning[0].value


def test_without_a_measurement_the_page_says_so(own_copy, monkeypatch):
    """A young app's audience would look as sure as any other."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("delete from strategy_gains")
        copy.execute("delete from strategy_evaluation")
    app = open_app(own_copy, monkeypatch)
    assert not app.exception
    assert "could not be measured" in app.info[0].value


def test_a_user_is_told_with_reasons_and_with_who_is_most_similar(sample_build, monkeypatch):
    """A growth manager without a mouse could not look at anybody, nor send a link to somebody."""
    app = open_app(sample_build.serving_copy, monkeypatch, campaign="bicycle", rank="3")
    assert not app.exception
    user = sample_build.query(
        "from campaign_audience where campaign = 'bicycle' and audience_rank = 3"
    ).iloc[0]
    assert f"User {user['session_id']}" in texts(app)
    assert f"Why: {'; '.join(user['reasons'])}" in texts(app)
    expected = sample_build.query(
        "select session_id from users_similar_to(?) order by similarity_rank limit 5",
        [user["session_id"]],
    )
    assert app.dataframe[0].value["session_id"].to_list() == expected["session_id"].to_list()


@pytest.fixture
def many_users(own_copy):
    """A serving copy with six times as many users, more than a map can show one by one."""
    copies = "range(6) as copies(copy)"
    with duckdb.connect(own_copy) as copy:
        for table in ("users", "strategy_rankings", "campaign_audience"):
            rank = {"strategy_rankings": "score_rank", "campaign_audience": "audience_rank"}
            ranks = f", {rank[table]} * 6 - copy as {rank[table]}" if table in rank else ""
            copy.execute(
                f"create or replace table {table} as select * replace ("
                f"session_id || '-' || copy as session_id{ranks}) from {table}, {copies}"
            )
    return own_copy


def test_more_users_than_points_are_drawn_as_cells(many_users, monkeypatch):
    """The browser would choke on a million points, or users would be left out without a word."""
    app = open_app(many_users, monkeypatch, percent="100")
    assert not app.exception
    cells = next(layer for layer in deck(app)["layers"] if layer["id"] == "cells")["data"]
    told = next(metric.value for metric in app.metric if metric.label == "Users to tell")
    assert sum(int(cell["u"].replace(",", "")) for cell in cells) == int(told.replace(",", ""))
    assert "too many to tell apart" in texts(app)
    legend_texts = [element.value for element in app.text if "  " in element.value]
    assert sum(int(text.split()[-1].replace(",", "")) for text in legend_texts) == int(
        told.replace(",", "")
    )
    app.multiselect(key="filter_state").select("CA").run()
    assert {point["w"][-2:] for point in points(app)} == {"CA"}


def test_many_users_without_coordinates_leave_an_empty_map(many_users, monkeypatch):
    """An app that knows no places would have no front page."""
    with duckdb.connect(many_users) as copy:
        copy.execute("update users set latitude = null, longitude = null")
    app = open_app(many_users, monkeypatch, percent="100")
    assert not app.exception
    told = next(metric.value for metric in app.metric if metric.label == "Users to tell")
    assert f"{told} of {told} users have no coordinates" in app.info[0].value


def test_a_circle_names_the_first_users_in_it(many_users, monkeypatch):
    """A growth manager would see a circle and never learn who is in it."""

    def page():
        from pathlib import Path

        from bootloader.app.pages.map_of_users import show_cell
        from bootloader.app.ranking import choose
        from bootloader.app.serving_copy import open_serving_copy

        copy = open_serving_copy(Path())
        chosen = choose(copy, "bicycle", "fund_network", 100)
        place = copy.query("map_cells", **chosen.parameters, colour_by="age", degrees=0.5)
        show_cell(copy, chosen, place.iloc[0].to_dict())

    monkeypatch.setenv("BOOTLOADER_SERVING", str(many_users))
    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    listed = app.dataframe[0].value
    with duckdb.connect(many_users, read_only=True) as copy:
        expected = copy.execute(
            "with placed as (select audience_rank, floor(users.longitude * 2) as x, "
            "floor(users.latitude * 2) as y from users join campaign_audience "
            "using (session_id) where campaign = 'bicycle') "
            "select audience_rank from placed where (x, y) = (select min((x, y)) from placed) "
            "order by audience_rank limit 5"
        ).df()
    assert listed["score_rank"].to_list() == expected["audience_rank"].to_list()


def test_text_of_the_data_stays_text(own_copy, monkeypatch):
    """A name in the data could run a script in a growth manager's browser."""
    hostile = ["<script>alert(1)</script>", "@@=alert(1)", "{city}", "**bold** :red[x] $x$", "🚲"]
    with duckdb.connect(own_copy) as copy:
        copy.execute(
            "update users set city = ($1::varchar[])[1 + rowid % 5], "
            "age = ($1::varchar[])[1 + rowid % 5]",
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
        copy.execute(
            "update users set latitude = null where session_id in (select session_id "
            "from strategy_rankings where campaign = 'bicycle' and strategy = 'fund_network' "
            "and score_rank <= 3)"
        )
    app = open_app(own_copy, monkeypatch, campaign="bicycle")
    assert not app.exception
    told = next(metric.value for metric in app.metric if metric.label == "Users to tell")
    assert len(points(app)) == int(told.replace(",", "")) - 3
    assert app.info[0].value.startswith(f"3 of {told} users have no coordinates")


def test_a_new_build_is_shown_without_a_restart(own_copy, monkeypatch, tmp_path):
    """The map would show yesterday's users until somebody restarts the app."""
    app = open_app(own_copy, monkeypatch, campaign="Games")
    before = len(points(app))
    newer = tmp_path / "newer.duckdb"
    shutil.copy(own_copy, newer)
    with duckdb.connect(newer) as copy:
        copy.execute("delete from strategy_rankings where score_rank > 10")
    newer.replace(own_copy)
    app.run()
    assert len(points(app)) == 10 < before


def test_a_value_named_like_the_rest_does_no_harm(own_copy, monkeypatch):
    """One odd value would take the whole map away."""
    with duckdb.connect(own_copy) as copy:
        copy.execute(
            "update users set device = case when rowid % 10 = 0 then $1 else 'd' || rowid % 10 end",
            [OTHER],
        )
    app = open_app(own_copy, monkeypatch, colour="Device")
    assert not app.exception
    assert len({tuple(point["c"]) for point in points(app)}) == len(PALETTE) + 1


def test_a_downloaded_list_runs_nothing_in_a_spreadsheet():
    """A name in the data could run as a formula on a growth manager's machine."""
    frame = pd.DataFrame(
        {"city": ['=HYPERLINK("x")', "+1", "-1", "@a", "Reno", "x;=1", "\n=1", None]}
    ).assign(latitude=-1.5)
    safe = spreadsheet_safe(frame)
    assert safe["city"].to_list()[:5] == ['\'=HYPERLINK("x")', "'+1", "'-1", "'@a", "Reno"]
    assert safe["city"].to_list()[5:7] == ["x;'=1", "'\n'=1"]
    assert safe["city"].isna().to_list() == [False] * 7 + [True]
    assert safe["latitude"].equals(frame["latitude"])


def test_the_legend_counts_users_whose_value_is_unknown(own_copy, monkeypatch):
    """The legend would not add up to the users on the map."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("update users set age = case when rowid % 2 = 0 then '18-24' end")
    app = open_app(own_copy, monkeypatch, percent="100")
    entries = [element.value.split("  ") for element in app.text if "  " in element.value]
    with duckdb.connect() as connection:
        connection.execute(f"attach '{own_copy}' as serving (read_only)")
        expected = connection.execute(
            "select count(age), count(*) - count(age) from serving.users"
        ).fetchone()
    assert entries == [["18-24", f"{expected[0]:,}"], [UNKNOWN, f"{expected[1]:,}"]]


def test_the_legend_groups_what_has_no_colour_of_its_own():
    """Two states would have one colour, or users be missing from the counts."""
    states = [f"S{number:02}" for number in range(30) for _ in range(number + 1)] + [None]
    entries = legend(pd.Series(states).fillna(UNKNOWN).value_counts())
    assert entries["users"].sum() == len(states)
    assert entries["value"].to_list() == [f"S{number:02}" for number in range(29, 22, -1)] + [OTHER]
    colours = entries[["red", "green", "blue"]].apply(tuple, axis=1)
    assert colours.is_unique
