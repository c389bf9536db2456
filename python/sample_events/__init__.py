"""Make events of an invented month of BootLoader, as many as wanted, in every layout.

The events behave like the real ones: a user looks at projects, each view may be followed by one
fund at any later moment of the month, and what is known about the user stands on every event. The
people are invented; the cities (``cities.csv``) are real.

Three groups of users fund more readily than everybody else, so that whoever builds on the sample
can see whether an analysis finds what is there to be found. They are :data:`PLANTED_GROUPS`; a view
by anybody else is funded with :data:`BASE_FUNDING_PROBABILITY`:

===========================  ============================================  ===================
name                         users                                         funding_probability
===========================  ============================================  ===================
``young_on_the_west_coast``  25-34 years old, living in CA, OR or WA       0.92
``married_texans``           married, with an android phone, living in TX  0.95
``single_women``             single women, 45-54 years old                 0.90
===========================  ============================================  ===================

Everything follows from the seed: the same arguments give the same bytes. The shipped sample,
``data/sample_events.json.gz``, is what the default arguments give::

    python -m sample_events --output data/sample_events.json.gz
"""

import argparse
import csv
import gzip
import io
import logging
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

logger = logging.getLogger(__name__)

Layout = Literal["object", "array", "ndjson", "parquet"]

DEFAULT_EVENTS = 20_000  # about 1 MB as gzipped JSON
DEFAULT_SEED = 42

FIRST_SECOND = 1_393_632_004  # 2014-03-01 00:00:04 UTC
LAST_SECOND = 1_396_310_325  # 2014-03-31 23:58:45 UTC

BASE_FUNDING_PROBABILITY = 0.62
VIEWS_PER_USER = 2.9  # on average; with the funds about 4.8 events
MOST_VIEWS_PER_USER = 14
MEDIAN_AMOUNT = 25.0  # US dollars

# A third of the events do not tell the gender, and 1 user in 100 never tells it.
HIDDEN_GENDER_SHARE = 0.345
PRIVATE_USER_SHARE = 0.01

# Each value with its share of the users.
AGES = {"18-24": 0.22, "25-34": 0.28, "35-44": 0.20, "45-54": 0.17, "55+": 0.13}
MARITAL_STATUSES = {"married": 0.5, "single": 0.5}
DEVICES = {"android": 0.5, "iOS": 0.5}
GENDERS = {"F": 0.5, "M": 0.5}

# Each category with its Dirichlet parameter: well below 1, so that a user favors one to three.
CATEGORIES = {
    "Environment": 0.25,
    "Fashion": 0.35,
    "Games": 0.45,
    "Sports": 0.40,
    "Technology": 0.55,
}

# Chunks bound the memory. Their size is part of what a seed means: another size gives other events.
_CHUNK_EVENTS = 250_000
_WRITTEN_EVENTS = 50_000  # at once, as text; of no consequence for what is written

_EVENTS_SCHEMA = pa.schema(
    {
        "category": pa.string(),
        "event_name": pa.string(),
        "gender": pa.string(),
        "age": pa.string(),
        "marital_status": pa.string(),
        "session_id": pa.string(),
        "device": pa.string(),
        "client_time": pa.int64(),
        "location": pa.struct(
            {
                "latitude": pa.float64(),
                "city": pa.string(),
                "state": pa.string(),
                "longitude": pa.float64(),
                "zip_code": pa.string(),
            }
        ),
        "amount": pa.float64(),
    }
)

# What stands before the first event, between two events, and after the last one.
_FRAMES = {
    "object": (b'{"data": [\n', b",\n", b"\n]}\n"),
    "array": (b"[\n", b",\n", b"\n]\n"),
    "ndjson": (b"", b"\n", b"\n"),
}


