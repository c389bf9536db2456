"""The reference notebook's steps in pandas and fastai, as a newcomer would write them down.

Written anew from what each step does, with the quicker of the idioms where there are several: it is
the peer that this project is measured against, and computes the same figures. Prints the seconds of
each step as JSON::

    python python/benchmarks/notebook_peer.py events.json --until similar_users
"""

import argparse
import json
import sys
import time

import numpy as np
import pandas as pd

ATTRIBUTES = [
    "gender", "age", "marital_status", "device", "city", "latitude", "longitude", "state",
    "zip_code",
]  # fmt: skip
CATEGORICAL = [
    "category", "age", "marital_status", "device", "city", "state", "zip_code", "gender_cleaned",
]  # fmt: skip
CONTINUOUS = ["interval_between_actions", "latitude", "longitude"]


def read(path: str) -> pd.DataFrame:
    """Read a ``{"data": [...]}`` file and flatten the location."""
    with open(path) as file:
        events = pd.json_normalize(json.load(file)["data"])
    return events.rename(columns=lambda name: name.removeprefix("location."))


def audit(events: pd.DataFrame) -> pd.DataFrame:
    """Count missing values, and the values that each user has of each attribute."""
    events.isna().sum()
    return pd.DataFrame(
        {
            name: events.groupby("session_id")[name].apply(lambda values: len(values.unique()))
            for name in ATTRIBUTES
        }
    )


def clean_gender(events: pd.DataFrame) -> pd.DataFrame:
    """Give each user the gender that any of their events tells, and M where none does."""
    gender = events.groupby("session_id")["gender"].apply(
        lambda values: "F" if "F" in values.unique() else "M"
    )
    return gender.rename("gender_cleaned").reset_index()


def user_category_actions(events: pd.DataFrame, gender: pd.DataFrame) -> pd.DataFrame:
    """Count views and fundings of each user and category, their ratio and mean interval."""
    pairs = (
        events.groupby(["session_id", "category", "event_name"])
        .size()
        .unstack(fill_value=0)
        .reset_index()
        .rename(columns={"View Project": "views", "Fund Project": "funds"})
    )
    pairs["views_per_funding"] = (pairs["views"] / pairs["funds"]).replace([np.inf], 0)
    pairs["avg_conversion_ratio"] = pairs["funds"] / pairs["views"]
    ordered = events.sort_values(["session_id", "category", "client_time"])
    earlier = ordered.groupby(["session_id", "category"])["client_time"].shift()
    ordered["interval_between_actions"] = (ordered["client_time"] - earlier) / 3600
    intervals = (
        ordered.groupby(["session_id", "category"])["interval_between_actions"].mean().fillna(0)
    )
    users = events.drop_duplicates("session_id")[["session_id", *ATTRIBUTES[1:]]]
    return (
        pairs.merge(intervals.reset_index(), on=["session_id", "category"])
        .merge(users, on="session_id")
        .merge(gender, on="session_id")
    )


def import_fastai() -> None:
    """Import what trains, which takes seconds."""
    import fastai.tabular.all  # noqa: F401  (a step of its own, to be timed)


def train(pairs: pd.DataFrame) -> tuple:
    """Train fastai's tabular learner on all pairs with data loaders of its own."""
    from fastai.losses import MSELossFlat
    from fastai.tabular.all import (
        Categorify,
        Normalize,
        RegressionBlock,
        TabularPandas,
        tabular_config,
        tabular_learner,
    )

    pandas = TabularPandas(
        pairs[[*CATEGORICAL, *CONTINUOUS, "avg_conversion_ratio"]].copy(),
        procs=[Categorify, Normalize],
        cat_names=CATEGORICAL,
        cont_names=CONTINUOUS,
        y_names="avg_conversion_ratio",
        y_block=RegressionBlock(),
    )
    learner = tabular_learner(
        pandas.dataloaders(bs=512),
        layers=[512, 256],
        loss_func=MSELossFlat(),
        config=tabular_config(y_range=(0, 1.1)),
    )
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(10, 1e-2, wd=0.05)
    return pandas, learner


def similar_users(pairs: pd.DataFrame, pandas: object, learner: object) -> pd.DataFrame:
    """Rank the users by the cosine of their embeddings with those of the best funder of Games."""
    import torch

    items = pandas.items.assign(session_id=pairs["session_id"].loc[pandas.items.index])
    items = items.drop_duplicates("session_id").reset_index(drop=True)
    vectors = [torch.tensor(items[["latitude", "longitude"]].to_numpy(np.float32))]
    for name in CATEGORICAL[1:]:
        weights = learner.model.embeds[CATEGORICAL.index(name)].weight.detach().cpu()
        vectors.append(weights[torch.tensor(items[name].to_numpy(np.int64))])
    embeddings = torch.cat(vectors, dim=1)
    games = pairs[pairs["category"] == "Games"]
    best = games.sort_values(["funds", "session_id"], ascending=[False, True])["session_id"].iloc[0]
    reference = embeddings[int(np.flatnonzero(items["session_id"] == best)[0])]
    similarity = torch.nn.functional.cosine_similarity(embeddings, reference[None])
    ranked = items.assign(similarity=similarity.numpy()).nlargest(len(items) // 4, "similarity")
    return ranked[ranked["session_id"] != best]


def main() -> None:
    """Run the steps up to the wanted one and print how long each took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("events")
    parser.add_argument(
        "--until", choices=["user_category_actions", "similar_users"], default="similar_users"
    )
    options = parser.parse_args()
    seconds = {}

    def timed(step, *arguments):
        started = time.perf_counter()
        result = step(*arguments)
        seconds[step.__name__] = time.perf_counter() - started
        return result

    events = timed(read, options.events)
    timed(audit, events)
    gender = timed(clean_gender, events)
    pairs = timed(user_category_actions, events, gender)
    figures = {"users": len(gender), "pairs": len(pairs)}
    if options.until == "similar_users":
        timed(import_fastai)
        pandas, learner = timed(train, pairs)
        figures["listed"] = len(timed(similar_users, pairs, pandas, learner))
        figures["loss"] = float(learner.recorder.values[-1][0])
    sys.stdout.write(json.dumps({"seconds": seconds, "figures": figures}) + "\n")


main()
