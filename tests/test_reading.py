"""Whatever the layout of a file, all its records are there: events, or rejected with a reason."""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from warnings import catch_warnings, simplefilter

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bootloader.event_files import framing
from bootloader.event_files.answers import list_event_files
from bootloader.event_files.errors import EventFileError
from bootloader.event_files.finding import find_event_files
from bootloader.event_files.framing import inspect_event_file
from bootloader.event_files.records_filesystem import RecordsFileSystem
from conftest import READ, as_lines

pytestmark = pytest.mark.build


def event(user: str, **changes: object) -> dict:
    return {
        "category": "Sports",
        "event_name": "View Project",
        "gender": "M",
        "age": "18-24",
        "marital_status": "married",
        "session_id": user,
        "device": "android",
        "client_time": 1393632004,
        "location": {
            "latitude": 42.446396,
            "city": "Westford",
            "state": "MA",
            "longitude": -71.459405,
            "zip_code": "01886",
        },
    } | changes


def events_of(layout: str) -> list[dict]:
    return [
        event(f"{layout}-1"),
        event(f"{layout}-2", event_name="Fund Project", amount=12.5, client_time=1393632104),
        event(f"{layout}-3", city="ignored where there is a location", surprise={"deep": [1]}),
    ]


def as_parquet(events: list[dict], path: Path) -> None:
    columns = {key: None for item in events for key in item}
    pq.write_table(pa.table({key: [item.get(key) for item in events] for key in columns}), path)


def as_flat(events: list[dict]) -> list[dict]:
    """Return the events as a flat table has them, without the keys that only some of them have."""
    return [
        {key: value for key, value in item.items() if key not in ("location", "surprise", "city")}
        | item["location"]
        for item in events
    ]


