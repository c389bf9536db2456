"""The page that says which groups to push to, as its readers meet it."""

import json
import shutil

import duckdb
import pandas as pd
import pytest
from bootloader.app.pages.segments import filter_in_words
from bootloader.app.segment_map import states_deck
from streamlit.testing.v1 import AppTest

CAMPAIGN = "bicycle"
HOSTILE = "<script>alert(1)</script> **bold** :red[x] $x$ {state} 🚲"


def open_page(serving_copy, monkeypatch, campaign: str = CAMPAIGN) -> AppTest:
    def page(campaign):
        from pathlib import Path

        from bootloader.app.pages import segments
        from bootloader.app.serving_copy import open_serving_copy

        segments.show(open_serving_copy(Path()), campaign)

    monkeypatch.setenv("BOOTLOADER_SERVING", str(serving_copy))
    return AppTest.from_function(page, default_timeout=30, kwargs={"campaign": campaign})


@pytest.fixture
def own_copy(sample_build, tmp_path):
    """A serving copy in which two segments are recommended, whatever the sample tells."""
    path = tmp_path / "serving.duckdb"
    shutil.copy(sample_build.serving_copy, path)
    with duckdb.connect(path) as copy:
        copy.execute("delete from push_segments where campaign = ?", [CAMPAIGN])
        copy.execute("delete from push_reach where campaign = ?", [CAMPAIGN])
        copy.execute(
            """
            insert into push_segments by name
            select $1 as campaign, 'iOS, NV' as segment, 'NV' as state, 'iOS' as device,
                1500 as users, 900 as observed_funders, 750.0 as usual_funders,
                201.4 as expected_funders, 1.2 as lift, 1.1 as lift_low, 1.3 as lift_high,
                0.001 as q_value, true as is_recommended, 1 as recommended_position
            union all by name
            select $1 as campaign, 'women, PA' as segment, 'PA' as state, 'F' as gender_cleaned,
                800 as users, 500 as observed_funders, 450.0 as usual_funders,
                100.0 as expected_funders, 1.1 as lift, 1.05 as lift_low, 1.15 as lift_high,
                0.002 as q_value, true as is_recommended, 2 as recommended_position
            union all by name
            select $1 as campaign, 'NV' as segment, 'NV' as state, 2000 as users,
                1000 as observed_funders, 990.0 as usual_funders, 210.0 as expected_funders,
                1.0 as lift, 0.9 as lift_low, 1.1 as lift_high, 0.9 as q_value,
                false as is_recommended
            """,
            [CAMPAIGN],
        )
        copy.execute(
            """
            insert into push_reach by name
            select $1 as campaign, * from (values
                (0, 'recommended_segments', 2300, 0.23, 301.4, 0.31, null, null),
                (0, 'individual_audience', 2300, 0.23, 850.0, 0.85, null, null),
                (2, 'recommended_segments', 2200, 0.22, 280.0, 0.28, 333, 0.29),
                (2, 'individual_audience', 2200, 0.22, 800.0, 0.8, 911, 0.81)
            ) as reached(
                cutoff, targeting, users, share_of_users, expected_funders,
                share_of_expected_funders, funders, share_of_funders
            )
            """,
            [CAMPAIGN],
        )
    return path


def test_each_recommended_segment_has_a_card_with_its_figures_and_filter(own_copy, monkeypatch):
    """A manager would push to the wrong group, or expect something else of it."""
    app = open_page(own_copy, monkeypatch).run()
    assert not app.exception
    assert [text.value for text in app.text[:2]] == ["1. iOS, NV", "2. women, PA"]
    assert [(metric.label, metric.value) for metric in app.metric[:6]] == [
        ("Users", "1,500"), ("Expected funders", "201"), ("Lift", "1.20 times"),
        ("Users", "800"), ("Expected funders", "100"), ("Lift", "1.10 times"),
    ]  # fmt: skip
    assert "1.10 to 1.30 times as many" in app.caption[0].value
    assert [code.value for code in app.code] == [
        "state is NV and device is iOS; any age, gender, marital status",
        "state is PA and gender is female; any age, device, marital status",
    ]


def test_the_page_tells_what_the_push_reaches_and_what_people_chosen_one_by_one(
    own_copy, monkeypatch
):
    """A manager would not learn that a push by attributes reaches far fewer funders."""
    app = open_page(own_copy, monkeypatch).run()
    assert [(metric.label, metric.value) for metric in app.metric[6:]] == [
        ("Users", "2,300"), ("Expected funders", "301"), ("One by one", "850"),
        ("Users", "2,200"), ("Real funders", "333"), ("One by one", "911"),
    ]  # fmt: skip
    captions = [caption.value for caption in app.caption]
    for share in ("23% of all", "31% of all", "85% of all", "29% of all", "81% of all"):
        assert share in captions


