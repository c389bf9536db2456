"""The fund network: how likely is it that a user funds a project of a category soon?

It learns from cutoffs of the past: what was known about a user at a moment, and whether the user
funded a project of the category after it. The horizon has two steps, as in a discrete-time survival
model (Singer and Willett, 1993): the second one is learned from users who did not fund in the
first, p = 1 - (1 - p1)(1 - p2). Without batch normalization, one shift of its logits calibrates it.
"""

import logging
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from fastai.losses import BCEWithLogitsLossFlat
from fastai.tabular.model import TabularModel, emb_sz_rule
from scipy.optimize import brentq
from scipy.special import expit, logit

from bootloader.attributes import USER_ATTRIBUTES
from bootloader.networks.encoding import Encoding
from bootloader.networks.specification import (
    BATCHES_PER_EPOCH,
    CATEGORY_COUNTS,
    CATEGORY_FEATURES,
    COUNTS,
    FACTORS,
    FUND_NETWORK,
    MIN_BATCH_SIZE,
    MIN_FUNDINGS,
    NOTIFIED,
    STEP,
    TENURE,
    Fit,
)
from bootloader.networks.training import (
    choose_device,
    compute_on_one_thread,
    fit_one_cycle,
    seeded,
)

logger = logging.getLogger(__name__)

# Nothing is certain: whatever divides by 1 - probability can rely on it.
_SMALLEST_REST = 1e-9


@dataclass(frozen=True)
class FundNetwork:
    """A trained network with what it needs to score users.

    Attributes:
        model: the network; its output is the logit of funding within a step of half a horizon.
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

    def probabilities(self, examples: pd.DataFrame) -> np.ndarray:
        """Return the probability to fund within the whole horizon, float64 of shape (rows,)."""
        return self._probabilities(self._inputs(examples))

    def probabilities_without(self, examples: pd.DataFrame) -> dict[str, np.ndarray]:
        """Return what the probability would be if one factor at a time were nothing special.

        Actions in the category, or elsewhere, are taken to not have happened. The time since the
        first event is taken to be the average of the training, and an attribute to be that of
        everybody: the average of its embedding.

        Returns:
            For each of ``FACTORS`` float64 of shape (rows,). A factor that the network does not
            know leaves the probability as it is.
        """
        only_elsewhere = dict.fromkeys(CATEGORY_FEATURES, 0) | {
            f"total_{name}": examples[f"total_{name}"] - examples[name] for name in CATEGORY_COUNTS
        }
        only_here = {f"total_{name}": examples[name] for name in CATEGORY_FEATURES}
        inputs = self._inputs(examples)
        changed = {
            "actions_in_category": self._numbers(examples.assign(**only_elsewhere)),
            "actions_elsewhere": self._numbers(examples.assign(**only_here)),
            "tenure": self._numbers(examples.assign(**{TENURE: np.nan})),
        }
        changed |= {name: self._average(name, len(examples)) for name in USER_ATTRIBUTES}
        return {factor: self._probabilities(inputs | changed[factor]) for factor in FACTORS}

    def score(self, examples: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Return the probabilities, and what the last hidden layer makes of each row.

        Returns:
            float64 of shape (rows,), and float32 of shape (rows, 32).
        """
        inputs = self._inputs(examples)
        hidden = self._hidden(inputs)
        return self._probabilities(inputs, hidden), hidden.cpu().numpy()

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _inputs(self, examples: pd.DataFrame) -> dict[str, torch.Tensor]:
        """Return what the first layer reads of the first step: the embeddings, then the numbers."""
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
        numbers = self.encoding.numbers(_log_counts(examples).assign(**{STEP: 1}))
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

    def _probabilities(
        self, inputs: dict[str, torch.Tensor], hidden: torch.Tensor | None = None
    ) -> np.ndarray:
        """Return the probabilities for the horizon; hidden is that of its first step, if known."""
        none = 1 - self._step(self._hidden(inputs) if hidden is None else hidden)
        none *= 1 - self._step(self._hidden(inputs | self._in_second_step(inputs["numbers"])))
        whole = np.clip(1 - none, _SMALLEST_REST, 1 - _SMALLEST_REST)
        return np.minimum(expit(logit(whole) + self.calibration), 1 - _SMALLEST_REST)

    def _step(self, hidden: torch.Tensor) -> np.ndarray:
        with torch.inference_mode():
            logits = self.model.layers[-1](hidden).squeeze(1).double()
            return torch.sigmoid(logits).cpu().numpy()

    def _in_second_step(self, numbers: torch.Tensor) -> dict[str, torch.Tensor]:
        scales = self.encoding.scales.set_index("attribute")
        changed = numbers.clone()
        mean, deviation = scales.loc[STEP, ["mean", "standard_deviation"]]
        changed[:, scales.index.get_loc(STEP)] = (2 - mean) / deviation
        return {"numbers": changed}


