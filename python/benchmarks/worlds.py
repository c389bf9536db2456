"""How good are the probabilities where the truth is known? Made-up worlds, judged from outside.

``made_up_worlds`` makes the events of each world and knows the true probability of each user and
category. dbt gets only the events before the cut. Its ``fund_probabilities`` and recommended
segments are compared with the truth, and with LightGBM and logistic regression on the features that
a practitioner would write. ``make bench-worlds`` runs all worlds and writes ``docs/worlds.md``; to
run some of them and only print the page::

    python python/benchmarks/worlds.py --worlds robots habit
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import lightgbm
import numpy as np
import pandas as pd
from made_up_worlds import (
    CUT,
    HORIZON,
    LAUNCH,
    WORLDS,
    World,
    funded_within_horizon,
    live,
    true_probabilities,
)
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "worlds.md"
MODELS = ("product", "LightGBM", "logistic regression", "truth")
TRAINING_CUTOFFS = [CUT - halves * HORIZON / 2 for halves in (1, 2, 3)]
MOST_TRAINING_ROWS = 200_000
WINDOWS = (1, 3, 7, 14)  # days
MOST_OTHER_CATEGORIES = 8
# A category with fewer funders says little about how well they are ranked.
LEAST_FUNDERS = 10
BINS = 20
RESAMPLES = 40
KEYS = ["session_id", "category"]

_ACTIONS = {"views": "not is_fund", "funds": "is_fund"}
_FEATURES = """
with

past as (
    select
        *,
        max(day) filter (where is_fund) over (partition by session_id, category) as last_fund
    from actions
    where day < $cutoff
),

in_category as (
    select
        session_id,
        category,
        {in_category}
    from past
    group by session_id, category
),

in_all as (
    select
        session_id,
        {in_all},
        count(distinct category) as categories,
        {in_frequent}
    from past
    group by session_id
),

outcomes as (
    select
        session_id,
        category,
        bool_or(day < $cutoff + $horizon / 2) as funds_in_half
    from actions
    where is_fund and day >= $cutoff and day < $cutoff + $horizon
    group by session_id, category
)

select
    users.*,
    categories.category,
    in_category.* exclude (session_id, category),
    in_all.* exclude (session_id),
    coalesce(views, 0) / greatest(all_views, 1) as share_of_views,
    coalesce(outcomes.funds_in_half, false) as funds_in_half,
    outcomes.session_id is not null as funds_in_horizon
from in_all
inner join users using (session_id)
cross join (select distinct category from past) as categories
left join in_category
    on in_all.session_id = in_category.session_id and categories.category = in_category.category
left join outcomes
    on in_all.session_id = outcomes.session_id and categories.category = outcomes.category
order by users.session_id, categories.category
"""


_PAGE = """# How close to the truth are the probabilities?

In a made-up world, the probability that a user funds is known exactly. In each of these worlds, dbt
gets the events of {cut:.0f} days, and the next {horizon:.0f} days show who funds. "Truth" knows
how the world works, everything that happened before the cut, and which view each funding followed:
no model that sees only events can do better. LightGBM and logistic regression learn from past
cutoffs of the same events, with features that a practitioner would write.

{descriptions}

Written by `make bench-worlds` with seed {seed}, in {minutes:.0f} minutes, on: {processor}.

## Ranking

The mean AUC over the categories with at least {least} funders. ± is one standard error, from
resampled users: a difference of less than two standard errors may be chance.

{ranking}

## Probabilities

The expected calibration error (how far probabilities are off on average, in {bins} bins; 0 is
best), then the expected fundings divided by the real ones (1 is best). If even the truth is off,
that is chance.

{probabilities}

## Segments

A recommended segment is wrong if its users fund no more than everybody does, or if attributes in
this world add nothing to actions. The true lift is the mean true probability of a segment's users
divided by that of all users, averaged over the recommended segments of all campaigns.

