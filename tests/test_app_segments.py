"""The page that says which groups to push to, as its readers meet it."""

import shutil

import duckdb
import pandas as pd
import pytest
from app_pages import SEGMENTS, open_app, texts
from bootloader.app.pages.segments import filter_in_words
from bootloader.app.serving_copy import open_serving_copy
from conftest import PROJECT

pytestmark = pytest.mark.build

CAMPAIGN = "bicycle"
HOSTILE = "<script>alert(1)</script> **bold** :red[x] $x$ {state} 🚲"


def open_page(serving_copy, monkeypatch, **query):
    return open_app(serving_copy, monkeypatch, SEGMENTS, **query)


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
                201.4 as expected_funders, 1.34 as expected_lift,
                1.2 as lift, 1.1 as lift_low, 1.3 as lift_high,
                0.001 as q_value, true as is_recommended, 1 as recommended_position
            union all by name
            select $1 as campaign, 'women, PA' as segment, 'PA' as state, 'F' as gender_cleaned,
                800 as users, 500 as observed_funders, 450.0 as usual_funders,
                100.0 as expected_funders, 1.25 as expected_lift,
                1.1 as lift, 1.05 as lift_low, 1.15 as lift_high,
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
                (0, 'everybody', 10000, 1.0, 1000.0, 1.0, null, null),
                (0, 'recommended_segments', 2300, 0.23, 301.4, 0.31, null, null),
                (0, 'individual_audience', 2300, 0.23, 850.0, 0.85, null, null),
                (2, 'everybody', 10000, 1.0, 1000.0, 1.0, 1150, 1.0),
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


def metrics(app) -> list[tuple[str, str]]:
    return [(metric.label, metric.value) for metric in app.metric]


def links(app) -> dict[str, list[str]]:
    found = {}
    for link in app.get("page_link"):
        found.setdefault(link.proto.label, []).append(link.proto.query_string)
    return found


def test_the_page_leads_with_what_the_push_reaches_against_random_and_the_list(
    own_copy, monkeypatch
):
    """A manager would not learn that a push by attributes hardly beats a random one."""
    app = open_page(own_copy, monkeypatch)
    assert metrics(app)[:6] == [
        ("Segments, 2,300 users", "301"),
        ("As many at random", "230"),
        ("As many from the list", "850"),
        ("Segments, 2,200 users", "333"),
        ("As many at random", "253"),
        ("As many from the list", "911"),
    ]
    assert "1.31x as many funders as a random push" in texts(app)
    assert "1.32x as many funders as a random push" in texts(app)


def test_each_recommended_segment_has_a_card_with_its_figures_and_filter(own_copy, monkeypatch):
    """A manager would push to the wrong group, or expect something else of it."""
    app = open_page(own_copy, monkeypatch)
    assert [text.value for text in app.text[:2]] == ["1. iOS, NV", "2. women, PA"]
    assert metrics(app)[6:] == [
        ("Users", "1,500"), ("Expected funders", "201"), ("Against random", "1.34x"),
        ("Users", "800"), ("Expected funders", "100"), ("Against random", "1.25x"),
    ]  # fmt: skip
    assert "1.10x to 1.30x" in texts(app)
    assert [code.value for code in app.code] == [
        "device is iOS and state is NV; any age, gender, marital status",
        "gender is female and state is PA; any age, marital status, device",
    ]
    assert links(app)["Open as a list"] == [
        "campaign=bicycle&strategy=fund_network&percent=100&filter_device=iOS&filter_state=NV",
        "campaign=bicycle&strategy=fund_network&percent=100"
        "&filter_gender_cleaned=F&filter_state=PA",
    ]


def test_the_users_of_the_segments_can_be_taken_away(sample_build, monkeypatch):
    """A tool that takes a list could not be used for a push by segments."""
    monkeypatch.setenv("BOOTLOADER_SERVING", str(sample_build.serving_copy))
    users = open_serving_copy(PROJECT).query("push_users", campaign=CAMPAIGN)
    expected = sample_build.query(
        "select session_id from push_segment_users where campaign = 'bicycle' and cutoff = 0 "
        "and targeting = 'recommended_segments'"
    )
    assert sorted(users["session_id"]) == sorted(expected["session_id"])


def test_the_table_filters_by_attribute(own_copy, monkeypatch):
    """A manager who may target one device only would have to read hundreds of rows."""
    app = open_page(own_copy, monkeypatch)
    assert app.dataframe[0].value["segment"].to_list() == ["iOS, NV", "women, PA", "NV"]
    choice = app.multiselect(key="segments")
    choice.set_value(["State: NV", "State: PA", "Gender: F"]).run()
    assert app.dataframe[0].value["segment"].to_list() == ["women, PA"]
    app.multiselect(key="segments").set_value(["State: NV", "Gender: F"]).run()
    assert not app.exception
    assert "Take a value away" in app.info[0].value


@pytest.mark.parametrize(
    "fault",
    [
        "update push_segments set is_recommended = false, recommended_position = null",
        "update push_reach set share_of_expected_funders = 0.22 where cutoff = 0 "
        "and targeting = 'recommended_segments'",
    ],
)
def test_where_no_segment_beats_a_random_push_the_page_sends_to_the_list(
    own_copy, monkeypatch, fault
):
    """A manager would push to a group that is no better than a random one."""
    with duckdb.connect(own_copy) as copy:
        copy.execute(fault)
    app = open_page(own_copy, monkeypatch, percent="7")
    assert not app.metric
    assert "No segment beats a random push" in app.info[0].value
    assert links(app)["Use the list"] == ["campaign=bicycle&strategy=fund_network&percent=7"]
    assert len(app.dataframe[0].value) == 3


def test_without_any_segment_the_page_says_so(own_copy, monkeypatch):
    """A campaign with few users would show an empty table that nobody explains."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("delete from push_segments")
    app = open_page(own_copy, monkeypatch)
    assert "No group of users is large enough" in app.info[0].value


def test_without_a_fund_network_nothing_is_expected_and_the_page_says_so(own_copy, monkeypatch):
    """A missing figure would be shown as nan, or as none expected."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("update push_segments set expected_funders = null")
        copy.execute("delete from push_reach where targeting = 'individual_audience'")
        copy.execute(
            "update push_reach set expected_funders = null, share_of_expected_funders = null"
        )
    app = open_page(own_copy, monkeypatch)
    assert app.metric[0].value == "unknown"
    assert "too little to learn from" in texts(app)
    assert not any("nan" in metric.value for metric in app.metric)


def test_text_of_the_data_stays_text(own_copy, monkeypatch):
    """A value in the data could run a script in a manager's browser, or a formula."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("update push_segments set segment = $1, state = $1", [HOSTILE])
        copy.execute("update users set state = $1", [HOSTILE])
    app = open_page(own_copy, monkeypatch)
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
        "age is 18-24 and gender is male and marital status is single and device is iOS "
        "and state is NV"
    )
