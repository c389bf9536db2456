"""A table is kept only where building it again would give the same."""

import json

import duckdb
from conftest import Build
from faults import with_own_project


def kept(build: Build) -> set[str]:
    """Return the tables that the last build kept."""
    lines = [line for line in build.output.splitlines() if "KEPT" in line]
    return {line.partition("main.")[2].split()[0] for line in lines}


def test_what_is_kept_is_what_a_change_leaves_alone(published):
    """A nightly build would do everything for nothing, or serve a table of yesterday's rules."""
    build = with_own_project(published).dbt("build").succeeds()
    project = build.project
    everything = kept(build)
    assert {"rejected_events", "fund_network", "fund_scores", "push_segments"} <= everything
    assert f"{len(everything)} tables were kept" in build.output

    view = project / "models/ml/audience_factors.sql"
    view.write_text(view.read_text() + "where true\n")
    # Of the view that the warehouse still has: it must not count as made of the new one.
    assert not kept(build.dbt("run", "--select", "campaign_audience", "--full-refresh").succeeds())
    after_view = everything - kept(build.dbt("run").succeeds())
    assert after_view == {"campaign_audience", "campaign_factors", "strategy_rankings"}

    # As if on another device: what it gives need not be what it gave before.
    build.dbt("run", "--select", "fund_scores", "--full-refresh").succeeds()
    seed = project / "seeds/campaigns.csv"
    seed.write_text(seed.read_text() + "Chess,Games\n")
    after_seed = everything - kept(build.dbt("build").succeeds())
    assert {"similar_users", "campaign_audience", "strategy_evaluation"} <= after_seed
    assert "fund_probabilities" in after_seed
    assert not {"rejected_events", "fund_network", "fund_scores"} & after_seed
    assert build.value("select count(*) from similar_users where campaign = 'Chess'") > 0

    with duckdb.connect(build.warehouse) as connection:
        connection.execute("drop table campaign_factors")
    factors = ("run", "--select", "campaign_factors")
    assert not kept(build.dbt(*factors).succeeds())
    # A variable counts where it makes a difference.
    assert kept(build.dbt(*factors, fewest_segment_users=31).succeeds()) == {"campaign_factors"}
    counts = ("run", "--select", "segment_counts")
    assert not kept(build.dbt(*counts, fewest_segment_users=31).succeeds())


def test_what_an_empty_or_a_refused_build_leaves_is_not_kept(new_build, tmp_path):
    """Analysts would read tables of no events, or of other events, beside the users of today."""
    events = [tmp_path / "a.json", tmp_path / "b.json"]
    for number, path in enumerate(events):
        one = {"session_id": f"user {number}", "category": "Games", "event_name": "View Project"}
        path.write_text(json.dumps(one | {"client_time": 1393632004 + number * 86400}))
    tables = ("run", "--select", "+daily_events", "+users")
    days = "select cast(event_date as varchar) as day from daily_events"
    new_build.dbt(*tables, "--empty", events_path=str(events[0])).succeeds()
    build = new_build.dbt(*tables, events_path=str(events[0])).succeeds()
    assert list(build.query(days)["day"]) == ["2014-03-01"]
    refused = build.dbt(*tables, marts_at=str(tmp_path / "nowhere"))
    assert "holds no marts" in refused.output
    build.dbt(*tables, events_path=str(events[1])).succeeds()
    assert list(build.query(days)["day"]) == ["2014-03-02"]