{segments}
"""


def _summary(prefix: str) -> str:
    """Return what a practitioner would count, in a category or in all of them."""
    windows = ", ".join(
        f"count(*) filter (where {condition} and day >= $cutoff - {days}) "
        f"as {prefix}{name}_of_{days}_days"
        for days in WINDOWS
        for name, condition in _ACTIONS.items()
    )
    return f"""
        $cutoff - max(day) filter (where not is_fund) as {prefix}days_since_view,
        $cutoff - max(day) filter (where is_fund) as {prefix}days_since_fund,
        $cutoff - min(day) as {prefix}days_since_first,
        (max(day) - min(day)) / nullif(count(*) - 1, 0) as {prefix}days_between,
        count(*) filter (where not is_fund) as {prefix}views,
        count(*) filter (where is_fund) as {prefix}funds,
        greatest({prefix}views - {prefix}funds, 0) as {prefix}pending_views,
        count(*) filter (where not is_fund and day > coalesce(last_fund, -1))
            as {prefix}views_since_fund,
        avg(amount) as {prefix}mean_amount,
        max_by(amount, day) filter (where is_fund) as {prefix}last_amount,
        {windows}
    """


@dataclass(frozen=True)
class Judgment:
    """What was found in one world.

    Attributes:
        users, fundings: at the cut, and within the horizon after it, one per user and category.
        auc, ece, expected: by model. The AUC is the mean over the categories; the expected fundings
            are a share of the real ones.
        behind_lightgbm: by how much the product's AUC is lower, and its standard error.
        lifts: the true lift of each recommended segment.
        wrong: how many of these segments are worth no push.
    """

    name: str
    description: str
    users: int
    fundings: int
    auc: dict[str, float]
    ece: dict[str, float]
    expected: dict[str, float]
    behind_lightgbm: tuple[float, float]
    lifts: list[float]
    wrong: int


def build(events: pd.DataFrame, folder: Path) -> Path:
    """Let dbt make the probabilities and segments, and return the warehouse.

    Raises:
        RuntimeError: dbt failed; the message has what it printed.
    """
    events.to_parquet(folder / "events.parquet", index=False)
    variables = {
        "events_path": str(folder / "events.parquet"),
        "as_of": round(LAUNCH + CUT * 86_400),
        "horizon_days": round(HORIZON),
    }
    warehouse = folder / "warehouse.duckdb"
    select = ["--select", "+fund_probabilities", "+push_segments"]
    # The campaigns are a seed, so that `dbt run` alone would miss them.
    kinds = ["--resource-type", "model", "--resource-type", "seed"]
    dbt = [str(Path(sys.executable).parent / "dbt"), "build"]
    run = subprocess.run(  # noqa: S603  (the command is the one above)
        [*dbt, *select, *kinds, "--vars", json.dumps(variables)],
        cwd=PROJECT,
        env=os.environ
        | {
            "BOOTLOADER_WAREHOUSE": str(warehouse),
            "BOOTLOADER_SERVING": str(folder / "serving.duckdb"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if run.returncode:
        raise RuntimeError(f"dbt failed:\n{run.stdout[-3000:]}")
    return warehouse


def practitioner_features(
    world: World, events: pd.DataFrame, cutoffs: list[float]
) -> list[pd.DataFrame]:
    """Return for each cutoff one row per user and category, with outcomes as far as known."""
    actions = pd.DataFrame(
        {
            "session_id": events["session_id"],
            "category": events["category"],
            "day": (events["client_time"] - LAUNCH) / 86_400,
            "is_fund": events["event_name"] == "Fund Project",
            "amount": events["amount"],
        }
    )
    frequent = actions["category"].value_counts().index[:MOST_OTHER_CATEGORIES]
    statement = _FEATURES.format(
        in_category=_summary(""),
        in_all=_summary("all_"),
        in_frequent=", ".join(
            f"count(*) filter (where {condition} and category = '{category}') as {name}_{number}"
            for number, category in enumerate(frequent)
            for name, condition in _ACTIONS.items()
        ),
    )
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("actions", actions)
        connection.register("users", world.users.drop(columns="city", errors="ignore"))
        return [
            connection.execute(statement, {"cutoff": cutoff, "horizon": HORIZON}).df()
            for cutoff in cutoffs
        ]


def peers(world: World, events: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, dict]:
    """Return the pairs of users and categories at the cut, and what each peer says of them.

    Peers learn from three past cutoffs whether a user funds within half a horizon, which is known
    up to the cut, and carry it over to the whole one: twice the half, shifted so that they would
    have expected as many fundings of the last horizon as there were.
    """
    now, *past = practitioner_features(world, events, [CUT, *TRAINING_CUTOFFS])
    last_horizon = past[TRAINING_CUTOFFS.index(CUT - HORIZON)]
    train = pd.concat(past, ignore_index=True)
    if len(train) > MOST_TRAINING_ROWS:
        train = train.sample(MOST_TRAINING_ROWS, random_state=seed)
    attributes = [name for name in world.users if name not in ("session_id", "city")]
    texts = ["category", *attributes]
    outcomes = ["funds_in_half", "funds_in_horizon"]
    numbers = [name for name in now if name not in (*texts, *outcomes, "session_id")]

    def tables(frame: pd.DataFrame) -> pd.DataFrame:
        types = {name: pd.CategoricalDtype(sorted(train[name].unique())) for name in texts}
        return frame[[*texts, *numbers]].astype(dict.fromkeys(numbers, float) | types)

    models = {
        "LightGBM": lightgbm.LGBMClassifier(
            n_estimators=300, learning_rate=0.03, num_leaves=15, min_child_samples=50,
            subsample=0.8, subsample_freq=1, colsample_bytree=0.8, random_state=seed, n_jobs=1,
            verbose=-1,
        ),
        "logistic regression": make_pipeline(
            make_column_transformer(
                (OneHotEncoder(handle_unknown="ignore"), texts),
                (
                    make_pipeline(
                        SimpleImputer(strategy="constant", fill_value=0, add_indicator=True),
                        FunctionTransformer(np.log1p),
                        StandardScaler(),
                    ),
                    numbers,
                ),
            ),
            LogisticRegression(C=0.1, max_iter=300),
        ),
    }  # fmt: skip
    probabilities = {}
    for name, model in models.items():
        model.fit(tables(train), train["funds_in_half"])
        halves = (model.predict_proba(tables(frame))[:, 1] for frame in (now, last_horizon))
        probabilities[name] = calibrated(*halves, last_horizon["funds_in_horizon"].mean())
    return now[KEYS], probabilities


def calibrated(half: np.ndarray, half_before: np.ndarray, rate: float) -> np.ndarray:
    """Carry probabilities over to twice the time, so that those of before have the given mean."""

    def doubled(probability: np.ndarray) -> np.ndarray:
        return logit(np.clip(1 - (1 - probability) ** 2, 1e-9, 1 - 1e-9))

    before = doubled(half_before)
    shift = brentq(lambda shift: expit(before + shift).mean() - rate, -20, 20)
    return expit(doubled(half) + shift)


def mean_auc(pairs: pd.DataFrame, probability: np.ndarray, weight: np.ndarray) -> float:
    """Return the mean AUC over the categories with enough funders."""
    frame = pairs.assign(probability=probability, weight=weight)
    return np.mean(
        [
            roc_auc_score(group["is_funded"], group["probability"], sample_weight=group["weight"])
            for _, group in frame.groupby("category")
            if group["is_funded"].sum() >= LEAST_FUNDERS
        ]
    )


def calibration_error(is_funded: np.ndarray, probability: np.ndarray) -> float:
    """Return how far the probabilities of a bin are off on average (ECE, bins of equal width)."""
    bin_number = np.minimum((probability * BINS).astype(int), BINS - 1)
    surplus = np.bincount(bin_number, probability - is_funded)
    return np.abs(surplus).sum() / len(is_funded)


def segment_lifts(world: World, truth: pd.DataFrame, warehouse: Path) -> list[float]:
    """Return the true lift of each recommended segment: its users against all users.

    Args:
        truth: the true probabilities, one row per user and one column per category.
    """
    with duckdb.connect(warehouse, read_only=True) as connection:
        segments = connection.execute("from push_segments where is_recommended").df()
        campaigns = connection.execute("from campaigns").df()
    users = world.users.set_index("session_id").loc[truth.index]
    users = users.rename(columns={"gender": "gender_cleaned"})
    lifts = []
    for segment in segments.to_dict("records"):
        categories = campaigns.loc[campaigns["campaign"] == segment["campaign"], "category"]
        # As if a user decided about each category independently, which is nearly so.
        funds = 1 - (1 - truth[categories]).prod(axis=1)
        is_member = np.logical_and.reduce(
            [users[name] == segment[name] for name in users if isinstance(segment.get(name), str)]
        )
        lifts.append(funds[is_member].mean() / funds.mean())
    return lifts


def judge(make: Callable[..., World], seed: int, users: int | None = None) -> Judgment:
    """Let a world happen up to the cut, ask everybody, and compare with what came after it.

    Args:
        users: how many there are, if not as many as the benchmark has.
    """
    name = make.__name__.replace("_", " ")
    # Each world has random numbers of its own, whichever others are run.
    rng = np.random.default_rng([seed, list(WORLDS).index(make)])
    world = make(users or WORLDS[make], rng)
    history = live(world, rng)
    events = history.events(world)
    say(f"{name}: {len(world.users):,} users, {len(events):,} events before the cut")
    pairs, probabilities = peers(world, events, seed)
    with tempfile.TemporaryDirectory() as folder:
        warehouse = build(events, Path(folder))
        with duckdb.connect(warehouse, read_only=True) as connection:
            product = connection.execute("from fund_probabilities").df()
        index = pd.Index(world.users["session_id"])
        truth = pd.DataFrame(
            true_probabilities(world, history), index=index, columns=world.categories
        )
        lifts = segment_lifts(world, truth[world.arrived < CUT], warehouse)
    merged = pairs.merge(product, how="left", on=KEYS, validate="one_to_one")
    user = index.get_indexer(pairs["session_id"])
    category = pd.Index(world.categories).get_indexer(pairs["category"])
    is_funded = funded_within_horizon(world, history)[user, category]
    pairs = pairs.assign(is_funded=is_funded)
    probabilities |= {
        "product": merged["fund_probability"].to_numpy(),
        "truth": truth.to_numpy()[user, category],
    }
    if np.isnan(probabilities["product"]).any():
        raise RuntimeError(f"{name}: fund_probabilities lacks users or categories")

    codes = pd.factorize(pairs["session_id"])[0]
    ones = np.ones(len(pairs))
    differences = []
    for _ in range(RESAMPLES):
        weight = rng.poisson(1, codes.max() + 1)[codes]
        product_auc, lightgbm_auc = (
            mean_auc(pairs, probabilities[model], weight) for model in ("product", "LightGBM")
        )
        differences.append(product_auc - lightgbm_auc)
    auc = {model: mean_auc(pairs, probabilities[model], ones) for model in MODELS}
    found = Judgment(
        name=name,
        description=(make.__doc__ or "").strip(),
        users=pairs["session_id"].nunique(),
        fundings=int(is_funded.sum()),
        auc=auc,
        ece={model: calibration_error(is_funded, probabilities[model]) for model in MODELS},
        expected={model: probabilities[model].sum() / is_funded.sum() for model in MODELS},
        behind_lightgbm=(auc["LightGBM"] - auc["product"], float(np.std(differences))),
        lifts=lifts,
        wrong=sum(lift <= 1 or not world.attributes_tell for lift in lifts),
    )
    say(f"{name}: mean AUC " + ", ".join(f"{model} {auc[model]:.3f}" for model in MODELS))
    return found


def say(text: str) -> None:
    """Show progress beside the page that is printed in the end."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def processor() -> str:
    """Return what the processor calls itself, and how many cores it has."""
    information = Path("/proc/cpuinfo")
    text = information.read_text() if information.exists() else ""
    names = [line.split(": ")[-1] for line in text.splitlines() if line.startswith("model name")]
    return f"{names[0] if names else 'an unknown processor'}, {os.cpu_count()} cores"


