"""The front page as its users meet it: with data, without any, and with data that means harm."""

import io
import json
import os
import re
import shutil
import tomllib

import duckdb
import pytest
from app_pages import deck, figures, first_user, layer, legend, number, open_app, texts
from bootloader.app.charts import reach_chart
from bootloader.app.map_layers import HEXAGONS, OTHER, STATES, USERS, us_map
from bootloader.app.map_layers import legend as map_legend
from bootloader.app.serving_copy import UNKNOWN, open_serving_copy
from bootloader.app.theme import DARK, LIGHT, css
from bootloader.attributes import USER_ATTRIBUTES
from bootloader.exports import as_parquet
from conftest import PROJECT

import pandas as pd  # isort: skip

pytestmark = pytest.mark.build

CAMPAIGN = "bicycle"


@pytest.fixture
def own_copy(sample_build, tmp_path):
    """A serving copy that a test may change."""
    path = tmp_path / "serving.duckdb"
    shutil.copy(sample_build.serving_copy, path)
    return path


def counts(app) -> dict[str, int]:
    return {entry["label"]: entry["users"] for entry in legend(app)["entries"]}


@pytest.mark.parametrize("filters", [{}, {"filter_state": ["CA", "NY"]}, {"filter_age": "18-24"}])
def test_figures_map_legend_list_and_files_are_of_the_same_users(
    sample_build, monkeypatch, filters
):
    """The push would go to other people than those who the page counted."""
    app = open_app(sample_build.serving_copy, monkeypatch, percent="10", **filters)
    conditions = [
        f"{name.removeprefix('filter_')} in ({str(values).strip('[]')})"
        if isinstance(values, list)
        else f"{name.removeprefix('filter_')} = '{values}'"
        for name, values in filters.items()
    ]
    passing = sample_build.query(
        "select session_id, fund_probability, expected_amount from campaign_audience "
        "where " + " and ".join(["campaign = 'bicycle'", *conditions]) + " "
        "order by audience_rank"
    )
    expected = passing.head(len(passing) // 10)
    shown = figures(app)
    assert number(shown["Users to notify"]) == len(expected) > 0
    assert shown["Expected funders"] == f"{expected['fund_probability'].sum():,.0f}"
    assert shown["Expected amount"] == f"US$ {expected['expected_amount'].sum():,.0f}"
    assert sum(counts(app).values()) == len(expected)
    assert len(layer(app, USERS)) == len(expected)
    assert app.dataframe[0].value["session_id"].to_list() == expected["session_id"].to_list()
    assert f"{len(expected):,} of " in texts(app)
    if filters:
        assert f"of the {len(passing):,} users that pass the filters" in texts(app)
    assert app.get("download_button")[0].label == f"Download {len(expected):,} users"
    shades = [feature["properties"]["t"] for feature in layer(app, STATES)]
    in_states = sum(
        number(re.search(r": ([\d,]+) of", text)[1]) for text in shades if " of " in text
    )
    assert in_states == len(expected)


def test_the_answer_is_that_of_the_last_test(sample_build, monkeypatch):
    """A manager would not learn how far to trust the list."""
    app = open_app(sample_build.serving_copy, monkeypatch, percent="25")
    gains = sample_build.query(
        "from strategy_gains where campaign = 'bicycle' and strategy = 'fund_network' "
        "and audience_percent = 25"
    ).iloc[0]
    assert figures(app)["Better than random"] == f"{gains['lift']:.1f}x"
    assert f"{gains['funders_so_far']:,.0f} of " in texts(app)
    assert f"({gains['share_of_funders']:.0%})" in texts(app)
    assert "using only data from before that date" in texts(app)
    filtered = open_app(sample_build.serving_copy, monkeypatch, filter_state="CA")
    assert "The test was without your filters" in texts(filtered)


def test_what_may_be_chance_is_said(own_copy, monkeypatch):
    """A manager would go on with a list that is no better than a random one."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("update strategy_evaluation set is_better_than_chance = false")
    assert "It may be no better than random" in texts(open_app(own_copy, monkeypatch))


def test_the_curve_ends_with_everybody_and_suggests_where_it_bends(sample_build, monkeypatch):
    """The chart would promise more funders than there are, or advise a needless size."""
    monkeypatch.setenv("BOOTLOADER_SERVING", str(sample_build.serving_copy))
    curve = open_serving_copy(PROJECT).query(
        "reach_curve", campaign=CAMPAIGN, strategy="fund_network", filters="[]"
    )
    last = curve.iloc[-1]
    assert last["users"] == sample_build.value("select count(*) from users")
    assert last["expected_funders"] == pytest.approx(last["expected_at_random"])
    assert len(curve) == 100
    [suggested] = curve[curve["is_suggested"]].itertuples()
    average = last["expected_funders"] / last["users"]
    before = curve[curve["users"] < suggested.users]
    after = curve[curve["users"] > suggested.users]
    assert suggested.fund_probability >= average * 0.9
    assert (after["fund_probability"] <= average * 1.1).all()
    assert (before["fund_probability"] >= average * 0.9).all()
    app = open_app(sample_build.serving_copy, monkeypatch, users="10")
    app.button(key="suggested").click().run()
    assert number(figures(app)["Users to notify"]) == suggested.users


def test_the_curve_can_be_clicked():
    """A manager would see the best size and have to type it."""
    sizes = {"users": [1, 2], "expected_funders": [0.5, 0.8], "expected_at_random": [0.4, 0.8]}
    more = {"expected_amount": [5, 8], "fund_probability": [0.5, 0.3]}
    chart = reach_chart(pd.DataFrame(sizes | more), 1, "US$", LIGHT).to_dict()
    assert [param["name"] for param in chart["params"]] == ["size"]


def test_the_best_dot_is_on_top(sample_build, monkeypatch):
    """The users to notify first would be hidden by those to notify last."""
    ranks = [
        dot["r"]
        for dot in layer(open_app(sample_build.serving_copy, monkeypatch, users="200"), USERS)
    ]
    assert ranks == list(range(200, 0, -1))


def test_a_value_keeps_its_color_under_filters(sample_build, monkeypatch):
    """The same color would mean one state now and another one after the next click."""
    everybody = open_app(sample_build.serving_copy, monkeypatch, users="900", color="state")
    some = open_app(
        sample_build.serving_copy,
        monkeypatch,
        users="900",
        color="state",
        filter_state=["NY", "TX"],
    )
    colors = {entry["label"]: entry["color"] for entry in legend(everybody)["entries"]}
    filtered = {entry["label"]: entry["color"] for entry in legend(some)["entries"]}
    assert set(filtered) == {"NY", "TX"}
    for label, color in filtered.items():
        assert color == colors.get(label, colors[OTHER])


def test_more_users_than_can_be_told_apart_are_drawn_as_hexagons(sample_build, monkeypatch):
    """Most dots would lie on others, and the map would show where dots are, not users."""
    app = open_app(sample_build.serving_copy, monkeypatch, percent="100", color="device")
    cells = layer(app, HEXAGONS)
    assert 100 < len(cells) < 1000
    assert not layer(app, USERS)
    placed = sum(number(cell["t"].partition(" ")[0]) for cell in cells)
    left_out = re.search(r"([\d,]+) without a place on the map", texts(app))
    users = number(figures(app)["Users to notify"])
    assert placed == users - (number(left_out[1]) if left_out else 0)


def test_a_hexagon_names_the_first_users_in_it(sample_build, monkeypatch):
    """A manager would see a hexagon and never learn who is in it."""
    app = open_app(sample_build.serving_copy, monkeypatch, percent="100")
    cell = layer(app, HEXAGONS)[-1]
    app = open_app(
        sample_build.serving_copy, monkeypatch, percent="100", place=f"{cell['q']}.{cell['r']}"
    )
    listed = app.dataframe[0].value["position"]
    assert 0 < len(listed) <= number(cell["t"].partition(" ")[0])
    assert listed.is_monotonic_increasing
    assert "users around" in texts(app)


# From d3-geo 3.1.1, geoAlbersUsa().scale(1300).translate([487.5, 305]).
PLACES = {
    "San Francisco": (-122.4194, 37.7749, 34.84109325358304, 261.43554026274137),
    "New York": (-74.0060, 40.7128, 869.7187650199265, 215.74052187301095),
    "Miami": (-80.1918, 25.7617, 822.7383158297632, 572.5407791128295),
    "Seattle": (-122.3321, 47.6062, 97.6249669465995, 46.31865922997736),
    "Anchorage": (-149.9003, 61.2181, 112.277427569713, 544.2779162203778),
    "Honolulu": (-157.8583, 21.3069, 266.95994676863154, 549.1903729395863),
    "Adak": (-176.6581, 51.88, -12.815544398145875, 600.12900009706),
    "London": (-0.1276, 51.5072, None, None),
    "San Juan": (-66.1057, 18.4655, None, None),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_place_is_where_d3_puts_it(name):
    """Users would be drawn in the wrong state, or in the sea."""
    longitude, latitude, x, y = PLACES[name]
    with duckdb.connect() as connection:
        folder = PROJECT / "python" / "bootloader" / "app" / "prepare"
        connection.execute((folder / "projections.sql").read_text())
        place = connection.execute("select albers_usa(?, ?)", [longitude, latitude]).fetchone()[0]
    assert place == (None if x is None else {"x": pytest.approx(x), "y": pytest.approx(y)})


def test_every_hexagon_holds_what_is_nearest_to_its_middle():
    """A user would be counted in the hexagon next door."""
    with duckdb.connect() as connection:
        folder = PROJECT / "python" / "bootloader" / "app" / "prepare"
        connection.execute((folder / "projections.sql").read_text())
        farthest = connection.execute(
            "with places as (select struct_pack(x := i * 0.7, y := j * 0.9) as place "
            "from range(60) as r(i), range(60) as s(j)) "
            "select max(squared_distance(place, hexagon_middle(hexagon(place, 10), 10))) "
            "from places"
        ).fetchone()[0]
    # No place is farther from the middle than the corners, which are 10 away.
    assert 9.5**2 < farthest <= 10**2


@pytest.mark.parametrize(
    ("longitudes", "middle", "width"),
    [
        # Fiji: 177.5 degrees east to 178.5 degrees west, 4 degrees or 5.7 units.
        ((177.5, -178.5), 511.3, 8.8),
        ((-10.0, 30.0), 270.2, 62.6),
        ((-170.0, 170.0), 512.0, 31.3),
        # California and Japan lie around the Pacific.
        ((-120.0, 140.0), 526.2, 156.4),
        ((-80.0, 60.0), 241.8, 219.0),
    ],
)
def test_the_first_view_holds_the_users_and_no_more(longitudes, middle, width):
    """Users on both sides of the antimeridian would be dots at the edges of the world."""
    with duckdb.connect() as connection:
        folder = PROJECT / "python" / "bootloader" / "app" / "prepare"
        connection.execute((folder / "projections.sql").read_text())
        connection.execute(
            "create table users as select session_id, -18.0 as latitude, "
            "if(session_id % 2 = 0, $west, $east) as longitude from range(1000) as r(session_id)",
            {"west": longitudes[0], "east": longitudes[1]},
        )
        connection.execute((folder / "user_places.sql").read_text())
        extent = connection.execute("select middle_x, width from map_extent").fetchone()
        assert extent == (pytest.approx(middle, abs=0.1), pytest.approx(width, abs=0.1))
        reach = connection.execute("select min(x), max(x) from user_places").fetchone()
    assert middle - width / 2 <= reach[0] < middle < reach[1] <= middle + width / 2


def test_users_outside_the_united_states_have_a_map_too(own_copy, monkeypatch):
    """An app in Europe would have an empty map."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("update users set longitude = longitude + 105, latitude = latitude + 10")
    app = open_app(own_copy, monkeypatch, users="300")
    assert not layer(app, STATES)
    assert len(layer(app, "countries")) > 3
    assert len(layer(app, USERS)) == 300
    view = deck(app)["initialViewState"]
    xs = [dot["p"][0] for dot in layer(app, USERS)]
    assert min(xs) < view["target"][0] < max(xs)
    assert not [box for box in app.selectbox if box.label == "Shade states by"]


def test_states_are_shaded_by_what_was_chosen(sample_build, monkeypatch):
    """A manager would read likely users where there are many users."""
    app = open_app(sample_build.serving_copy, monkeypatch, percent="50")
    by_funders = [feature["properties"]["c"] for feature in layer(app, STATES)]
    app.selectbox(key="shade").select("lift").run()
    by_lift = [feature["properties"]["c"] for feature in layer(app, STATES)]
    assert len(by_funders) == len(us_map()["features"]) == 51
    assert by_funders != by_lift
    assert list(LIGHT.states[1]) in by_funders


def test_the_map_asks_nothing_of_the_outside(sample_build, monkeypatch):
    """Somebody would learn who looks at the map, and without internet there would be none."""
    app = open_app(sample_build.serving_copy, monkeypatch)
    chart = app.get("deck_gl_json_chart")[0].proto.json
    assert "http" not in chart
    assert deck(app)["views"][0]["@@type"] == "OrthographicView"
    assert "cart" not in chart


def test_a_user_is_looked_up_by_rank_and_marked(sample_build, monkeypatch):
    """A manager without a mouse could not look at anybody, nor send a link to somebody."""
    app = open_app(sample_build.serving_copy, monkeypatch, percent="1")
    # The user need not be among the notified ones.
    rank = sample_build.value("select count(*) from users") // 2
    app.number_input(key="rank").set_value(rank).run()
    user = sample_build.query(
        f"from campaign_audience where campaign = 'bicycle' and audience_rank = {rank}"
    ).iloc[0]
    assert f"Rank {rank:,}:" in texts(app)
    assert f"User {user['session_id']}" in texts(app)
    assert f"Why: {'; '.join(user['reasons'])}" in texts(app)
    assert len(layer(app, "selected")) == 1
    assert app.query_params["user"] == user["session_id"] or app.query_params["user"] == [
        user["session_id"]
    ]
    similar = sample_build.query(
        "select session_id from users_similar_to(?) order by similarity_rank limit 5",
        [user["session_id"]],
    )
    assert app.dataframe[0].value["session_id"].to_list() == similar["session_id"].to_list()
    app.button(key="close").click().run()
    assert not layer(app, "selected")


def test_reasons_do_not_pretend_to_add_up(sample_build):
    """A manager would add up effects that overlap."""
    reasons = sample_build.query("select unnest(reasons) as reason from campaign_audience")[
        "reason"
    ]
    assert reasons.str.contains("without funding").any()
    assert not reasons.str.contains("points").any()


def test_the_profile_compares_with_everybody(sample_build, monkeypatch):
    """A manager would take what all users are like for what the audience is like."""
    monkeypatch.setenv("BOOTLOADER_SERVING", str(sample_build.serving_copy))
    profile = open_serving_copy(PROJECT).query(
        "audience_profile",
        campaign=CAMPAIGN,
        strategy="fund_network",
        filters='[{"attribute": "device", "values": ["iOS"]}]',
        size="percent",
        amount=10,
        attributes=tuple(USER_ATTRIBUTES),
    )
    for _, rows in profile.groupby("attribute"):
        assert rows["share_of_all"].sum() == pytest.approx(1)
        assert rows["share_of_notified"].sum() == pytest.approx(1)
    devices = profile[profile["attribute"] == "device"].set_index("value")
    assert devices.loc["iOS", "share_of_notified"] == 1 > devices.loc["iOS", "share_of_all"]
    app = open_app(sample_build.serving_copy, monkeypatch, section="profile")
    assert {header.value for header in app.subheader} == set(USER_ATTRIBUTES.values())


def test_two_strategies_are_compared_user_by_user(sample_build, monkeypatch):
    """A manager could not tell whether another strategy would notify other people."""
    app = open_app(
        sample_build.serving_copy,
        monkeypatch,
        section="compare",
        versus="notebook_look_alike",
        percent="10",
    )
    both, one, other = (number(metric.value.split()[0]) for metric in app.metric[-3:])
    size = number(figures(app)["Users to notify"])
    assert both + one == size
    only_one, only_other = (set(table.value["session_id"]) for table in app.dataframe[:2])
    assert (len(only_one), len(only_other)) == (one, other)
    assert not only_one & only_other


def test_a_push_is_planned_for_the_audience_that_is_shown(sample_build, tmp_path, monkeypatch):
    """A push would be drawn from other users than those that the page shows."""
    monkeypatch.setenv("BOOTLOADER_PUSHES", str(tmp_path))
    app = open_app(
        sample_build.serving_copy, monkeypatch, section="plan", percent="10", control="30"
    )
    users = number(figures(app)["Users to notify"])
    plan = sample_build.query(
        "from push_plan where campaign = 'bicycle' and strategy = 'fund_network' "
        "and audience_percent = 10 and control_percent = 30"
    ).iloc[0]
    assert plan["audience_users"] <= users
    assert f"{plan['control_users']:,} users" in texts(app)
    app.select_slider(key="control").set_value(10).run()
    assert app.query_params["control"] in ("10", ["10"])
    filtered = open_app(sample_build.serving_copy, monkeypatch, section="plan", filter_state="CA")
    assert "take the filters away" in filtered.info[0].value


def test_no_list_has_who_must_not_get_a_push(sample_build, tmp_path, monkeypatch):
    """Somebody who opted out, or a control, would be notified by the list of the first button."""
    copy = shutil.copy(sample_build.serving_copy, tmp_path / "serving.duckdb")
    with duckdb.connect(copy) as connection:
        ids = (
            connection.execute(
                "select session_id from strategy_rankings where campaign = 'bicycle' "
                "and strategy = 'fund_network' order by score_rank limit 5"
            )
            .df()["session_id"]
            .to_list()
        )
        connection.execute(
            "update push_eligibility set reason = 'opted out' where session_id in (?, ?)", ids[:2]
        )
    app = open_app(copy, monkeypatch, users="3")
    assert app.dataframe[0].value["session_id"].to_list() == ids[2:5]
    assert "Not in any list: 2 opted out." in texts(app)


def test_a_plan_of_the_app_is_kept_where_other_plans_look(sample_build, tmp_path, monkeypatch):
    """Two plans made in the app would share a name or users, and neither push could be read."""
    monkeypatch.setenv("BOOTLOADER_PUSHES", str(tmp_path))

    def open_plan(percent: str):
        return open_app(sample_build.serving_copy, monkeypatch, section="plan", percent=percent)

    app = open_plan("25")
    assert not list(tmp_path.glob("*/*"))
    app.button[-1].click().run()
    assert "is planned" in app.success[0].value
    [folder] = [path for path in tmp_path.iterdir() if path.is_dir()]
    first = pd.read_parquet(folder / "assignments.parquet")
    # The same again has nobody left, and a larger one the others.
    assert f"The push {folder.name}" in open_plan("25").warning[0].value
    larger = open_plan("40")
    assert f"Left out: {len(first):,} users, in another push's window." in texts(larger)
    larger.button[-1].click().run()
    [other] = [path for path in tmp_path.iterdir() if path.is_dir() and path != folder]
    second = pd.read_parquet(other / "assignments.parquet")
    assert not set(first["session_id"]) & set(second["session_id"])


def test_a_folder_of_plans_that_cannot_be_used_is_named(sample_build, tmp_path, monkeypatch):
    """The page would be a stack trace."""
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("BOOTLOADER_PUSHES", str(file))
    app = open_app(sample_build.serving_copy, monkeypatch, section="plan")
    assert f"No plan can be kept in '{file}'" in app.warning[0].value


def test_a_saved_audience_is_a_link_with_a_name(sample_build, monkeypatch):
    """A colleague would open the link and see another audience, or none with that name."""
    app = open_app(sample_build.serving_copy, monkeypatch, percent="12", filter_state="NV")
    app.text_input(key="name").set_value("Nevada <b>first</b>").run()
    assert "Saved audience: Nevada <b>first</b>" in texts(app)
    [link] = [code.value for code in app.code]
    assert "filter_state=NV" in link and "percent=12" in link
    assert "name=Nevada+%3Cb%3Efirst%3C%2Fb%3E" in link


def test_parquet_holds_the_list():
    """The file would not open in the tool that sends the push."""
    frame = pd.DataFrame({"session_id": ["a"], "score": [0.5]})
    assert pd.read_parquet(io.BytesIO(as_parquet(frame))).equals(frame)


def test_without_a_build_the_page_says_what_to_do(tmp_path, monkeypatch):
    """The first thing that a newcomer sees would be a stack trace."""
    app = open_app(tmp_path / "none.duckdb", monkeypatch)
    assert "make build" in app.info[0].value


@pytest.mark.parametrize("fault", ["not a database", "another version"])
def test_a_broken_serving_copy_gets_our_message(own_copy, monkeypatch, fault):
    """A reader would see an error in code, and be sent to a search engine."""
    if fault == "not a database":
        own_copy.write_bytes(b"no database" * 1000)
    else:
        with duckdb.connect(own_copy) as copy:
            copy.execute("alter table campaign_audience drop column fund_probability")
    app = open_app(own_copy, monkeypatch)
    assert "serving.duckdb" in app.error[0].value
    assert "make build" in app.error[0].value
    config = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text())
    assert config["client"]["showErrorLinks"] is False


