"""The notebook's network: from a user's attributes to the share of viewed projects that get funded.

What is wanted of it is not the prediction but the embeddings: users whose attributes have similar
embeddings behave alike. Source: the reference notebook's training step (fastai's tabular learner);
the embedding idea is Guo and Berkhahn, "Entity Embeddings of Categorical Variables" (2016).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from fastai.losses import MSELossFlat
from fastai.tabular.model import TabularModel, emb_sz_rule

from bootloader.encoding import SCALES_TYPE, Encoding
from bootloader.training import (
    EPOCHS_TYPE,
    Schedule,
    choose_device,
    compute_on_one_thread,
    epochs_frame,
    fingerprint,
    fit_one_cycle,
    keep_or_train,
    multiply_bfloat16,
    run_concurrently,
    seeded,
)

NETWORK = "attribute_network"
MODEL_CUTOFFS = (0, 2)  # now, and the start of the last horizon, to be measured on it
TARGET = "avg_conversion_ratio"
CATEGORICAL = [
    "category", "age", "marital_status", "device", "city", "state", "zip_code", "gender_cleaned",
]  # fmt: skip
CONTINUOUS = ["interval_between_actions", "latitude", "longitude"]

LAYERS = [512, 256]
Y_RANGE = (0, 1.1)
SCHEDULE = Schedule(epochs=10, batch_size=512, learning_rate=1e-2, weight_decay=0.05)

_SECONDS_PER_HOUR = 3600
_MIN_ROWS = 2  # batch normalisation needs something to compare a row with

logger = logging.getLogger(__name__)

_ARROW_SCHEMA = pa.schema(
    {
        "cutoff": pa.int32(),
        "fingerprint": pa.string(),
        "embeddings": pa.list_(
            pa.struct(
                {
                    "attribute": pa.string(),
                    "value": pa.string(),
                    "embedding": pa.list_(pa.float32()),
                }
            )
        ),
        "scales": SCALES_TYPE,
        "epochs": EPOCHS_TYPE,
    }
)


@dataclass(frozen=True)
class AttributeNetwork:
    """What the network learned, ready to become tables.

    Attributes:
        embeddings: columns attribute, value, embedding (float32 array); one row per value seen in
            training.
        scales: columns attribute, mean, standard_deviation; one row per continuous input, in its
            own unit (hours, degrees).
        epochs: the training log, one row per epoch (see :class:`bootloader.training.EpochLog`).
    """

    embeddings: pd.DataFrame
    scales: pd.DataFrame
    epochs: pd.DataFrame


def train_attribute_networks(
    histories: pd.DataFrame, seed: int, earlier: Mapping[str, dict] | None = None
) -> pa.Table:
    """Train one network as of each cutoff, and return a row for each.

    Args:
        histories: as for :func:`train_attribute_network`, with the column ``cutoff``: 0 for now,
            2 for the beginning of the last horizon.
        seed: see there.
        earlier: rows of the last build by fingerprint; one that would be the same is kept.

    Returns:
        One row per cutoff, with a list of structs for each frame of :class:`AttributeNetwork`.
    """

    def row(cutoff: int) -> dict:
        pairs = histories[histories["cutoff"] == cutoff]
        mark = fingerprint(pairs, NETWORK, cutoff, seed)

        def train() -> dict:
            network = train_attribute_network(pairs, seed, model_cutoff=cutoff)
            frames = {key: frame.to_dict("records") for key, frame in vars(network).items()}
            return {"cutoff": cutoff, "fingerprint": mark} | frames

        return keep_or_train(f"{NETWORK} as of cutoff {cutoff}", mark, earlier or {}, train)

    rows = run_concurrently([partial(row, cutoff) for cutoff in MODEL_CUTOFFS])
    return pa.Table.from_pylist(rows, schema=_ARROW_SCHEMA)


def train_attribute_network(
    pairs: pd.DataFrame,
    seed: int,
    model_cutoff: int = 0,
    device: torch.device | None = None,
) -> AttributeNetwork:
    """Train the notebook's network on every pair of a user and a category.

    The order of the rows decides the batches: sort them before the call. With fewer than two rows
    nothing is learned: the embeddings are those that training would have begun with.

    Args:
        pairs: one row per user and category with the columns of ``CATEGORICAL``, ``CONTINUOUS``
            (the interval in seconds, coordinates in degrees) and ``TARGET``.
        seed: seeds weights and batches; the same seed gives the same bits on CPUs of one kind.
        model_cutoff: the cutoff that it is fitted as of; 0 is now.
        device: where to train; the GPU if there is one when left out.
    """
    compute_on_one_thread()
    device = device or choose_device()
    hours = pairs["interval_between_actions"] / _SECONDS_PER_HOUR
    pairs = pairs.assign(interval_between_actions=hours)
    encoding = Encoding.fit(pairs, CATEGORICAL, CONTINUOUS)
    codes, numbers = encoding.codes(pairs), encoding.numbers(pairs)
    target = pairs[[TARGET]].to_numpy(np.float32)
    tensors = [torch.tensor(array, device=device) for array in (codes, numbers, target)]
    with seeded(seed):
        model = TabularModel(
            emb_szs=[
                (len(values), emb_sz_rule(len(values))) for values in encoding.classes.values()
            ],
            n_cont=len(CONTINUOUS),
            out_sz=1,
            layers=LAYERS,
            y_range=Y_RANGE,
        )
    epochs = epochs_frame()
    if len(pairs) < _MIN_ROWS:
        logger.warning("%s: %s rows are too few to train on", NETWORK, len(pairs))
    else:
        # Wide layers spend most of their time in products.
        multiply_bfloat16(model, device)
        epochs = fit_one_cycle(model, tensors, MSELossFlat(), SCHEDULE, seed, NETWORK, model_cutoff)
    embeddings = _embeddings(model, encoding.classes, codes)
    return AttributeNetwork(embeddings, encoding.scales, epochs)


def _embeddings(
    model: TabularModel, classes: dict[str, list[str]], codes: np.ndarray
) -> pd.DataFrame:
    rows = []
    for position, (attribute, values) in enumerate(classes.items()):
        weights = model.embeds[position].weight.detach().cpu().numpy()
        has_missing = bool((codes[:, position] == 0).any())
        # Nothing was learned about a missing value that never occurred.
        for code in range(0 if has_missing else 1, len(values)):
            rows.append((attribute, values[code], weights[code]))
    return pd.DataFrame(rows, columns=["attribute", "value", "embedding"])
