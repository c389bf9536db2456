"""Train every network on the CPU and on the GPU, and compare them: ``make check-gpu``.

The rows that the last build trained on, this script, the package and the few wheels that a machine
with its own PyTorch lacks go into the folder ``.gpu``. Where a machine has a GPU and no network,
copy the folder there and run ``sh .gpu/check.sh``: it needs less than five minutes.
"""

import argparse
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from importlib.metadata import requires, version
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from bootloader.networks.attribute_network import train_attribute_network
from bootloader.networks.fund_network import train_fund_network
from bootloader.networks.specification import ATTRIBUTE_NETWORK, MODEL_CUTOFFS, Fit, fund_fits
from bootloader.networks.storing import fund_network_from, row_of
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SEED = 42
# Training adds numbers in another order on a GPU, so the networks themselves differ a little.
MOST_LOSS_APART = 0.02
MOST_SCORE_APART = 1e-4
# What the package imports, and what a machine with a GPU has or tables do not need.
IMPORTED = ("fastai", "safetensors", "pandas", "pyarrow", "scipy", "duckdb", "fsspec")
HAS = {"torch", "numpy", "torchvision", "pillow", "spacy", "setuptools", "pip"}

logger = logging.getLogger("check_gpu")


def main() -> None:
    """Prepare the folder and run the check in it, or run it in a folder that was prepared."""
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stdout)
    logging.getLogger("bootloader").setLevel(logging.WARNING)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / ".gpu")
    parser.add_argument("--prepare", metavar="PYTHON", help="prepare for that Python, such as 3.12")
    parser.add_argument("--has", nargs="*", default=[], help="packages that the other machine has")
    arguments = parser.parse_args()
    if arguments.prepare:
        prepare(arguments.folder, arguments.prepare, HAS | set(arguments.has))
    sys.exit(check(arguments.folder))


def prepare(folder: Path, python: str, there: set[str]) -> None:
    """Write the folder anew: rows of the last build, the package, wheels and ``check.sh``."""
    import duckdb

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    warehouse = Path(os.environ.get("BOOTLOADER_WAREHOUSE", ROOT / "warehouse.duckdb"))
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("use main_internal")
        # In the order of the models, which decides the batches.
        for name, order in {
            "attribute_training_rows": "cutoff, session_id, category",
            "fund_training_examples": "model_cutoff, split, cutoff, step, session_id, category",
        }.items():
            query = f"copy (from {name} order by {order}) to '{folder / name}.parquet'"
            connection.execute(query)
    shutil.copytree(
        ROOT / "python" / "bootloader" / "networks", folder / "python" / "bootloader" / "networks"
    )
    for name in ("__init__.py", "attributes.py"):
        shutil.copy(ROOT / "python" / "bootloader" / name, folder / "python" / "bootloader")
    shutil.copy(__file__, folder / "python")
    wanted = [f"{name}=={version(name)}" for name in sorted(needed(there))]
    subprocess.run(  # noqa: S603  (this project's own names)
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
         "--python-version", python, "--dest", str(folder), *wanted],
        check=True,
    )  # fmt: skip
    (folder / "check.sh").write_text(
        "set -e\n"
        'folder=$(dirname "$0")\n'
        'python3 -m pip install -q --no-index --no-deps --target "$folder/site" "$folder"/*.whl\n'
        'PYTHONPATH="$folder/site:$folder/python" python3 "$folder/python/check_gpu.py" "$folder"\n'
    )


def needed(there: set[str]) -> set[str]:
    """Return the names of the installed packages that the package needs, beyond what is there."""
    found: set[str] = set()
    names = list(IMPORTED)
    while names:
        name = canonicalize_name(names.pop())
        if name not in found | there:
            found.add(name)
            for requirement in map(Requirement, requires(name) or []):
                if not requirement.marker or requirement.marker.evaluate({"extra": ""}):
                    names.append(requirement.name)
    return found