def test_a_campaign_without_users_says_so(own_copy, monkeypatch):
    """An empty map would look like a broken one."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("delete from strategy_rankings where campaign = 'Games'")
        copy.execute("update column_values set column_value = '**X**' where column_value = 'Games'")
    app = open_app(own_copy, monkeypatch, campaign="Games")
    assert "Nobody is ranked for this campaign" in app.warning[0].value
    assert "seeds/campaigns.csv" in app.warning[0].value
    assert "**X**" in texts(app)


def test_an_audience_of_nobody_says_so(own_copy, monkeypatch):
    """A filter that leaves nobody would end in an error, or look like a broken page."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("update users set device = 'rare' where rowid = 1")
    app = open_app(own_copy, monkeypatch, percent="1", filter_device="rare")
    assert "Nobody is left" in app.warning[0].value


def test_without_a_fund_network_the_page_ranks_and_expects_nothing(own_copy, monkeypatch):
    """A build with few events would have a front page of errors."""
    with duckdb.connect(own_copy) as copy:
        copy.execute(
            "update campaign_audience set fund_probability = null, expected_amount = null, "
            "reasons = []"
        )
        copy.execute("delete from strategy_rankings where strategy <> 'pending_views'")
    app = open_app(own_copy, monkeypatch)
    assert figures(app)["Expected funders"] == "unknown"
    assert "nan" not in texts(app)
    assert counts(app) == {UNKNOWN: number(figures(app)["Users to notify"])}


