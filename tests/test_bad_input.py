"""Each record is accepted or rejected with a reason, and the sum is that of the file."""

import gzip
import json
import math
from dataclasses import dataclass

import pytest
from bootloader.event_files.errors import EventFileError
from bootloader.event_files.framing import inspect_event_file
from compiled import Compiled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.build

RECORDS_PER_FILE = 100
FILES = 50


@dataclass(frozen=True)
class Verdict:
    """What became of the records of a file."""

    accepted: list[tuple]
    rejected: list[tuple]
    records: int


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """The project's own SQL about good and bad input, compiled once and run on file after file."""
    models = ("events", "rejected_events", "source_file_audit")
    tables = Compiled(tmp_path_factory.mktemp("read"), models)

    def run(content: bytes) -> Verdict:
        connection = tables.read(content)
        return Verdict(
            connection.execute("select session_id, category from events").fetchall(),
            connection.execute("select reason, raw_event from rejected_events").fetchall(),
            connection.execute(
                "select coalesce(sum(records), 0) from source_file_audit"
            ).fetchone()[0],
        )

    return run


GOOD = {
    "session_id": "good",
    "event_name": "View Project",
    "category": "Sports",
    "client_time": 1393632004,
}

# What writers of events have been seen to put where something else belongs.
odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(
        [1e20, -1e20, 1e308, math.nan, math.inf, -math.inf, -1, 0, 1393632004000, "1393632004",
         "NaN", "", " ", "null", "\x00", "\ud83d", "#na#", "@@=1",
         "'; drop table users; --", "x" * 5_000]
    ),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
    st.integers(1, 200).map(lambda depth: json.loads("[" * depth + "]" * depth)),
)  # fmt: skip
FIELDS = [
    *GOOD, "amount", "age", "gender", "marital_status", "device", "city", "state", "zip_code",
    "latitude", "longitude", "location", "data", "surprise",
]  # fmt: skip
spoilt_events = st.dictionaries(st.sampled_from(FIELDS), odd_values, max_size=4).map(
    lambda changes: json.dumps(GOOD | changes).encode()
)
cut_events = st.builds(
    lambda text, share: text[: int(len(text) * share)], spoilt_events, st.floats(0, 1)
)
joined_events = st.builds(lambda one, other: one + other, spoilt_events, spoilt_events)
duplicate_keys = odd_values.map(
    lambda value: (
        json.dumps(GOOD)[:-1].encode() + b', "session_id": ' + json.dumps(value).encode() + b"}"
    )
)
lines = st.one_of(
    spoilt_events,
    cut_events,
    joined_events,
    duplicate_keys,
    odd_values.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=60).map(lambda noise: noise.replace(b"\n", b"")),
)


@settings(
    max_examples=FILES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    st.lists(lines, min_size=RECORDS_PER_FILE, max_size=RECORDS_PER_FILE),
    st.sampled_from([b"\n", b"\r\n"]),
)
def test_each_of_five_thousand_odd_records_is_accepted_or_rejected_with_a_reason(read, odd, end):
    """A record would vanish, or one odd record would take a night's build down."""
    good = [json.dumps(GOOD | {"session_id": f"good {number}"}).encode() for number in range(3)]
    verdict = read(end.join([good[0], *odd, *good[1:]]))
    # A carriage return also ends a line, as it did on old Macs.
    pieces = [piece for line in [*good, *odd] for piece in line.split(b"\r")]
    expected = sum(1 for piece in pieces if piece.strip())
    assert verdict.records == expected
    assert len(verdict.accepted) + len(verdict.rejected) == expected
    assert all(reason and text is not None for reason, text in verdict.rejected)
    accepted = [user for user, _ in verdict.accepted]
    assert {f"good {number}" for number in range(3)} <= set(accepted)


LINE = json.dumps(GOOD).encode()
WHOLE = b'{"data": [' + LINE + b"]}"