def as_csv(events: list[dict], delimiter: str = ",") -> str:
    text = io.StringIO()
    fields = [*as_flat(events)[0], "amount"]
    writer = csv.DictWriter(text, fields, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(as_flat(events))
    return text.getvalue()


def as_zip(events: list[dict]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, catch_warnings():
        simplefilter("ignore", UserWarning)  # it says that two members have one name
        archive.writestr("hours/", "")
        for number, item in enumerate(events):
            archive.writestr(
                f"hours/{number % 2}#0 [a].json.gz", gzip.compress(as_lines([item]).encode())
            )
    return packed.getvalue()


def as_tar(events: list[dict]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        content = as_lines(events).encode()
        member = tarfile.TarInfo("events.json")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


WRITERS = {
    "object.json": lambda events: json.dumps({"data": events}),
    "other key.json": lambda events: json.dumps({"events": events}),
    "pretty.json": lambda events: json.dumps({"data": events}, indent=4) + "\n",
    "array.json": json.dumps,
    "lines.json": as_lines,
    "windows.json": lambda events: "\ufeff" + as_lines(events, "\r\n"),
    "old mac.json": lambda events: as_lines(events, "\r"),
    "bom.json": lambda events: "\ufeff" + json.dumps({"data": events}),
    "firehose.json": lambda events: as_lines(events, ""),
    "pretty events.json": lambda events: "\n".join(json.dumps(e, indent=2) for e in events),
    "lists.json": lambda events: json.dumps(events[:1]) + "\n" + json.dumps(events[1:]),
    "commas.json": lambda events: as_lines(events, ",\n") + ",",
    "sequence.json": lambda events: "\x1e" + as_lines(events, "\n\x1e"),
    "commas.csv": as_csv,
    "semicolons.csv": lambda events: as_csv(events, ";"),
    "tabs.txt": lambda events: as_csv(events, "\t"),
    "object.json.gz": lambda events: gzip.compress(json.dumps({"data": events}).encode()),
    "array.json.gz": lambda events: gzip.compress(json.dumps(events).encode()),
    "lines.json.gz": lambda events: gzip.compress(as_lines(events).encode()),
    "twice.json.gz": lambda events: gzip.compress(gzip.compress(as_lines(events).encode())),
    "lines.json.bz2": lambda events: bz2.compress(as_lines(events).encode()),
    "lines.json.xz": lambda events: lzma.compress(as_lines(events).encode()),
    "commas.csv.gz": lambda events: gzip.compress(as_csv(events).encode()),
    "amplitude.zip": as_zip,
    "utf-16.json": lambda events: as_lines(events).encode("utf-16"),
    "utf-16 big.json": lambda events: ("\ufeff" + as_lines(events)).encode("utf-16-be"),
    "utf-16 list.json": lambda events: json.dumps({"data": events}).encode("utf-16-le"),
    "utf-16.csv": lambda events: as_csv(events).encode("utf-16"),
    "it's [odd]; name*.json": as_lines,
}  # fmt: skip


@pytest.fixture(scope="module")
def all_layouts(tmp_path_factory):
    """One build that reads every layout at once, each file with users of its own."""
    from conftest import Build

    folder = tmp_path_factory.mktemp("layouts")
    for name, write in WRITERS.items():
        content = write(events_of(name))
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    as_parquet(events_of("nested.parquet"), folder / "nested.parquet")
    as_parquet(as_flat(events_of("flat.parquet")), folder / "flat.parquet")
    capitals = [
        {key.upper(): value for key, value in item.items()}
        for item in as_flat(events_of("capitals.parquet"))
    ]
    as_parquet(capitals, folder / "capitals.parquet")
    odd_columns = {"record": "x", "Session_ID": "another", "city": b"Westford"}
    raw = [item | odd_columns for item in as_flat(events_of("raw.parquet"))]
    as_parquet(raw, folder / "raw.parquet")
    (folder / "empty.json").write_text(" \n")
    (folder / "no events.json").write_text('{"data": []}')
    names = [*WRITERS, "nested.parquet", "flat.parquet", "capitals.parquet", "raw.parquet"]
    build = Build(tmp_path_factory.mktemp("layouts_build"))
    build = build.dbt(*READ, events_path=str(folder / "*"))
    return build.succeeds(), folder, names


def test_every_layout_gives_the_same_events(all_layouts):
    """An analyst would have to convert files, or would get other events from another export."""
    build, folder, names = all_layouts
    expected = build.query(
        "select * exclude (event_id, session_id, source_file), session_id[-2:] as user "
        "from events where source_file = $1 order by user",
        [str(folder / "object.json")],
    )
    assert expected["zip_code"].to_list() == ["01886"] * 3
    assert expected["amount"].fillna(-1).to_list() == [-1, 12.5, -1]
    for name in names:
        found = build.query(
            "select * exclude (event_id, session_id, source_file), session_id[-2:] as user "
            "from events where source_file = $1 order by user",
            [str(folder / name)],
        )
        assert found.equals(expected), name
    assert build.value("select count(*) from rejected_events") == 0
    assert build.value("select sum(records) from source_file_audit") == 3 * len(names)


NOT_EVENTS = {
    '{"cut": ': "malformed JSON",
    b"\xff\xfe no text": "malformed JSON",
    '{"session_id": "a"} {"session_id": "b"}': "malformed JSON",
    "[[[[": "malformed JSON",
    json.dumps(event("\t\n")): "missing session_id",
    "null": "not an object",
    "5": "not an object",
    '["an", "array"]': "not an object",
    "{}": "missing session_id",
    json.dumps(event("", note="no user")): "missing session_id",
    json.dumps(event("a", category=None)): "missing category",
    json.dumps(event("a", event_name="Fund")): "unknown event_name",
    json.dumps(event("a", client_time="yesterday")): "implausible client_time",
    json.dumps(event("a", client_time=None)): "missing client_time",
    json.dumps(event("a", location={"latitude": 91, "longitude": 0})): "coordinates out of range",
    json.dumps(event("a", amount=-1)): "negative amount",
    json.dumps(event("a", amount="plenty")): "implausible amount",
}

EVENTS = [
    event("ok-1"),
    event("ok-2", category="Music", gender="O", age="0-17"),
    event("ok-3", client_time="1393632004", amount="3"),
    event("ok-4", category="Ελληνικά 🚲 <script>", city="@@=1"),
    dict(reversed(event("ok-5").items())),
    event("ok-6", location=None),
    event("ok-7", session_id=12345),
]


@pytest.fixture(scope="module")
def dirty_lines(tmp_path_factory):
    """One file of lines with every kind of bad record between good events, and a duplicate."""
    from conftest import Build

    path = tmp_path_factory.mktemp("dirty") / "dirty.json"
    lines = [json.dumps(item) for item in EVENTS] + list(NOT_EVENTS) + ["", "  "]
    lines[0] = f"\v{lines[0]}\f"  # odd white space around a record is passed over
    duplicate = json.dumps(event("ok-1"), separators=(",", ":"))
    encoded = [line if isinstance(line, bytes) else line.encode() for line in [*lines, duplicate]]
    path.write_bytes(b"\n".join(encoded))
    build = Build(tmp_path_factory.mktemp("dirty_build"))
    return build.dbt(*READ, events_path=str(path)).succeeds(), duplicate


def test_each_rejected_record_is_kept_with_its_reason(dirty_lines):
    """Nobody could fix the source: a rejected record would be lost, or its reason wrong."""
    build, duplicate = dirty_lines
    found = build.query("select raw_event, reason from rejected_events")
    # White space around a record is passed over, and a byte that is not text is shown as a ?.
    encoded = {
        line if isinstance(line, bytes) else line.encode(): NOT_EVENTS[line] for line in NOT_EVENTS
    }
    expected = {
        line.decode(errors="replace").replace("\ufffd", "?").strip(): reason
        for line, reason in encoded.items()
    }
    is_duplicate = found["reason"] == "duplicate event"
    kept = found[~is_duplicate]
    assert len(kept) == len(expected)
    assert dict(zip(kept["raw_event"], kept["reason"], strict=True)) == expected
    (kept_duplicate,) = found[is_duplicate]["raw_event"]
    assert json.loads(kept_duplicate).items() >= json.loads(duplicate).items()


def test_values_never_seen_before_are_accepted(dirty_lines):
    """A new category or an odd name would cost events."""
    build, _ = dirty_lines
    found = build.query("from events order by session_id").set_index("session_id")
    assert list(found.index) == ["12345", *(f"ok-{number}" for number in range(1, 7))]
    assert found.loc["ok-2", "category"] == "Music"
    assert found.loc["ok-2", "gender"] == "O"
    assert found.loc["ok-3", ["client_time", "amount"]].to_list() == [1393632004, 3.0]
    assert found.loc["ok-4", "category"] == "Ελληνικά 🚲 <script>"


def test_records_of_every_kind_are_accounted_for(dirty_lines):
    """A total would not add up, and nobody would know what is missing."""
    build, _ = dirty_lines
    audit = build.query("from source_file_audit").iloc[0]
    assert audit["records"] == len(EVENTS) + len(NOT_EVENTS) + 1
    assert audit["events"] == len(EVENTS)
    assert audit["duplicate_events"] == 1
    assert audit["rejected_records"] == len(NOT_EVENTS)


def test_events_without_any_amount_are_read_alike(new_build, tmp_path):
    """The challenge's first file has no amounts: the build would fail on it."""
    path = tmp_path / "events.json"
    path.write_text(json.dumps([event("a"), event("a", event_name="Fund Project")]))
    build = new_build.dbt(
        "build", "--select", "+user_category_actions", events_path=str(path)
    ).succeeds()
    pair = build.query("from user_category_actions").iloc[0]
    assert (pair["funds"], pair["views"]) == (1, 1)
    assert str(pair["amount_funded"]) in ("nan", "<NA>")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.json", None, "no file matches"),
        ("folder", "a folder", "is a folder"),
        ("cut.json", b'{"data": [{"session_id": "a"}, {"sess', "cut off"),
        ("more.json", b'{"data": [{"session_id": "a"}], "next": 2}', "before or after the list"),
        (
            "meta.json",
            b'{\n "n": 1,\n "data": [\n {"session_id": "a"}]}',
            "before or after the list",
        ),
        ("broken.json", b'[{"session_id": "a"},\n {"session_id": ]', "is broken"),
        ("emoji.json", b'{"data": [{"session_id": "\\ud83d"}]}', "is broken"),
        # Without a moment in its header, or every worker would call the test by another name.
        (
            "cut.json.gz",
            gzip.compress(b'{"session_id": "a"}\n' * 999, mtime=0)[:-20],
            "damaged or cut off",
        ),
        ("cut.json.bz2", bz2.compress(b'{"session_id": "a"}\n' * 999)[:-20], "damaged or cut off"),
        ("cut.json.xz", lzma.compress(b'{"session_id": "a"}\n' * 999)[:-20], "damaged or cut off"),
        ("cut.zip", as_zip(events_of("zip"))[:-40], "damaged or cut off"),
        ("cut utf-16.json", '\ufeff{"a": 1}\n'.encode("utf-16-le")[:-1], "damaged or cut off"),
        ("empty.json.gz", b"", "has no bytes"),
        ("empty.parquet", b"", "has no bytes"),
        ("events.zst", b"\x28\xb5\x2f\xfd rest", "Zstandard"),
        ("events.avro", b"Obj\x01 rest", "an Avro file"),
        ("events.json", b"\n<!DOCTYPE html><p>Log in", "a web page"),
        ("events.tar.gz", as_tar(events_of("tar")), "Unpack it with tar"),
        ("events.tsv", b"u1\tView Project\tGames\t1393632004\t\t\n" * 3, "without a header"),
        ("events.csv", b"u1,View Project,Games,1393632004\n" * 2, "such as 'session_id,event_name"),
    ],
)
def test_what_cannot_be_read_gets_one_clear_message(tmp_path, name, content, message):
    """A user would see a stack trace, or worse, part of the events."""
    path = tmp_path / name
    if content == "a folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(EventFileError, match=message) as error:
        for found in find_event_files([str(path)]):
            inspect_event_file(found.path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_line_that_never_ends_is_given_up_at_the_limit(tmp_path, monkeypatch, is_packed):
    """A few packed kilobytes, or a file that is no list of lines, would be read for minutes."""
    monkeypatch.setattr(framing, "_LONGEST_RECORD", 2**22)
    line = b'{"session_id": "' + b"x" * 2**25
    path = tmp_path / "events.json"
    path.write_bytes(gzip.compress(line, mtime=0) if is_packed else line)
    seen = []
    check = framing._check_line
    monkeypatch.setattr(framing, "_check_line", lambda *told: seen.append(told[2]) or check(*told))
    with pytest.raises(EventFileError, match="has a line of more than"):
        inspect_event_file(str(path))
    assert max(seen) < 2**23
    # A list may be in one line.
    whole = b"[" + b", ".join([b'{"session_id": "' + b"x" * 2**20 + b'"}'] * 8) + b"]"
    path.write_bytes(gzip.compress(whole, mtime=0) if is_packed else whole)
    assert inspect_event_file(str(path))[0].layout == "list"


@pytest.mark.parametrize("value", ["null", "5", "[]", '""', "[1]", '{"a": "b"}'])
def test_a_path_that_is_none_gets_the_message(value):
    """A slip in --vars would end in a stack trace, or build empty tables."""
    problem = json.loads(list_event_files(f'[1, "events_path", {value}]'))["problem"]
    assert "must be a file, a glob, or a list of them" in problem


@pytest.mark.parametrize("create", [Path.touch, Path.mkdir])
def test_a_name_that_is_no_text_is_rejected(tmp_path, create):
    """The build would end in a stack trace about a codec."""
    create(Path(os.fsdecode(bytes(tmp_path) + b"/\xff.json")))
    with pytest.raises(EventFileError, match="not UTF-8 text"):
        find_event_files([f"{tmp_path}/*.json"])


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_what_is_not_a_file_is_rejected(tmp_path, kind):
    """A build would wait for ever for a pipe, or say nothing but [Errno 2] of a link."""
    if kind == "pipe":
        os.mkfifo(tmp_path / "odd.json")
    else:
        (tmp_path / "odd.json").symlink_to("nowhere.json")
    with pytest.raises(EventFileError, match=r"odd\.json' is not a file"):
        find_event_files([f"{tmp_path}/*.json"])


@pytest.mark.parametrize("mark", ["_delta_log", ".hoodie", "../metadata/v1.metadata.json"])
def test_a_folder_of_a_table_is_rejected(tmp_path, mark):
    """Rows that were deleted from the table would come back as events."""
    folder = tmp_path / "table"
    (folder / "data" / "day=1").mkdir(parents=True)
    (folder / "data" / mark).mkdir(parents=True)
    as_parquet(events_of("a"), folder / "data" / "day=1" / "a.parquet")
    with pytest.raises(EventFileError, match="belongs to a table of"):
        find_event_files([f"{folder}/**/*.parquet"])


def test_what_spark_leaves_among_the_files_is_passed_over(tmp_path):
    """A folder that Spark or Dask wrote could not be read as a whole."""
    as_parquet(events_of("a"), tmp_path / "part.0.parquet")
    for name in ("_metadata", "_common_metadata", "_SUCCESS"):
        (tmp_path / name).write_bytes(b"PAR1")
    found = find_event_files([f"{tmp_path}/*"])
    assert [file.path for file in found] == [str(tmp_path / "part.0.parquet")]


def test_lines_are_told_from_lists_and_blanks(tmp_path):
    """A file would be read as what it is not, and its events rejected or lost."""
    nested = json.dumps(event("a", items=[{"x": 1}]))
    layouts = {
        '["header", 2]\n{"session_id": "a"}\n': "lines",
        '{"session_id": "a", "data": [{"x": 1}]}\n{"session_id": "b"}\n': "lines",
        '{"items": [{"x": 1}], "session_id": "a"}': "lines",
        f"{nested}\n{nested}": "lines",
        f'{{"cut": \n{nested}\n{nested}': "lines",
        "\n" * 70_000 + '{"session_id": "a"}\n': "lines",
        "2014-03-01 10:00, a note, and more\n{}": "lines",
        '[\n{"session_id": "a"}\n]\n': "list",
        '[{"session_id": "a"}]\n': "list",
        '{"data": [\n{"session_id": "a"},\n{"session_id": "b"}\n]}': "list",
        "[]": "list",
        "\n \n": "empty",
        '{"session_id": "a"} {"session_id": "b"}\n': "stream",
        '{\n"session_id": "a"}': "stream",
        '[{"session_id": "a"}]\n[{"session_id": "b"}]': "stream",
        'session_id;event_name;"client time"\n': "csv",
    }
    for number, (content, layout) in enumerate(layouts.items()):
        path = tmp_path / f"{number}.json"
        path.write_text(content)
        assert [file.layout for file in inspect_event_file(str(path))] == [layout], content[-40:]


def test_columns_and_folders_of_parquet_are_taken_as_they_are(new_build, tmp_path):
    """A folder's name would overwrite what events say, or numpy's missing number reject them."""
    folder = tmp_path / "session_id=x" / "category=Games"
    folder.mkdir(parents=True)
    rows = [
        event(user, client_time=1393632004 + number, amount=float("nan"), filename="app.log")
        for number, user in enumerate(["a", "b"])
    ]
    rows[0]["location"] = rows[0]["location"] | {"latitude": float("nan")}
    as_parquet(rows, folder / "events.parquet")
    build = new_build.dbt(*READ, events_path=str(folder / "*.parquet")).succeeds()
    found = build.query("from events order by session_id")
    assert found["session_id"].to_list() == ["a", "b"]
    assert found["category"].to_list() == ["Sports", "Sports"]
    assert found["source_file"].to_list() == [str(folder / "events.parquet")] * 2
    assert found["amount"].isna().all()
    assert build.value("select count(*) from rejected_events") == 0


def test_parquet_files_of_other_types_are_read_each_by_itself(new_build, tmp_path):
    """One export with numbers as text would stop the build of all the others."""
    plain = {"event_name": "View Project", "category": "Sports"}
    files = {
        "numbers.parquet": plain | {"session_id": 1, "client_time": 1393632004.0},
        "texts.parquet": plain
        | {"session_id": "2", "client_time": "1393632004", "amount": Decimal("1.50")},
        # The type of a column differs, and so does the case of its name.
        "capitals.parquet": {"event_name": "View Project", "Category": "Sports"}
        | {"session_id": 4, "client_time": 1393632004.0},
        "lists.parquet": plain
        | {"session_id": "3", "category": ["Sports"], "client_time": datetime(2014, 3, 1, 0, 0, 4)},
    }
    for name, item in files.items():
        as_parquet([item], tmp_path / name)
    build = new_build.dbt(*READ, events_path=str(tmp_path / "*.parquet")).succeeds()
    found = build.query("select session_id, client_time, amount from events order by session_id")
    assert found["session_id"].to_list() == ["1", "2", "3", "4"]
    assert found["client_time"].to_list() == [1393632004] * 4
    assert found["amount"].to_list()[1] == 1.5
    assert build.value("select count(*) from rejected_events") == 0


def test_a_file_of_another_shape_is_named_with_the_remedy(new_build, tmp_path):
    """A newcomer would see that a test failed, and not what to do with the file."""
    mixpanel = {"event": "View Project", "properties": {"distinct_id": "a", "time": 1393632004}}
    (tmp_path / "mixpanel.json").write_text(as_lines([mixpanel] * 3))
    build = new_build.dbt(*READ, events_path=str(tmp_path / "mixpanel.json"))
    assert build.returncode != 0
    said = f"{tmp_path}/mixpanel.json: 3 of 3 records rejected, most with the reason "
    assert f"{said}'missing session_id', such as {json.dumps(mixpanel)}. " in build.output
    assert "event_fields: {session_id: properties.user_id}" in build.output
    # Next to a good file it is a warning, and the file stands in the audit.
    (tmp_path / "good.json").write_text(as_lines(events_of("good")))
    build = new_build.dbt(*READ, events_path=str(tmp_path / "*.json")).succeeds()
    assert f"{said}'missing session_id'" in build.output
    verdicts = build.query("select source_file, verdict, reason from source_file_audit order by 1")
    assert verdicts.fillna("").values.tolist() == [
        [str(tmp_path / "good.json"), "read", ""],
        [str(tmp_path / "mixpanel.json"), "none accepted", "missing session_id"],
    ]
    named = {"event_name": "event", "session_id": "properties.distinct_id", "category": "event"}
    named["client_time"] = "properties.time"
    build = new_build.dbt(
        *READ, events_path=str(tmp_path / "mixpanel.json"), event_fields=named
    ).succeeds()
    assert build.query("select session_id, client_time from events").values.tolist() == [
        ["a", 1393632004]
    ]


def test_a_file_that_grows_meanwhile_is_read_as_it_was(tmp_path):
    """The last record of a log that is still written to would be spoilt."""
    path = tmp_path / "log[1].json"
    path.write_text('{"a": 1}\n{"a": 2}')
    url = inspect_event_file(str(path))[0].url
    with path.open("a") as file:
        file.write('\n{"a": 3}\n')
    with duckdb.connect() as connection:
        connection.register_filesystem(RecordsFileSystem())
        found = connection.execute("select json from read_ndjson_objects(?)", [url]).fetchall()
    assert found == [('{"a": 1}',), ('{"a": 2}',)]


def test_a_missing_file_stops_the_build_with_the_message_alone(new_build):
    """The first mistake that everybody makes would end in a stack trace."""
    build = new_build.dbt(*READ, events_path="no/such/events.json")
    assert build.returncode != 0
    assert "no file matches 'no/such/events.json'" in build.output
    assert "Traceback" not in build.output


@pytest.mark.slow
def test_thousands_of_small_files_need_no_more_memory(new_build, tmp_path):
    """An app that writes a file per minute would need a larger machine, or one call per day."""
    for number in range(20_000):
        (tmp_path / f"{number}.json").write_text(json.dumps(event(f"user {number}")))
    small = replace(new_build, environment={"BOOTLOADER_MEMORY_LIMIT": "1GB"})
    build = small.dbt(*READ, events_path=str(tmp_path / "*.json")).succeeds()
    assert build.value("select count(*) from events") == 20_000
