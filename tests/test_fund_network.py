"""The audience that a campaign gets: it knows nothing of the future, and finds who funds next."""

import json

import duckdb
import numpy as np
import pandas as pd
import pytest
from bootloader.fund_network import (
    ARROW_SCHEMA,
    CATEGORICAL,
    COUNTS,
    FEWEST_FUNDINGS,
    FundNetwork,
    score_examples,
    train_fund_network,
)

USERS = 4000


def examples(seed: int = 1) -> pd.DataFrame:
    """Users of whom those with pending views fund, and those of one state more than others."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {name: random.choice(["a", "b"], USERS) for name in CATEGORICAL}
        | {name: random.integers(0, 3, USERS) for name in COUNTS}
    )
    chance = 0.05 + 0.2 * frame["pending_views"] + 0.2 * (frame["state"] == "a")
    return frame.assign(
        session_id=[f"{number:05}" for number in range(USERS)],
        is_funded=random.random(USERS) < chance,
    )


@pytest.fixture(scope="module")
def network() -> FundNetwork:
    return train_fund_network(examples(1), examples(2), seed=3)


def rank_auc(outcome: pd.Series, score: pd.Series) -> float:
    """The chance that a funder has a higher score than another user; equal scores count half."""
    ranks = score.rank()
    funders = outcome.sum()
    others = len(outcome) - funders
    return (ranks[outcome].sum() - funders * (funders + 1) / 2) / (funders * others)


def lift_at_quarter(outcome: pd.Series, score: pd.Series) -> float:
    """How many times more funders the best quarter has than a quarter of all users."""
    best = score.sort_values(ascending=False, kind="stable").index[: len(score) // 4]
    return outcome[best].mean() / outcome.mean()


def test_a_network_that_was_stored_scores_like_the_one_that_was_trained(network):
    """The warehouse would hold another network than the one that was trained."""
    again = FundNetwork.from_arrow(network.to_arrow())
    frame = examples(4)
    assert np.array_equal(again.probabilities(frame), network.probabilities(frame))


def test_the_same_seed_gives_the_same_probabilities(network):
    """Two builds of the same events would give two audiences."""
    again = train_fund_network(examples(1), examples(2), seed=3)
    assert np.array_equal(again.probabilities(examples(4)), network.probabilities(examples(4)))


def test_pending_views_and_attributes_both_count(network):
    """The audience would be as good as chance."""
    frame = examples(4)
    found = pd.Series(network.probabilities(frame))
    assert found[frame["pending_views"] == 2].mean() > found[frame["pending_views"] == 0].mean()
    alike = frame["pending_views"] == 1
    is_a = frame["state"] == "a"
    assert found[alike & is_a].mean() > found[alike & ~is_a].mean()


def test_probabilities_match_how_many_fund_within_the_whole_horizon(network):
    """ "Expected funders" would be too many or too few."""
    frame = examples(2)
    assert network.probabilities(frame).mean() == pytest.approx(frame["is_funded"].mean(), rel=0.02)
    assert ((network.probabilities(frame) >= 0) & (network.probabilities(frame) <= 1)).all()


def test_an_attribute_that_is_missing_or_new_does_no_harm(network):
    """Data without a state, or a user from a new one, would stop the build."""
    frame = examples(4).assign(state=None, age="new")
    assert np.isfinite(network.probabilities(frame)).all()
    trained = train_fund_network(*[examples(n).assign(state=None) for n in (1, 2)], seed=3)
    assert np.isfinite(trained.probabilities(frame)).all()


def test_too_few_fundings_are_refused_kindly():
    """The first weeks of an app would get an audience that was learned from a handful of people."""
    few = examples(1).assign(is_funded=lambda frame: frame.index < FEWEST_FUNDINGS - 1)
    assert train_fund_network(few, examples(2), seed=3) is None
    enough = examples(1).assign(is_funded=lambda frame: frame.index < FEWEST_FUNDINGS)
    assert train_fund_network(enough, examples(2), seed=3) is not None


def test_scores_come_in_batches_for_every_user_or_for_none(network):
    """Some users would be missing from the audience, or memory grow with their number."""
    frame = examples(4)
    source = duckdb.sql("from frame").to_arrow_reader(700)
    found = score_examples(network.to_arrow(), source).read_pandas()
    assert found["session_id"].to_list() == frame["session_id"].to_list()
    assert np.allclose(found["fund_probability"], network.probabilities(frame), atol=1e-6)
    nothing = score_examples(ARROW_SCHEMA.empty_table(), duckdb.sql("from frame").to_arrow_reader())
    assert nothing.read_all().num_rows == 0


def test_without_enough_fundings_the_audience_is_ranked_by_pending_views(new_build, tmp_path):
    """A young app would have no audience at all."""
    views = [
        {"session_id": user, "category": "Games", "event_name": "View Project"}
        | {"client_time": 1393632004 + 86400 * day}
        for user, days in (("once", 1), ("often", 5), ("twice", 2))
        for day in range(days)
    ]
    path = tmp_path / "events.json"
    path.write_text(json.dumps(views))
    build = new_build.dbt("build", events_path=str(path)).succeeds()
    audience = build.query("from campaign_audience where campaign = 'Games' order by audience_rank")
    assert audience["session_id"].to_list() == ["often", "twice", "once"]
    assert set(audience["ranked_by"]) == {"pending views"}
    assert "too few" in build.output


def test_nothing_later_than_as_of_changes_anything(sample_build, new_build, tmp_path):
    """A measurement of the past would know the future, and look better than any real campaign."""
    cut = sample_build.value("select (median(client_time) + 86400)::bigint from events")
    before = sample_build.query("from events where client_time < $1", [cut]).drop(
        columns=["event_id", "occurred_at", "source_file"]
    )
    later = sample_build.query("from events where client_time >= $1", [cut])[before.columns]
    changed = later.assign(
        event_name="Fund Project", category="Music", gender="F", age="99", city="Elsewhere"
    )
    builds = []
    for name, rest in (("as_it_was", later), ("changed", changed), ("gone", later.head(0))):
        folder = tmp_path / name
        folder.mkdir()
        pd.concat([before, rest]).to_parquet(folder / "events.parquet")
        build = type(new_build)(folder)
        path = str(folder / "events.parquet")
        builds.append(build.dbt("build", events_path=path, as_of=cut).succeeds())
    tables = (
        "users", "user_category_actions", "user_embeddings", "similar_users", "fund_probabilities",
        "campaign_audience", "column_audit",
    )  # fmt: skip
    with duckdb.connect() as connection:
        for build in builds:
            connection.execute(f"attach '{build.warehouse}' as {build.folder.name} (read_only)")
        for name in tables:
            for one, two in (("as_it_was", "changed"), ("changed", "gone"), ("gone", "as_it_was")):
                difference = connection.execute(
                    f"select count(*) from (from {one}.{name} except all from {two}.{name})"
                ).fetchone()[0]
                assert difference == 0, (name, one, two)


@pytest.fixture(scope="module")
def future(tmp_path_factory, real_events):
    """The audience as of 70% of the events' time span, and who funded in the rest of it."""
    from conftest import Build

    events = pd.DataFrame(json.loads(real_events.read_text())["data"])
    first, last = events["client_time"].min(), events["client_time"].max()
    cut = int(first + 0.7 * (last - first))
    build = Build(tmp_path_factory.mktemp("future")).dbt(
        "build",
        events_path=str(real_events),
        as_of=cut,
        horizon_days=float(last - cut) / 86400,
    )
    build.succeeds()
    funded = events[(events["event_name"] == "Fund Project") & (events["client_time"] >= cut)]
    return build, funded[["session_id", "category"]].drop_duplicates()


