"""Plan a push: draw who is notified and who is held back, so that its effect can be measured.

The plan is two files in a folder of its own: ``send.csv`` has the users to notify and nobody else,
``assignments.parquet`` has the whole audience. The second is the ledger that later builds read, by
the variable ``assignments_path``::

    python -m bootloader.plan_push --campaign bicycle --size 25% --control 20%

Nothing is sent. The same build, push and sizes always give the same plan.
"""

import argparse
import logging
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from bootloader.exports import as_csv
from bootloader.queries import query_text

logger = logging.getLogger(__name__)

DEFAULT_SIZE = 25
DEFAULT_CONTROL = 20
CONTROL_PERCENTS = range(5, 55, 5)

# A push is a folder: nothing in its name may lead elsewhere.
_PUSH_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class PlanError(Exception):
    """A push cannot be planned; the message says why and what to do."""


def default_push_id(campaign: str, cut_at: str) -> str:
    """Return the name of a push that nobody named: the campaign and the day of the plan."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{campaign}-{cut_at[:10]}").lstrip("._-")
    return name[:100] or "push"


def expectation(plan: Mapping[str, Any]) -> str:
    """Say in words what a push with this control group can show, and what the group costs.

    Args:
        plan: a row of ``push_plan``; shares from 0 to 1.
    """
    if pd.isna(plan["base_rate"]):
        return (
            "What this push could show is unknown: the last horizon has too few users or fundings. "
            "Build with events of a longer time."
        )
    if pd.isna(plan["smallest_effect"]):
        pushes = plan["pushes_for_5_percent"]
        together = (
            "" if pd.isna(pushes) else f" To show +5%, it takes {_pushes(pushes)} of this size."
        )
        return (
            f"Alone, this push will have no verdict: {plan['reason']} "
            f"({plan['base_rate']:.1%} of {plan['control_users']:,} users fund anyway). Choose a "
            f"larger audience or control group.{together}"
        )
    return (
        f"A control group of {plan['control_users']:,} users shows an effect of "
        f"{plan['smallest_effect'] * 100:.1f} percentage points or more "
        f"({plan['smallest_relative_effect']:+.0%} of the {plan['base_rate']:.1%} who fund anyway) "
        f"in 4 of 5 such pushes. To show +5%, it takes {_pushes(plan['pushes_for_5_percent'])} of "
        f"this size. If the push adds 5%, the control group costs about "
        f"{plan['forgone_funders']:,.0f} funders."
    )


def plan_push(
    connection: duckdb.DuckDBPyConnection,
    campaign: str,
    size: int = DEFAULT_SIZE,
    control: int = DEFAULT_CONTROL,
    *,
    strategy: str | None = None,
    push_id: str | None = None,
    starts_at: str | None = None,
) -> pd.DataFrame:
    """Draw who is notified and who is held back.

    Args:
        connection: its current database is a serving copy.
        campaign: one of the campaigns of the build.
        size: the audience is the top percent of the ranking, from 1 to 100.
        control: how many percent of the audience are held back: 5, 10, ... or 50.
        strategy: how users are ranked; by default the recommended one.
        push_id: names the push and seeds the draw; by default campaign and day.
        starts_at: when the push will be sent, an ISO moment in UTC; by default the end of the
            build's events.

    Returns:
        One row per user of the audience, with the columns of ``push_assignments``.

    Raises:
        PlanError: there is nothing to draw from, or an argument is not possible.
    """
    if not 1 <= size <= 100:
        raise PlanError(f"--size {size}%: give a whole number of percent from 1% to 100%.")
    if control not in CONTROL_PERCENTS:
        raise PlanError(f"--control {control}%: give 5%, 10%, 15% ... or 50%.")
    strategy = _check_strategy(connection, campaign, strategy)
    sizes = {"audience_percent": size, "control_percent": control}
    plan = run(connection, "push_plan", campaign=campaign, strategy=strategy, **sizes)
    push_id = push_id or default_push_id(campaign, plan["cut_at"].iloc[0])
    if not _PUSH_ID.fullmatch(push_id):
        raise PlanError(
            f"--push-id '{push_id}': use up to 100 letters, digits, dots, hyphens and underscores, "
            "a letter or digit first."
        )
    moment = _check_moment(connection, starts_at)
    drawn = run(
        connection, "plan_push", campaign=campaign, strategy=strategy, push_id=push_id,
        starts_at=moment, **sizes,
    )  # fmt: skip
    if not (drawn["arm"] == "control").sum() >= 2:
        raise PlanError(
            f"{size}% of the users are {len(drawn)} who may get a push: too few for a control "
            "group of 2 users or more. Choose a larger --size or --control."
        )
    return drawn


def write_plan(drawn: pd.DataFrame, folder: Path) -> Path:
    """Write ``send.csv`` and ``assignments.parquet`` into a folder named after the push.

    The folder appears only when it is complete.

    Args:
        drawn: what :func:`plan_push` returns.
        folder: where the folders of all pushes are.

    Raises:
        PlanError: the push was planned before. Its draw decides what its results mean, so it stays.
    """
    push_id = drawn["push_id"].iloc[0]
    destination = folder / push_id
    if destination.exists():
        raise PlanError(
            f"'{destination}' is there: a push that was planned stays as it is. "
            "Choose another --push-id."
        )
    partial = folder / f".{push_id}.{os.getpid()}.partial"
    partial.mkdir(parents=True)
    (partial / "send.csv").write_text(as_csv(users_to_notify(drawn)), encoding="utf-8")
    drawn.to_parquet(partial / "assignments.parquet", index=False)
    partial.rename(destination)
    return destination


def users_to_notify(drawn: pd.DataFrame) -> pd.DataFrame:
    """Return what the push tool needs: the notified users, in the order of their ranks."""
    return drawn.loc[drawn["arm"] == "notify", ["push_id", "campaign", "session_id"]]


def run(connection: duckdb.DuckDBPyConnection, query: str, **parameters: object) -> pd.DataFrame:
    """Run one of the queries and return its rows."""
    return connection.execute(query_text(query), parameters).df()


def main(arguments: Sequence[str] | None = None) -> None:
    """Plan a push from the last good build, and write it."""
    logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO)
    parser = _parser()
    asked = parser.parse_args(arguments)
    copy = Path(os.environ.get("BOOTLOADER_SERVING", "serving.duckdb"))
    if not copy.exists():
        parser.error(f"'{copy}' is not there. Run `make build` first.")
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("attach ? as serving (read_only)", [str(copy)])
        connection.execute("use serving")
        try:
            drawn = plan_push(
                connection, asked.campaign, asked.size, asked.control, strategy=asked.strategy,
                push_id=asked.push_id, starts_at=asked.starts_at,
            )  # fmt: skip
            destination = write_plan(drawn, asked.folder)
        except PlanError as problem:
            parser.error(str(problem))
        where = {
            "campaign": asked.campaign, "strategy": drawn["strategy"].iloc[0],
            "audience_percent": asked.size, "control_percent": asked.control,
        }  # fmt: skip
        left_out = run(connection, "left_out_users", **where)
        plan = run(connection, "push_plan", **where).iloc[0]
    notified = int((drawn["arm"] == "notify").sum())
    logger.info("%s: %s users to notify", destination / "send.csv", f"{notified:,}")
    logger.info(
        "%s: the whole audience of %s users, %s of them held back",
        destination / "assignments.parquet", f"{len(drawn):,}", f"{len(drawn) - notified:,}",
    )  # fmt: skip
    for row in left_out.itertuples():
        logger.info("Left out: %s users, %s", f"{row.users:,}", row.reason)
    logger.info(expectation(plan))
    logger.info(
        "Next: send the push to the users of send.csv only, and set assignments_path to "
        "'%s' in dbt_project.yml, so that later builds show what it caused.",
        asked.folder / "*" / "assignments.parquet",
    )


def _check_strategy(
    connection: duckdb.DuckDBPyConnection, campaign: str, strategy: str | None
) -> str:
    """Return the strategy asked for, or the recommended one."""
    strategies = run(connection, "strategies", campaign=campaign)
    if strategies.empty:
        campaigns = ", ".join(run(connection, "campaigns")["campaign"])
        raise PlanError(f"--campaign '{campaign}' has no audience. There are: {campaigns}.")
    names = strategies["strategy"].to_list()
    if strategy is None:
        recommended = strategies.loc[strategies["is_recommended"], "strategy"]
        if recommended.empty:
            raise PlanError(
                f"No strategy was better than chance for '{campaign}', so none is recommended. "
                f"Choose one with --strategy: {', '.join(names)}."
            )
        return recommended.iloc[0]
    if strategy not in names:
        raise PlanError(f"--strategy '{strategy}' ranks nobody. There are: {', '.join(names)}.")
    return strategy


def _check_moment(connection: duckdb.DuckDBPyConnection, text: str | None) -> str | None:
    """Return a moment as a timestamp in UTC, without an offset."""
    if text is None:
        return None
    (moment,) = connection.execute(
        "select cast(try_cast(? as timestamptz) at time zone 'UTC' as varchar)", [text]
    ).fetchall()[0]
    if moment is None:
        raise PlanError(f"--starts-at '{text}': give a moment such as 2014-03-22T18:00:00Z.")
    return moment


def _percent(text: str) -> int:
    return int(text.removesuffix("%"))


def _pushes(number: int) -> str:
    return "1 push" if number == 1 else f"{number:,} pushes"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bootloader.plan_push", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--campaign", required=True)
    parser.add_argument(
        "--size", type=_percent, default=DEFAULT_SIZE, metavar="PERCENT",
        help="the top PERCENT of the ranking (default: %(default)s%%)",
    )  # fmt: skip
    parser.add_argument(
        "--control", type=_percent, default=DEFAULT_CONTROL, metavar="PERCENT",
        help="how many percent of them are held back: 5, 10, ... or 50 (default: %(default)s%%)",
    )  # fmt: skip
    parser.add_argument("--strategy", help="how users are ranked (default: the recommended one)")
    parser.add_argument("--push-id", help="names the push (default: the campaign and the day)")
    parser.add_argument(
        "--starts-at", metavar="MOMENT",
        help="when the push will be sent, in UTC (default: the end of the build's events)",
    )  # fmt: skip
    parser.add_argument(
        "--folder", type=Path, default=Path("pushes"), help="where plans are kept (default: pushes)"
    )
    return parser


if __name__ == "__main__":
    main()
