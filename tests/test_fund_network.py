"""The fund network: it learns what there is to learn, the same each time, and explains itself."""

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from bootloader.attributes import USER_ATTRIBUTES
from bootloader.networks.fund_network import FundNetwork, train_fund_network
from bootloader.networks.scoring import score_examples
from bootloader.networks.specification import (
    AMOUNT,
    CATEGORY,
    CATEGORY_COUNTS,
    CATEGORY_FEATURES,
    COUNTS,
    FACTORS,
    FRESHNESS,
    MIN_FUNDINGS,
    STEP,
    fund_fits,
)
from bootloader.networks.storing import (
    FUND_NETWORK_SCHEMA,
    fund_network_from,
    row_of,
    train_fund_networks,
)

pytestmark = pytest.mark.unit

USERS = 4000


def examples(seed: int = 1) -> pd.DataFrame:
    """Users of whom those with pending views fund, and those of one state more than others."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {name: random.choice(["a", "b"], USERS) for name in [CATEGORY, *USER_ATTRIBUTES]}
        | {name: random.integers(0, 3, USERS) for name in COUNTS}
    )
    for name in ("views", "funds", "pending_views"):
        frame["total_" + name] += frame[name]
    # Two steps of half a horizon to train on; who is scored is asked about both.
    frame[STEP] = random.integers(1, 3, USERS)
    for name in (*FRESHNESS, AMOUNT):
        frame[name] = random.random(USERS)
    chance = 0.05 + 0.2 * frame["pending_views"] + 0.2 * (frame["state"] == "a")
    return frame.assign(
        session_id=[f"{number:05}" for number in range(USERS)],
        is_funded=random.random(USERS) < chance,
    )


def of_every_fit() -> pd.DataFrame:
    """What the dbt model passes on: two fits, each with cutoffs to train and calibrate on."""
    return pd.concat(
        [
            examples(seed).assign(model_cutoff=model_cutoff, split=split)
            for seed, model_cutoff, split in (
                (1, 0, "train"), (2, 0, "calibration"), (3, 2, "train"), (4, 2, "calibration"),
            )
        ]
    )  # fmt: skip


def rows_of(network: FundNetwork, name: str = "fund_network", model_cutoff: int = 0) -> pa.Table:
    """The network as the table of the same name holds it."""
    names = {"network": name, "model_cutoff": model_cutoff}
    return pa.Table.from_pylist([names | row_of(network)], schema=FUND_NETWORK_SCHEMA)


@pytest.fixture(scope="module")
def network() -> FundNetwork:
    return train_fund_network(examples(1), examples(2), seed=3)


def test_a_network_that_was_stored_scores_like_the_one_that_was_trained(network):
    """The warehouse would hold another network than the one that was trained."""
    (row,) = rows_of(network).to_pylist()
    again = fund_network_from(row)
    frame = examples(4)
    assert np.array_equal(again.probabilities(frame), network.probabilities(frame))
    without = again.probabilities_without(frame)
    for factor, probabilities in network.probabilities_without(frame).items():
        assert np.array_equal(without[factor], probabilities), factor


def test_the_same_seed_gives_the_same_probabilities(network):
    """Two builds of the same events would give two audiences."""
    again = train_fund_network(examples(1), examples(2), seed=3)
    assert np.array_equal(again.probabilities(examples(4)), network.probabilities(examples(4)))


def test_trained_side_by_side_networks_are_those_trained_alone(network):
    """An audience would depend on what else the machine was doing."""
    together = train_fund_networks(of_every_fit(), seed=3).to_pylist()
    assert [row["network"] for row in together] == [fit.network for fit in fund_fits()]
    used = fund_network_from(together[0])
    assert np.array_equal(used.probabilities(examples(4)), network.probabilities(examples(4)))


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
    assert ((network.probabilities(frame) >= 0) & (network.probabilities(frame) < 1)).all()


def test_reasons_are_what_the_network_says_without_a_factor(network):
    """A reason would be a phrase that has nothing to do with the score."""
    frame = examples(4)
    without = pd.DataFrame(network.probabilities_without(frame))
    assert set(without) == set(FACTORS)
    never_looked = frame.assign(**dict.fromkeys(CATEGORY_FEATURES, 0)).assign(
        **{f"total_{name}": frame[f"total_{name}"] - frame[name] for name in CATEGORY_COUNTS}
    )
    assert np.array_equal(without["actions_in_category"], network.probabilities(never_looked))
    effects = pd.Series(network.probabilities(frame)) - without["state"]
    is_a = frame["state"] == "a"
    assert effects[is_a].mean() > 0 > effects[~is_a].mean()
    # Gender means nothing in these examples, the state a lot.
    effect_of_gender = (network.probabilities(frame) - without["gender_cleaned"]).abs().mean()
    assert effect_of_gender < effects.abs().mean() / 3


def test_an_excluded_attribute_makes_no_difference():
    """A push would follow an attribute that BootLoader promised not to use."""
    networks = train_fund_networks(of_every_fit(), seed=3, excluded_attributes=["gender", "state"])
    by_name = {
        (row["network"], row["model_cutoff"]): fund_network_from(row)
        for row in networks.to_pylist()
    }
    frame = examples(4)
    other = frame.assign(gender_cleaned="b", state="b")
    for name, network in by_name.items():
        is_same = np.array_equal(network.probabilities(frame), network.probabilities(other))
        assert is_same == (name != ("fund_network_nothing_excluded", 2)), name
    assert ("fund_network_nothing_excluded", 2) in by_name
    without_state = by_name["fund_network", 0].probabilities_without(frame)["state"]
    assert np.array_equal(without_state, by_name["fund_network", 0].probabilities(frame))


def test_an_attribute_that_does_not_exist_cannot_be_excluded():
    """A slip in excluded_attributes would leave the attribute in use."""
    for names in (["color"], "color"):
        with pytest.raises(ValueError, match="color"):
            fund_fits(names)
    assert fund_fits("gender") == fund_fits(["gender_cleaned"]) != fund_fits(None) == fund_fits()


def test_a_column_that_is_missing_is_named_with_its_table():
    """Whoever adds an attribute to one list of two would meet the inside of a library."""
    with pytest.raises(ValueError, match="column `state` is missing from fund_training_examples"):
        train_fund_network(*[examples(n).drop(columns="state") for n in (1, 2)], seed=3)


def test_an_attribute_that_is_missing_or_new_does_no_harm(network):
    """Data without a state, or a user from a new one, would stop the build."""
    frame = examples(4).assign(state=None, age="new")
    assert np.isfinite(network.probabilities(frame)).all()
    trained = train_fund_network(*[examples(n).assign(state=None) for n in (1, 2)], seed=3)
    assert np.isfinite(trained.probabilities(frame)).all()


def test_too_few_fundings_are_rejected_kindly():
    """The first weeks of an app would get an audience that was learned from a handful of people."""
    few = examples(1).assign(is_funded=lambda frame: frame.index < MIN_FUNDINGS - 1)
    assert train_fund_network(few, examples(2), seed=3) is None
    assert train_fund_network(examples(1), few, seed=3) is None
    assert train_fund_network(examples(1), examples(2).head(0), seed=3) is None
    enough = examples(1).assign(is_funded=lambda frame: frame.index < MIN_FUNDINGS)
    assert train_fund_network(enough, examples(2), seed=3) is not None


def test_scores_come_in_batches_for_every_user_or_for_none(network):
    """Some users would be missing from the audience, or memory grow with their number."""
    frame = examples(4).assign(model_cutoff=0, split="score", is_funded=None)
    networks = rows_of(network)
    source = duckdb.sql("from frame").to_arrow_reader(700)
    found = score_examples(networks, source).read_pandas()
    assert found["session_id"].to_list() == frame["session_id"].to_list()
    assert np.allclose(found["fund_probability"], network.probabilities(frame), atol=1e-6)
    assert set(found["representation"].map(len)) == {32}
    assert set(found["probabilities_without"].map(tuple)) == {FACTORS}
    nothing = score_examples(
        FUND_NETWORK_SCHEMA.empty_table(), duckdb.sql("from frame").to_arrow_reader()
    )
    assert nothing.read_all().num_rows == 0


def test_a_network_scores_only_the_moment_that_it_was_fitted_as_of(network):
    """A network that knows the hold-out would be measured on it."""
    frames = [
        examples(seed).assign(
            model_cutoff=model_cutoff, split=split, is_funded=split == "calibration"
        )
        for seed, model_cutoff, split in ((4, 0, "score"), (5, 2, "score"), (6, 2, "calibration"))
    ]
    frame = pd.concat(frames)
    networks = pa.concat_tables([rows_of(network), rows_of(network, "fund_network", 2)])
    source = duckdb.from_df(frame).to_arrow_reader(USERS * 2)
    found = score_examples(networks, source).read_pandas()
    rows = found.groupby(["model_cutoff", "split"]).size().to_dict()
    assert rows == {
        (0, "score"): USERS,
        (2, "score"): USERS,
        (2, "calibration"): USERS,
    }
    explained = found[found["probabilities_without"].notna()]
    assert set(explained["model_cutoff"]) == {0}