def test_the_map_counts_the_users_whom_the_push_would_reach(own_copy, monkeypatch):
    """The map would show a push to people who are not in it."""
    app = open_page(own_copy, monkeypatch).run()
    chart = json.loads(app.get("deck_gl_json_chart")[0].proto.json)
    shown = {
        outline["properties"]["name"]: outline["properties"]["users"]
        for outline in chart["layers"][0]["data"]["features"]
        if outline["properties"]["users"] != "0"
    }
    with duckdb.connect(own_copy, read_only=True) as copy:
        nevada, pennsylvania = copy.execute(
            "select count(*) filter (where state = 'NV' and device = 'iOS'), "
            "count(*) filter (where state = 'PA' and gender_cleaned = 'F') from users"
        ).fetchone()
    expected = {"Nevada": f"{nevada:,}", "Pennsylvania": f"{pennsylvania:,}"}
    assert shown == {name: users for name, users in expected.items() if users != "0"}
    assert shown


def test_the_table_filters_by_attribute(own_copy, monkeypatch):
    """A manager who may target one device only would have to read hundreds of rows."""
    app = open_page(own_copy, monkeypatch).run()
    assert app.dataframe[0].value["segment"].to_list() == ["iOS, NV", "women, PA", "NV"]
    choice = app.multiselect(key="segment_attributes")
    choice.set_value(["State: NV", "State: PA", "Gender: F"]).run()
    assert app.dataframe[0].value["segment"].to_list() == ["women, PA"]
    choice.set_value(["State: NV", "Gender: F"]).run()
    assert not app.exception
    assert "Take a value away" in app.info[0].value


def test_where_no_segment_is_recommended_the_page_says_so_and_where_to_go(own_copy, monkeypatch):
    """An empty page would look broken, or a chance find be pushed to."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("update push_segments set is_recommended = false, recommended_position = null")
    app = open_page(own_copy, monkeypatch).run()
    assert not app.exception
    assert not app.metric
    assert "one by one on the page Audience" in app.info[0].value
    assert len(app.dataframe[0].value) == 3


def test_without_any_segment_the_page_says_so(own_copy, monkeypatch):
    """A campaign with few users would show an empty table that nobody explains."""
    app = open_page(own_copy, monkeypatch, campaign="no such campaign").run()
    assert not app.exception
    assert "No group of users is large enough" in app.info[0].value


def test_without_a_fund_network_nothing_is_expected_and_the_page_says_so(own_copy, monkeypatch):
    """A missing figure would be shown as nan, or as none expected."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("update push_segments set expected_funders = null")
        copy.execute("delete from push_reach where targeting = 'individual_audience'")
        copy.execute(
            "update push_reach set expected_funders = null, share_of_expected_funders = null"
        )
    app = open_page(own_copy, monkeypatch).run()
    assert not app.exception
    assert app.metric[1].value == "unknown"
    assert any("too little to learn from" in caption.value for caption in app.caption)
    assert not any("nan" in metric.value for metric in app.metric)


def test_text_of_the_data_stays_text(own_copy, monkeypatch):
    """A value in the data could run a script in a growth manager's browser, or a formula."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("update push_segments set segment = $1, state = $1", [HOSTILE])
        copy.execute("update users set state = $1", [HOSTILE])
    app = open_page(own_copy, monkeypatch).run()
    assert not app.exception
    assert app.text[0].value == f"1. {HOSTILE}"
    for element in (*app.markdown, *app.caption, *app.info, *app.header):
        assert "script" not in element.value


def test_a_filter_names_each_attribute_once():
    """A push tool would be set to less, or more, than the segment."""
    segment = pd.Series(
        {"state": "NV", "age": "18-24", "gender_cleaned": "M", "device": "iOS"}
        | {"marital_status": "single"}
    )
    assert filter_in_words(segment) == (
        "state is NV and age is 18-24 and gender is male and device is iOS "
        "and marital status is single"
    )


def test_a_state_without_an_outline_is_left_out_of_the_map():
    """One odd state in the data would take the whole map away."""
    deck = json.loads(
        states_deck(pd.DataFrame({"state": ["NV", "XX", None], "users": [4, 9, 1]}), 3.0).to_json()
    )
    features = deck["layers"][0]["data"]["features"]
    users = {feature["properties"]["name"]: feature["properties"]["users"] for feature in features}
    assert users["Nevada"] == "4"
    assert sum(map(int, users.values())) == 4
