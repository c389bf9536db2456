"""Plan a push: draw who is notified and who is held back, so that its effect can be measured.

The plan is two files in a folder of its own: ``send.csv`` has the users to notify and nobody else,
``assignments.parquet`` has the whole audience. The second is the ledger that later builds read, by
the variable ``assignments_path``. Later plans read it at once: whoever is in a push, notified or
held back, is in no other one while its window is open::

    python -m bootloader.plan_push --campaign bicycle --size 25% --control 20%

Nothing is sent. The same events, ledgers and sizes always give the same plan.
"""

import argparse
import hashlib
import logging
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from filelock import FileLock, Timeout

from bootloader.exports import as_csv
from bootloader.files import serving_copy_path
from bootloader.ledgers import LEDGER, LedgerError, know_ledgers
from bootloader.queries import query_text
from bootloader.sql_text import literal

logger = logging.getLogger(__name__)

DEFAULT_SIZE = 25
DEFAULT_CONTROL = 20
CONTROL_PERCENTS = range(5, 55, 5)

# How long to wait for another plan, in seconds.
PATIENCE = 60

# A push is a folder: nothing in its name may lead elsewhere.
_PUSH_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class PlanError(Exception):
    """A push cannot be planned; the message says why and what to do."""


@dataclass(frozen=True)
class Plan:
    """A push that was drawn.

    Attributes:
        push_plan: the row of that table, which says what the push can show.
        assignments: one row per user of the audience, with the columns of ``push_assignments``.
        left_out: how many users of the audience must not be in the push (``users``), by ``reason``.
        open_pushes: pushes whose window overlaps that of this one, with their ``push_id``,
            ``campaign``, ``ends_at`` and ``users``.
    """

    push_plan: pd.Series
    assignments: pd.DataFrame
    left_out: pd.DataFrame
    open_pushes: pd.DataFrame

    @property
    def push_id(self) -> str:
        """The name of the push."""
        return self.assignments["push_id"].iloc[0]


def plans_folder(copy: Path) -> Path:
    """Return where plans are: ``BOOTLOADER_PUSHES``, or ``pushes`` beside the serving copy."""
    return Path(os.environ.get("BOOTLOADER_PUSHES", copy.parent / "pushes"))


@contextmanager
def open_planner(copy: Path, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a serving copy for plans, one at a time: each plan knows the ones before.

    Args:
        copy: the serving copy of the last good build.
        folder: where the plans are; it is made where it is missing.

    Raises:
        PlanError: plans cannot be kept or read there, or another one takes too long.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=PATIENCE), duckdb.connect(":memory:") as connection:
            connection.execute("set TimeZone = 'UTC'")
            try:
                connection.execute("attach ? as serving (read_only)", [str(copy)])
                connection.execute("use serving")
                know_ledgers(connection, folder)
            except duckdb.Error as error:
                reason = str(error).splitlines()[0]
                raise PlanError(
                    f"'{copy}' cannot be read, or is of another version: {reason}. Build again."
                ) from error
            yield connection
    except Timeout as error:
        raise PlanError(
            f"Somebody else has been planning a push in '{folder}' for {PATIENCE} seconds. Try "
            "again when that is done."
        ) from error
    except OSError as error:
        raise PlanError(
            f"No plan can be kept in '{folder}': {error.strerror}. Make sure that it is a folder "
            "that you may write to, or name another one in BOOTLOADER_PUSHES."
        ) from error
    except LedgerError as error:
        raise PlanError(str(error)) from error


