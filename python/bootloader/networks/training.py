"""One training loop for every network: one thread, seeds, batches, the log of its epochs."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import pandas as pd
import torch
from fastai.callback import schedule as _schedule  # noqa: F401  (adds fit_one_cycle to Learner)
from fastai.callback.core import Callback
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.optimizer import OptimWrapper
from fastai.torch_core import norm_bias_params, set_seed
from fastcore.foundation import L

from bootloader.networks.specification import Fit

logger = logging.getLogger(__name__)

T = TypeVar("T")


def choose_device() -> torch.device:
    """Return the first CUDA device where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def compute_on_one_thread() -> None:
    """Compute on one CPU thread from here on: more would add numbers in another order.

    It holds for the calling thread and stays, since other threads may be training at the same time.
    """
    torch.set_num_threads(1)


# Models are built side by side, and more trainings than cores would keep each other waiting.
_trainings = ThreadPoolExecutor(max_workers=os.cpu_count())


def run_concurrently(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Run independent trainings side by side, and return their results in order.

    As many run as the machine has cores, whichever models they are for.
    """
    return [future.result() for future in [_trainings.submit(task) for task in tasks]]


# PyTorch's default random numbers belong to the process, and trainings run side by side.
_seeding = threading.Lock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw a new network's weights from a seed, whatever other threads do meanwhile."""
    with _seeding:
        set_seed(seed, reproducible=True)
        yield


# fastai's default optimizer, Adam with decoupled weight decay and its own defaults, computed by
# PyTorch in one fused pass over the weights: the same steps in less time.
fused_adam = partial(OptimWrapper, opt=torch.optim.AdamW, fused=True, betas=(0.9, 0.99), eps=1e-5)


def split_decayed(model: torch.nn.Module) -> L:
    """Split off the biases and norms, which weight decay leaves alone, as in fastai."""
    free = list(norm_bias_params(model))
    free_ids = {id(parameter) for parameter in free}
    return L([p for p in model.parameters() if id(p) not in free_ids], free)


class TensorBatches:
    """Batches cut out of tensors that lie on the training device, in a new random order each epoch.

    It stands where fastai expects a data loader. Indexing whole tensors avoids the cost of slicing
    a data frame for each batch.

    Args:
        tensors: tensors of equal length in their first dimension; the last one is the target.
        batch_size: rows in a batch. A shorter last batch is dropped, as fastai does in training,
            unless it is the only one.
        seed: seeds the order of the rows.
    """

    def __init__(self, tensors: Sequence[torch.Tensor], batch_size: int, seed: int) -> None:
        self.tensors = tuple(tensors)
        self.rows = len(self.tensors[0])
        self.batch_size = min(batch_size, max(self.rows, 1))
        # Drawn by the CPU, whatever the device: networks trained on a GPU see the same batches.
        self._random = torch.Generator().manual_seed(seed)

    @property
    def device(self) -> torch.device:
        """Where the tensors are; fastai moves the model there."""
        return self.tensors[0].device

    def __len__(self) -> int:
        return self.rows // self.batch_size

    def __iter__(self) -> Iterator[tuple[torch.Tensor, ...]]:
        order = torch.randperm(self.rows, generator=self._random).to(self.device)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            picked = order[start : start + self.batch_size]
            yield tuple(tensor[picked] for tensor in self.tensors)


def fit_one_cycle(
    model: torch.nn.Module,
    tensors: Sequence[torch.Tensor],
    loss: Callable,
    fit: Fit,
    seed: int,
    callbacks: Sequence[Callback] = (),
) -> pd.DataFrame:
    """Train with fastai's one-cycle policy on all rows, and return the training log.

    Args:
        model: the network; afterwards it is trained, on the device of the tensors.
        tensors: codes, numbers and target, of equal length in their first dimension.
        loss: one of fastai's loss functions.
        fit: the network's name and how it is trained.
        seed: seeds the batches; the same seed gives the same bits on CPUs of one kind.
        callbacks: what fastai does besides, such as :class:`Bfloat16`.

    Returns:
        One row per epoch with the columns of the table ``training_runs``.
    """
    schedule, epoch_log = fit.schedule, EpochLog(fit, seed)
    no_validation = TensorBatches([tensor[:0] for tensor in tensors], schedule.batch_size, seed)
    learner = Learner(
        DataLoaders(TensorBatches(tensors, schedule.batch_size, seed), no_validation),
        model,
        loss_func=loss,
        opt_func=fused_adam,
        splitter=split_decayed,
        cbs=[epoch_log, *callbacks],
    )
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(
            schedule.epochs, schedule.learning_rate, wd=[schedule.weight_decay, 0]
        )
    return pd.DataFrame(epoch_log.rows)


def bfloat16_is_faster(device: torch.device) -> bool:
    """Tell whether products of 16-bit numbers take less time: a CPU has instructions for them.

    On a GPU, networks of this size do not wait for their products.
    """
    can = torch.cpu.get_capabilities()
    has_instructions = any(can.get(name) for name in ("avx512_bf16", "amx_bf16", "sve_bf16"))
    return device.type == "cpu" and has_instructions


class Bfloat16(Callback):
    """Computes a network's matrix products from 16-bit numbers.

    What layers hand on is rounded to 16 bits; weights, their steps and the loss stay at 32.
    fastai's own MixedPrecision does this on CUDA alone.
    """

    def before_fit(self) -> None:
        # No weight is used twice in a batch, so none is cached.
        self.autocast = torch.autocast("cpu", torch.bfloat16, cache_enabled=False)

    def before_batch(self) -> None:
        self.autocast.__enter__()

    def after_pred(self) -> None:
        self.autocast.__exit__(None, None, None)
        self.learn.pred = self.pred.float()


class EpochLog(Callback):
    """Keeps one row per epoch and reports it in the log, so that long training shows its progress.

    Args:
        fit: the network that is trained.
        seed: the seed that the run was started with; it is written down, not used.
    """

    order = 60  # after fastai's Recorder, which measures the loss

    def __init__(self, fit: Fit, seed: int) -> None:
        self.fitted, self.seed = fit, seed
        self.label = label(fit)
        self.rows: list[dict] = []

    def before_fit(self) -> None:
        logger.info(
            "%s: training on %s rows, %s epochs, device %s",
            self.label, f"{self.dls.train.rows:,}", self.n_epoch, self.dls.device,
        )  # fmt: skip

    def before_epoch(self) -> None:
        self._started = time.perf_counter()

    def after_epoch(self) -> None:
        train_loss, valid_loss = self.recorder.values[-1]
        self.rows.append(
            {
                "network": self.fitted.network,
                "model_cutoff": self.fitted.model_cutoff,
                "epoch": self.epoch + 1,
                "train_loss": train_loss,
                "valid_loss": valid_loss,
                "device": self.dls.device.type,
                "seconds": time.perf_counter() - self._started,
                "rows": self.dls.train.rows,
                "seed": self.seed,
            }
        )
        logger.info(
            "%s: epoch %s of %s, training loss %.4f, %.1f s",
            self.label, self.epoch + 1, self.n_epoch, train_loss, self.rows[-1]["seconds"],
        )  # fmt: skip


def label(fit: Fit) -> str:
    """Return what the log calls a network."""
    return fit.network + (f" as of cutoff {fit.model_cutoff}" if fit.model_cutoff else "")