def test_users_without_coordinates_are_listed_and_the_page_says_so(own_copy, monkeypatch):
    """Users would vanish between the map and the list."""
    with duckdb.connect(own_copy) as copy:
        copy.execute(
            "update users set latitude = null where session_id in (select session_id "
            "from strategy_rankings where campaign = 'bicycle' and strategy = 'fund_network' "
            "and score_rank <= 3)"
        )
    app = open_app(own_copy, monkeypatch, users="500")
    assert "3 without a place on the map" in texts(app)
    assert len(layer(app, USERS)) == 497
    assert len(app.dataframe[0].value) == 500


def test_an_app_that_knows_no_places_has_a_front_page(own_copy, monkeypatch):
    """An app without coordinates would have no front page."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("update users set latitude = null, longitude = null")
    app = open_app(own_copy, monkeypatch)
    assert f"{figures(app)['Users to notify']} without a place on the map" in texts(app)


def test_a_new_build_announces_itself_and_is_shown_without_a_restart(
    own_copy, monkeypatch, tmp_path
):
    """The app would show yesterday's users until somebody restarts it."""
    app = open_app(own_copy, monkeypatch, campaign="Games")
    before = number(figures(app)["Users to notify"])
    newer = tmp_path / "newer.duckdb"
    shutil.copy(own_copy, newer)
    with duckdb.connect(newer) as copy:
        copy.execute("delete from strategy_rankings where score_rank > 40")
    newer.replace(own_copy)
    app.run()
    assert number(figures(app)["Users to notify"]) == 10 < before

    def page():
        from pathlib import Path

        from bootloader.app.serving_copy import ServingCopy, announce_newer_build

        announce_newer_build(ServingCopy(Path(), (1, 2, 3), None), Path())

    from streamlit.testing.v1 import AppTest

    announced = AppTest.from_function(page).run()
    assert "There is a new build" in announced.text[0].value
    assert announced.button[0].label == "Show the new build"


