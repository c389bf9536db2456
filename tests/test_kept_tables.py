"""A table is kept only where building it again would give the same."""

import shutil
from dataclasses import replace

import duckdb
from conftest import PROJECT, Build


def kept(build: Build) -> set[str]:
    """Return the tables that the last build kept."""
    lines = [line for line in build.output.splitlines() if "KEPT" in line]
    return {line.partition("main.")[2].split()[0] for line in lines}


def test_what_is_kept_is_what_a_change_leaves_alone(published):
    """A nightly build would do everything for nothing, or serve a table of yesterday's rules."""
    project = published.folder / "project"
    left_out = shutil.ignore_patterns(".*", "target", "logs", "*.duckdb*", "__pycache__")
    shutil.copytree(PROJECT, project, ignore=left_out)
    build = replace(published, project=project).dbt("build").succeeds()
    everything = kept(build)
    assert {"rejected_events", "fund_network", "fund_scores", "push_segments"} <= everything
    assert f"{len(everything)} tables were kept" in build.output

    view = project / "models/ml/audience_factors.sql"
    view.write_text(view.read_text() + "\n-- Changed.\n")
    after_view = everything - kept(build.dbt("run").succeeds())
    assert after_view == {"campaign_audience", "campaign_factors", "strategy_rankings"}

    seed = project / "seeds/campaigns.csv"
    seed.write_text(seed.read_text() + "Chess,Games\n")
    after_seed = everything - kept(build.dbt("build").succeeds())
    assert {"similar_users", "campaign_audience", "strategy_evaluation"} <= after_seed
    assert not {"rejected_events", "fund_network", "fund_scores"} & after_seed
    assert build.value("select count(*) from similar_users where campaign = 'Chess'") > 0

    with duckdb.connect(build.warehouse) as connection:
        connection.execute("drop table campaign_factors")
    factors = ("run", "--select", "campaign_factors")
    assert not kept(build.dbt(*factors).succeeds())
    assert kept(build.dbt(*factors).succeeds()) == {"campaign_factors"}
    assert not kept(build.dbt(*factors, horizon_days=5).succeeds())
