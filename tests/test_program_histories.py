"""Whatever happens in a program of pushes, nobody gets one who must not: `make soak` tries more."""

import pytest
from program_histories import Models, run_histories

pytestmark = pytest.mark.build


def test_no_plan_has_anybody_who_must_not_be_in_it(sample_build):
    """Whoever opted out would be notified, or a control, or somebody who had too many pushes."""
    run_histories(Models.of(sample_build), histories=10, steps=15)