def train_fund_network(
    train: pd.DataFrame,
    calibrate: pd.DataFrame,
    seed: int,
    fit: Fit = FUND_NETWORK,
    device: torch.device | None = None,
) -> FundNetwork | None:
    """Train on steps of half a horizon, calibrate on outcomes of a whole one.

    Args:
        train: one row per cutoff, step, user and category, with the columns that ``fit`` names; the
            target is whether the user funded within the step. The order of the rows decides the
            batches: sort them before the call.
        calibrate: the same columns; the target is that of a whole horizon.
        seed: seeds weights and batches; the same seed gives the same bits on CPUs of one kind.
        fit: what the network may know; everything when left out.
        device: where to train; the GPU if there is one when left out.

    Returns:
        The network, or None where there are fewer than ``MIN_FUNDINGS`` to learn from or to
        calibrate on.
    """
    for rows in (train, calibrate):
        fundings = int(rows[fit.target].sum())
        if fundings < MIN_FUNDINGS or fundings == len(rows):
            logger.warning(
                "%s: not trained, %s fundings after the cutoffs are too few (%s are needed)",
                fit.network, fundings, MIN_FUNDINGS,
            )  # fmt: skip
            return None
    if NOTIFIED in train and train[NOTIFIED].any():
        fit = replace(fit, numbers=(*fit.numbers, NOTIFIED))
    compute_on_one_thread()
    device = device or choose_device()
    counted = _log_counts(train)
    encoding = Encoding.fit(
        counted, list(fit.categorical), list(fit.numbers), "fund_training_examples"
    )
    codes = encoding.codes(counted)
    outcome = train[[fit.target]].to_numpy(np.float32)
    tensors = [
        torch.tensor(array, device=device) for array in (codes, encoding.numbers(counted), outcome)
    ]
    model = new_model(encoding, seed)
    rate = float(outcome.mean())
    with torch.no_grad():  # begin with what is known without any feature
        model.layers[-1][0].bias.fill_(float(np.log(rate / (1 - rate))))
    epochs = fit_one_cycle(model, tensors, BCEWithLogitsLossFlat(), _for_few(fit, len(train)), seed)
    shares = {
        name: (np.bincount(codes[:, position], minlength=len(values)) / len(codes)).tolist()
        for position, (name, values) in enumerate(encoding.classes.items())
    }
    network = FundNetwork(model, encoding, shares, 0.0, epochs)
    predicted = logit(network.probabilities(calibrate))
    observed = calibrate[fit.target].mean()
    # One number that makes as many fund as did; the mean rises with it, so there is just one.
    shift = brentq(lambda by: expit(predicted + by).mean() - observed, -50, 50)
    return replace(network, calibration=shift)


def new_model(encoding: Encoding, seed: int) -> TabularModel:
    """Return a network with random weights that reads what the encoding gives."""
    with seeded(seed):
        return TabularModel(
            emb_szs=[(len(known), emb_sz_rule(len(known))) for known in encoding.classes.values()],
            n_cont=len(encoding.scales),
            out_sz=1,
            layers=list(FUND_NETWORK.layers),
            use_bn=False,
            bn_cont=False,
        )


def _for_few(fit: Fit, rows: int) -> Fit:
    """Return the fit with a batch size that leaves enough steps in an epoch."""
    batch_size = max(MIN_BATCH_SIZE, min(fit.schedule.batch_size, rows // BATCHES_PER_EPOCH))
    return replace(fit, schedule=replace(fit.schedule, batch_size=batch_size))


def _log_counts(examples: pd.DataFrame) -> pd.DataFrame:
    return examples.assign(**{name: np.log1p(examples[name].astype(float)) for name in COUNTS})
