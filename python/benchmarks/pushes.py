"""Is the readout of pushes right? Many draws of pushes with a known effect, read by the models.

Each draw is one that ``plan_push`` makes from the scores of the last horizon, users respond as
``sample_events.pushes`` plants it, and the SQL of ``models/pushes``, as dbt compiled it, runs on
plain DuckDB. The table goes into ``docs/push-proof.md``::

    python python/benchmarks/pushes.py --draws 1000
"""

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from bootloader.dbt_plugin import normal_cdf
from bootloader.plan_push import run
from sample_events.pushes import EFFECTS, Effect, play, respond
from scipy.optimize import brentq

PROJECT = Path(__file__).parents[2]
# In the order of the flow.
MODELS = (
    "ledger_counts", "other_pushes", "shared_controls", "push_days", "push_outcome_days",
    "push_outcomes", "push_moments", "push_arm_estimates", "push_estimates", "push_placebos",
    "push_deliveries", "push_checks", "push_results", "push_effects", "program_pushes",
    "program_overlaps", "push_program",
)  # fmt: skip
_DRAWS_AT_ONCE = 50


@dataclass(frozen=True)
class World:
    """What happened in the last horizon of a build, and what was predicted before it.

    Attributes:
        events: one row per event.
        ranking: one row per user with session_id, score, fund_probability and score_rank.
        categories: those of the campaign.
        starts_at: where the last horizon begins, in UNIX seconds; cut_at is its end.
        models: the SQL of each model.
        warehouse: the database that the build made.
        target: the folder that dbt compiled into.
        holdout: the rows of holdout_scores of the campaign.
        plan: the SQL of push_plan.
    """

    campaign: str
    events: pd.DataFrame
    ranking: pd.DataFrame
    categories: list[str]
    starts_at: int
    cut_at: int
    models: dict[str, str]
    warehouse: Path
    target: Path
    holdout: pd.DataFrame
    plan: str

    @property
    def horizon_days(self) -> float:
        """How long the last horizon is."""
        return (self.cut_at - self.starts_at) / 86400


def open_world(warehouse: Path, target: Path, campaign: str = "bicycle") -> World:
    """Read a build and the SQL that dbt compiled for it.

    Args:
        warehouse: the database that the build made.
        target: the folder that dbt compiled into.
        campaign: one of the build's campaigns.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set search_path = 'main,main_internal'")
        events = connection.execute(
            "select event_id, session_id, event_name, category, client_time, amount from events"
        ).df()
        # Python's own texts are found sooner than Arrow's.
        events = events.astype(dict.fromkeys(events.columns[:4], object))
        ranking = connection.execute(
            """
            select session_id, score, fund_probability, score_rank from holdout_scores
            where strategy = 'fund_network' and campaign = ? order by score_rank
            """,
            [campaign],
        ).df()
        holdout = connection.execute(
            "from holdout_scores where campaign = ? order by strategy, score_rank", [campaign]
        ).df()
        categories = connection.execute(
            "select category from campaigns where campaign = ? order by category", [campaign]
        ).df()
        cutoffs = dict(
            connection.execute("select cutoff, cast(cutoff_at as bigint) from cutoffs").fetchall()
        )
    return World(
        campaign, events, ranking, categories["category"].to_list(), cutoffs[2], cutoffs[0],
        compiled_models(target, "*", MODELS), warehouse, target, holdout,
        compiled_models(target, "evaluation", ["push_plan"])["push_plan"],
    )  # fmt: skip


def compiled_models(target: Path, folder: str, names: Sequence[str]) -> dict[str, str]:
    """Return the SQL of the models as dbt compiled it, with the bare names of tables."""
    models = target / "compiled" / "bootloader" / "models"
    files = {path.stem: path for path in models.glob(f"{folder}/*.sql")}
    # A build of an earlier version may be compared.
    texts = {name: files[name].read_text() for name in names if name in files}
    return {name: re.sub(r'"\w+"\."\w+"\."(\w+)"', r"\1", text) for name, text in texts.items()}


def new_warehouse(world: World, window_ends_at: int | None = None) -> duckdb.DuckDBPyConnection:
    """Return a database in memory with the tables that the models of pushes read besides events."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set threads = 2")
    connection.create_function("normal_cdf", normal_cdf, ["DOUBLE"], "DOUBLE", type="arrow")
    bounds = PROJECT / "seeds" / "obrien_fleming_bounds.csv"
    connection.execute(f"create table obrien_fleming_bounds as from read_csv('{bounds}')")
    connection.execute("create table cutoffs as select 0 as cutoff, ? as cutoff_at", [world.cut_at])
    connection.execute(
        "create table user_aliases (alias_id varchar, session_id varchar, is_merged boolean)"
    )
    connection.execute(
        "create table campaigns as select ? as campaign, unnest(?::varchar[]) as category",
        [world.campaign, world.categories],
    )
    return connection


