"""The page that says how far to trust each strategy, as its readers meet it."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from app_pages import HOW_SURE, LABELS, open_app
from bootloader.app.charts import FACTORS, NETWORKS, strategy_colors
from bootloader.app.serving_copy import open_serving_copy
from bootloader.app.strategies import labels_of
from bootloader.app.theme import DARK, LIGHT
from bootloader.networks.specification import fund_fits
from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.build

CAMPAIGN = "bicycle"


def open_page(serving_copy, monkeypatch, campaign: str = CAMPAIGN) -> AppTest:
    return open_app(serving_copy, monkeypatch, HOW_SURE, campaign=campaign)


def words(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption))


def chart_specs(app: AppTest) -> list[str]:
    return [chart.proto.spec for chart in app.get("vega_lite_chart")]


@pytest.fixture
def own_copy(sample_build, tmp_path):
    """A serving copy that a test may change."""
    path = tmp_path / "serving.duckdb"
    shutil.copy(sample_build.serving_copy, path)
    return path


@pytest.fixture
def measured_copy(own_copy):
    """A serving copy whose recommended strategy has known figures, whatever the sample tells."""
    with duckdb.connect(own_copy) as copy:
        copy.execute(
            """
            update strategy_evaluation set is_recommended = strategy = 'pending_views',
                cut_at = '2014-03-24 23:58:46', users = 10000, funders = 1675, base_rate = 0.1675,
                lift_at_25 = 2.64, lift_at_25_low = 2.51, lift_at_25_high = 2.77
            """
        )
        copy.execute(
            """
            update strategy_gains set users_so_far = 2500, share_of_funders = 0.66
            where audience_percent = 25 and strategy = 'pending_views'
            """
        )
        copy.execute(
            """
            update strategy_evaluation set auc = 0.514, auc_low = 0.5, auc_high = 0.528
            where strategy = 'notebook_look_alike'
            """
        )
    return own_copy


def test_the_page_says_what_was_measured_and_what_the_recommended_strategy_brings(
    measured_copy, monkeypatch
):
    """A manager would trust a figure of another strategy, time or group of users."""
    app = open_page(measured_copy, monkeypatch)
    assert not app.exception
    said = words(app)
    for figure in ("24 March 2014, 23:58 UTC", "10,000 users", "1,675", "16.8%", "7 days"):
        assert figure in said
    assert f"Recommended: **{LABELS['pending_views']}**" in said
    assert [(metric.label, metric.value) for metric in app.metric] == [
        ("Funders reached", "66%"),
        ("Funders reached at random", "25%"),
        ("Better than random (2.51x to 2.77x)", "2.64x"),
    ]


def test_every_strategy_is_compared_with_its_interval(measured_copy, monkeypatch):
    """A strategy would be missing, or look better than the measures allow."""
    app = open_page(measured_copy, monkeypatch)
    table = app.dataframe[0].value.set_index("strategy")
    with duckdb.connect(measured_copy, read_only=True) as copy:
        measured = copy.execute(
            "select strategy from strategy_evaluation where campaign = ?", [CAMPAIGN]
        ).fetchall()
    assert set(table.index) == {LABELS[name] for (name,) in measured}
    assert table.loc[LABELS["notebook_look_alike"], "auc"] == "0.514 (0.500 to 0.528)"
    assert table.index[table["recommended"]].to_list() == [LABELS["pending_views"]]


@pytest.mark.parametrize("is_better", [False, True])
def test_the_notebooks_method_is_called_no_better_than_random_where_it_may_be(
    measured_copy, monkeypatch, is_better
):
    """A manager would go on with a list that is no better than a random one."""
    with duckdb.connect(measured_copy) as copy:
        copy.execute(
            "update strategy_evaluation set is_better_than_chance = ? "
            "where strategy = 'notebook_look_alike'",
            [is_better],
        )
    said = words(open_page(measured_copy, monkeypatch))
    assert "The notebook's method" in said
    assert ("no better than random" in said) != is_better


def test_where_nothing_beats_chance_the_page_warns(own_copy, monkeypatch):
    """A manager would take the first strategy for a recommended one."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("update strategy_evaluation set is_recommended = false")
    app = open_page(own_copy, monkeypatch)
    assert not app.exception
    assert "No strategy is recommended" in app.warning[0].value
    assert not app.metric