def page(judgments: list[Judgment], seed: int, minutes: float) -> str:
    """Return the page of the docs."""
    ranking = [
        [
            found.name,
            *(f"{found.auc[model]:.3f}" for model in MODELS),
            f"{-found.behind_lightgbm[0]:+.3f} ± {found.behind_lightgbm[1]:.3f}",
            f"{found.auc['product'] - found.auc['truth']:+.3f}",
        ]
        for found in judgments
    ]
    numbers = [
        [
            found.name,
            *(f"{found.ece[model]:.3f} / {found.expected[model]:.2f}" for model in MODELS),
        ]
        for found in judgments
    ]
    segments = [
        [
            found.name,
            f"{found.users:,}",
            f"{found.fundings:,}",
            str(len(found.lifts)),
            str(found.wrong),
            f"{np.mean(found.lifts):.2f}" if found.lifts else "",
        ]
        for found in judgments
    ]
    return _PAGE.format(
        cut=CUT,
        horizon=HORIZON,
        descriptions="\n".join(f"- {found.name}: {found.description}" for found in judgments),
        seed=seed,
        minutes=minutes,
        processor=processor(),
        least=LEAST_FUNDERS,
        bins=BINS,
        ranking=table(["world", *MODELS, "product - LightGBM", "product - truth"], ranking),
        probabilities=table(["world", *MODELS], numbers),
        segments=table(
            ["world", "users", "fundings", "recommended segments", "wrong", "true lift"],
            segments,
        ),
    )


def main() -> None:
    """Judge the product in every world and write the page of the docs."""
    names = {make.__name__: make for make in WORLDS}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worlds", nargs="+", choices=names, help="only print these")
    options = parser.parse_args()
    started = time.monotonic()
    judgments = [judge(names[name], options.seed) for name in options.worlds or names]
    text = page(judgments, options.seed, (time.monotonic() - started) / 60)
    if not options.worlds:
        PAGE.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