HOSTILE = ["<script>alert(1)</script>", "@@=alert(1)", "{city}", "**bold** :red[x] $x$", "🚲"]


def test_text_of_the_data_stays_text(own_copy, monkeypatch):
    """A name in the data could run a script in a manager's browser."""
    with duckdb.connect(own_copy) as copy:
        copy.execute(
            "update users set city = ($1::varchar[])[1 + rowid % 5], "
            "age = ($1::varchar[])[1 + rowid % 5]",
            [HOSTILE],
        )
    user = first_user(own_copy)
    app = open_app(own_copy, monkeypatch, users="300", color="age", user=user)
    for dot in layer(app, USERS):
        assert not any(str(value).startswith("@@") for value in dot.values())
    assert any(text in texts(app) for text in HOSTILE)
    assert {entry["label"] for entry in legend(app)["entries"]} <= set(HOSTILE)
    for element in (*app.markdown, *app.warning, *app.title):
        assert not any(text in element.value for text in HOSTILE)


def test_what_nobody_sees_is_shown_and_can_be_chosen(own_copy, monkeypatch):
    """One name could pose as another, and a line separator would break a chart."""
    odd = "NV\u202e\u2028"
    with duckdb.connect(own_copy) as copy:
        copy.execute("update users set state = ? where state = 'NV'", [odd])
        copy.execute(
            "update column_values set column_value = ? where column_value = 'NV' "
            "and column_name = 'state'",
            [odd],
        )
    shown = "NV\\u202e\\u2028"
    app = open_app(own_copy, monkeypatch, filter_state=shown, percent="100")
    assert number(figures(app)["Users to notify"]) > 0
    assert set(app.dataframe[0].value["state"]) == {shown}


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_serving_copy_that_is_no_file_is_named(tmp_path, monkeypatch, make):
    """The page would wait for ever."""
    path = tmp_path / "serving.duckdb"
    make(path)
    app = open_app(path, monkeypatch)
    assert f"{path} is a folder, a pipe or a device" in texts(app)


