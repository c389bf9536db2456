"""What the reader chose: links restore it, controls change it, and no page forgets it."""

import shutil

import duckdb
import pytest
from app_pages import LABELS, SEGMENTS, address, figures, number, open_app, texts
from bootloader.app.state import COLORS, SIZES
from browser import PAGES

pytestmark = pytest.mark.build


@pytest.fixture
def own_copy(sample_build, tmp_path):
    """A serving copy that a test may change."""
    path = tmp_path / "serving.duckdb"
    shutil.copy(sample_build.serving_copy, path)
    return path


# What is shown first where nothing is recommended.
FALLBACK = "pending_views"

CHOSEN = {
    "campaign": "Games",
    "strategy": "pending_views",
    "messages": "120",
    "per_user": "3",
    "filter_state": ["CA", "NY"],
    "filter_age": "18-24",
    "color": "device",
    "shade": "lift",
    "section": "compare",
    "versus": "notebook_look_alike",
    "control": "35",
    "name": "Autumn & more",
}


@pytest.mark.parametrize("page", PAGES)
def test_a_link_is_the_same_on_every_page(sample_build, monkeypatch, page):
    """The menu would lead to another audience than the one that was looked at."""
    app = open_app(sample_build.serving_copy, monkeypatch, page, **CHOSEN)
    expected = {
        name: value if isinstance(value, list) else [value] for name, value in CHOSEN.items()
    }
    menu = app.get("page_link")[: len(PAGES)]
    assert [link.proto.label for link in menu][:2] == ["Audience", "Segments"]
    for link in menu:
        query = link.proto.query_string
        assert {part.split("=")[0] for part in query.split("&")} == set(expected)
        assert "name=Autumn+%26+more" in query
        assert "filter_state=CA&filter_state=NY" in query
    assert not app.warning


def test_a_control_changes_the_address_and_keeps_the_rest(sample_build, monkeypatch):
    """One choice would undo the others, or a link would not hold it."""
    app = open_app(sample_build.serving_copy, monkeypatch, **CHOSEN)
    assert figures(app)["Users to notify"] == "40"
    app.selectbox(key="color").select("age").run()
    expected = {
        name: value if isinstance(value, list) else [value] for name, value in CHOSEN.items()
    }
    assert address(app) == expected | {"color": ["age"]}
    app.number_input(key="amount").set_value(60).run()
    assert address(app) == expected | {"color": ["age"], "messages": ["60"]}
    assert figures(app)["Users to notify"] == "20"
    app.multiselect(key="filters").set_value(["State: CA"]).run()
    assert address(app)["filter_state"] == ["CA"]
    assert "filter_age" not in address(app)


@pytest.mark.parametrize(
    "query, named",
    [
        ({"campaign": "Gamse"}, "Gamse"),
        ({"strategy": "best"}, "best"),
        ({"percent": "eleven"}, "eleven"),
        ({"percent": "250"}, "250"),
        ({"filter_state": "XX"}, "XX"),
        ({"color": "mood"}, "mood"),
        ({"user": "nobody"}, "nobody"),
        ({"place": "here"}, "here"),
    ],
)
def test_an_unknown_value_in_a_link_is_named(sample_build, monkeypatch, query, named):
    """Somebody would notify another audience than the link was made for, and never know."""
    app = open_app(sample_build.serving_copy, monkeypatch, **query)
    assert len(app.warning) == 1
    assert named in app.warning[0].value
    app.selectbox(key="shade").select("lift").run()
    assert not app.warning


def test_the_warning_shows_the_text_of_a_link_as_it_is(sample_build, monkeypatch):
    """A link could make the app say, or link to, what its author likes."""
    app = open_app(
        sample_build.serving_copy, monkeypatch, campaign="[click](http://example.com) **now**"
    )
    assert "](" not in app.warning[0].value.replace("\\]\\(", "")
    assert "**" not in app.warning[0].value


def test_another_campaign_keeps_what_it_can(sample_build, monkeypatch):
    """Comparing two campaigns would mean choosing everything again."""
    app = open_app(
        sample_build.serving_copy, monkeypatch, strategy=FALLBACK, percent="7", filter_age="18-24"
    )
    app.selectbox(key="campaign").select("Fashion").run()
    assert address(app) == {
        "campaign": ["Fashion"],
        "strategy": [FALLBACK],
        "percent": ["7"],
        "filter_age": ["18-24"],
    }