def test_without_measures_the_page_says_why(own_copy, monkeypatch):
    """Charts without a line would look broken."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("delete from strategy_evaluation")
    app = open_page(own_copy, monkeypatch)
    assert "Nothing could be tested" in app.info[0].value


def test_without_funders_the_page_says_why(own_copy, monkeypatch):
    """A campaign that nobody funded would show strategies without figures."""
    with duckdb.connect(own_copy) as copy:
        copy.execute(
            "update strategy_evaluation set funders = 0, auc = null, lift_at_10 = null, "
            "lift_at_25 = null, is_recommended = false"
        )
    app = open_page(own_copy, monkeypatch)
    assert not app.exception
    assert "Nobody funded" in app.info[0].value


def test_without_networks_the_page_says_so(own_copy, monkeypatch):
    """A build with few events would have a page full of stack traces."""
    with duckdb.connect(own_copy) as copy:
        for table in ("strategy_reliability", "campaign_factors", "training_runs"):
            copy.execute(f"delete from {table}")
        copy.execute("delete from strategy_evaluation where strategy not in ('random')")
        copy.execute("delete from strategy_gains where strategy not in ('random')")
        copy.execute("update strategy_evaluation set is_recommended = false")
    app = open_page(own_copy, monkeypatch)
    assert not app.exception
    said = "\n".join(element.value for element in app.info)
    assert "No strategy gave probabilities" in said
    assert "had too little to learn from" in said
    assert "No network was trained" in said


def test_few_users_have_no_tenth_and_no_page_of_errors(own_copy, monkeypatch):
    """The first try with a handful of events would end in a stack trace."""
    with duckdb.connect(own_copy) as copy:
        copy.execute(
            """
            update strategy_evaluation set lift_at_10 = null, lift_at_10_low = null,
                lift_at_10_high = null, lift_at_25 = null, lift_at_25_low = null,
                lift_at_25_high = null, auc_low = null, auc_high = null
            """
        )
    app = open_page(own_copy, monkeypatch)
    assert not app.exception
    assert "nan" not in words(app)
    assert "less than one user" in app.info[0].value


def test_text_of_the_data_stays_text(own_copy, monkeypatch):
    """A category's name could run a script in a growth manager's browser."""
    hostile = "<script>alert(1)</script> **bold** {x} 🚲"
    with duckdb.connect(own_copy) as copy:
        copy.execute("delete from campaign_factors where campaign = ?", [CAMPAIGN])
        copy.execute(
            "insert into campaign_factors by name select $1 as campaign, $2 as category, "
            "'actions_in_category' as factor, 10 as users, 5 as users_raised, "
            "0.1 as average_effect, 1 as factor_rank",
            [CAMPAIGN, hostile],
        )
    app = open_page(own_copy, monkeypatch)
    assert not app.exception
    assert "script" not in words(app)
    # Vega draws labels as text; it would take them for addresses or marks in these places only.
    assert not any('"href"' in spec or '"url"' in spec for spec in chart_specs(app))


def test_all_that_the_warehouse_names_has_words(sample_build):
    """A page would fail on the first factor or network that has no words."""
    with duckdb.connect(sample_build.serving_copy, read_only=True) as copy:
        for words_for, column, table in (
            (FACTORS, "factor", "campaign_factors"),
            (NETWORKS, "network", "training_runs"),
        ):
            rows = copy.execute(f"select distinct {column} from {table}").fetchall()
            assert {name for (name,) in rows} <= set(words_for), table
    assert {fit.network for fit in fund_fits(["gender"])} <= set(NETWORKS)


def test_strategies_can_be_told_apart():
    """Two lines of a chart would have one name or one color."""
    for theme in (LIGHT, DARK):
        colors = strategy_colors(LABELS, theme)
        assert set(colors) == set(LABELS.values())
        assert len(set(colors.values())) == len(LABELS)


def test_strategies_keep_their_colors_from_build_to_build(sample_build, monkeypatch):
    """A line of last week's chart would have another color today."""
    monkeypatch.setenv("BOOTLOADER_SERVING", str(sample_build.serving_copy))
    assert list(labels_of(open_serving_copy(Path())).items()) == list(LABELS.items())


def test_a_strategy_without_words_goes_by_its_name(own_copy, monkeypatch):
    """The first look at a new strategy would end in a stack trace."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("delete from strategies where strategy = 'pending_views'")
    said = words(open_page(own_copy, monkeypatch))
    assert "**pending_views.**" in said


def test_the_charts_ask_nothing_of_the_outside(own_copy, monkeypatch):
    """Somebody would learn who looks at the page, and without internet there would be no chart."""
    for spec in chart_specs(open_page(own_copy, monkeypatch)):
        addresses = json.loads(spec)
        addresses.pop("$schema", None)
        assert "http" not in json.dumps(addresses)
