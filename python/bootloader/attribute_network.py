"""The notebook's network: from a user's attributes to the share of viewed projects that get funded.

What is wanted of it is not the prediction but the embeddings: users whose attributes have similar
embeddings behave alike. Source: the reference notebook's training step (fastai's tabular learner);
the embedding idea is Guo and Berkhahn, "Entity Embeddings of Categorical Variables" (2016).
"""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from fastai.callback import schedule  # noqa: F401  (adds fit_one_cycle to Learner)
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.losses import MSELossFlat
from fastai.tabular.model import TabularModel, emb_sz_rule

from bootloader.encoding import SCALES_TYPE, Encoding
from bootloader.training import (
    EPOCHS_TYPE,
    EpochLog,
    TensorBatches,
    choose_device,
    fused_adam,
    repeatable,
    split_decayed,
)

NETWORK = "attribute_network"
TARGET = "avg_conversion_ratio"
CATEGORICAL = [
    "category", "age", "marital_status", "device", "city", "state", "zip_code", "gender_cleaned",
]  # fmt: skip
CONTINUOUS = ["interval_between_actions", "latitude", "longitude"]

LAYERS = [512, 256]
Y_RANGE = (0, 1.1)
BATCH_SIZE = 512
EPOCHS = 10
LEARNING_RATE = 1e-2
WEIGHT_DECAY = 0.05

_SECONDS_PER_HOUR = 3600
_FEWEST_ROWS = 2  # batch normalisation needs something to compare a row with

logger = logging.getLogger(__name__)

_ARROW_SCHEMA = pa.schema(
    {
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

    def to_arrow(self) -> pa.Table:
        """Return one row with a list of structs for each frame: a dbt model holds one training."""
        frames = {"embeddings": self.embeddings, "scales": self.scales, "epochs": self.epochs}
        return pa.Table.from_pydict(
            {name: [frame.to_dict("records")] for name, frame in frames.items()},
            schema=_ARROW_SCHEMA,
        )


def train_attribute_network(
    pairs: pd.DataFrame, seed: int, device: torch.device | None = None
) -> AttributeNetwork:
    """Train the notebook's network on every pair of a user and a category.

    The order of the rows decides the batches: sort them before the call. With fewer than two rows
    nothing is learned: the embeddings are those that training would have begun with.

    Args:
        pairs: one row per user and category with the columns of ``CATEGORICAL``, ``CONTINUOUS``
            (the interval in seconds, coordinates in degrees) and ``TARGET``.
        seed: seeds weights and batches; the same seed gives the same bits on a CPU.
        device: where to train; the GPU if there is one when left out.
    """
    device = device or choose_device()
    hours = pairs["interval_between_actions"] / _SECONDS_PER_HOUR
    pairs = pairs.assign(interval_between_actions=hours)
    encoding = Encoding.fit(pairs, CATEGORICAL, CONTINUOUS)
    codes, numbers = encoding.codes(pairs), encoding.numbers(pairs)
    target = pairs[[TARGET]].to_numpy(np.float32)
    with repeatable(seed):
        tensors = [torch.tensor(array, device=device) for array in (codes, numbers, target)]
        model = TabularModel(
            emb_szs=[
                (len(values), emb_sz_rule(len(values))) for values in encoding.classes.values()
            ],
            n_cont=len(CONTINUOUS),
            out_sz=1,
            layers=LAYERS,
            y_range=Y_RANGE,
        )
        epoch_log = EpochLog(NETWORK, seed)
        no_validation = TensorBatches([tensor[:0] for tensor in tensors], BATCH_SIZE)
        loaders = DataLoaders(TensorBatches(tensors, BATCH_SIZE), no_validation)
        learner = Learner(
            loaders,
            model,
            loss_func=MSELossFlat(),
            opt_func=fused_adam,
            splitter=split_decayed,
            cbs=epoch_log,
        )
        if len(pairs) < _FEWEST_ROWS:
            logger.warning("%s: %s rows are too few to train on", NETWORK, len(pairs))
        else:
            with learner.no_bar(), learner.no_logging():
                learner.fit_one_cycle(EPOCHS, LEARNING_RATE, wd=[WEIGHT_DECAY, 0])
    embeddings = _embeddings(model, encoding.classes, codes)
    return AttributeNetwork(embeddings, encoding.scales, epoch_log.frame())


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
