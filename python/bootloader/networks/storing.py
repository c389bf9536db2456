"""Networks as rows of a table: trained where no stored row is still good, and read back."""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import torch
from safetensors import torch as safetensors

from bootloader.networks.attribute_network import train_attribute_network
from bootloader.networks.encoding import MISSING, Encoding
from bootloader.networks.fund_network import FundNetwork, new_model, train_fund_network
from bootloader.networks.specification import (
    ATTRIBUTE_NETWORK,
    MODEL_CUTOFFS,
    Fit,
    fund_fits,
)
from bootloader.networks.training import (
    bfloat16_is_faster,
    choose_device,
    label,
    run_concurrently,
)

logger = logging.getLogger(__name__)

_SCALES = pa.list_(
    pa.struct({"attribute": pa.string(), "mean": pa.float64(), "standard_deviation": pa.float64()})
)
_EPOCHS = pa.list_(
    pa.struct(
        {
            "network": pa.string(),
            "model_cutoff": pa.int32(),
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
_EMBEDDING = pa.struct(
    {"attribute": pa.string(), "value": pa.string(), "embedding": pa.list_(pa.float32())}
)
ATTRIBUTE_NETWORK_SCHEMA = pa.schema(
    {
        "cutoff": pa.int32(),
        "fingerprint": pa.string(),
        "embeddings": pa.list_(_EMBEDDING),
        "scales": _SCALES,
        "epochs": _EPOCHS,
    }
)
_CLASSES = pa.struct(
    {
        "attribute": pa.string(),
        "known_values": pa.list_(pa.string()),
        "shares": pa.list_(pa.float64()),
    }
)
FUND_NETWORK_SCHEMA = pa.schema(
    {
        "network": pa.string(),
        "model_cutoff": pa.int32(),
        "fingerprint": pa.string(),
        "weights": pa.binary(),
        "classes": pa.list_(_CLASSES),
        "scales": _SCALES,
        "calibration": pa.float64(),
        "epochs": _EPOCHS,
    }
)

# This package as it was loaded: files may be edited while a build is at work.
_CODE = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))


def fingerprint(rows: pd.DataFrame, *settings: object) -> str:
    """Return a text that changes with whatever a training depends on.

    That is its rows and their order, its settings, this package's code, the libraries, the kind of
    device and whether products of 16 bits are computed: where all are the same, training again
    would give the same network, on CPUs of one kind.
    """
    libraries = [f"{name} {version(name)}" for name in ("torch", "fastai", "numpy", "pandas")]
    device = choose_device()
    described = [list(rows.columns), settings, libraries, device.type, bfloat16_is_faster(device)]
    digest = hashlib.sha256(_CODE)
    digest.update(repr(described).encode())
    digest.update(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def stored_networks(session: duckdb.DuckDBPyConnection, relation: object) -> dict[str, dict]:
    """Return the rows that the last build left of a table of networks, by their fingerprint.

    Args:
        session: the connection that dbt gives a Python model.
        relation: the model's own table, as dbt writes it in SQL; it need not exist.
    """
    try:
        rows = session.sql(f"from {relation}").to_arrow_table().to_pylist()
    except duckdb.CatalogException:
        return {}
    return {row["fingerprint"]: row for row in rows if row.get("fingerprint")}


def train_attribute_networks(
    histories: pd.DataFrame, seed: int, stored: Mapping[str, dict] | None = None
) -> pa.Table:
    """Train one network as of each cutoff, or keep the stored one, and return a row for each.

    Args:
        histories: the columns that ``ATTRIBUTE_NETWORK`` names, and ``cutoff``. The order of the
            rows decides the batches: sort them before the call.
        seed: seeds weights and batches; the same seed gives the same bits on CPUs of one kind.
        stored: rows of the last build by fingerprint.
    """

    def row(cutoff: int) -> dict | None:
        pairs = histories[histories["cutoff"] == cutoff]
        fit = replace(ATTRIBUTE_NETWORK, model_cutoff=cutoff)

        def train() -> dict:
            network = train_attribute_network(pairs, seed, fit)
            return {key: frame.to_dict("records") for key, frame in vars(network).items()}

        made = _kept_or(train, pairs, fit, seed, stored)
        return made and {"cutoff": cutoff} | made

    rows = run_concurrently([partial(row, cutoff) for cutoff in MODEL_CUTOFFS])
    return pa.Table.from_pylist(rows, schema=ATTRIBUTE_NETWORK_SCHEMA)


def train_fund_networks(
    examples: pd.DataFrame,
    seed: int,
    excluded_attributes: str | Sequence[str] | None = (),
    stored: Mapping[str, dict] | None = None,
) -> pa.Table:
    """Train every network of :func:`fund_fits`, or keep the stored one.

    Args:
        examples: one row per fit, split (train or calibration), cutoff, user and category, with the
            columns model_cutoff, split and those that ``FUND_NETWORK`` names. The order of the rows
            decides the batches: sort them before the call.
        seed: seeds weights and batches; the same seed gives the same bits on CPUs of one kind.
        excluded_attributes: see :func:`fund_fits`.
        stored: rows of the last build by fingerprint.

    Returns:
        A row for each network that has enough fundings to learn from.
    """

    def row(fit: Fit) -> dict | None:
        own = examples[examples["model_cutoff"] == fit.model_cutoff]

        def train() -> dict | None:
            network = train_fund_network(
                own.query("split == 'train'"), own.query("split == 'calibration'"), seed, fit
            )
            return row_of(network) if network else None

        made = _kept_or(train, own, fit, seed, stored)
        return made and {"network": fit.network, "model_cutoff": fit.model_cutoff} | made

    rows = run_concurrently([partial(row, fit) for fit in fund_fits(excluded_attributes)])
    return pa.Table.from_pylist(list(filter(None, rows)), schema=FUND_NETWORK_SCHEMA)


def row_of(network: FundNetwork) -> dict:
    """Return the network as values of a row, without any code to execute."""
    return {
        "weights": safetensors.save(network.model.state_dict()),
        "classes": [
            {"attribute": name, "known_values": values[1:], "shares": network.shares[name]}
            for name, values in network.encoding.classes.items()
        ],
        "scales": network.encoding.scales.to_dict("records"),
        "calibration": network.calibration,
        "epochs": network.epochs.to_dict("records"),
    }


def fund_network_from(row: dict, device: torch.device | None = None) -> FundNetwork:
    """Return the network that :func:`row_of` put into a row, on the GPU if there is one."""
    classes = {item["attribute"]: [MISSING, *item["known_values"]] for item in row["classes"]}
    scales = pd.DataFrame(row["scales"], columns=[field.name for field in _SCALES.value_type])
    encoding = Encoding(classes, scales)
    model = new_model(encoding, seed=0)  # the weights are those of the row
    model.load_state_dict(safetensors.load(row["weights"]))
    return FundNetwork(
        model=model.to(device or choose_device()),
        encoding=encoding,
        shares={item["attribute"]: item["shares"] for item in row["classes"]},
        calibration=row["calibration"],
        epochs=pd.DataFrame(row["epochs"]),
    )


def _kept_or(
    train: Callable[[], dict | None],
    rows: pd.DataFrame,
    fit: Fit,
    seed: int,
    stored: Mapping[str, dict] | None,
) -> dict | None:
    """Return the stored row with the same fingerprint, or else train."""
    mark = fingerprint(rows, fit, seed)
    if kept := (stored or {}).get(mark):
        logger.info(
            "%s: kept from the last build, whose rows, settings, code and libraries were the same "
            "(--full-refresh trains it again)",
            label(fit),
        )
        return kept
    made = train()
    return made and {"fingerprint": mark} | made
