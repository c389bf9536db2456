"""The fund network: how likely is it that a user funds a project of a category soon?

It learns from snapshots of the past: what was known of a user at a moment, and whether the user
funded a project of the category after it. Views that no funding has followed yet say most,
attributes a little. A small network is enough, and without batch normalisation it is calibrated
by one factor.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from fastai.callback import schedule  # noqa: F401  (adds fit_one_cycle to Learner)
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.losses import BCEWithLogitsLossFlat
from fastai.tabular.model import TabularModel, emb_sz_rule

from bootloader.encoding import MISSING, SCALES_TYPE, Encoding
from bootloader.training import (
    EPOCHS_TYPE,
    EpochLog,
    TensorBatches,
    choose_device,
    fused_adam,
    one_thread,
    repeatable,
    split_decayed,
)

logger = logging.getLogger(__name__)

NETWORK = "fund_network"
OUTCOME = "is_funded"
CATEGORICAL = ["category", "age", "gender_cleaned", "marital_status", "device", "state"]
COUNTS = [
    "views", "funds", "pending_views", "total_views", "total_funds", "total_pending_views",
]  # fmt: skip

LAYERS = [64, 32]
BATCH_SIZE = 1024
EPOCHS = 5
LEARNING_RATE = 2e-2
WEIGHT_DECAY = 0.01

# With fewer fundings after the snapshots, a network would learn who those few people are.
FEWEST_FUNDINGS = 100

ARROW_SCHEMA = pa.schema(
    {
        "parameters": pa.list_(
            pa.struct(
                {
                    "name": pa.string(),
                    "shape": pa.list_(pa.int64()),
                    "weights": pa.list_(pa.float32()),
                }
            )
        ),
        "classes": pa.list_(
            pa.struct({"attribute": pa.string(), "known_values": pa.list_(pa.string())})
        ),
        "scales": SCALES_TYPE,
        "calibration": pa.float64(),
        "epochs": EPOCHS_TYPE,
    }
)
SCORES_SCHEMA = pa.schema(
    {"session_id": pa.string(), "category": pa.string(), "fund_probability": pa.float64()}
)


@dataclass(frozen=True)
class FundNetwork:
    """A trained network with what it needs to score users.

    Attributes:
        model: the network; its output is the logit of funding within half a horizon.
        encoding: how attributes and counts are encoded for it.
        calibration: what a probability for the whole horizon is multiplied with.
        epochs: the training log, one row per epoch.
    """

    model: TabularModel
    encoding: Encoding
    calibration: float
    epochs: pd.DataFrame

    def to_arrow(self) -> pa.Table:
        """Return one row that holds the whole network as lists, without any code to execute."""
        parameters = [
            {"name": name, "shape": list(value.shape), "weights": value.flatten().tolist()}
            for name, value in self.model.state_dict().items()
        ]
        classes = [
            {"attribute": name, "known_values": values[1:]}
            for name, values in self.encoding.classes.items()
        ]
        row = {
            "parameters": parameters,
            "classes": classes,
            "scales": self.encoding.scales.to_dict("records"),
            "calibration": self.calibration,
            "epochs": self.epochs.to_dict("records"),
        }
        return pa.Table.from_pylist([row], schema=ARROW_SCHEMA)

    @classmethod
    def from_arrow(cls, table: pa.Table, device: torch.device | None = None) -> "FundNetwork":
        """Return the network that :meth:`to_arrow` put into the one row of a table."""
        row = table.to_pylist()[0]
        classes = {item["attribute"]: [MISSING, *item["known_values"]] for item in row["classes"]}
        encoding = Encoding(classes, pd.DataFrame(row["scales"]))
        model = _new_model(encoding)
        model.load_state_dict(
            {
                item["name"]: torch.tensor(item["weights"]).reshape(item["shape"])
                for item in row["parameters"]
            }
        )
        model.to(device or choose_device())
        return cls(model, encoding, row["calibration"], pd.DataFrame(row["epochs"]))

    def probabilities(self, examples: pd.DataFrame) -> np.ndarray:
        """Return the probability to fund within the whole horizon, float64 of shape (rows,)."""
        return np.clip(_two_halves(self._half_horizon(examples)) * self.calibration, 0, 1)

    def _half_horizon(self, examples: pd.DataFrame) -> np.ndarray:
        if examples.empty:
            return np.empty(0)
        device = next(self.model.parameters()).device
        rows = _log_counts(examples)
        codes = torch.tensor(self.encoding.codes(rows), device=device)
        numbers = torch.tensor(self.encoding.numbers(rows), device=device)
        self.model.eval()
        with one_thread(), torch.inference_mode():
            logits = self.model(codes, numbers).squeeze(1)
        return torch.sigmoid(logits.double()).cpu().numpy()


def train_fund_network(
    train: pd.DataFrame, calibrate: pd.DataFrame, seed: int, device: torch.device | None = None
) -> FundNetwork | None:
    """Train on snapshots half a horizon before their outcome, calibrate on one of a whole horizon.

    Args:
        train: one row per snapshot, user and category, with the columns of ``CATEGORICAL``,
            ``COUNTS`` and ``OUTCOME`` (funded within half a horizon). The order of the rows
            decides the batches: sort them before the call.
        calibrate: the same columns for one snapshot, the outcome being that of a whole horizon.
        seed: seeds weights and batches; the same seed gives the same bits on a CPU.
        device: where to train; the GPU if there is one when left out.

    Returns:
        The network, or None where there are fewer than ``FEWEST_FUNDINGS`` to learn from.
    """
    fundings = int(train[OUTCOME].sum())
    if fundings < FEWEST_FUNDINGS or fundings == len(train):
        logger.warning(
            "%s: not trained, %s fundings after the snapshots are too few (at least %s are needed)",
            NETWORK, fundings, FEWEST_FUNDINGS,
        )  # fmt: skip
        return None
    device = device or choose_device()
    counted = _log_counts(train)
    encoding = Encoding.fit(counted, CATEGORICAL, COUNTS)
    arrays = (
        encoding.codes(counted),
        encoding.numbers(counted),
        train[[OUTCOME]].to_numpy(np.float32),
    )
    with repeatable(seed):
        tensors = [torch.tensor(array, device=device) for array in arrays]
        model = _new_model(encoding)
        rate = train[OUTCOME].mean()
        with torch.no_grad():  # begin with what is known without any feature
            model.layers[-1][0].bias.fill_(float(np.log(rate / (1 - rate))))
        epoch_log = EpochLog(NETWORK, seed)
        no_validation = TensorBatches([tensor[:0] for tensor in tensors], BATCH_SIZE)
        learner = Learner(
            DataLoaders(TensorBatches(tensors, BATCH_SIZE), no_validation),
            model,
            loss_func=BCEWithLogitsLossFlat(),
            opt_func=fused_adam,
            splitter=split_decayed,
            cbs=epoch_log,
        )
        with learner.no_bar(), learner.no_logging():
            learner.fit_one_cycle(EPOCHS, LEARNING_RATE, wd=[WEIGHT_DECAY, 0])
        network = FundNetwork(model, encoding, 1.0, epoch_log.frame())
        predicted = _two_halves(network._half_horizon(calibrate)).mean()
        calibration = float(calibrate[OUTCOME].mean() / predicted)
    return FundNetwork(model, encoding, calibration, network.epochs)


def _new_model(encoding: Encoding) -> TabularModel:
    return TabularModel(
        emb_szs=[(len(values), emb_sz_rule(len(values))) for values in encoding.classes.values()],
        n_cont=len(COUNTS),
        out_sz=1,
        layers=LAYERS,
        use_bn=False,
        bn_cont=False,
    )


def score_examples(network: pa.Table, examples: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """Score users in batches, so that memory does not grow with their number.

    Args:
        network: the row that :meth:`FundNetwork.to_arrow` makes, or no row where none was trained.
        examples: one row per user and category, with the columns of ``CATEGORICAL`` and ``COUNTS``.

    Returns:
        Batches of session_id, category, fund_probability; none where there is no network.
    """

    def batches() -> Iterator[pa.RecordBatch]:
        if network.num_rows == 0:
            return
        trained = FundNetwork.from_arrow(network)
        for batch in examples:
            frame = batch.to_pandas()
            scored = frame[["session_id", "category"]].assign(
                fund_probability=trained.probabilities(frame)
            )
            yield pa.RecordBatch.from_pandas(scored, schema=SCORES_SCHEMA, preserve_index=False)

    return pa.RecordBatchReader.from_batches(SCORES_SCHEMA, batches())


def _two_halves(probability: np.ndarray) -> np.ndarray:
    """From the probability within half a horizon to the one within the whole of it."""
    return 1 - (1 - probability) ** 2


def _log_counts(examples: pd.DataFrame) -> pd.DataFrame:
    return examples.assign(**{name: np.log1p(examples[name].astype(float)) for name in COUNTS})
