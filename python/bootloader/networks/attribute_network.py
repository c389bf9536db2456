"""The notebook's network: from a user's attributes to the share of viewed projects that get funded.

Its embeddings are used, not its predictions: users whose attributes have similar embeddings behave
alike. Source: the reference notebook's training step (fastai's tabular learner);
the embedding idea is Guo and Berkhahn, "Entity Embeddings of Categorical Variables" (2016).
"""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from fastai.losses import MSELossFlat
from fastai.tabular.model import TabularModel, emb_sz_rule

from bootloader.networks.encoding import Encoding
from bootloader.networks.specification import ATTRIBUTE_NETWORK, CONVERSION_RANGE, Fit
from bootloader.networks.training import (
    Bfloat16,
    bfloat16_is_faster,
    choose_device,
    compute_on_one_thread,
    fit_one_cycle,
    seeded,
)

_SECONDS_PER_HOUR = 3600
_MIN_ROWS = 2  # batch normalization needs something to compare a row with

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AttributeNetwork:
    """What the network learned, ready to become tables.

    Attributes:
        embeddings: columns attribute, value, embedding (float32 array); one row per value seen in
            training.
        scales: columns attribute, mean, standard_deviation; one row per continuous input, in its
            own unit (hours, degrees).
        epochs: the training log, one row per epoch, as ``training_runs`` has it.
    """

    embeddings: pd.DataFrame
    scales: pd.DataFrame
    epochs: pd.DataFrame


def train_attribute_network(
    pairs: pd.DataFrame,
    seed: int,
    fit: Fit = ATTRIBUTE_NETWORK,
    device: torch.device | None = None,
) -> AttributeNetwork:
    """Train the notebook's network on every pair of a user and a category.

    The order of the rows decides the batches: sort them before the call. With fewer than two rows
    nothing is learned: the embeddings are those that training would have begun with.

    Args:
        pairs: one row per user and category with the columns that ``fit`` names: the interval in
            seconds, coordinates in degrees.
        seed: seeds weights and batches; the same seed gives the same bits on CPUs of one kind.
        fit: the columns, layers and schedule.
        device: where to train; the GPU if there is one when left out.
    """
    compute_on_one_thread()
    device = device or choose_device()
    hours = pairs["interval_between_actions"] / _SECONDS_PER_HOUR
    pairs = pairs.assign(interval_between_actions=hours)
    encoding = Encoding.fit(
        pairs, list(fit.categorical), list(fit.numbers), "attribute_training_rows"
    )
    codes, numbers = encoding.codes(pairs), encoding.numbers(pairs)
    target = pairs[[fit.target]].to_numpy(np.float32)
    tensors = [torch.tensor(array, device=device) for array in (codes, numbers, target)]
    with seeded(seed):
        model = TabularModel(
            emb_szs=[
                (len(values), emb_sz_rule(len(values))) for values in encoding.classes.values()
            ],
            n_cont=len(fit.numbers),
            out_sz=1,
            layers=list(fit.layers),
            y_range=CONVERSION_RANGE,
        )
    if len(pairs) < _MIN_ROWS:
        logger.warning("%s: %s rows are too few to train on", fit.network, len(pairs))
        epochs = pd.DataFrame()
    else:
        # Wide layers spend most of their time in products.
        callbacks = [Bfloat16()] if bfloat16_is_faster(device) else []
        epochs = fit_one_cycle(model, tensors, MSELossFlat(), fit, seed, callbacks)
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
