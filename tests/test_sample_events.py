"""The sample events: always the same, alike in every layout, and as their module says they are."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sample_events
from bootloader.event_files.framing import inspect_event_file
from bootloader.event_files.records_filesystem import RecordsFileSystem
from sample_events import (
    BASE_FUNDING_PROBABILITY,
    FIRST_SECOND,
    LAST_SECOND,
    PLANTED_GROUPS,
    PlantedGroup,
    generate_events,
    json_lines,
    main,
    write_events,
)

pytestmark = pytest.mark.unit

SHIPPED_SAMPLE = Path(__file__).parents[1] / "data" / "sample_events.json.gz"
CITIES = Path(sample_events.__file__).with_name("cities.csv")
NAMES = {
    "object": ["events.json", "events.json.gz"],
    "array": ["events.json", "events.json.gz"],
    "ndjson": ["events.ndjson", "events.ndjson.gz"],
    "parquet": ["events.parquet"],
}


def frame(table: pa.Table) -> pd.DataFrame:
    """One row per event, with the location's fields beside the others."""
    return table.flatten().to_pandas().rename(columns=lambda name: name.removeprefix("location."))


def generated(events: int, **options) -> pd.DataFrame:
    return frame(pa.concat_tables(generate_events(events, **options)))


def users_of(events: pd.DataFrame) -> pd.DataFrame:
    """One row per user: attributes, the gender where an event tells it, and counts of actions."""
    events = events.assign(
        gender=events["gender"].where(events["gender"] != "U"),
        is_fund=events["event_name"] == "Fund Project",
    )
    return events.groupby("session_id").agg(
        **{
            name: (name, "first") for name in ("gender", "age", "marital_status", "device", "state")
        },
        views=("is_fund", lambda is_fund: (~is_fund).sum()),
        funds=("is_fund", "sum"),
    )


def funding_difference(users: pd.DataFrame, group: PlantedGroup) -> tuple[float, float]:
    """Return how much higher a group's funding rate is than the rest's, and the one-sided p-value.

    It is the usual comparison of two binomial shares with their pooled variance.
    """
    fits = np.logical_and.reduce(
        [users[name].isin(allowed) for name, allowed in group.attributes.items()]
    )
    group_views, rest_views = users["views"][fits].sum(), users["views"][~fits].sum()
    difference = users["funds"][fits].sum() / group_views - users["funds"][~fits].sum() / rest_views
    pooled = users["funds"].sum() / users["views"].sum()
    error = (pooled * (1 - pooled) * (1 / group_views + 1 / rest_views)) ** 0.5
    return difference, 1 - NormalDist().cdf(difference / error)


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    events = json.loads(gzip.decompress(SHIPPED_SAMPLE.read_bytes()))["data"]
    return pd.json_normalize(events).rename(columns=lambda name: name.removeprefix("location."))


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    return generated(100_000, seed=7)


def test_the_shipped_sample_can_be_made_again(tmp_path):
    """Nobody could tell where the shipped events come from, or what is planted in them."""
    main(["--output", str(tmp_path / "again.json.gz")])
    again = gzip.decompress((tmp_path / "again.json.gz").read_bytes())
    # The decompressed text: another release of zlib may compress it otherwise.
    assert again == gzip.decompress(SHIPPED_SAMPLE.read_bytes())


def test_the_shipped_sample_stays_small():
    """Everybody who clones the project would wait for a sample that has grown."""
    assert 900_000 < SHIPPED_SAMPLE.stat().st_size < 1_100_000