@dataclass(frozen=True)
class PlantedGroup:
    """Users who fund more (or less) readily than everybody else.

    Attributes:
        name: what to call the group.
        attributes: for each attribute that matters its allowed values; a user must fit all of them.
            The attributes are age, gender, marital_status, device and state. The gender is the
            user's own, also where an event says U.
        funding_probability: the probability that a view by such a user is ever funded.

    Raises:
        ValueError: an attribute has another name, or the probability is not between 0 and 1.
    """

    name: str
    attributes: Mapping[str, tuple[str, ...]]
    funding_probability: float

    def __post_init__(self) -> None:
        unknown = set(self.attributes) - {"age", "gender", "marital_status", "device", "state"}
        if unknown:
            raise ValueError(f"planted group '{self.name}': users have no {sorted(unknown)}")
        if not 0 <= self.funding_probability <= 1:
            raise ValueError(f"planted group '{self.name}': a probability is between 0 and 1")


PLANTED_GROUPS = (
    PlantedGroup(
        name="young_on_the_west_coast",
        attributes={"age": ("25-34",), "state": ("CA", "OR", "WA")},
        funding_probability=0.92,
    ),
    PlantedGroup(
        name="married_texans",
        attributes={"marital_status": ("married",), "device": ("android",), "state": ("TX",)},
        funding_probability=0.95,
    ),
    PlantedGroup(
        name="single_women",
        attributes={"marital_status": ("single",), "gender": ("F",), "age": ("45-54",)},
        funding_probability=0.90,
    ),
)


