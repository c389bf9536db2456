"""From examples to `fund_scores`, in batches, so that memory does not grow with the users."""

import logging
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from bootloader.networks.fund_network import FundNetwork
from bootloader.networks.specification import FACTORS, FUND_NETWORK, NOTIFIED, NOW
from bootloader.networks.storing import fund_network_from

logger = logging.getLogger(__name__)

SCORES_SCHEMA = pa.schema(
    {
        "network": pa.string(),
        "model_cutoff": pa.int32(),
        "split": pa.string(),
        "session_id": pa.string(),
        "category": pa.string(),
        "is_funded": pa.bool_(),
        "fund_probability": pa.float64(),
        "representation": pa.list_(pa.float32()),
        "probabilities_without": pa.struct({factor: pa.float64() for factor in FACTORS}),
    }
)

# How often long scoring reports its progress.
_ROWS_BETWEEN_MESSAGES = 500_000


def score_examples(networks: pa.Table, examples: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """Score users in batches.

    Args:
        networks: rows that :func:`bootloader.networks.storing.train_fund_networks` makes, or none
            where none was trained.
        examples: one row per fit, split (calibration or score), user and category, with the columns
            model_cutoff, split, session_id, is_funded and those that the networks know.

    Returns:
        Batches with a row for each example and each network that was fitted as of its moment. The
        network of now explains its scores in ``probabilities_without``, which is null elsewhere.
    """
    trained = {
        (row["network"], row["model_cutoff"]): fund_network_from(row)
        for row in networks.to_pylist()
    }

    def batches() -> Iterator[pa.RecordBatch]:
        scored = 0
        for batch in examples:
            # Each value is then encoded once, and not in every row.
            frame = batch.to_pandas(categories=list(FUND_NETWORK.categorical))
            for (name, model_cutoff), network in trained.items():
                own = frame[frame["model_cutoff"] == model_cutoff]
                for split, rows in own.groupby("split", sort=True):
                    yield _score(name, model_cutoff, network, split, rows)
            scored, before = scored + len(frame), scored
            if scored // _ROWS_BETWEEN_MESSAGES > before // _ROWS_BETWEEN_MESSAGES:
                logger.info("fund_scores: %s users and categories scored so far", f"{scored:,}")

    return pa.RecordBatchReader.from_batches(SCORES_SCHEMA, batches())


def _score(
    name: str, model_cutoff: int, network: FundNetwork, split: str, rows: pd.DataFrame
) -> pa.RecordBatch:
    # As if nobody was notified.
    rows = rows.assign(**{NOTIFIED: 0.0})
    probabilities, representation = network.score(rows)
    is_explained = (name, model_cutoff, split) == (FUND_NETWORK.network, NOW, "score")
    columns = {
        "network": pa.repeat(name, len(rows)),
        "model_cutoff": pa.repeat(pa.scalar(model_cutoff, pa.int32()), len(rows)),
        "split": pa.repeat(split, len(rows)),
        "session_id": pa.array(rows["session_id"], pa.string()),
        "category": pa.array(rows["category"].astype(object), pa.string()),
        "is_funded": pa.array(rows["is_funded"].astype("boolean"), pa.bool_()),
        "fund_probability": pa.array(probabilities, from_pandas=True),
        "representation": _as_lists(representation),
        "probabilities_without": (
            pa.StructArray.from_arrays(network.probabilities_without(rows).values(), names=FACTORS)
            if is_explained
            else pa.nulls(len(rows), SCORES_SCHEMA.field("probabilities_without").type)
        ),
    }
    return pa.RecordBatch.from_pydict(columns, schema=SCORES_SCHEMA)


def _as_lists(matrix: np.ndarray) -> pa.ListArray:
    """Return a list for each row, without a copy of Python's in between."""
    rows, width = matrix.shape
    offsets = pa.array(np.arange(0, rows * width + 1, width), pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array(matrix.ravel()))