def draw(
    world: World, push_ids: list[str], size: int, control: int, window_days: float | None = None
) -> pd.DataFrame:
    """Plan a push for each name as of the beginning of the last horizon.

    Returns:
        The ledger: one row per push and user of its audience.
    """
    ranking = world.ranking
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set threads = 1")  # what is small is done sooner
        connection.register("ranking", ranking)
        connection.execute(
            f"""
            create table push_candidates as
            select session_id, score_rank, score_rank / {len(ranking)} as audience_share,
                null as reason from ranking where score_rank <= {len(ranking) * size // 100};
            create table campaign_audience as
            select '{world.campaign}' as campaign, session_id, fund_probability from ranking;
            create table push_segments as
            select '' as campaign, '' as segment, 0 as recommended_position where false;
            create table push_segment_users as
            select '' as campaign, 0 as cutoff, '' as targeting, '' as session_id, 0 as position
            where false;
            create table build as select 'simulated' as build_id;
            """
        )
        asked = {
            "campaign": world.campaign, "strategy": "fund_network", "control_percent": control,
            "starts_at": pd.Timestamp(world.starts_at, unit="s"),
            "window_days": window_days or world.horizon_days,
        }  # fmt: skip
        ledgers = [run(connection, "plan_push", push_id=name, **asked) for name in push_ids]
    return pd.concat(ledgers, ignore_index=True)


def read_out(
    connection: duckdb.DuckDBPyConnection,
    world: World,
    events: pd.DataFrame,
    ledger: pd.DataFrame,
    messages: pd.DataFrame,
) -> None:
    """Make the tables of pushes from what the logs say."""
    connection.register("logged_events", events)
    connection.register("logged_assignments", ledger)
    connection.register("logged_messages", messages)
    connection.execute(
        """
        create or replace table events as
        select *, make_timestamp(client_time * 1000000) as occurred_at from logged_events;
        create or replace table push_assignments as from logged_assignments;
        create or replace table validated_assignments as
        select *, cast(null as varchar) as validation_error from push_assignments;
        create or replace table push_events as
        select push_id, session_id, lower(split_part(event_name, ' ', 2)) as kind,
            make_timestamp(client_time * 1000000) as occurred_at from logged_messages;
        """
    )
    run_models(connection, world)


def run_models(connection: duckdb.DuckDBPyConnection, world: World, last: str = MODELS[-1]) -> None:
    """Make the tables of ``models/pushes``, in the order of the flow and no further than asked."""
    for name, text in world.models.items():
        connection.execute(f"create or replace table {name} as {text}")
        if name == last:
            return


@dataclass(frozen=True)
class Setting:
    """A push to be simulated many times."""

    name: str
    effect: Effect
    size: int = 25
    control: int = 20
    window_days: float | None = None