def generate_events(
    events: int, seed: int = DEFAULT_SEED, planted_groups: Sequence[PlantedGroup] = PLANTED_GROUPS
) -> Iterator[pa.Table]:
    """Yield the events in chunks of at most 250,000, each ordered by ``client_time``.

    Every chunk has users of its own, who live through the whole month.

    Args:
        events: how many events in all, at least 1.
        seed: not negative; equal seeds give equal events.
        planted_groups: who funds with another probability than the rest. A user who fits several
            groups funds with the highest of their probabilities.

    Yields:
        One row per event. ``client_time`` is in UNIX seconds; ``amount`` in US dollars, null on
        views; ``location`` is a struct with degrees north and east.

    Raises:
        ValueError: there are no events to make, or the seed is negative.
    """
    if events < 1:
        raise ValueError(f"cannot make {events} events: at least 1 is needed")
    sizes = [_CHUNK_EVENTS] * (events // _CHUNK_EVENTS)
    if rest := events % _CHUNK_EVENTS:
        sizes.append(rest)
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    for size, chunk_seed in zip(sizes, seeds, strict=True):
        yield _generate_chunk(size, np.random.default_rng(chunk_seed), planted_groups)


def write_events(
    path: str | Path,
    events: int = DEFAULT_EVENTS,
    layout: Layout = "object",
    seed: int = DEFAULT_SEED,
    planted_groups: Sequence[PlantedGroup] = PLANTED_GROUPS,
) -> None:
    """Write the events of :func:`generate_events` to a file; the layout does not change them.

    The file takes its name only when it is complete. At no time are more than a chunk's events in
    memory.

    Args:
        path: the file, in a folder that exists. JSON is gzipped where the name ends in ``.gz``.
        events: how many events.
        layout: ``object`` (``{"data": [...]}``), ``array`` (a JSON array) or ``ndjson``, each with
            one event per line, or ``parquet``. A view has no amount: JSON leaves the key out,
            Parquet holds null.
        seed: not negative.
        planted_groups: see :func:`generate_events`.

    Raises:
        ValueError: the arguments do not go together; see also :func:`generate_events`.
        OSError: the file cannot be written.
    """
    path = Path(path)
    if problem := _mismatch(path, layout):
        raise ValueError(problem)
    partial = path.with_name(path.name + ".partial")
    chunks = _logged(generate_events(events, seed, planted_groups), events)
    try:
        if layout == "parquet":
            _write_parquet(partial, chunks)
        else:
            with _open_output(partial, is_gzipped=path.suffix == ".gz") as file:
                _write_json(file, chunks, *_FRAMES[layout])
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def json_lines(events: pa.RecordBatch) -> pa.StringArray:
    """Return the JSON text of each event, without line ends.

    Args:
        events: as :func:`generate_events` makes them. No text in them holds a character that JSON
            would escape.
    """
    location = events["location"]
    place = dict(zip(location.type.names, location.flatten(), strict=True))
    amount = pc.binary_join_element_wise(', "amount": ', pc.cast(events["amount"], pa.string()), "")
    pieces = (
        '{"category": "', events["category"],
        '", "event_name": "', events["event_name"],
        '", "gender": "', events["gender"],
        '", "age": "', events["age"],
        '", "marital_status": "', events["marital_status"],
        '", "session_id": "', events["session_id"],
        '", "device": "', events["device"],
        '", "client_time": ', pc.cast(events["client_time"], pa.string()),
        ', "location": {"latitude": ', pc.cast(place["latitude"], pa.string()),
        ', "city": "', place["city"],
        '", "state": "', place["state"],
        '", "longitude": ', pc.cast(place["longitude"], pa.string()),
        ', "zip_code": "', place["zip_code"],
        '"}', pc.fill_null(amount, ""),
        "}", "",
    )  # fmt: skip
    return pc.binary_join_element_wise(*pieces)


def _generate_chunk(
    size: int, rng: np.random.Generator, planted_groups: Sequence[PlantedGroup]
) -> pa.Table:
    # Enough users that their views alone are enough events; those who are not needed are dropped.
    users = _generate_users(math.ceil(1.1 * size / VIEWS_PER_USER) + 100, rng)
    probability = _funding_probabilities(users, planted_groups)

    user, category, second, is_fund = _generate_actions(probability, rng)
    # Whole users come first to last, and of the last one the end of the month is cut off.
    order = np.lexsort((is_fund, category, second, user))[:size]
    user, category, second, is_fund = (a[order] for a in (user, category, second, is_fund))

    is_told = _is_gender_told(user, rng)
    amount = np.round(np.clip(rng.lognormal(np.log(MEDIAN_AMOUNT), 0.9, size), 1, 500), 2)

    order = np.argsort(second, kind="stable")
    known = users.take(pa.array(user[order]))
    columns = {name: known[name] for name in known.column_names} | {
        "category": _texts(list(CATEGORIES), category[order]),
        "event_name": _texts(["View Project", "Fund Project"], is_fund[order]),
        "gender": pc.if_else(pa.array(is_told[order]), known["gender"], "U"),
        "client_time": pa.array(second[order]),
        "amount": pa.array(amount[order], mask=~is_fund[order]),
    }
    return pa.table([columns[name] for name in _EVENTS_SCHEMA.names], schema=_EVENTS_SCHEMA)


def _generate_users(count: int, rng: np.random.Generator) -> pa.Table:
    """Return one row per user: what never changes about them, and their true gender."""
    places, shares = _places()
    hexadecimal = rng.bytes(16 * count).hex().encode()
    ends = np.arange(0, 32 * count + 1, 32, dtype=np.int32)
    session_ids = pa.StringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(hexadecimal))
    attributes = {
        name: _texts(list(values), _pick(np.array(list(values.values())), count, rng))
        for name, values in (
            ("gender", GENDERS),
            ("age", AGES),
            ("marital_status", MARITAL_STATUSES),
            ("device", DEVICES),
        )
    }
    location = places.take(pa.array(_pick(shares, count, rng)))
    return pa.table({"session_id": session_ids, **attributes, "location": location})


def _funding_probabilities(users: pa.Table, planted_groups: Sequence[PlantedGroup]) -> np.ndarray:
    """Return for each user the probability that one of their views is ever funded."""
    planted = np.full(len(users), -1.0)
    for group in planted_groups:
        fits = np.ones(len(users), dtype=bool)
        for name, allowed in group.attributes.items():
            is_state = name == "state"
            values = pc.struct_field(users["location"], name) if is_state else users[name]
            fits &= pc.is_in(values, value_set=pa.array(allowed, pa.string())).to_numpy()
        planted = np.where(fits, np.maximum(planted, group.funding_probability), planted)
    return np.where(planted < 0, BASE_FUNDING_PROBABILITY, planted)


