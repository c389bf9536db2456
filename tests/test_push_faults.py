"""Pushes as they go in practice: small, damaged, repeated and pooled."""

import sys

import numpy as np
import pytest
from conftest import PROJECT
from scipy.stats import fisher_exact

sys.path.insert(0, str(PROJECT / "python" / "benchmarks"))
import push_faults as faults
from pushes import World, open_world

pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def world(sample_build) -> World:
    return open_world(sample_build.warehouse, sample_build.folder / "target")


def test_pushes_without_effect_bring_nothing_together(world):
    """A program of small pushes would be said to bring funders and money that it does not bring."""
    found = faults.program(world, draws=20, seed=11, pushes=20)
    for outcome, rows in found.groupby("outcome"):
        # Three standard errors of the mean of 20 programs.
        chance = 3 * rows["difference"].std() / np.sqrt(len(rows))
        assert abs(rows["difference"].mean()) < chance, outcome
    # What came out of a push does not decide whether it counts.
    assert (found["pushes"] == 20).all()
    assert (np.sign(found["difference"]) == np.sign(found["incremental"])).all()


def test_a_ledger_that_lost_rows_is_found(world):
    """A push whose notified funders are missing from its ledger would seem to do harm."""
    found = faults.lost_rows(world, draws=8, seed=12)
    assert found.pop("nothing lost: found") == 0
    assert {value for name, value in found.items() if name.endswith("found")} == {1}


def test_a_placebo_of_few_users_is_tested_exactly(world):
    """Valid pushes with few controls would be called not valid, and drop out of every sum."""
    ledger = faults.sample_ledger(
        world, [str(n) for n in range(200)], 50, 0.2, np.random.default_rng(13)
    )
    with faults.read(world, ledger) as connection:
        found = connection.execute(
            "select * from push_placebos inner join push_estimates using (push_id) "
            "where outcome = 'placebo' and dimension = 'everybody'"
        ).df()
    assert found["is_exact"].all()
    for row in found.itertuples():
        funded = [row.notified_users_with_outcome, row.control_users_with_outcome]
        others = [row.notified_users - funded[0], row.control_users - funded[1]]
        assert row.p_value == pytest.approx(fisher_exact([funded, others]).pvalue, abs=1e-9)
    assert (found["p_value"] < 0.001).sum() <= 1


def test_a_second_push_that_sets_the_groups_apart_is_found(world):
    """A second push to the former controls would hide what the first one brought."""
    found = faults.two_pushes(world, draws=10, seed=14)
    assert found["alone: fail"] == found["alone: warn"] == 0
    assert found["within: fail"] == found["within: funded_campaign not valid"] == 1
    assert found["under a cap: warn"] == found["under a cap: funded_within_twice not valid"] == 1
    assert found["under a cap: funded_campaign not valid"] == 0


def test_a_draw_that_holds_back_some_users_more_often_is_refused(world):
    """The groups would differ in who is likely to fund, and that would be taken for an effect."""
    assert faults.unequal_draw(world, draws=5, seed=16)["not valid"] == 1


def test_a_plan_promises_what_the_readout_can_say(world):
    """A push would be planned, sent, and never have a verdict."""
    plans = faults.plans(world)
    promised = plans[plans["smallest_effect"].notna()]
    assert len(promised) > 100
    assert (promised["base_rate"] + promised["smallest_effect"] < 1).all()
    for share in (promised["base_rate"], 1 - promised["base_rate"]):
        assert (promised["control_users"] * share > 5).all()
    assert (plans["smallest_effect"].isna() == plans["reason"].notna()).all()
    assert plans["reason"].nunique() >= 2


def test_pushes_that_share_their_controls_count_them_once(world):
    """Two messages with one control group would seem to have had more users than there are."""
    found = faults.one_control_group(world, draws=10, seed=15)
    assert found["users"] == 300
    assert found["pushes whose check warns"] == 1