def test_the_legend_counts_users_whose_value_is_unknown(own_copy, monkeypatch):
    """The legend would not add up to the users on the map."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("update users set age = case when rowid % 2 = 0 then '18-24' end")
        known, unknown = copy.execute(
            "select count(age), count(*) - count(age) from users"
        ).fetchone()
    app = open_app(own_copy, monkeypatch, percent="100", color="age")
    assert counts(app) == {"18-24": known, UNKNOWN: unknown}


def test_the_legend_groups_what_has_no_color_of_its_own():
    """Two states would have one color, or users be missing from the counts."""
    users = pd.Series({f"S{number:02}": 30 - number for number in range(30)})
    colors = dict(zip(users.index, LIGHT.values, strict=False))
    entries = map_legend(users, colors, LIGHT, is_sorted=True)
    assert sum(entry["users"] for entry in entries) == users.sum()
    assert [entry["label"] for entry in entries] == [*users.index[: len(LIGHT.values)], OTHER]
    assert len({entry["color"] for entry in entries}) == len(entries)


def luminance(color) -> float:
    shares = [part / 255 for part in color]
    linear = [s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name, theme", [("light", LIGHT), ("dark", DARK)])
def test_text_can_be_read_in_both_themes(name, theme):
    """People with weak eyes, or a bad screen, could not read the page or the map."""
    for color in (theme.text, theme.quiet, theme.accent):
        assert contrast(color, theme.background) >= 4.5
    assert contrast(theme.text, theme.states[0]) >= 4.5
    assert contrast(theme.line, theme.background) >= 3
    config = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text())["theme"][name]
    assert config["textColor"] == css(theme.text)
    assert config["backgroundColor"] == css(theme.background)
    assert config["primaryColor"] == css(theme.accent)


def test_every_query_is_used():
    """A reader of the code would look for the chart of a query that no page asks."""
    folder = PROJECT / "python" / "bootloader"
    app = folder / "app"
    code = "\n".join(path.read_text() for path in folder.rglob("*.py"))
    queries = [path.stem for path in (folder / "queries").glob("*.sql")]
    assert queries
    assert [name for name in queries if not re.search(rf"""["']{name}["']""", code)] == []
    assert json.loads((app / "world_map.json").read_text())["source"].startswith("world-atlas")