def default_push_id(
    campaign: str, starts_at: str, size: int, settings: str, users: Sequence[str]
) -> str:
    """Return the name of a push that nobody named: campaign, day, size, and who is in it.

    Args:
        campaign: the campaign of the push.
        starts_at: when it starts, as an ISO timestamp.
        size: the top percent of the ranking.
        settings: what else tells plans apart.
        users: whoever may be in the push.
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", campaign).lstrip("._-")[:60] or "push"
    # Plans that differ in anything must not share a name.
    told = "\n".join([campaign, starts_at, str(size), settings, *users])
    digest = hashlib.sha256(told.encode()).hexdigest()[:8]
    return f"{name}-{starts_at[:10]}-top{size}-{digest}"


def expectation(plan: Mapping[str, Any], users: int) -> str:
    """Say in words what a push with this control group can show, and what the group costs.

    Args:
        plan: a row of ``push_plan``; shares from 0 to 1.
        users: how many of its audience may be in the push.
    """
    fewer = (
        f"Only {users:,} of the {plan['audience_users']:,} users of this size may be in the push, "
        "so it shows less than this: "
    )
    return (fewer if users < plan["audience_users"] else "") + _expectation(plan)


def _expectation(plan: Mapping[str, Any]) -> str:
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
) -> Plan:
    """Draw who is notified and who is held back.

    Args:
        connection: its current database is a serving copy, and it knows all ledgers; see
            :func:`open_planner`.
        campaign: one of the campaigns of the build.
        size: the audience is the top percent of the ranking, from 1 to 100.
        control: how many percent of the audience are held back: 5, 10, ... or 50.
        strategy: how users are ranked; by default the recommended one.
        push_id: names the push and seeds the draw; by default campaign, day, size, and a hash of
            who is in it.
        starts_at: when the push will be sent, an ISO moment, where the business is unless it has an
            offset; by default the end of the build's events.

    Raises:
        PlanError: there is nothing to draw from, or an argument is not possible.
    """
    if not 1 <= size <= 100:
        raise PlanError(f"--size {size}%: give a whole number of percent from 1% to 100%.")
    if control not in CONTROL_PERCENTS:
        raise PlanError(f"--control {control}%: give 5%, 10%, 15% ... or 50%.")
    if push_id is not None:
        _check_name(connection, push_id)
    strategy = _check_strategy(connection, campaign, strategy)
    sizes = {
        "campaign": campaign, "strategy": strategy,
        "audience_percent": size, "control_percent": control,
    }  # fmt: skip
    push_plan = run(connection, "push_plan", **sizes).iloc[0]
    moment = _check_moment(connection, starts_at) or push_plan["cut_at"]
    connection.execute(
        f"create or replace temp table push_candidates as {query_text('push_candidates')}",
        sizes | {"starts_at": moment},
    )
    if push_id is None:
        users = connection.execute(
            "select session_id from push_candidates where reason is null order by score_rank"
        ).df()["session_id"]
        push_id = default_push_id(campaign, moment, size, f"{strategy} {control}", users)
    window = {"starts_at": moment, "window_days": float(push_plan["horizon_days"])}
    plan = Plan(
        push_plan,
        run(
            connection, "plan_push", campaign=campaign, strategy=strategy, control_percent=control,
            push_id=push_id, **window,
        ),
        run(connection, "left_out_users"),
        run(connection, "open_pushes", **window),
    )  # fmt: skip
    if not (plan.assignments["arm"] == "control").sum() >= 2:
        raise PlanError(
            f"Of the first {size}% of the users, {len(plan.assignments)} may get a push: too few "
            "for a control group of 2 users or more. Choose a larger --size or --control."
            + "".join(f" {sentence}" for sentence in left_out_sentences(plan))
        )
    return plan


def left_out_sentences(plan: Plan) -> list[str]:
    """Say who is left out of a plan, and because of which pushes."""
    return [
        *(f"Left out: {row.users:,} users, {row.reason}." for row in plan.left_out.itertuples()),
        *(
            f"The push {row.push_id} ({row.campaign}, {row.users:,} users) is open until "
            f"{row.ends_at} UTC."
            for row in plan.open_pushes.itertuples()
        ),
    ]


def write_plan(plan: Plan, folder: Path) -> Path:
    """Write ``send.csv`` and ``assignments.parquet`` into a folder named after the push.

    The folder appears only when it is complete.

    Args:
        plan: what :func:`plan_push` returns.
        folder: where the folders of all pushes are.

    Raises:
        PlanError: the push was planned before. Its draw decides what its results mean, so it stays.
    """
    destination = folder / plan.push_id
    _check_destination(destination)
    # A folder whose name begins with a dot is hidden from `*`, and one level deeper than plans.
    unfinished = folder / ".unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    partial = unfinished / plan.push_id
    partial.mkdir(parents=True)
    (partial / "send.csv").write_text(
        as_csv(users_to_notify(plan.assignments)), encoding="utf-8", newline=""
    )
    plan.assignments.to_parquet(partial / LEDGER, index=False)
    partial.rename(destination)
    unfinished.rmdir()
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
    copy = serving_copy_path()
    if not copy.exists():
        parser.error(f"'{copy}' is not there. Run `make build` first.")
    folder = asked.folder or plans_folder(copy)
    try:
        with open_planner(copy, folder) as connection:
            if asked.push_id:
                _check_destination(folder / asked.push_id)
            plan = plan_push(
                connection, asked.campaign, asked.size, asked.control, strategy=asked.strategy,
                push_id=asked.push_id, starts_at=asked.starts_at,
            )  # fmt: skip
            destination = write_plan(plan, folder)
    except PlanError as problem:
        parser.error(str(problem))
    drawn = plan.assignments
    notified = int((drawn["arm"] == "notify").sum())
    logger.info("%s: %s users to notify", destination / "send.csv", f"{notified:,}")
    logger.info(
        "%s: the whole audience of %s users, %s of them held back",
        destination / LEDGER, f"{len(drawn):,}", f"{len(drawn) - notified:,}",
    )  # fmt: skip
    for sentence in left_out_sentences(plan):
        logger.info(sentence)
    logger.info(expectation(plan.push_plan, len(drawn)))
    logger.info(
        "Next: send the push to the users of send.csv only, and set assignments_path to "
        "'%s' in dbt_project.yml, so that later builds show what it caused.",
        folder / "*" / LEDGER,
    )


def _check_name(connection: duckdb.DuckDBPyConnection, push_id: str) -> None:
    """Reject a name that is no name of a folder, or that another push has."""
    if not _PUSH_ID.fullmatch(push_id):
        raise PlanError(
            f"--push-id '{push_id}': use up to 100 letters, digits, dots, hyphens and underscores, "
            "a letter or digit first."
        )
    known = "select 1 from known_assignments where lower(push_id) = lower(?) limit 1"
    if connection.execute(known, [push_id]).fetchall():
        raise PlanError(
            f"--push-id '{push_id}': a ledger has a push of this name, and a push that was planned "
            "stays as it is. Choose another one."
        )


def _check_destination(destination: Path) -> None:
    if destination.exists():
        raise PlanError(
            f"'{destination}' is there: a push that was planned stays as it is. "
            "Choose another --push-id."
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
    """Return a moment as a timestamp in UTC; without an offset, it is one of the business."""
    if text is None:
        return None
    (zone,) = connection.execute("select business_time_zone from build").fetchall()[0]
    connection.execute(f"set TimeZone = {literal(zone)}")
    (moment,) = connection.execute(
        "select cast(try_cast(? as timestamptz) at time zone 'UTC' as varchar)", [text]
    ).fetchall()[0]
    connection.execute("set TimeZone = 'UTC'")
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
    parser.add_argument(
        "--push-id", help="names the push (default: campaign, day, size, and a hash of its users)"
    )
    parser.add_argument(
        "--starts-at", metavar="MOMENT",
        help="when the push will be sent, where the business is (business_time_zone) unless it has "
        "an offset (default: the end of the build's events)",
    )  # fmt: skip
    parser.add_argument(
        "--folder", type=Path,
        help="where plans are kept (default: BOOTLOADER_PUSHES, or pushes beside the serving copy)",
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    main()