def check(folder: Path) -> int:
    """Train on both devices, print a line per network, and return 1 where they disagree."""
    if not torch.cuda.is_available():
        logger.info("This machine has no GPU that PyTorch can use: nothing was compared.")
        device = torch.device("cpu")
        for name, (network, seconds) in train_all(folder, device).items():
            loss = network.epochs["train_loss"].iloc[-1]
            logger.info("%s: trained on the CPU in %.1f s, loss %.4f", name, seconds, loss)
        return 0
    logger.info("GPU: %s", torch.cuda.get_device_name())
    on_cpu = train_all(folder, torch.device("cpu"))
    with Utilisation() as utilisation:
        on_gpu = train_all(folder, torch.device("cuda"))
    faults = []
    for name, (network, seconds) in on_cpu.items():
        other, gpu_seconds = on_gpu[name]
        losses = [one.epochs["train_loss"].iloc[-1] for one in (network, other)]
        line = (
            f"{name}: {seconds:.1f} s on the CPU, {gpu_seconds / seconds:.2f} times that on the "
            f"GPU; losses {losses[0]:.4f} and {losses[1]:.4f}"
        )
        if set(other.epochs["device"]) != {"cuda"}:
            faults.append(f"{name} was not trained on the GPU")
        if abs(losses[0] - losses[1]) > MOST_LOSS_APART:
            faults.append(f"{name}: the losses are further apart than {MOST_LOSS_APART}")
        if hasattr(network, "calibration"):
            apart = score_difference(folder, network)
            line += f"; the same network's scores are {apart:.1e} apart at most"
            if not apart <= MOST_SCORE_APART:
                faults.append(f"{name}: the scores are further apart than {MOST_SCORE_APART}")
        logger.info(line)
    logger.info("GPU utilisation while training: %s", utilisation)
    for fault in faults:
        logger.error("FAULT: %s", fault)
    return int(bool(faults))


def train_all(folder: Path, device: torch.device) -> dict[str, tuple]:
    """Train one network after the other, and return each with its seconds."""
    # The first use of a device takes seconds, which are not those of a network.
    torch.zeros(1, device=device)
    histories = pd.read_parquet(folder / "attribute_training_rows.parquet")
    examples = pd.read_parquet(folder / "fund_training_examples.parquet")

    def attribute_network(fit: Fit) -> object:
        pairs = histories[histories["cutoff"] == fit.model_cutoff]
        return train_attribute_network(pairs, SEED, fit, device)

    def fund_network(fit: Fit) -> object:
        own = examples[examples["model_cutoff"] == fit.model_cutoff]
        train, calibrate = (own[own["split"] == split] for split in ("train", "calibration"))
        return train_fund_network(train, calibrate, SEED, fit, device)

    tasks = {
        f"attribute_network as of cutoff {cutoff}": (
            attribute_network, replace(ATTRIBUTE_NETWORK, model_cutoff=cutoff),
        )
        for cutoff in MODEL_CUTOFFS
    } | {
        f"{fit.network} as of cutoff {fit.model_cutoff}": (fund_network, fit)
        for fit in fund_fits()
    }  # fmt: skip
    trained = {}
    for name, (train, fit) in tasks.items():
        began = time.perf_counter()
        network = train(fit)
        trained[name] = network, time.perf_counter() - began
    return trained


def score_difference(folder: Path, network: object) -> float:
    """Return how far the scores of one network, on the CPU and on the GPU, are apart at most."""
    examples = pd.read_parquet(folder / "fund_training_examples.parquet")
    rows = examples[examples["split"] == "calibration"]
    scores = [
        fund_network_from(row_of(network), torch.device(device)).probabilities(rows)
        for device in ("cpu", "cuda")
    ]
    return float(np.abs(scores[0] - scores[1]).max())


class Utilisation:
    """Asks the driver every fifth of a second how busy the GPU is, and says the average."""

    def __enter__(self) -> "Utilisation":
        self.percents: list[int] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def __str__(self) -> str:
        if not self.percents:
            return "unknown"
        return f"{np.mean(self.percents):.0f}% on average, {max(self.percents)}% at most"

    def _ask(self) -> None:
        command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        while not self._done.wait(0.2):
            try:
                asked = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  (fixed words)
            except (OSError, subprocess.CalledProcessError):
                return
            self.percents.append(int(asked.stdout.split()[0]))


if __name__ == "__main__":
    main()