def simulate(world: World, setting: Setting, draws: int, seed: int = 42) -> pd.DataFrame:
    """Draw a push many times and read each one out.

    Returns:
        The rows of push_results of all draws, with unadjusted_standard_error, true_effect (on
        funding the campaign) and the status of each check.
    """
    ids = [f"draw-{seed}-{number}" for number in range(draws)]
    audience = world.ranking.head(len(world.ranking) * setting.size // 100)
    audience = audience["session_id"].to_list()
    window_days = setting.window_days or world.horizon_days
    own = world.events[world.events["session_id"].isin(audience)]
    responses = respond(
        own, audience, setting.effect, world.categories, world.starts_at, window_days, seed
    )
    # What happened before the window of the placebo changes no outcome.
    own = own[own["client_time"] >= world.starts_at - round(window_days * 86400)]
    connection = new_warehouse(world)
    results = []
    for start in range(0, draws, _DRAWS_AT_ONCE):
        ledger = draw(
            world, ids[start : start + _DRAWS_AT_ONCE], setting.size, setting.control, window_days
        ).astype({"session_id": object})
        logs = []
        for name, assignments in ledger.groupby("push_id", sort=False):
            played = play(own, assignments, responses)
            # Each push is in a world of its own.
            logs.append([log.assign(session_id=name + "/" + log["session_id"]) for log in played])
        read_out(
            connection,
            world,
            *(pd.concat(log, ignore_index=True) for log in zip(*logs, strict=True)),
        )
        results.append(
            connection.execute(
                """
                select push_results.*, estimates.unadjusted_standard_error, checks.*
                from push_results
                inner join push_estimates as estimates using (push_id, outcome, day)
                inner join (
                    pivot (select push_id as checked_push, check_name, status from push_checks)
                    on check_name in (
                        'ledger_complete', 'sample_ratio', 'control_reached', 'placebo', 'delivered'
                    )
                    using any_value(status)
                ) as checks on push_results.push_id = checked_push
                where estimates.dimension = 'everybody'
                """
            ).df()
        )
    connection.close()
    return pd.concat(results, ignore_index=True).assign(true_effect=responses.true_effect)


def summarize(results: pd.DataFrame) -> dict[str, float]:
    """Return how often the results of funding the campaign were right, as shares of the draws."""
    funded = results[results["outcome"] == "funded_campaign"]
    final = funded[funded["is_final"]]
    low, high = (
        final["difference"] + sign * 1.959964 * final["standard_error"] for sign in (-1, 1)
    )
    decided = funded["verdict"].isin(["more", "fewer"]).groupby(funded["push_id"]).any()
    twice = results[results["outcome"] == "funded_within_twice"]
    return {
        "true_effect": final["true_effect"].iloc[0],
        "mean_effect": final["difference"].mean(),
        "coverage": ((low <= final["true_effect"]) & (final["true_effect"] <= high)).mean(),
        "rejects": ((low > 0) | (high < 0)).mean(),
        "rejects_at_any_look": decided.mean(),
        "width_against_unadjusted": (
            final["standard_error"] / final["unadjusted_standard_error"]
        ).mean(),
        "mean_effect_within_twice": twice["difference"].mean() if len(twice) else np.nan,
        "verdict_not_valid": (final["verdict"] == "not valid").mean(),
        **{
            f"{name}_{status}": (final[name] == status).mean()
            for name, status in (
                ("ledger_complete", "fail"), ("sample_ratio", "fail"), ("control_reached", "fail"),
                ("placebo", "fail"), ("delivered", "warn"),
            )
        },
    }  # fmt: skip


def planned(world: World, size: int, control: int) -> pd.Series:
    """Return the smallest effect of a push as the planner computes it, from the same scores."""
    audience = world.ranking.head(len(world.ranking) * size // 100)
    funders = world.events[
        (world.events["event_name"] == "Fund Project")
        & world.events["category"].isin(world.categories)
        & (world.events["client_time"] >= world.starts_at)
    ]["session_id"]
    outcome = audience["session_id"].isin(funders).astype(float)
    rate, users = outcome.mean(), len(audience)
    left = (1 - outcome.corr(audience["fund_probability"]) ** 2) * (users - 1) / (users - 2)
    held_back = round(users * control / 100)
    square = (1.959964 + 0.841621) ** 2 * left
    effect = brentq(
        lambda effect: (
            effect**2
            - square * rate * (1 - rate) / held_back
            - square * (rate + effect) * (1 - rate - effect) / (users - held_back)
        ),
        0,
        1,
    )
    return pd.Series({"smallest_effect": effect, "smallest_relative_effect": effect / rate})


def settings(world: World) -> list[Setting]:
    """Return the pushes of the benchmark."""
    half = world.horizon_days / 2
    smallest = planned(world, 25, 20)["smallest_relative_effect"]
    return [
        *(
            Setting(name, effect, window_days=half if effect.pulled_forward else None)
            for name, effect in EFFECTS.items()
        ),
        Setting("none, everybody", Effect(), size=100),
        Setting("more, everybody", Effect(more=0.1), size=100),
        Setting("smallest effect", Effect(more=smallest)),
        Setting("smallest effect, everybody", Effect(
            more=planned(world, 100, 20)["smallest_relative_effect"]), size=100),
    ]  # fmt: skip


def main() -> None:
    """Write the benchmark's table as Markdown to standard output."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--warehouse", type=Path, default=PROJECT / "warehouse.duckdb")
    parser.add_argument("--target", type=Path, default=PROJECT / "target")
    parser.add_argument("--campaign", default="bicycle")
    parser.add_argument("--only", nargs="*")
    asked = parser.parse_args()
    world = open_world(asked.warehouse, asked.target, asked.campaign)
    rows = {}
    for setting in settings(world):
        if asked.only and setting.name not in asked.only:
            continue
        rows[setting.name] = summarize(simulate(world, setting, asked.draws))
        sys.stdout.write(f"{setting.name}: {rows[setting.name]}\n")
        sys.stdout.flush()
    table = pd.DataFrame(rows).T
    sys.stdout.write(table.to_string(float_format=lambda number: f"{number:.3f}") + "\n")


if __name__ == "__main__":
    main()
