"""The made-up worlds of the benchmark: what they call the truth is what happens."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "python" / "benchmarks"))
from made_up_worlds import CUT, WORLDS, funded_within_horizon, live, true_probabilities

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("make", WORLDS, ids=lambda make: make.__name__)
def test_a_true_probability_is_the_share_of_users_who_fund(make):
    """If the truth were wrong, a model would be judged by how it differs from an error."""
    rng = np.random.default_rng(3)
    world = make(5_000, rng)
    history = live(world, rng)
    truth = true_probabilities(world, history)
    arrived = world.arrived < CUT
    surprise = (funded_within_horizon(world, history) - truth)[arrived]
    likeliest = truth[arrived].argsort(axis=None)[-truth[arrived].size // 10 :]
    is_likely = np.zeros(surprise.size, bool)
    is_likely[likeliest] = True
    for is_chosen in (is_likely, ~is_likely):
        # Fundings of one user depend on each other, so users are what is counted.
        by_user = (surprise * is_chosen.reshape(surprise.shape)).sum(axis=1)
        assert abs(by_user.mean()) < 3 * by_user.std() / np.sqrt(len(by_user))
