"""Whatever happens in a program of pushes, nobody gets one who must not."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from program_histories import Models, ProgramHistory

pytestmark = pytest.mark.build


def test_no_plan_has_anybody_who_must_not_be_in_it(sample_build):
    """Whoever opted out would be notified, or a control, or somebody who had too many pushes."""
    history = type("History", (ProgramHistory,), {"models": Models.of(sample_build)})
    run_state_machine_as_test(
        history,
        settings=settings(
            max_examples=10,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