# A file of that content is read: so many records are accepted, and so many are rejected.
FILES_READ = {
    "cut off in the last line": (LINE + b"\n" + LINE[:40], 1, 1),
    "two records in one line": (LINE + b"\n" + LINE + b" " + LINE, 1, 1),
    "not UTF-8": (LINE + b"\n" + LINE.replace(b"Sports", b"Spo\xff\xfe"), 1, 1),
    "a NUL byte": (LINE + b"\n" + LINE.replace(b"Sports", b"Spo\x00rts"), 1, 1),
    "byte order mark and Windows line ends": (b"\xef\xbb\xbf" + LINE + b"\r\n\r\n", 1, 0),
    "blank lines": (b"\n \n\t\n" + LINE + b"\n\n\n", 1, 0),
    "a text of a megabyte": (
        LINE + b"\n" + json.dumps(GOOD | {"city": "x" * 1_000_000}).encode(), 2, 0
    ),
    "nesting of a thousand levels": (
        LINE + b"\n" + LINE[:-1] + b', "deep": ' + b"[" * 1_000 + b"]" * 1_000 + b"}", 1, 1
    ),
    "a key that stands twice": (LINE + b"\n" + LINE[:-1] + b', "city": "a", "city": "b"}', 2, 0),
    "numbers as text": (
        json.dumps(GOOD | {"client_time": "1393632004", "amount": "5", "latitude": "40"}).encode(),
        1, 0
    ),
    "not a number": (LINE + b"\n" + LINE[:-1] + b', "amount": NaN}', 1, 1),
    "infinity": (LINE + b"\n" + LINE[:-1] + b', "amount": Infinity}', 1, 1),
    "a time of 1e20": (LINE + b"\n" + LINE.replace(b"1393632004", b"1e20"), 1, 1),
    "a negative time": (LINE + b"\n" + LINE.replace(b"1393632004", b"-1"), 1, 1),
    "a time in days": (LINE + b"\n" + LINE.replace(b"1393632004", b"16130"), 1, 1),
    "null everywhere": (LINE + b"\n" + json.dumps(dict.fromkeys(FIELDS)).encode(), 1, 1),
    "coordinates in the wrong order": (
        LINE + b"\n" + json.dumps(GOOD | {"latitude": -105.4, "longitude": 40.2}).encode(), 1, 1
    ),
    "the same record again": (LINE + b"\n" + LINE, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES_READ)
def test_a_bad_record_is_rejected_alone(read, kind):
    """One bad record would cost the good ones beside it, or count although it is none."""
    content, accepted, rejected = FILES_READ[kind]
    verdict = read(content)
    assert (len(verdict.accepted), len(verdict.rejected)) == (accepted, rejected)
    assert verdict.records == accepted + rejected


def test_a_clock_that_is_ahead_moves_nothing_until_others_agree(read):
    """One phone would decide when now is, and no campaign would have an audience."""

    def at(hour: int, user: str) -> dict:
        return GOOD | {"session_id": user, "client_time": 1393632004 + hour * 3600}

    month = [at(hour, f"user {hour % 400}") for hour in range(720)]
    # One user's many events, duplicates too, are no more than one clock.
    ahead = [at(24 * day, "ahead") for day in (35, 36, 37, 38, 39, 40)] + [at(24 * 40, "ahead")]
    verdict = read("\n".join(map(json.dumps, [*month, *ahead])).encode())
    assert len(verdict.accepted) == 720
    assert [(reason, json.loads(text)["client_time"]) for reason, text in verdict.rejected] == [
        ("after the end of the events", item["client_time"]) for item in ahead
    ]
    others = [at(24 * 40 + hour, f"user {hour}") for hour in range(10)]
    verdict = read("\n".join(map(json.dumps, [*month, *ahead, *others])).encode())
    assert len(verdict.accepted) == 720 + 6 + 10
    assert [reason for reason, _ in verdict.rejected] == ["duplicate event"]


# A file of that name and content cannot be read; the message names it and says this.
NOT_READ = {
    "cut.json": (WHOLE[:-20], "cut off"),
    "cut.json.gz": (gzip.compress(LINE * 999)[:-9], "damaged or cut off"),
    "cut.parquet": (b"PAR1" + b"rest" * 99, "damaged or cut off"),
    "head.json.gz": (gzip.compress(LINE)[:6], "damaged or cut off"),
    "comma.json": (b"[" + LINE + b",\n", "is broken"),
    "twice.json": (WHOLE + WHOLE, "is broken|before or after the list"),
    "broken.json": (WHOLE.replace(b"Sports", b'Spo"rts'), "is broken"),
    "noise.json": (b'{"data": [' + LINE.replace(b"Sports", b"Spo\xff") + b"]}", "is broken"),
}


@pytest.mark.parametrize("name", NOT_READ)
def test_what_cannot_be_read_in_part_gets_one_message(tmp_path, name):
    """A user would see a stack trace, or worse, a part of the events."""
    content, message = NOT_READ[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(EventFileError, match=message) as error:
        inspect_event_file(str(path))
    assert str(path) in str(error.value)