def test_the_network_finds_who_funds_next_on_the_real_events(future):
    """The audience would be no better than the notebook's, which is no better than chance."""
    build, funded = future
    scores = build.query("from fund_probabilities order by session_id, category")
    scores = scores.merge(funded.assign(is_funded=True), how="left")
    scores["is_funded"] = scores["is_funded"].notna()
    by_category = [
        (group["is_funded"], group["fund_probability"]) for _, group in scores.groupby("category")
    ]
    auc = np.mean([rank_auc(*group) for group in by_category])
    assert 0.905 <= auc <= 0.925  # above, something of the future leaks in
    assert np.mean([lift_at_quarter(*group) for group in by_category]) >= 3.50

    bins = scores.groupby(pd.cut(scores["fund_probability"], np.linspace(0, 1, 11)), observed=True)
    gaps = (bins["fund_probability"].mean() - bins["is_funded"].mean()).abs()
    assert (gaps * bins.size() / len(scores)).sum() <= 0.015


def test_the_bicycle_audience_finds_its_funders_on_the_real_events(future):
    """The first campaign would tell the wrong people."""
    build, funded = future
    audience = build.query("from campaign_audience where campaign = 'bicycle' order by session_id")
    funders = funded[funded["category"].isin(["Sports", "Environment"])]["session_id"]
    outcome = audience["session_id"].isin(funders)
    assert rank_auc(outcome, audience["fund_probability"]) >= 0.878
    assert lift_at_quarter(outcome, -audience["audience_rank"]) >= 2.80
