"""The fund network: how likely is it that a user funds a project of a category soon?

It learns from cutoffs of the past: what was known of a user at a moment, and whether the user
funded a project of the category after it. Views that no funding has followed yet say most,
attributes a little. A small network is enough, and without batch normalisation one shift of its
logits calibrates it.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from fastai.losses import BCEWithLogitsLossFlat
from fastai.tabular.model import TabularModel, emb_sz_rule
from scipy.optimize import brentq
from scipy.special import expit, logit

from bootloader.encoding import MISSING, SCALES_TYPE, Encoding
from bootloader.training import (
    EPOCHS_TYPE,
    Schedule,
    choose_device,
    compute_on_one_thread,
    epochs_frame,
    fingerprint,
    fit_one_cycle,
    keep_or_train,
    run_concurrently,
    seeded,
)

logger = logging.getLogger(__name__)

OUTCOME = "is_funded"
CATEGORY = "category"
ATTRIBUTES = ["age", "gender_cleaned", "marital_status", "device", "state"]
COUNTS = [
    "views", "funds", "pending_views", "total_views", "total_funds", "total_pending_views",
]  # fmt: skip

# How often long scoring says how far it is.
_ROWS_BETWEEN_MESSAGES = 500_000

# What a prediction is explained by, in the order of FundNetwork.probabilities_without.
FACTORS = ["actions_in_category", "actions_elsewhere", *ATTRIBUTES]

LAYERS = [64, 32]
SCHEDULE = Schedule(epochs=5, batch_size=2048, learning_rate=2e-2, weight_decay=0.01)

# Few rows are cut into smaller batches, or the network would take too few steps to learn anything.
BATCHES_PER_EPOCH = 50
MIN_BATCH_SIZE = 64

# With fewer fundings after the cutoffs, a network would learn who those few people are.
MIN_FUNDINGS = 100

# Nothing is certain: what divides by the rest of a probability may rely on it.
_SMALLEST_REST = 1e-9


@dataclass(frozen=True)
class Fit:
    """One network to be trained: as of when, and on what.

    Attributes:
        network: its name in the tables.
        model_cutoff: 0 for now, 2 for the beginning of the last horizon, to be measured on it.
        attributes: what it may know of who the users are.
        counts: what it may know of what they did.
    """

    network: str
    model_cutoff: int
    attributes: Sequence[str]
    counts: Sequence[str]


def fits(excluded_attributes: str | Sequence[str] | None = ()) -> list[Fit]:
    """Return the networks to train: the one that is used, and those that are only measured.

    Args:
        excluded_attributes: an attribute, or several, that the network must not know. A network
            that knows them all the same is then measured beside it, so that everybody sees what
            leaving them out costs; it never scores anybody for a campaign.

    Raises:
        ValueError: one of them is no attribute of the network.
    """
    names = [excluded_attributes] if isinstance(excluded_attributes, str) else excluded_attributes
    excluded = {"gender_cleaned" if name == "gender" else name for name in names or []}
    if unknown := excluded - set(ATTRIBUTES):
        raise ValueError(f"excluded_attributes: the network knows no {sorted(unknown)}")
    allowed = [name for name in ATTRIBUTES if name not in excluded]
    wanted = [
        Fit("fund_network", 0, allowed, COUNTS),
        Fit("fund_network", 2, allowed, COUNTS),
        Fit("attributes_only", 2, allowed, []),
    ]
    if excluded:
        wanted.append(Fit("fund_network_nothing_excluded", 2, ATTRIBUTES, COUNTS))
    return wanted


_NUMBERS = pa.list_(pa.float32())
ARROW_SCHEMA = pa.schema(
    {
        "network": pa.string(),
        "model_cutoff": pa.int32(),
        "fingerprint": pa.string(),
        "parameters": pa.list_(
            pa.struct({"name": pa.string(), "shape": pa.list_(pa.int64()), "weights": _NUMBERS})
        ),
        "classes": pa.list_(
            pa.struct(
                {
                    "attribute": pa.string(),
                    "known_values": pa.list_(pa.string()),
                    "shares": pa.list_(pa.float64()),
                }
            )
        ),
        "scales": SCALES_TYPE,
        "calibration": pa.float64(),
        "epochs": EPOCHS_TYPE,
    }
)
SCORES_SCHEMA = pa.schema(
    {
        "network": pa.string(),
        "model_cutoff": pa.int32(),
        "split": pa.string(),
        "session_id": pa.string(),
        "category": pa.string(),
        "is_funded": pa.bool_(),
        "fund_probability": pa.float64(),
        "representation": _NUMBERS,
        "probabilities_without": pa.list_(pa.float64()),
    }
)


@dataclass(frozen=True)
class FundNetwork:
    """A trained network with what it needs to score users.

    Attributes:
        model: the network; its output is the logit of funding within half a horizon.
        encoding: how attributes and counts are encoded for it.
        shares: for each attribute, how frequent each of its codes was in training.
        calibration: what is added to the logit of a probability for the whole horizon.
        epochs: the training log, one row per epoch.
    """

    model: TabularModel
    encoding: Encoding
    shares: dict[str, list[float]]
    calibration: float
    epochs: pd.DataFrame

    def to_row(self) -> dict:
        """Return the whole network as lists, without any code to execute."""
        return {
            "parameters": [
                {"name": name, "shape": list(value.shape), "weights": value.flatten().tolist()}
                for name, value in self.model.state_dict().items()
            ],
            "classes": [
                {"attribute": name, "known_values": values[1:], "shares": self.shares[name]}
                for name, values in self.encoding.classes.items()
            ],
            "scales": self.encoding.scales.to_dict("records"),
            "calibration": self.calibration,
            "epochs": self.epochs.to_dict("records"),
        }

    @classmethod
    def from_row(cls, row: dict, device: torch.device | None = None) -> "FundNetwork":
        """Return the network that :meth:`to_row` put into a row."""
        classes = {item["attribute"]: [MISSING, *item["known_values"]] for item in row["classes"]}
        shares = {item["attribute"]: item["shares"] for item in row["classes"]}
        scales = pd.DataFrame(
            row["scales"], columns=[field.name for field in SCALES_TYPE.value_type]
        )
        encoding = Encoding(classes, scales)
        model = _new_model(encoding, seed=0)  # the weights are those of the row
        model.load_state_dict(
            {
                item["name"]: torch.tensor(item["weights"]).reshape(item["shape"])
                for item in row["parameters"]
            }
        )
        model.to(device or choose_device())
        return cls(model, encoding, shares, row["calibration"], epochs_frame(row["epochs"]))

    @property
    def counts(self) -> list[str]:
        """The counts that the network knows; none where it knows only attributes."""
        return self.encoding.scales["attribute"].to_list()

    def probabilities(self, examples: pd.DataFrame) -> np.ndarray:
        """Return the probability to fund within the whole horizon, float64 of shape (rows,)."""
        return self._probabilities(self._hidden(self._inputs(examples)))

    def probabilities_without(self, examples: pd.DataFrame) -> np.ndarray:
        """Return what the probability would be, were a single factor nothing special.

        Actions in the category, or elsewhere, are taken to not have happened. An attribute is taken
        to be that of everybody: the average of its embedding over the users of the training.

        Returns:
            float64 of shape (rows, factors), in the order of ``FACTORS``. A factor that the network
            does not know leaves the probability as it is.
        """
        own = examples[["views", "funds", "pending_views"]]
        total = examples[["total_views", "total_funds", "total_pending_views"]]
        only_elsewhere = examples.assign(
            **dict.fromkeys(own, 0)
            | {name: total[name] - own[name.removeprefix("total_")] for name in total}
        )
        only_here = examples.assign(**{name: own[name.removeprefix("total_")] for name in total})
        inputs = self._inputs(examples)
        without = [inputs | self._numbers(only_elsewhere), inputs | self._numbers(only_here)]
        without += [inputs | self._average(name, len(examples)) for name in ATTRIBUTES]
        columns = [self._probabilities(self._hidden(changed)) for changed in without]
        return np.stack(columns, axis=1)

    def score(self, examples: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Return the probabilities, and what the last hidden layer makes of each row.

        Returns:
            float64 of shape (rows,), and float32 of shape (rows, 32).
        """
        hidden = self._hidden(self._inputs(examples))
        return self._probabilities(hidden), hidden.cpu().numpy()

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _inputs(self, examples: pd.DataFrame) -> dict[str, torch.Tensor]:
        """Return what the first layer reads, side by side: the embeddings, then the numbers."""
        codes = torch.tensor(self.encoding.codes(examples), device=self._device)
        with torch.inference_mode():
            embedded = {
                name: embed(codes[:, position])
                for position, (name, embed) in enumerate(
                    zip(self.encoding.classes, self.model.embeds, strict=True)
                )
            }
        return embedded | self._numbers(examples)

    def _numbers(self, examples: pd.DataFrame) -> dict[str, torch.Tensor]:
        if not self.counts:
            return {}
        numbers = self.encoding.numbers(_log_counts(examples))
        return {"numbers": torch.tensor(numbers, device=self._device)}

    def _average(self, attribute: str, rows: int) -> dict[str, torch.Tensor]:
        if attribute not in self.encoding.classes:
            return {}
        position = list(self.encoding.classes).index(attribute)
        shares = torch.tensor(self.shares[attribute], device=self._device, dtype=torch.float32)
        with torch.inference_mode():
            average = shares @ self.model.embeds[position].weight
        return {attribute: average.expand(rows, -1)}

    def _hidden(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        compute_on_one_thread()
        self.model.eval()
        with torch.inference_mode():
            return self.model.layers[:-1](torch.cat(list(inputs.values()), dim=1))

    def _probabilities(self, hidden: torch.Tensor) -> np.ndarray:
        with torch.inference_mode():
            half = torch.sigmoid(self.model.layers[-1](hidden).squeeze(1).double())
        shifted = expit(_logit_of_two_halves(half.cpu().numpy()) + self.calibration)
        return np.minimum(shifted, 1 - _SMALLEST_REST)


def train_fund_networks(
    examples: pd.DataFrame,
    seed: int,
    excluded_attributes: str | Sequence[str] | None = (),
    earlier: Mapping[str, dict] | None = None,
) -> pa.Table:
    """Train every network of :func:`fits`, and return a row for each that could be trained.

    Args:
        examples: one row per fit, split (train or calibration), cutoff, user and category, with the
            columns model_cutoff, split, category and those of ``ATTRIBUTES``, ``COUNTS`` and
            ``OUTCOME``. The order of the rows decides the batches: sort them before the call.
        seed: seeds weights and batches; the same seed gives the same bits on CPUs of one kind.
        excluded_attributes: see :func:`fits`.
        earlier: rows of the last build by fingerprint; one that would be the same is kept.
    """

    def row(fit: Fit) -> dict | None:
        own = examples[examples["model_cutoff"] == fit.model_cutoff]
        mark = fingerprint(own, fit, seed)

        def train() -> dict | None:
            network = train_fund_network(
                own.query("split == 'train'"), own.query("split == 'calibration'"), seed, fit
            )
            names = {
                "network": fit.network,
                "model_cutoff": fit.model_cutoff,
                "fingerprint": mark,
            }
            return names | network.to_row() if network else None

        return keep_or_train(fit.network, mark, earlier or {}, train)

    rows = run_concurrently([partial(row, fit) for fit in fits(excluded_attributes)])
    return pa.Table.from_pylist(list(filter(None, rows)), schema=ARROW_SCHEMA)


def train_fund_network(
    train: pd.DataFrame,
    calibrate: pd.DataFrame,
    seed: int,
    fit: Fit | None = None,
    device: torch.device | None = None,
) -> FundNetwork | None:
    """Train on cutoffs half a horizon before their outcome, calibrate on one of a whole horizon.

    Args:
        train: one row per cutoff, user and category, with the category and the columns of
            ``ATTRIBUTES``, ``COUNTS`` and ``OUTCOME`` (funded within half a horizon). The order of
            the rows decides the batches: sort them before the call.
        calibrate: the same columns for one cutoff, the outcome being that of a whole horizon.
        seed: seeds weights and batches; the same seed gives the same bits on CPUs of one kind.
        fit: what the network may know; everything when left out.
        device: where to train; the GPU if there is one when left out.

    Returns:
        The network, or None where there are fewer than ``MIN_FUNDINGS`` to learn from or to
        calibrate on.
    """
    fit = fit or fits()[0]
    for rows in (train, calibrate):
        fundings = int(rows[OUTCOME].sum())
        if fundings < MIN_FUNDINGS or fundings == len(rows):
            logger.warning(
                "%s: not trained, %s fundings after the cutoffs are too few (%s are needed)",
                fit.network, fundings, MIN_FUNDINGS,
            )  # fmt: skip
            return None
    compute_on_one_thread()
    device = device or choose_device()
    counted = _log_counts(train)
    encoding = Encoding.fit(counted, [CATEGORY, *fit.attributes], list(fit.counts))
    codes = encoding.codes(counted)
    outcome = train[[OUTCOME]].to_numpy(np.float32)
    tensors = [
        torch.tensor(array, device=device) for array in (codes, encoding.numbers(counted), outcome)
    ]
    model = _new_model(encoding, seed)
    rate = float(outcome.mean())
    with torch.no_grad():  # begin with what is known without any feature
        model.layers[-1][0].bias.fill_(float(np.log(rate / (1 - rate))))
    batch_size = max(MIN_BATCH_SIZE, min(SCHEDULE.batch_size, len(train) // BATCHES_PER_EPOCH))
    epochs = fit_one_cycle(
        model,
        tensors,
        BCEWithLogitsLossFlat(),
        replace(SCHEDULE, batch_size=batch_size),
        seed,
        fit.network,
        fit.model_cutoff,
    )
    shares = {
        name: (np.bincount(codes[:, position], minlength=len(values)) / len(codes)).tolist()
        for position, (name, values) in enumerate(encoding.classes.items())
    }
    network = FundNetwork(model, encoding, shares, 0.0, epochs)
    predicted = logit(network.probabilities(calibrate))
    observed = calibrate[OUTCOME].mean()
    # One number that makes as many fund as did; the mean rises with it, so there is just one.
    shift = brentq(lambda by: expit(predicted + by).mean() - observed, -50, 50)
    return replace(network, calibration=shift)


def _new_model(encoding: Encoding, seed: int) -> TabularModel:
    with seeded(seed):
        return TabularModel(
            emb_szs=[(len(known), emb_sz_rule(len(known))) for known in encoding.classes.values()],
            n_cont=len(encoding.scales),
            out_sz=1,
            layers=LAYERS,
            use_bn=False,
            bn_cont=False,
        )


def score_examples(networks: pa.Table, examples: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """Score users in batches, so that memory does not grow with their number.

    Args:
        networks: rows that :func:`train_fund_networks` makes, or none where none was trained.
        examples: one row per fit, split (calibration or score), user and category, with the columns
            model_cutoff, split, session_id, ``OUTCOME`` and those that the networks know.

    Returns:
        Batches with a row for each example and each network that was fitted as of its moment. The
        network of now explains its scores in ``probabilities_without``, which is null elsewhere.
    """
    trained = {
        (row["network"], row["model_cutoff"]): FundNetwork.from_row(row)
        for row in networks.to_pylist()
    }

    def batches() -> Iterator[pa.RecordBatch]:
        scored = 0
        for batch in examples:
            # Each value is then encoded once, and not in every row.
            frame = batch.to_pandas(categories=[CATEGORY, *ATTRIBUTES])
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
    probabilities, representation = network.score(rows)
    is_explained = (name, model_cutoff, split) == ("fund_network", 0, "score")
    columns = {
        "network": pa.repeat(name, len(rows)),
        "model_cutoff": pa.repeat(pa.scalar(model_cutoff, pa.int32()), len(rows)),
        "split": pa.repeat(split, len(rows)),
        "session_id": pa.array(rows["session_id"], pa.string()),
        "category": pa.array(rows[CATEGORY].astype(object), pa.string()),
        "is_funded": pa.array(rows[OUTCOME].astype("boolean"), pa.bool_()),
        "fund_probability": pa.array(probabilities, from_pandas=True),
        "representation": _as_lists(representation),
        "probabilities_without": (
            _as_lists(network.probabilities_without(rows))
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


def _logit_of_two_halves(probability: np.ndarray) -> np.ndarray:
    """From the probability within half a horizon to the logit of the one within the whole of it."""
    whole = 1 - (1 - probability) ** 2
    return logit(np.clip(whole, _SMALLEST_REST, 1 - _SMALLEST_REST))


def _log_counts(examples: pd.DataFrame) -> pd.DataFrame:
    return examples.assign(**{name: np.log1p(examples[name].astype(float)) for name in COUNTS})