def test_equal_arguments_give_equal_bytes_and_another_seed_other_events(tmp_path):
    """A file made again under another name or later would look changed."""
    paths = [tmp_path / name for name in ("a.json.gz", "b.json.gz", "c.json.gz")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        write_events(path, events=500, seed=seed)
    first, second, other = (path.read_bytes() for path in paths)
    assert first == second
    assert first[3:8] == bytes(5)  # the header has no file name and no time
    assert gzip.decompress(first) != gzip.decompress(other)


@pytest.mark.parametrize("layout", NAMES)
def test_every_layout_holds_the_same_events(layout, tmp_path):
    """A build would give other tables depending on the layout of the file that it reads."""
    expected = pa.concat_tables(generate_events(3_000, seed=5)).to_pylist()
    for name in NAMES[layout]:
        path = tmp_path / name
        write_events(path, events=3_000, layout=layout, seed=5)
        if layout == "parquet":
            assert pq.read_table(path).to_pylist() == expected
            continue
        text = (gzip.decompress if name.endswith(".gz") else bytes)(path.read_bytes()).decode()
        match layout:
            case "object":
                events = json.loads(text)["data"]
            case "array":
                events = json.loads(text)
            case "ndjson":
                events = [json.loads(line) for line in text.splitlines()]
        assert [{"amount": None} | event for event in events] == expected
        assert all(
            ("amount" in event) == (event["event_name"] != "View Project") for event in events
        )


@pytest.mark.parametrize("layout", [layout for layout in NAMES if layout != "parquet"])
def test_duckdb_reads_every_json_layout_as_the_build_does(layout, tmp_path):
    """The build would reject or miss events of a generated file."""
    reader = "read_ndjson_objects" if layout == "ndjson" else "read_json_objects"
    expected = [
        line.as_py()
        for table in generate_events(3_000, seed=5)
        for batch in table.to_batches()
        for line in json_lines(batch)
    ]
    with duckdb.connect() as connection:
        connection.register_filesystem(RecordsFileSystem())
        for name in NAMES[layout]:
            path = tmp_path / name
            write_events(path, events=3_000, layout=layout, seed=5)
            url = inspect_event_file(str(path))[0].url
            rows = connection.execute(
                f"select json::varchar from {reader}(?, compression = 'none')", [url]
            ).fetchall()
            assert sorted(row for (row,) in rows) == sorted(expected)


@pytest.mark.parametrize("layout", ["object", "array"])
def test_one_line_holds_one_event(layout, tmp_path):
    """Whoever pages through the sample, or compares two of them, would face one endless line."""
    write_events(tmp_path / "events.json", events=50, layout=layout)
    lines = (tmp_path / "events.json").read_text().splitlines()
    assert len(lines) == 52
    events = [line.removesuffix(",") for line in lines[1:-1]]
    assert [json.dumps(json.loads(event)) for event in events] == events


def test_many_events_come_in_chunks_of_which_a_shorter_run_has_the_same(monkeypatch, tmp_path):
    """A long file would be broken where two chunks meet, or need memory for all its events."""
    monkeypatch.setattr(sample_events, "_CHUNK_EVENTS", 1_000)
    chunks = list(generate_events(2_300, seed=3))
    assert [len(chunk) for chunk in chunks] == [1_000, 1_000, 300]
    assert next(generate_events(1_000, seed=3)).equals(chunks[0])
    for chunk in chunks:
        assert (np.diff(chunk["client_time"].to_numpy()) >= 0).all()
    users = [set(chunk["session_id"].to_pylist()) for chunk in chunks]
    assert not users[0] & users[1]

    expected = pa.concat_tables(chunks).to_pylist()
    write_events(tmp_path / "events.json", events=2_300, layout="array", seed=3)
    events = json.loads((tmp_path / "events.json").read_text())
    assert [{"amount": None} | event for event in events] == expected
    write_events(tmp_path / "events.parquet", events=2_300, layout="parquet", seed=3)
    assert pq.read_table(tmp_path / "events.parquet").to_pylist() == expected


def test_progress_is_reported(monkeypatch, tmp_path, caplog):
    """A long run would look as if it hung."""
    monkeypatch.setattr(sample_events, "_CHUNK_EVENTS", 1_000)
    caplog.set_level("INFO", logger="sample_events")
    write_events(tmp_path / "events.json", events=2_300)
    assert caplog.messages == [
        "1,000 of 2,300 events",
        "2,000 of 2,300 events",
        "2,300 of 2,300 events",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--layout", "parquet", "--output", "x.parquet.gz"], "no name for Parquet"),
        (["--layout", "array", "--output", "x.parquet"], "no name for the JSON layout"),
        (["--events", "0", "--output", "x.json"], "at least 1"),
        (["--seed", "-1", "--output", "x.json"], "non-negative"),
        (["--output", "nowhere/x.json"], "no folder 'nowhere'"),
        (["--layout", "csv", "--output", "x.csv"], "invalid choice: 'csv'"),
    ],
)
def test_impossible_arguments_are_rejected(arguments, message, tmp_path, monkeypatch, capsys):
    """A slip on the command line would end in a traceback, or in a file that nothing can read."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_failed_run_leaves_the_old_file_alone(tmp_path, monkeypatch):
    """A run that was broken off would leave half a file, to be taken for a whole one."""
    path = tmp_path / "events.json"
    path.write_text("old")

    def break_off(*_arguments):
        yield next(generate_events(100))
        raise OSError("disk full")

    monkeypatch.setattr(sample_events, "generate_events", break_off)
    with pytest.raises(OSError, match="disk full"):
        write_events(path, events=200)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_every_value_is_one_that_the_app_sends(sample):
    """Charts and filters would show values that BootLoader never sends."""
    values = {name: set(sample[name]) for name in sample.columns}
    assert values["category"] == {"Environment", "Fashion", "Games", "Sports", "Technology"}
    assert values["event_name"] == {"View Project", "Fund Project"}
    assert values["gender"] == {"F", "M", "U"}
    assert values["age"] == {"18-24", "25-34", "35-44", "45-54", "55+"}
    assert values["marital_status"] == {"married", "single"}
    assert values["device"] == {"android", "iOS"}
    assert sample["session_id"].str.fullmatch("[0-9a-f]{32}").all()
    assert sample["zip_code"].str.fullmatch("[0-9]{5}").all()
    assert sample["client_time"].between(FIRST_SECOND, LAST_SECOND).all()
    assert sample["client_time"].is_monotonic_increasing


def test_a_user_stays_the_same_person(sample):
    """Users would appear to have several homes, ages or genders, and be counted as conflicting."""
    attributes = ["age", "marital_status", "device", "city", "state", "zip_code", "latitude"]
    assert (sample.groupby("session_id")[attributes].nunique() == 1).all(axis=None)
    told = sample[sample["gender"] != "U"]
    assert (told.groupby("session_id")["gender"].nunique() == 1).all()


def test_a_third_of_the_events_hide_the_gender_and_one_user_in_100_never_tells_it(many):
    """The cleaning of genders would have nothing to do, or lose too many users."""
    assert (many["gender"] == "U").mean() == pytest.approx(1 / 3, abs=0.01)
    never_told = (many["gender"] == "U").groupby(many["session_id"]).all()
    assert never_told.mean() == pytest.approx(0.01, abs=0.003)


def test_users_do_about_five_things_and_some_far_more(many):
    """Scores for users of many events, or of a single one, could not be tried on the sample."""
    events = many.groupby("session_id").size()
    assert events.mean() == pytest.approx(4.8, abs=0.2)
    assert (events == 1).mean() == pytest.approx(0.12, abs=0.03)
    assert 20 <= events.max() <= 28


def test_users_look_at_few_categories(many):
    """Nobody would have a favorite category, so recommending one could not work."""
    views = many[many["event_name"] == "View Project"]
    counts = views.groupby(["session_id", "category"]).size().unstack(fill_value=0)
    busy = counts[counts.sum(axis=1) >= 6]
    # Without tastes the three favorites of such users would hold about 0.87 of their views.
    top_three = np.sort(busy.to_numpy())[:, -3:].sum(axis=1) / busy.sum(axis=1)
    assert top_three.mean() > 0.95


def test_funds_carry_dollars_and_cents_and_views_no_amount(many):
    """Amounts funded would be wrong: negative, endless in decimals, or on views."""
    is_fund = many["event_name"] == "Fund Project"
    assert (many["amount"].notna() == is_fund).all()
    amount = many["amount"][is_fund]
    assert amount.between(1, 500).all()
    assert (amount == amount.round(2)).all()
    assert amount.median() == pytest.approx(25, abs=1)
    assert amount.mean() > 1.3 * amount.median()


@pytest.fixture
def crowded(monkeypatch) -> pd.DataFrame:
    """Events of a month of ten minutes, where many would fall into the same second."""
    monkeypatch.setattr(sample_events, "LAST_SECOND", FIRST_SECOND + 600)
    return generated(20_000)


def test_a_fund_belongs_to_an_earlier_view(crowded):
    """More funds than views so far: conversion ratios above 1, in whichever month is looked at."""
    # In the order of time; within a second the funds come first, so that a tie would be found.
    ordered = crowded.assign(is_fund=crowded["event_name"] == "Fund Project").sort_values(
        ["client_time", "is_fund"], ascending=[True, False]
    )
    step = np.where(ordered["is_fund"], -1, 1)
    pending = pd.Series(step).groupby(
        [ordered["session_id"].to_numpy(), ordered["category"].to_numpy()]
    )
    assert (pending.cumsum() >= 0).all()


def test_a_user_never_does_the_same_thing_twice_in_a_second(crowded):
    """A generated event would be rejected as a duplicate."""
    assert not crowded.duplicated(["session_id", "category", "event_name", "client_time"]).any()


def test_a_pending_view_keeps_its_chance_whatever_its_age(many):
    """A model of funding would learn from the sample that old views are lost, which is not so."""
    actions = many.groupby(["session_id", "category"])["client_time"].agg(["min", "max", "size"])
    is_fund = many["event_name"] == "Fund Project"
    funds = is_fund.groupby([many["session_id"], many["category"]]).sum()
    pairs = actions[(actions["size"] == 2) & (funds == 1)]
    waited = (pairs["max"] - pairs["min"]) / (LAST_SECOND - pairs["min"])
    is_early = pairs["min"] < (FIRST_SECOND + LAST_SECOND) / 2
    for part in (waited[is_early], waited[~is_early]):
        shares = np.histogram(part, bins=5, range=(0, 1))[0] / len(part)
        assert shares == pytest.approx(np.full(5, 0.2), abs=0.025)


def test_days_have_a_rhythm(many):
    """Charts by the hour would be flat, as no app's are."""
    by_hour = (many["client_time"] // 3600 % 24).value_counts(normalize=True)
    assert by_hour[2] > 2 * by_hour[14]


def test_homes_are_where_their_cities_are(sample):
    """The map would show users in the sea, or one zip code in several places."""
    cities = pd.read_csv(CITIES, dtype={"zip_prefix": str}).set_index(["city", "state"])
    homes = sample.drop_duplicates(["zip_code", "city", "state", "latitude", "longitude"])
    assert homes["zip_code"].is_unique
    centers = cities.loc[pd.MultiIndex.from_frame(homes[["city", "state"]])]
    assert (homes["zip_code"].str[:3].to_numpy() == centers["zip_prefix"].to_numpy()).all()
    offsets = homes[["latitude", "longitude"]].to_numpy() - centers[["latitude", "longitude"]]
    assert (offsets.abs() < 0.1).all(axis=None)


def test_the_cities_are_complete_and_unmistakable():
    """A state would be empty on the map, or two cities share a zip code."""
    with open(CITIES, encoding="utf-8", newline="") as file:
        cities = list(csv.DictReader(file))
    assert len({city["state"] for city in cities}) == 51
    for key in ("zip_prefix",), ("city", "state"), ("latitude", "longitude"):
        counts = Counter(tuple(city[name] for name in key) for city in cities)
        assert [place for place, count in counts.items() if count > 1] == []
    for city in cities:
        assert len(city["zip_prefix"]) == 3 and city["zip_prefix"].isdecimal()
        assert 18 < float(city["latitude"]) < 66 and -160 < float(city["longitude"]) < -66
        assert float(city["weight"]) > 0
        assert json.dumps(city["city"]) == f'"{city["city"]}"'  # needs no escaping


@pytest.mark.parametrize("group", PLANTED_GROUPS, ids=lambda group: group.name)
def test_a_planted_group_can_be_found_in_the_shipped_sample(group, sample):
    """There would be nothing for the recommended segments to find."""
    users = users_of(sample)
    fits = [users[name].isin(allowed) for name, allowed in group.attributes.items()]
    assert np.logical_and.reduce(fits).mean() > 0.02
    difference, p_value = funding_difference(users, group)
    assert difference > 0.15
    assert p_value < 1e-6


@pytest.mark.parametrize("group", PLANTED_GROUPS, ids=lambda group: group.name)
def test_views_are_funded_with_the_stated_probability(group, many):
    """Whoever checks an analysis against what is planted would check it against wrong figures."""
    users = users_of(many)
    stated = f"``{group.name}``", f"{group.funding_probability:.2f}"
    lines = sample_events.__doc__.splitlines()
    assert any(all(text in line for text in stated) for line in lines)

    def rate(fits: Sequence[bool]) -> float:
        return users["funds"][fits].sum() / users["views"][fits].sum()

    fits_all = {
        planted.name: np.logical_and.reduce(
            [users[name].isin(allowed) for name, allowed in planted.attributes.items()]
        )
        for planted in PLANTED_GROUPS
    }
    assert rate(fits_all[group.name]) == pytest.approx(group.funding_probability, abs=0.02)
    nobody = ~np.logical_or.reduce(list(fits_all.values())) & users["gender"].notna()
    assert rate(nobody) == pytest.approx(BASE_FUNDING_PROBABILITY, abs=0.01)


def test_without_planted_groups_there_is_nothing_to_find():
    """An analysis that sees groups everywhere would pass for one that finds the planted ones."""
    found = Counter()
    seeds = range(40)
    for seed in seeds:
        users = users_of(generated(4_000, seed=seed, planted_groups=()))
        found.update(funding_difference(users, group)[1] < 0.05 for group in PLANTED_GROUPS)
    # Of 120 comparisons chance gives 6 below 0.05, and more than 13 once in 360 times.
    assert found.total() == 3 * len(seeds)
    assert found[True] <= 13


def test_a_group_of_ones_own_can_be_planted():
    """Somebody who tries an analysis on a group of their choice would get other users' events."""
    group = PlantedGroup("nobody_on_ios", {"device": ("iOS",)}, 0.0)
    users = users_of(generated(4_000, planted_groups=(group,)))
    assert users["funds"][users["device"] == "iOS"].sum() == 0
    assert users["funds"][users["device"] == "android"].sum() > 0


@pytest.mark.parametrize(
    ("attributes", "probability", "message"),
    [({"town": ("Reno",)}, 0.9, "town"), ({"age": ("55+",)}, 1.2, "between 0 and 1")],
)
def test_a_group_that_cannot_be_is_rejected(attributes, probability, message):
    """A misspelled group would be planted nowhere, and its absence taken for a finding."""
    with pytest.raises(ValueError, match=message):
        PlantedGroup("mistaken", attributes, probability)
