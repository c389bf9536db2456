"""Does gradient boosting find funders better than the fund network? Same features, same hold-out.

LightGBM is what the field reaches for first on tables like this one. It learns from the same
training rows as ``fund_network`` as of cutoff 2 in a warehouse that was built before, and both are
measured on the same hold-out::

    make bench EVENTS=<events>

The outcome of the training rows is half a horizon long; both carry it over to the whole one alike.
"""

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import lightgbm
import numpy as np
import pandas as pd
from bootloader.networks.fund_network import train_fund_network
from bootloader.networks.specification import FUND_NETWORK
from bootloader.quiet_exit import keep_exit_quiet
from sklearn.metrics import roc_auc_score

SEEDS = (1, 2, 3)
FEATURES = [*FUND_NETWORK.categorical, *FUND_NETWORK.numbers]
OUTCOME = FUND_NETWORK.target


def measure(examples: pd.DataFrame, probability: np.ndarray) -> dict[str, float]:
    """Return AUC and lift at 25%, averaged over the categories."""
    frame = examples.assign(probability=probability)
    aucs, lifts = [], []
    for _, group in frame.groupby("category"):
        funded = group[OUTCOME].astype(bool)
        best = group["probability"].nlargest(len(group) // 4).index
        aucs.append(roc_auc_score(funded, group["probability"]))
        lifts.append(funded[best].mean() / funded.mean())
    return {"AUC": np.mean(aucs), "lift at 25%": np.mean(lifts)}


def train_lightgbm(train: pd.DataFrame, test: pd.DataFrame, seed: int) -> np.ndarray:
    """Train boosted trees with few leaves and small steps, and score the hold-out."""
    types = {
        name: pd.CategoricalDtype(sorted(train[name].dropna().unique()))
        for name in FUND_NETWORK.categorical
    }
    model = lightgbm.LGBMClassifier(
        n_estimators=300,
        learning_rate=0.03,
        num_leaves=15,
        min_child_samples=50,
        subsample=0.8,
        subsample_freq=1,
        colsample_bytree=0.8,
        random_state=seed,
        n_jobs=1,
        verbose=-1,
    )
    model.fit(train[FEATURES].astype(types), train[OUTCOME].astype(int))
    half = model.predict_proba(test[FEATURES].astype(types))[:, 1]
    return 1 - (1 - half) ** 2


def main() -> None:
    """Run both peers once per seed and print the medians."""
    keep_exit_quiet()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--warehouse",
        type=Path,
        default=Path(os.environ.get("BOOTLOADER_WAREHOUSE", "warehouse.duckdb")),
    )
    options = parser.parse_args()
    if not options.warehouse.exists():
        parser.error(f"there is no '{options.warehouse}': run make build first")
    with duckdb.connect(options.warehouse, read_only=True) as warehouse:
        examples = warehouse.execute(
            "from fund_examples where model_cutoff = 2 order by split, cutoff, session_id, category"
        ).df()
    train, calibrate, test = (
        examples[examples["split"] == split] for split in ("train", "calibration", "score")
    )
    fit = replace(FUND_NETWORK, model_cutoff=2)
    if train_fund_network(train, calibrate, SEEDS[0], fit) is None:
        parser.exit(1, "Too few fundings to learn from: use more events.\n")
    peers = {
        "fund network": lambda seed: train_fund_network(train, calibrate, seed, fit).probabilities(
            test
        ),
        "LightGBM": lambda seed: train_lightgbm(train, test, seed),
    }
    rows = []
    for seed in SEEDS:
        for peer, probabilities in peers.items():
            started = time.perf_counter()
            measures = measure(test, probabilities(seed))
            rows.append({"peer": peer} | measures | {"seconds": time.perf_counter() - started})
    table = pd.DataFrame(rows).groupby("peer").median()
    sys.stdout.write(table.round(4).to_string() + "\n")


if __name__ == "__main__":
    main()