def test_a_strategy_that_nobody_chose_follows_what_is_recommended(own_copy, monkeypatch):
    """The second campaign would be ranked by what was best for the first."""
    with duckdb.connect(own_copy) as copy:
        copy.execute(
            "update strategy_evaluation set is_recommended = "
            "strategy = if(campaign = 'Games', 'notebook_look_alike', 'fund_network')"
        )
    app = open_app(own_copy, monkeypatch)
    assert app.selectbox(key="strategy").value == "fund_network"
    app.selectbox(key="campaign").select("Games").run()
    assert app.selectbox(key="strategy").value == "notebook_look_alike"
    assert "Recommended: best in the last test" in texts(app)


def test_without_a_test_the_stated_fallback_comes_first(own_copy, monkeypatch):
    """A young app would rank by a method that is no better than random."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("delete from strategy_gains")
        copy.execute("delete from strategy_evaluation")
    app = open_app(own_copy, monkeypatch)
    assert app.selectbox(key="strategy").value == FALLBACK
    assert "No strategy is recommended" in texts(app)
    assert LABELS[FALLBACK] in texts(app)
    assert figures(app)["Better than random"] == "not tested"
    assert "could not be tested" in texts(app)


def test_a_newer_build_without_what_was_chosen_is_no_error(own_copy, monkeypatch, tmp_path):
    """The app would show an error until somebody finds out which choice is gone."""
    app = open_app(own_copy, monkeypatch, campaign="Games", filter_state="CA")
    newer = tmp_path / "newer.duckdb"
    shutil.copy(own_copy, newer)
    with duckdb.connect(newer) as copy:
        copy.execute("delete from campaigns where campaign = 'Games'")
        copy.execute("update users set state = 'NV' where state = 'CA'")
    newer.replace(own_copy)
    app.run()
    assert not app.exception
    assert len(app.warning) == 2
    assert app.selectbox(key="campaign").value == "bicycle"


def test_sizes_say_the_same_in_other_words(sample_build, monkeypatch):
    """A change of the unit would change who is notified."""
    app = open_app(sample_build.serving_copy, monkeypatch, percent="20")
    users = figures(app)["Users to notify"]
    for size in ("users", "messages", "percent"):
        app.selectbox(key="size").select(size).run()
        assert figures(app)["Users to notify"] == users
    assert next(iter(SIZES)) == "percent"


def test_a_budget_of_messages_is_shared_by_the_users(sample_build, monkeypatch):
    """A manager would send more messages than there are."""
    app = open_app(sample_build.serving_copy, monkeypatch, messages="100", per_user="3")
    assert figures(app)["Users to notify"] == "33"


def test_the_least_probability_is_kept(sample_build, monkeypatch):
    """Users would be notified who are less likely to fund than asked for."""
    app = open_app(sample_build.serving_copy, monkeypatch, probability="60")
    expected = sample_build.value(
        "select count(*) from campaign_audience "
        "where campaign = 'bicycle' and fund_probability >= 0.6"
    )
    assert number(figures(app)["Users to notify"]) == expected > 0
    assert app.dataframe[0].value["fund_probability"].min() >= 0.6


def test_every_color_can_be_chosen(sample_build, monkeypatch):
    """One of the choices would end in an error."""
    app = open_app(sample_build.serving_copy, monkeypatch, percent="5")
    for color in COLORS:
        app.selectbox(key="color").select(color).run()
        assert not app.exception


def test_a_segment_opens_as_a_list(sample_build, monkeypatch):
    """A manager would have to set the filters of a segment by hand."""
    app = open_app(sample_build.serving_copy, monkeypatch, SEGMENTS)
    segment = sample_build.query(
        "from push_segments where campaign = 'bicycle' and state is not null limit 1"
    ).iloc[0]
    from bootloader.app.pages.segments import segment_state
    from bootloader.app.state import State

    query = segment_state(segment, State("bicycle", "fund_network")).as_query()
    assert query["percent"] == ["100"]
    listed = open_app(sample_build.serving_copy, monkeypatch, **query)
    assert number(figures(listed)["Users to notify"]) == segment["users"]
    assert not app.exception
