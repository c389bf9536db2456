"""Does the readout hold for small, damaged, repeated and pooled pushes? One fault at a time.

Each function plants what goes wrong in practice into many pushes at once and returns how often the
SQL of ``models/pushes``, as dbt compiled it, is taken in. Unlike ``pushes.py``, audiences are
small: random users of the last horizon, each push in a world of its own. The figures of
``docs/push-proof.md`` are::

    python python/benchmarks/push_faults.py --draws 500
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from pushes import PROJECT, World, compiled_models, new_warehouse, open_world, run_models
from sample_events.pushes import Effect, respond

# More rows of ledgers than this are not read at once.
_ROWS_AT_ONCE = 120_000


def sample_ledger(
    world: World,
    push_ids: list[str],
    users: int,
    control_share: float,
    rng: np.random.Generator,
    strategies: list[str] | None = None,
    shares_of_strata: tuple[float, ...] | None = None,
    is_top: bool = False,
) -> pd.DataFrame:
    """Draw pushes to random users as ``plan_push`` does: exact shares in parts of the ranking.

    Args:
        users: the size of each audience.
        strategies: one per push, to tell programs apart; by default one program of all pushes.
        shares_of_strata: draw unequally instead, with these shares of controls from the first
            to the last part of the ranking.
        is_top: whether all audiences are the first users of the ranking instead.

    Returns:
        The ledger. Users are called ``user`` as in the world, and ``push/user`` as session_id.
    """
    ranking = world.ranking
    strata = len(shares_of_strata or ()) or min(20, max(1, int(users * control_share / 2)))
    stratum = 1 + np.arange(users) * strata // users
    sizes = np.bincount(stratum)[1:]
    shares = np.array(shares_of_strata or (control_share,) * strata)
    controls = np.floor(sizes * shares + 0.5).astype(int)
    first_of_stratum = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    position = np.arange(users) - first_of_stratum[stratum - 1]
    pushes = len(push_ids)
    # Each row is a push; its smallest random numbers choose the users, in the order of the ranking.
    candidates = users if is_top else len(ranking)
    lots = rng.random((pushes, candidates), dtype=np.float32)
    chosen = np.sort(np.argpartition(lots, users - 1, axis=1)[:, :users], axis=1)
    # Within each stratum, the order of other random numbers is the draw.
    draw = np.argsort(stratum + rng.random((pushes, users)), axis=1)
    is_control = np.empty((pushes, users), dtype=bool)
    np.put_along_axis(
        is_control, draw, np.broadcast_to(position < controls[stratum - 1], draw.shape), axis=1
    )
    chosen = chosen.ravel()
    ledger = pd.DataFrame(
        {
            "push_id": np.repeat(np.array(push_ids, dtype=object), users),
            "campaign": world.campaign,
            "strategy": np.repeat(
                np.array(strategies or ["fund_network"] * pushes, dtype=object), users
            ),
            "user": ranking["session_id"].to_numpy(dtype=object)[chosen],
            "arm": np.where(is_control.ravel(), "control", "notify").astype(object),
            "stratum": np.tile(stratum, pushes),
            "control_probability": np.tile((controls / sizes)[stratum - 1], pushes),
            "fund_probability": ranking["fund_probability"].to_numpy()[chosen],
            "audience_rank": chosen + 1,
            "audience_share": (chosen + 1) / len(ranking),
            "planned_users": users,
        }
    )
    return ledger.assign(
        session_id=ledger["push_id"] + "/" + ledger["user"],
        segment=None,
        starts_at=pd.Timestamp(world.starts_at, unit="s"),
        window_days=world.horizon_days,
        build_id="simulated",
    )


def read(
    world: World,
    ledger: pd.DataFrame,
    amounts: Callable[[np.ndarray], np.ndarray] | None = None,
    messages: pd.DataFrame | None = None,
    added: pd.DataFrame | None = None,
    last: str = "push_results",
) -> duckdb.DuckDBPyConnection:
    """Read pushes out and return the database with all tables.

    Args:
        amounts: what becomes of the amounts of the world.
        messages: push_id, session_id and occurred_at of what was sent; by default nothing is known.
        added: events that users add who are told, so many seconds after the start as the column
            told_after of the ledger says.
        last: no table after this one is made.
    """
    connection = new_warehouse(world)
    events = world.events[
        world.events["client_time"] >= world.starts_at - round(world.horizon_days * 86400)
    ]
    if amounts is not None:
        events = events.assign(amount=amounts(events["amount"].to_numpy()))
    if messages is None:
        messages = pd.DataFrame({"push_id": [], "session_id": [], "occurred_at": []}, dtype=object)
    if added is None:
        ledger = ledger.assign(told_after=np.nan)
        added = events.iloc[:0]
    connection.register("logged_events", events)
    connection.register("ledger", ledger)
    connection.register("messages", messages)
    connection.register("added", added)
    connection.execute(
        """
        create table users_of_pushes as
        select user, session_id, any_value(told_after) as told_after
        from ledger group by user, session_id;
        create table events as
        select users.session_id, logged.* exclude (session_id),
            make_timestamp(client_time * 1000000) as occurred_at
        from logged_events as logged
        inner join users_of_pushes as users on logged.session_id = users.user;
        insert into events by name
        select users.session_id, added.event_name, added.category, added.amount,
            added.client_time + cast(users.told_after as bigint) as client_time,
            make_timestamp(
                (added.client_time + cast(users.told_after as bigint)) * 1000000
            ) as occurred_at
        from added
        inner join users_of_pushes as users on added.session_id = users.user
        where users.told_after is not null;
        create table push_assignments as select * exclude (user, told_after) from ledger;
        create table validated_assignments as
        select *, cast(null as varchar) as validation_error from push_assignments;
        create table push_events as
        select cast(push_id as varchar) as push_id, cast(session_id as varchar) as session_id,
            'sent' as kind, cast(occurred_at as timestamp) as occurred_at
        from messages;
        """
    )
    run_models(connection, world, last)
    return connection


def batches(pushes: int, users: int) -> list[range]:
    """Cut numbers of pushes into parts that are read at once."""
    size = max(1, _ROWS_AT_ONCE // users)
    return [range(start, min(start + size, pushes)) for start in range(0, pushes, size)]


def program(
    world: World,
    draws: int,
    seed: int,
    *,
    pushes: int = 50,
    users: int = 110,
    control_share: float = 0.2,
    amounts: Callable[[np.ndarray], np.ndarray] | None = None,
) -> pd.DataFrame:
    """Pool pushes without effect: many programs, each a strategy of its own.

    Returns:
        The rows of ``push_program`` of funded_campaign and amount.
    """
    rng = np.random.default_rng(seed)
    results = []
    for numbers in batches(draws, pushes * users):
        names = [(f"program {n}", f"{n}-{push}") for n in numbers for push in range(pushes)]
        ledger = sample_ledger(
            world, [push for _, push in names], users, control_share, rng,
            strategies=[strategy for strategy, _ in names],
        )  # fmt: skip
        with read(world, ledger, amounts, last="push_program") as connection:
            results.append(
                connection.execute(
                    "from push_program where outcome in ('funded_campaign', 'amount')"
                ).df()
            )
    return pd.concat(results, ignore_index=True)


def invented_money(world: World, draws: int, seed: int) -> dict[str, float]:
    """Item 1 and 2: what programs of 50 small pushes without effect pool to."""
    found = program(world, draws, seed)
    figures = {}
    for outcome, rows in found.groupby("outcome"):
        figures |= {
            f"{outcome} mean": rows["difference"].mean(),
            f"{outcome} holds 0": (
                (rows["difference_low"] <= 0) & (rows["difference_high"] >= 0)
            ).mean(),
            f"{outcome} more": (rows["difference_low"] > 0).mean(),
            f"{outcome} always valid holds 0": (
                (rows["always_valid_low"] <= 0) & (rows["always_valid_high"] >= 0)
            ).mean(),
            f"{outcome} pushes": rows["pushes"].mean(),
            f"{outcome} signs differ": (
                np.sign(rows["difference"]) != np.sign(rows["incremental"])
            ).mean(),
        }
    return figures


def lost_rows(
    world: World, draws: int, seed: int, *, users: int = 1000, control_share: float = 0.2
) -> dict[str, float]:
    """Item 3: whether a ledger that lost rows is found, and what its verdict would be."""
    figures = {}
    start, end = world.starts_at, world.cut_at
    funds = world.events["event_name"] == "Fund Project"
    inside = world.events["category"].isin(world.categories)
    within = world.events["client_time"].between(start, end - 1)
    funders = set(world.events.loc[funds & inside & within, "session_id"])
    for name, arm, only_funders, share in (
        ("nothing lost", "notify", False, 0.0),
        ("30% of notified funders", "notify", True, 0.3),
        ("30% of control funders", "control", True, 0.3),
        ("1.5% of rows", None, False, 0.015),
    ):
        rng = np.random.default_rng(seed)
        found = []
        for numbers in batches(draws, users):
            ledger = sample_ledger(world, [str(n) for n in numbers], users, control_share, rng)
            may_be_lost = ledger["arm"].eq(arm) if arm else ledger["arm"].notna()
            if only_funders:
                may_be_lost &= ledger["user"].isin(funders)
            ledger = ledger[~(may_be_lost & (rng.random(len(ledger)) < share))]
            with read(world, ledger) as connection:
                found.append(
                    connection.execute(
                        """
                        select verdict, failed.push_id is not null as is_found
                        from push_results
                        left join (
                            select distinct push_id from push_checks
                            where check_name in ('sample_ratio', 'ledger_complete')
                                and status = 'fail'
                        ) as failed on push_results.push_id = failed.push_id
                        where outcome = 'funded_campaign' and is_final
                        """
                    ).df()
                )
        rows = pd.concat(found)
        figures[f"{name}: found"] = rows["is_found"].mean()
        figures[f"{name}: more or fewer"] = rows["verdict"].isin(["more", "fewer"]).mean()
    return figures


def small_placebos(world: World, draws: int, seed: int) -> dict[str, float]:
    """Item 5: how often the placebo of a valid push fails, by the number of controls."""
    figures = {}
    for controls in (5, 10, 22, 50):
        rng = np.random.default_rng(seed)
        found = []
        for numbers in batches(draws, 5 * controls):
            names = [str(n) for n in numbers]
            ledger = sample_ledger(world, names, 5 * controls, 0.2, rng)
            with read(world, ledger) as connection:
                found.append(
                    connection.execute("from push_checks where check_name = 'placebo'").df()
                )
        rows = pd.concat(found)
        figures[f"{controls} controls: fail"] = (rows["status"] == "fail").mean()
        figures[f"{controls} controls: fail or warn"] = rows["status"].isin(["fail", "warn"]).mean()
    return figures


def pareto(amounts: np.ndarray) -> np.ndarray:
    """Give amounts a tail without a variance, and keep their order."""
    ranks = pd.Series(amounts).rank(method="first", pct=True).to_numpy()
    return np.round(10 * (1 - 0.9999 * ranks) ** (-1 / 1.5), 2)


def few_amounts(world: World, draws: int, seed: int) -> dict[str, float]:
    """Item 7: amounts without effect, by the number of funders expected in the smaller arm.

    Expected of both arms together: how many the controls happen to have goes with the difference.

    Intervals are of 1.96 standard errors, whatever the readout does with few funders; `shown` is
    the share of pushes whose interval the readout shows.
    """
    figures = {}
    for tail, change in (("", None), ("Pareto, ", pareto)):
        rng = np.random.default_rng(seed)
        found = []
        # A fifth of the users is held back, and a quarter funds.
        for users in (110, 200, 350, 600, 1000):
            for numbers in batches(draws, users):
                names = [f"{users}-{n}" for n in numbers]
                ledger = sample_ledger(world, names, users, 0.2, rng)
                with read(world, ledger, change) as connection:
                    found.append(
                        connection.execute(
                            """
                            select outcome, difference / estimates.standard_error as z,
                                results.difference_low is not null as is_shown,
                                (arms.notified + arms.control) * 0.2 as funders
                            from push_results as results
                            inner join push_estimates as estimates
                                using (push_id, outcome, day, difference)
                            inner join (
                                pivot (
                                    from push_arm_estimates
                                    where outcome = 'amount' and dimension = 'everybody'
                                ) on arm in ('notify' as notified, 'control' as control)
                                using max(users_with_outcome) group by push_id
                            ) as arms using (push_id)
                            where starts_with(outcome, 'amount') and results.is_final
                                and estimates.dimension = 'everybody'
                            """
                        ).df()
                    )
        rows = pd.concat(found)
        rows["funders"] = pd.cut(rows["funders"], [0, 5, 7, 10, 15, 20, 30, 45, 1000])
        for (outcome, funders), group in rows.groupby(["outcome", "funders"], observed=True):
            name = f"{tail}{outcome}, {funders} funders ({len(group)})"
            figures[f"{name}: holds 0"] = (group["z"].abs() < 1.959964).mean()
            figures[f"{name}: more"] = (group["z"] > 1.959964).mean()
            figures[f"{name}: shown"] = group["is_shown"].mean()
    return figures


def two_pushes(
    world: World, draws: int, seed: int, *, users: int = 600, more: float = 0.3
) -> dict[str, float]:
    """Item 4: a second push to the controls, within the window and under a cap after it."""
    figures = {}
    half = world.horizon_days / 2
    everybody = world.ranking["session_id"].to_list()
    responses = respond(
        world.events, everybody, Effect(more=more), world.categories, world.starts_at, half, seed
    )
    for name, second_after in (("alone", None), ("within", 0), ("under a cap", half * 86400)):
        rng = np.random.default_rng(seed)
        found = []
        for numbers in batches(draws, users):
            ledger = sample_ledger(world, [str(n) for n in numbers], users, 0.2, rng)
            is_notified = ledger["arm"] == "notify"
            ledger = ledger.assign(
                window_days=half, told_after=np.where(is_notified, 0, second_after or np.nan)
            )
            messages = ledger[["push_id", "session_id"]].assign(occurred_at=ledger["starts_at"])
            if second_after is not None:
                ledger["told_after"] = np.where(is_notified, 0, second_after)
                second = pd.Timestamp(world.starts_at + second_after, unit="s")
                messages.loc[~is_notified, "push_id"] = "second"
                messages.loc[~is_notified, "occurred_at"] = second
            else:
                messages = messages[is_notified]
            with read(world, ledger, messages=messages, added=responses.added) as connection:
                found.append(
                    connection.execute(
                        """
                        select push_results.*, other_pushes.status
                        from push_results
                        left join push_checks as other_pushes
                            on push_results.push_id = other_pushes.push_id
                            and check_name = 'other_pushes'
                        where is_final and outcome in ('funded_campaign', 'funded_within_twice')
                        """
                    ).df()
                )
        rows = pd.concat(found)
        for status in ("warn", "fail"):
            figures[f"{name}: {status}"] = (rows["status"] == status).mean()
        for outcome, group in rows.groupby("outcome"):
            figures[f"{name}: {outcome} reads"] = group["difference"].mean()
            figures[f"{name}: {outcome} not valid"] = (group["verdict"] == "not valid").mean()
    return figures


def many_looks(world: World, draws: int, seed: int, *, users: int = 400) -> dict[str, float]:
    """Item 8: whether anything is shown of pushes without effect, by outcome and by part."""
    rng = np.random.default_rng(seed)
    shown, outside, parts = [], [], []
    for numbers in batches(draws, users):
        ledger = sample_ledger(world, [str(n) for n in numbers], users, 0.5, rng)
        apart = []
        for day in range(1, 1 + round(world.horizon_days)):
            then = replace(world, cut_at=world.starts_at + day * 86400)
            with read(then, ledger, last="push_effects") as connection:
                apart.append(
                    connection.execute(
                        """
                        select push_id, segment,
                            coalesce(difference_low > 0 or difference_high < 0, false) as is_apart
                        from push_effects where dimension = 'score_band'
                        """
                    ).df()
                )
                results = connection.execute(
                    """
                    select push_id, bool_or(verdict in ('more', 'fewer')) as is_shown,
                        bool_or(
                            outcome <> 'funded_campaign'
                            and (difference_low > 0 or difference_high < 0)
                        ) as is_outside
                    from push_results where is_final and outcome <> 'placebo' group by push_id
                    """
                ).df()
        shown.append(results["is_shown"])
        outside.append(results["is_outside"].astype(bool))
        parts.append(pd.concat(apart).groupby(["push_id", "segment"])["is_apart"].any())
    return {
        "any outcome with a verdict": pd.concat(shown).mean(),
        "any other outcome's interval without 0": pd.concat(outside).mean(),
        "a fifth's interval without 0 on any day": pd.concat(parts).mean(),
    }


def unequal_draw(world: World, draws: int, seed: int, *, users: int = 600) -> dict[str, float]:
    """Item 10: half of those unlikely to fund and a tenth of the others are held back."""
    rng = np.random.default_rng(seed)
    found = []
    for numbers in batches(draws, users):
        ledger = sample_ledger(
            world, [str(n) for n in numbers], users, 0.3, rng, shares_of_strata=(0.1, 0.5)
        )
        with read(world, ledger) as connection:
            found.append(
                connection.execute(
                    "from push_results where outcome = 'funded_campaign' and is_final"
                ).df()
            )
    rows = pd.concat(found)
    return {
        "reads": rows["difference"].mean(),
        "not valid": (rows["verdict"] == "not valid").mean(),
        "more or fewer": rows["verdict"].isin(["more", "fewer"]).mean(),
    }


def one_control_group(world: World, draws: int, seed: int) -> dict[str, float]:
    """Item 11: two pushes without effect share their controls, as three arms of 100 users."""
    rng = np.random.default_rng(seed)
    results = []
    for numbers in batches(draws, 400):
        names = [str(n) for n in numbers]
        whole = sample_ledger(world, names, 300, 1 / 3, rng, strategies=names)
        second = (whole["arm"] == "notify") & (rng.random(len(whole)) < 0.5)
        ledger = pd.concat(
            [
                whole[~second].assign(push_id=whole["push_id"] + " a"),
                whole[second | (whole["arm"] == "control")].assign(push_id=whole["push_id"] + " b"),
            ]
        ).assign(control_probability=0.5, stratum=1, planned_users=None)
        with read(world, ledger, last="push_program") as connection:
            results.append(
                connection.execute(
                    """
                    select push_program.*, checks.warned from push_program
                    cross join (
                        select count(*) filter (
                            where check_name = 'shared_controls' and status = 'warn'
                        ) / cast(count(distinct push_id) as double) as warned from push_checks
                    ) as checks
                    where outcome = 'funded_campaign' and pushes = 2
                    """
                ).df()
            )
    rows = pd.concat(results)
    width = (rows["difference_high"] - rows["difference_low"]) / 2 / 1.959964
    return {
        "users": rows["users"].mean(),
        "holds 0": ((rows["difference_low"] <= 0) & (rows["difference_high"] >= 0)).mean(),
        "standard error told over real": width.mean() / rows["difference"].std(),
        "pushes whose check warns": rows["warned"].mean(),
    }


def plans(world: World) -> pd.DataFrame:
    """Return the rows of ``push_plan`` for the users and the outcomes of the last horizon."""
    with new_warehouse(world) as connection:
        connection.register("holdout", world.holdout)
        connection.register("ranked_users", world.ranking)
        connection.execute(
            f"""
            create table holdout_scores as from holdout;
            create table users as select session_id from ranked_users;
            create table strategy_rankings as
            select 'fund_network' as strategy, '{world.campaign}' as campaign, session_id,
                score_rank, score_rank as push_size from ranked_users;
            """
        )
        return connection.execute(world.plan).df()


def promised_power(world: World, draws: int, seed: int) -> dict[str, float]:
    """Item 6: how often a push with the smallest effect of its plan gets the verdict "more"."""
    rng = np.random.default_rng(seed)
    planned = plans(world).set_index(["audience_percent", "control_percent"])
    figures = {}
    for size in (5, 10, 25):
        for control in (10, 20, 50):
            plan = planned.loc[(size, control)]
            name = f"{size}%, {control}% held back ({plan['control_users']:.0f} controls)"
            if pd.isna(plan["smallest_effect"]):
                figures[f"{name}: no effect promised"] = np.nan
                continue
            users = int(plan["audience_users"])
            audience = world.ranking["session_id"].head(users).to_list()
            responses = respond(
                world.events, audience, Effect(more=plan["smallest_relative_effect"]),
                world.categories, world.starts_at, world.horizon_days, seed,
            )  # fmt: skip
            verdicts = []
            for numbers in batches(draws, users):
                ledger = sample_ledger(
                    world, [str(n) for n in numbers], users, control / 100, rng, is_top=True
                )
                ledger["told_after"] = np.where(ledger["arm"] == "notify", 0, np.nan)
                with read(world, ledger, added=responses.added) as connection:
                    verdicts.append(
                        connection.execute(
                            "select verdict from push_results "
                            "where outcome = 'funded_campaign' and is_final"
                        ).df()["verdict"]
                    )
            figures[f"{name}: more"] = (pd.concat(verdicts) == "more").mean()
    return figures


def training_examples(
    world: World, ledger: pd.DataFrame, added: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return what the network of the hold-out learns from, if these pushes had been sent.

    What users did before a cutoff is taken as it was without them.
    """
    names = ["fund_cutoffs", "fund_example_copies", "push_exposures", "fund_examples"]
    with duckdb.connect(str(world.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set search_path = 'main,main_internal'")
        connection.register("ledger", ledger)
        connection.execute("create temp table push_assignments as from ledger")
        connection.execute(
            "create temp table happened as select session_id, event_name, category, client_time "
            "from events"
        )
        if added is not None:
            connection.register("added_events", added)
            connection.execute("insert into happened by name from added_events")
        connection.execute("create temp table events as from happened")
        for name, text in compiled_models(world.target, "funding", names).items():
            connection.execute(f"create temp table {name} as {text}")
        return connection.execute(
            """
            from temp.fund_examples
            where model_cutoff = 2 and split in ('train', 'calibration', 'score')
            order by split, cutoff, step, session_id, category
            """
        ).df()


def learning(world: World, draws: int, seed: int) -> dict[str, float]:
    """Item 9: what a network learns from weekly pushes to half of the users.

    Few draws: each trains three networks. The hold-out horizon has no push, so its outcomes are
    what is to be predicted.
    """
    from bootloader.networks.fund_network import train_fund_network

    week = round(world.horizon_days * 86400)
    first = world.events["client_time"].min()
    starts = [world.starts_at - number * week for number in (1, 2, 3, 4)]
    starts = [moment for moment in starts if moment >= first]
    figures = []
    for number in range(draws):
        rng = np.random.default_rng(seed + number)
        ledgers, added = [], []
        for push, moment in enumerate(starts):
            ledger = sample_ledger(world, [str(push)], len(world.ranking) // 2, 0.2, rng)
            ledger = ledger.assign(
                session_id=ledger["user"], starts_at=pd.Timestamp(moment, unit="s")
            )
            ledgers.append(ledger)
            told = set(ledger.loc[ledger["arm"] == "notify", "user"])
            responses = respond(
                world.events, ledger["user"].to_list(), Effect(more=0.5), world.categories,
                moment, world.horizon_days, seed + number,
            )  # fmt: skip
            added.append(responses.added[responses.added["session_id"].isin(told)])
        every = pd.concat(ledgers, ignore_index=True)
        extra = pd.concat(added, ignore_index=True)[
            ["session_id", "event_name", "category", "client_time"]
        ]
        row = {}
        for name, ledger, events in (
            ("without pushes", every.iloc[:0], None),
            ("no effect", every, None),
            ("+50%", every, extra),
        ):
            examples = training_examples(world, ledger, events)
            score = examples[examples["split"] == "score"]
            # What really happened in the hold-out.
            score = score[score["category"].isin(world.categories)]
            train, calibrate = (
                examples[examples["split"] == split].astype({"is_funded": bool})
                for split in ("train", "calibration")
            )
            network = train_fund_network(train, calibrate, seed=42)
            probability = network.probabilities(score)
            outcome = score["is_funded"].astype(float).to_numpy()
            row[f"{name}: users to learn from"] = train["session_id"].nunique()
            row[f"{name}: mean probability"] = probability.mean()
            row[f"{name}: rank correlation"] = pd.Series(probability).corr(
                pd.Series(outcome), method="spearman"
            )
            order = probability.argsort().argsort() + 1
            ones = outcome.sum()
            row[f"{name}: AUC"] = (order[outcome == 1].sum() - ones * (ones + 1) / 2) / (
                ones * (len(outcome) - ones)
            )
        figures.append(row)
    return pd.DataFrame(figures).mean().to_dict()


FAULTS: dict[str, Callable[[World, int, int], dict[str, float]]] = {
    "invented_money": invented_money,
    "lost_rows": lost_rows,
    "two_pushes": two_pushes,
    "small_placebos": small_placebos,
    "few_amounts": few_amounts,
    "promised_power": promised_power,
    "many_looks": many_looks,
    "one_control_group": one_control_group,
    "unequal_draw": unequal_draw,
    "learning": learning,
}


def main() -> None:
    """Write the figures of each fault to standard output."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--warehouse", type=Path, default=PROJECT / "warehouse.duckdb")
    parser.add_argument("--target", type=Path, default=PROJECT / "target")
    parser.add_argument("--only", nargs="*", choices=FAULTS)
    asked = parser.parse_args()
    world = open_world(asked.warehouse, asked.target)
    for name, fault in FAULTS.items():
        if not asked.only or name in asked.only:
            sys.stdout.write(f"{name}\n")
            for figure, value in fault(world, asked.draws, asked.seed).items():
                sys.stdout.write(f"    {figure}: {value:.4f}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
