"""The network learns the same from the same data, and survives data that lacks something."""

import numpy as np
import pandas as pd
import pytest
import torch
from bootloader.networks.attribute_network import train_attribute_network
from bootloader.networks.encoding import MISSING
from bootloader.networks.specification import ATTRIBUTE_NETWORK
from bootloader.networks.storing import fingerprint, train_attribute_networks
from bootloader.networks.training import TensorBatches

pytestmark = pytest.mark.unit

CATEGORICAL, NUMBERS = ATTRIBUTE_NETWORK.categorical, ATTRIBUTE_NETWORK.numbers
PAIRS = 4000


@pytest.fixture
def pairs() -> pd.DataFrame:
    """Users of two states, of whom those in one fund nearly everything."""
    random = np.random.default_rng(1)
    state = random.choice(["NV", "PA"], PAIRS)
    return pd.DataFrame(
        {
            "category": random.choice(["Games", "Sports"], PAIRS),
            "age": random.choice(["18-24", "25-34"], PAIRS),
            "marital_status": random.choice(["married", "single"], PAIRS),
            "device": random.choice(["android", "iOS"], PAIRS),
            "city": random.choice(["Reno", "Erie"], PAIRS),
            "state": state,
            "zip_code": random.choice(["89501", "16501"], PAIRS),
            "gender_cleaned": random.choice(["F", "M"], PAIRS),
            "interval_between_actions": random.uniform(0, 1e6, PAIRS),
            "latitude": random.uniform(30, 45, PAIRS),
            "longitude": random.uniform(-120, -70, PAIRS),
            "avg_conversion_ratio": np.where(state == "NV", 1.0, 0.0),
        }
    )


def vectors(network) -> dict[tuple[str, str], np.ndarray]:
    rows = network.embeddings.itertuples()
    return {(row.attribute, row.value): row.embedding for row in rows}


def test_the_same_seed_gives_the_same_bits(pairs):
    """Two builds of the same events would rank users differently, and nobody could say why."""
    first, second = (train_attribute_network(pairs, seed=7) for _ in range(2))
    assert first.epochs["train_loss"].equals(second.epochs["train_loss"])
    for key, vector in vectors(first).items():
        assert vector.tobytes() == vectors(second)[key].tobytes(), key


def test_products_of_16_bits_cost_no_accuracy(pairs, monkeypatch):
    """A CPU that has instructions for them would learn worse embeddings than another one."""
    networks = []
    for can in ({"avx512_bf16": True}, {}):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda can=can: can)
        networks.append(train_attribute_network(pairs, seed=7, device=torch.device("cpu")))
    with_16_bits, with_32_bits = (network.epochs["train_loss"] for network in networks)
    assert not with_16_bits.equals(with_32_bits)
    assert with_16_bits.iloc[-1] == pytest.approx(with_32_bits.iloc[-1], rel=0.05)
    assert {vector.dtype for vector in vectors(networks[0]).values()} == {np.dtype("float32")}


def test_a_network_is_kept_only_where_training_would_give_the_same(pairs):
    """A build would take twice its time for nothing, or show what an older build had learned."""
    histories = pd.concat([pairs.assign(cutoff=0), pairs.assign(cutoff=2)])
    first = train_attribute_networks(histories, seed=7)
    marks = first.column("fingerprint").to_pylist()
    marked = [row | {"scales": []} for row in first.to_pylist()]
    stored = {row["fingerprint"]: row for row in marked}
    kept = train_attribute_networks(histories, seed=7, stored=stored)
    assert kept.to_pylist() == marked
    changed = histories.assign(
        avg_conversion_ratio=lambda rows: rows["avg_conversion_ratio"].mask(
            (rows["cutoff"] == 0) & (rows.index == 0), 0.5
        )
    )
    again = train_attribute_networks(changed, seed=7, stored=stored).to_pylist()
    assert again[0]["fingerprint"] not in marks and again[0]["scales"]
    assert again[1] == marked[1]
    other_seed = train_attribute_networks(histories, seed=8, stored=stored).to_pylist()
    assert not {row["fingerprint"] for row in other_seed} & set(marks)
    other_order = histories.iloc[::-1]
    assert fingerprint(histories, "x") != fingerprint(other_order, "x")


def test_another_seed_gives_another_network(pairs):
    """The variable random_seed would do nothing."""
    first, second = (train_attribute_network(pairs, seed=seed) for seed in (7, 8))
    assert not first.epochs["train_loss"].equals(second.epochs["train_loss"])


def test_the_loss_falls_where_there_is_something_to_learn(pairs):
    """The embeddings would be the random numbers that training began with."""
    losses = train_attribute_network(pairs, seed=7).epochs["train_loss"]
    assert losses.iloc[-1] < losses.iloc[0] / 2


def test_every_value_has_an_embedding_and_missing_ones_only_where_they_occur(pairs):
    """A user with a missing attribute would fall out of every audience."""
    without = vectors(train_attribute_network(pairs, seed=7))
    assert set(without) == {(name, value) for name in CATEGORICAL for value in pairs[name].unique()}
    pairs.loc[::3, "city"] = None
    pairs.loc[::5, "latitude"] = None
    with_missing = train_attribute_network(pairs, seed=7)
    assert set(vectors(with_missing)) == set(without) | {("city", MISSING)}
    assert with_missing.epochs["train_loss"].notna().all()


@pytest.mark.parametrize("constant", NUMBERS)
def test_a_number_that_never_varies_does_no_harm(pairs, constant):
    """Users of one city, or with one event each, would make training fail or its result useless."""
    pairs[constant] = 38.123456789
    network = train_attribute_network(pairs, seed=7)
    assert network.epochs["train_loss"].iloc[-1] < network.epochs["train_loss"].iloc[0]


@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_hardly_any_data_gives_hardly_any_result_and_no_error(pairs, rows):
    """The first build of a new app, with its first events, would fail."""
    network = train_attribute_network(pairs.head(rows), seed=7)
    values = {(name, value) for name in CATEGORICAL for value in pairs.head(rows)[name].unique()}
    assert set(vectors(network)) == values


def test_each_cutoff_becomes_a_row_of_typed_lists(pairs):
    """The dbt model would hold columns that SQL cannot take apart, or mix now with earlier."""
    later = pairs.assign(cutoff=0)
    earlier = pairs.head(1000).assign(cutoff=2)
    rows = train_attribute_networks(pd.concat([later, earlier]), seed=7).to_pylist()
    assert [row["cutoff"] for row in rows] == [0, 2]
    for row, trained_on in zip(rows, (PAIRS, 1000), strict=True):
        assert [scale["attribute"] for scale in row["scales"]] == list(NUMBERS)
        assert [epoch["epoch"] for epoch in row["epochs"]] == list(range(1, 11))
        assert {epoch["rows"] for epoch in row["epochs"]} == {trained_on}
        assert {epoch["device"] for epoch in row["epochs"]} <= {"cpu", "cuda"}
    # Side by side or alone, the same seed gives the same bits.
    alone = vectors(train_attribute_network(pairs, seed=7))
    for item in rows[0]["embeddings"]:
        assert np.array_equal(item["embedding"], alone[item["attribute"], item["value"]])


def test_batches_hold_every_row_at_most_once():
    """Some users would count twice in training, or the same ones never."""
    batches = TensorBatches([torch.arange(10), torch.arange(10) * 2], batch_size=4, seed=1)
    assert len(batches) == 2
    seen = [pair for first, second in batches for pair in zip(first, second, strict=True)]
    assert len({int(first) for first, _ in seen}) == 8
    assert all(second == first * 2 for first, second in seen)