def _generate_actions(
    probability: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the user's number, the category's, the second, and whether it is a fund, not a view.

    A user does the same thing in the same category only once in a second, as in the real events.
    """
    count = len(probability)
    views = np.minimum(rng.geometric(1 / VIEWS_PER_USER, count), MOST_VIEWS_PER_USER)
    user = np.repeat(np.arange(count), views)
    tastes = rng.dirichlet(list(CATEGORIES.values()), count).cumsum(axis=1)
    category = (rng.random(len(user))[:, None] >= tastes[user, :-1]).sum(axis=1)
    position = rng.random(len(user))
    second = np.minimum(_seconds_at(position), LAST_SECOND - 1)  # leaves a moment for the fund
    kept = _first_of_each(user, category, second)
    user, category, position, second = (a[kept] for a in (user, category, position, second))

    is_funded = rng.random(len(user)) < probability[user]
    funder, funded = user[is_funded], category[is_funded]
    start = position[is_funded]
    fund_position = start + (1 - start) * rng.random(len(start))
    fund_second = np.maximum(_seconds_at(fund_position), second[is_funded] + 1)
    kept = _first_of_each(funder, funded, fund_second)
    return (
        np.concatenate([user, funder[kept]]),
        np.concatenate([category, funded[kept]]),
        np.concatenate([second, fund_second[kept]]),
        np.arange(len(user) + len(kept)) >= len(user),
    )


def _seconds_at(position: np.ndarray) -> np.ndarray:
    """Return the UNIX second when a share ``position`` (0 to 1) of the month's activity is over.

    A position that is uniform between two others is so in time too, but for the daily rhythm: most
    happens at 2 in the morning UTC, which is the evening in the United States.
    """
    edges = np.arange(0, 31 * 24 + 1) / (31 * 24) * (LAST_SECOND - FIRST_SECOND)
    middle_hours = (edges[:-1] + edges[1:]) / 2 / 3600
    activity = 1 + 0.6 * np.cos(2 * np.pi * (middle_hours - 2) / 24)
    done = np.concatenate([[0], activity.cumsum()]) / activity.sum()
    return FIRST_SECOND + np.interp(position, done, edges).astype(np.int64)


def _first_of_each(user: np.ndarray, category: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the indices that are left when each combination keeps its first row."""
    key = (user * len(CATEGORIES) + category) * (LAST_SECOND + 1 - FIRST_SECOND)
    return np.unique(key + second - FIRST_SECOND, return_index=True)[1]


def _is_gender_told(user: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return for each event whether it tells the gender; ``user`` is sorted.

    Each user but the private ones tells it at least once, in an event of no particular place.
    """
    _, starts, number, events = np.unique(
        user, return_index=True, return_inverse=True, return_counts=True
    )
    openness = rng.random(len(user))
    most_open = np.maximum.reduceat(openness, starts).repeat(events)
    is_private = rng.random(len(starts)) < PRIVATE_USER_SHARE
    is_told = (openness >= HIDDEN_GENDER_SHARE) | (openness == most_open)
    return is_told & ~is_private[number]


@lru_cache(maxsize=1)
def _places() -> tuple[pa.StructArray, np.ndarray]:
    """Return the places where users live, one per zip code, and each one's share of the users."""
    places: list[dict] = []
    weights: list[float] = []
    with open(Path(__file__).with_name("cities.csv"), encoding="utf-8", newline="") as file:
        for city in csv.DictReader(file):
            latitude, longitude = float(city["latitude"]), float(city["longitude"])
            weight = float(city["weight"])
            zip_codes = min(1 + int(weight) // 250, 20)
            for number in range(1, zip_codes + 1):
                # Turning by the golden angle spreads points evenly over a disc around the center.
                distance, angle = 0.015 * math.sqrt(number), 2.39996 * number
                places.append(
                    {
                        "latitude": round(latitude + distance * math.sin(angle), 6),
                        "city": city["city"],
                        "state": city["state"],
                        "longitude": round(longitude + distance * math.cos(angle), 6),
                        "zip_code": f"{city['zip_prefix']}{number:02}",
                    }
                )
                weights.append(weight / zip_codes)
    return pa.array(places, _EVENTS_SCHEMA.field("location").type), np.array(weights)


def _pick(weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``count`` random indices into the weights."""
    bounds = weights.cumsum() / weights.sum()
    return np.searchsorted(bounds[:-1], rng.random(count), side="right")


def _texts(values: list[str], codes: np.ndarray) -> pa.Array:
    return pa.array(values).take(pa.array(codes.astype(np.int32)))


def _logged(chunks: Iterator[pa.Table], events: int) -> Iterator[pa.Table]:
    """Pass the chunks on and report each one that has been written."""
    written = 0
    for chunk in chunks:
        yield chunk
        written += len(chunk)
        logger.info("%s of %s events", f"{written:,}", f"{events:,}")


def _write_json(
    file: io.BufferedIOBase, chunks: Iterator[pa.Table], before: bytes, between: bytes, after: bytes
) -> None:
    glue = before
    for chunk in chunks:
        for batch in chunk.to_batches(_WRITTEN_EVENTS):
            lines = json_lines(batch)
            whole = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
            file.write(glue)
            file.write(pc.binary_join(whole, between.decode())[0].as_buffer())
            glue = between
    file.write(after)


def _write_parquet(path: Path, chunks: Iterator[pa.Table]) -> None:
    with pq.ParquetWriter(path, _EVENTS_SCHEMA, compression="zstd") as writer:
        for chunk in chunks:
            writer.write_table(chunk)


@contextmanager
def _open_output(path: Path, is_gzipped: bool) -> Iterator[io.BufferedIOBase]:
    with open(path, "wb") as file:
        if not is_gzipped:
            yield file
            return
        # Neither a name nor a time in the header, so that equal events are equal files.
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as gzipped:
            yield gzipped


def _mismatch(path: Path, layout: str) -> str | None:
    """Say why a file of that name should not have that layout, or return None."""
    if layout not in get_args(Layout):
        return f"there is no layout '{layout}'; choose from {', '.join(get_args(Layout))}"
    if layout == "parquet" and path.suffix != ".parquet":
        return f"'{path.name}' is no name for Parquet: it must end in .parquet, without .gz"
    if layout != "parquet" and ".parquet" in path.suffixes:
        return f"'{path.name}' is no name for the JSON layout '{layout}': use .json or .json.gz"
    return None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; its help says what it takes."""
    parser = argparse.ArgumentParser(
        prog="python -m sample_events",
        description="Write invented BootLoader events. The same arguments give the same file.",
    )
    parser.add_argument("--events", type=int, default=DEFAULT_EVENTS, help="how many (%(default)s)")
    parser.add_argument(
        "--layout",
        choices=get_args(Layout),
        default="object",
        help='object: {"data": [...]}; ndjson: one event per line, no brackets (%(default)s)',
    )
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="%(default)s")
    parser.add_argument(
        "--output", type=Path, required=True, help="the file; JSON is gzipped if it ends in .gz"
    )
    options = parser.parse_args(arguments)
    if not options.output.parent.is_dir():
        parser.error(f"there is no folder '{options.output.parent}': make it first")
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    try:
        write_events(options.output, options.events, options.layout, options.seed)
    except ValueError as error:
        parser.error(str(error))
    except OSError as error:
        parser.exit(1, f"{parser.prog}: cannot write '{options.output}': {error.strerror}\n")
