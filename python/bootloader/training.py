"""What every network of the project needs to train: batches, one thread, a log of epochs."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pandas as pd
import pyarrow as pa
import torch
from fastai.callback.core import Callback
from fastai.optimizer import OptimWrapper
from fastai.torch_core import norm_bias_params, set_seed
from fastcore.foundation import L

logger = logging.getLogger(__name__)

EPOCHS_TYPE = pa.list_(
    pa.struct(
        {
            "network": pa.string(),
            "epoch": pa.int32(),
            "train_loss": pa.float64(),
            "valid_loss": pa.float64(),
            "device": pa.string(),
            "seconds": pa.float64(),
            "rows": pa.int64(),
            "seed": pa.int64(),
        }
    )
)


def choose_device() -> torch.device:
    """Return the first CUDA device where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


# PyTorch's random numbers and its number of threads belong to the process, and dbt runs several
# models at a time: one computation after another keeps each of them repeatable.
_computing = threading.RLock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one CPU thread: more would add numbers in another order."""
    with _computing:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Seed every generator and compute on one thread, so that equal input gives equal bits."""
    with one_thread():
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
    """

    def __init__(self, tensors: Sequence[torch.Tensor], batch_size: int) -> None:
        self.tensors = tuple(tensors)
        self.rows = len(self.tensors[0])
        self.batch_size = min(batch_size, max(self.rows, 1))

    @property
    def device(self) -> torch.device:
        """Where the tensors are; fastai moves the model there."""
        return self.tensors[0].device

    def __len__(self) -> int:
        return self.rows // self.batch_size

    def __iter__(self) -> Iterator[tuple[torch.Tensor, ...]]:
        order = torch.randperm(self.rows, device=self.device)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            picked = order[start : start + self.batch_size]
            yield tuple(tensor[picked] for tensor in self.tensors)


class EpochLog(Callback):
    """Keeps one row per epoch and reports it in the log, so that long training shows its progress.

    Args:
        network: the network's name, as in the table ``training_runs``.
        seed: the seed that the run was started with; it is written down, not used.
    """

    order = 60  # after fastai's Recorder, which measures the loss

    def __init__(self, network: str, seed: int) -> None:
        self.network, self.seed = network, seed
        self.rows: list[dict] = []

    def before_fit(self) -> None:
        logger.info(
            "%s: training on %s rows, %s epochs, device %s",
            self.network, f"{self.dls.train.rows:,}", self.n_epoch, self.dls.device,
        )  # fmt: skip

    def before_epoch(self) -> None:
        self._started = time.perf_counter()

    def after_epoch(self) -> None:
        train_loss, valid_loss = self.recorder.values[-1]
        self.rows.append(
            {
                "network": self.network,
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
            self.network, self.epoch + 1, self.n_epoch, train_loss, self.rows[-1]["seconds"],
        )  # fmt: skip

    def frame(self) -> pd.DataFrame:
        """Return the rows kept so far, one per epoch."""
        return pd.DataFrame(self.rows, columns=[field.name for field in EPOCHS_TYPE.value_type])
