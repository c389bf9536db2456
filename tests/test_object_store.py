"""Event files in an object store: a real S3 server on this machine's loopback."""

import gzip
import json
import socket
import subprocess
import sys
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import duckdb
import pytest
from bootloader.event_files.answers import list_event_files
from bootloader.event_files.errors import EventFileError
from bootloader.event_files.finding import find_event_files
from bootloader.event_files.framing import inspect_event_file
from botocore.exceptions import BotoCoreError
from conftest import READ, as_lines, sample_events

pytestmark = pytest.mark.build

EVENTS = sample_events()[:3000]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A client of the server, which the environment names as it would a real one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Path(sys.executable).with_name("moto_server")
    log = tmp_path_factory.mktemp("store") / "server.log"
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with (
        pytest.MonkeyPatch.context() as patch,
        log.open("w") as output,
        subprocess.Popen(
            [server, "--host", "127.0.0.1", "--port", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        for name, value in environment.items():
            patch.setenv(name, value)
        client = boto3.client("s3")
        try:
            for _ in range(300):
                try:
                    client.create_bucket(Bucket="events")
                    break
                except BotoCoreError:
                    time.sleep(0.1)
            yield client
        finally:
            process.terminate()


def put(store, name: str, content: bytes | str) -> None:
    store.put_object(Bucket="events", Key=name, Body=content)


def test_events_in_a_store_are_those_of_the_same_files_here(store, new_build, tmp_path):
    """A team that keeps its events in S3 would have to copy them first, or get others."""
    with duckdb.connect() as connection:
        (tmp_path / "some.json").write_text(as_lines(EVENTS[2000:]))
        connection.execute(
            f"copy (from read_json_auto('{tmp_path}/some.json')) to '{tmp_path}/some.parquet'"
        )
    files = {
        "day=1/lines [1].json": as_lines(EVENTS[:800]).encode(),
        "day=1/list.json.gz": gzip.compress(json.dumps({"data": EVENTS[800:1400]}).encode()),
        "day=2/list.json": json.dumps({"data": EVENTS[1400:2000]}).encode(),
        "day=2/some.parquet": (tmp_path / "some.parquet").read_bytes(),
        "day=2/bad.json": b'{"session_id": "somebody"}',
    }
    for name, content in files.items():
        put(store, f"app/{name}", content)
        path = tmp_path / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    question = (
        "select * exclude (source_file, event_id), parse_filename(source_file) as file from events "
        "order by all"
    )
    build = new_build.dbt(*READ, events_path="s3://events/app/*/*").succeeds()
    remote = build.query(question)
    assert len(remote) == len(EVENTS)
    assert build.value("select min(source_file) from events").startswith("s3://events/app/day=1/")
    assert (
        build.value("select source_file from rejected_events") == "s3://events/app/day=2/bad.json"
    )
    build.warehouse.unlink()
    local = build.dbt(*READ, events_path=str(tmp_path / "app/*/*")).succeeds().query(question)
    assert remote.equals(local)


def test_an_object_that_changes_is_read_again_and_no_other(store, new_build):
    """A nightly build would read the whole bucket, or miss what was uploaded again."""
    for number in range(3):
        put(store, f"nights/{number}.json", as_lines(EVENTS[number * 100 : number * 100 + 100]))
    chain = ("run", "--select", "validated_records")
    build = new_build.dbt(*chain, events_path="s3://events/nights/*.json").succeeds()
    build.execute("update validated_records set age = 'read before'")
    put(store, "nights/1.json", as_lines(EVENTS[100:250]))
    build.dbt(*chain, events_path="s3://events/nights/*.json").succeeds()
    assert build.query(
        "select source_file, count(*), bool_and(coalesce(age, '') = 'read before') "
        "from validated_records group by all order by all"
    ).values.tolist() == [
        ["s3://events/nights/0.json", 100, True],
        ["s3://events/nights/1.json", 150, False],
        ["s3://events/nights/2.json", 100, True],
    ]


@pytest.mark.parametrize(
    "address, message",
    [
        ("s3://nowhere/*.json", "no file matches 's3://nowhere/.*Check the address"),
        ("s3://events/nothing/*.json", "no file matches"),
        ("s3://events/table/*.parquet", "belongs to a table of Delta Lake"),
        ("gs://bucket/*.json", r"needs a package that is not installed.*\.\[gs\]"),
        ("odd://bucket/*.json", "'odd://bucket/.*Give a path, or an address such as s3://"),
        ("ftp://somebody:secret@host/a.json", "ftp://host/a.json' has a password or a query"),
        ("https://host/a.json?signature=secret", "https://host/a.json' has a password or a query"),
        ("http://127.0.0.1:9/a.json", "no file matches 'http://127.0.0.1:9/a.json'.*network"),
    ],
)
def test_an_address_that_cannot_be_read_says_what_to_do(store, address, message):
    """A wrong name would end in the stack trace of a client that the user has never heard of."""
    put(store, "table/_delta_log/0.json", b"{}")
    put(store, "table/part.parquet", b"PAR1")
    with pytest.raises(EventFileError, match=message) as error:
        find_event_files([address])
    assert "secret" not in str(error.value)
    assert "problem" in json.loads(list_event_files(json.dumps(["build", "events_path", address])))


class Web(SimpleHTTPRequestHandler):
    """A plain web server, which sends whole files only."""

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def web(tmp_path):
    """The address of a server of a folder, and the folder."""
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *request: Web(*request, directory=tmp_path)
    ) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", tmp_path
        server.shutdown()
        thread.join()


def test_a_file_of_a_web_server_is_read_as_long_as_it_is_the_same(web):
    """A build would fetch a file again every night, or fail where a download works."""
    address, folder = web
    (folder / "events.json").write_text(as_lines(EVENTS[:50]))
    url = f"{address}/events.json"
    found = find_event_files([url])
    assert [file.path for file in found] == [url]
    assert find_event_files([url]) == found
    assert [file.layout for file in inspect_event_file(url)] == ["lines"]
    (folder / "events.json").write_text(as_lines(EVENTS[:60]))
    assert find_event_files([url]) != found


def test_a_server_that_sends_no_parts_of_a_large_file_is_named(web):
    """A user would see the stack trace of a client for what a download would solve."""
    address, folder = web
    (folder / "large.json").write_text(as_lines(EVENTS) * 20)
    with pytest.raises(EventFileError, match=f"cannot read '{address}/large.json'"):
        inspect_event_file(f"{address}/large.json")
