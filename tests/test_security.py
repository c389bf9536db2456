"""What SECURITY.md promises of the app's connection, of its address and of this project's code."""

import http.client
import os
import re
import socket
import subprocess
from pathlib import Path

import duckdb
import pytest
from bootloader.app.serving_copy import open_serving_copy
from browser import running_app
from conftest import PROJECT

pytestmark = pytest.mark.build


@pytest.mark.parametrize(
    "statement",
    [
        "create table serving.new_table as select 1",
        "delete from serving.users",
        "update serving.users set city = 'x'",
        "from read_csv('/etc/hostname')",
        "from glob('/*')",
        "copy (select 1) to 'out.csv'",
        "attach 'other.duckdb' as other",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set lock_configuration = false",
    ],
)
def test_the_apps_connection_reads_the_copy_and_nothing_else(
    sample_build, monkeypatch, tmp_path, statement
):
    """Whoever found a way to the app's SQL could change what is shown, or read the machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOOTLOADER_SERVING", str(sample_build.serving_copy))
    cursor = open_serving_copy(Path()).connection.cursor()
    assert cursor.execute("select count(*) from serving.users").fetchone()[0] > 0
    with pytest.raises(duckdb.Error, match=r"(?i)read-only|disabled|cannot|locked"):
        cursor.execute(statement)
    assert list(tmp_path.iterdir()) == []


def test_what_a_user_chooses_is_never_part_of_a_statement(sample_build, monkeypatch):
    """A campaign's name, which comes from a link, could run as SQL."""
    monkeypatch.setenv("BOOTLOADER_SERVING", str(sample_build.serving_copy))
    copy = open_serving_copy(Path())
    hostile = "bicycle' or 1 = 1; drop table users; --"
    assert copy.query("strategies", campaign=hostile).empty
    assert not copy.query("strategies", campaign="bicycle").empty


def test_the_app_answers_this_machine_only(sample_build, tmp_path):
    """Anybody in the same network could read who the users are."""
    with running_app(sample_build.serving_copy, tmp_path / "app.log") as address:
        port = int(address.rsplit(":", 1)[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
            # Sends nothing: it asks which address of this machine would be used to reach another.
            route.connect(("192.0.2.1", 9))
            outer = route.getsockname()[0]
        if outer.startswith("127."):
            pytest.skip("this machine has no address but loopback")
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((outer, port), timeout=5)


def test_no_other_site_can_talk_to_the_app(sample_build, tmp_path):
    """A page that somebody opens in another tab could read who the users are."""
    with running_app(sample_build.serving_copy, tmp_path / "app.log") as address:
        own = address.removeprefix("http://")
        hosts = {own: 101, f"rebound.example:{own.rsplit(':', 1)[1]}": 400}
        for host, expected in hosts.items():
            connection = http.client.HTTPConnection(own, timeout=10)
            connection.request(
                "GET",
                "/_stcore/stream",
                headers={
                    "Host": host,
                    "Origin": f"http://{host}",
                    "Connection": "Upgrade",
                    "Upgrade": "websocket",
                    "Sec-WebSocket-Version": "13",
                    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
                },
            )
            assert connection.getresponse().status == expected, host
            connection.close()
            connection = http.client.HTTPConnection(own, timeout=10)
            connection.request("GET", "/", headers={"Host": host})
            assert connection.getresponse().status == (200 if host == own else 400), host
            connection.close()


@pytest.mark.parametrize("is_in_environment", [False, True])
def test_make_takes_the_name_of_a_file_as_it_is(tmp_path, is_in_environment):
    """A name could run a command, or another file be read."""
    recipe = tmp_path / "say.mk"
    recipe.write_text('include Makefile\nsay:\n\t@printf "%s\\n" "$$EVENTS" "$$MARTS"\n')
    hostile = f"$(shell touch {tmp_path}/ran) price$1.json `id` \"a\" 'b' # $$HOME"
    given = {"EVENTS": hostile, "MARTS": f"{hostile}/"}
    arguments = [] if is_in_environment else [f"{name}={value}" for name, value in given.items()]
    said = subprocess.run(
        ["make", "--silent", f"--file={recipe}", "say", *arguments],
        cwd=PROJECT,
        env=os.environ | (given if is_in_environment else {}),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.splitlines() == list(given.values())
    assert not (tmp_path / "ran").exists()


def test_nothing_is_loaded_that_could_run_code():
    """A file that somebody exchanged could run what they like when it is loaded."""
    code = [*PROJECT.glob("python/**/*.py"), *PROJECT.glob("models/**/*.py")]
    code.append(PROJECT / "streamlit_app.py")
    assert len(code) > 20
    runs_code = re.compile(
        r"pickle|torch\.load|load_learner|(?<!\.)\b(eval|exec)\(|yaml\.load\(|joblib"
    )
    assert [path.name for path in code if runs_code.search(path.read_text())] == []
