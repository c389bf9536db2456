"""The examples: staging models of tools that companies have, and a project around this one."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from conftest import PROJECT, Build

pytestmark = pytest.mark.build

EXAMPLES = PROJECT / "examples"
TOOLS = sorted(path.stem for path in (EXAMPLES / "staging").glob("*.sql"))
# What becomes of the view and of the funding in each file: user, category, second, microseconds,
# amount, device, city, state.
EXPECTED = {
    "ga4": [
        ("1188.1393", "Sports", 4, 123456, None, "Android", "Lyons", "Colorado"),
        ("u-ada", "Sports", 64, 654321, 12.5, "Android", "Lyons", "Colorado"),
    ],
    "segment": [
        ("a-2", "Sports", 4, 250000, None, "iOS", "Reno", "NV"),
        ("s-1", "Sports", 64, 0, 40.0, "iOS", "Reno", "NV"),
    ],
    "amplitude": [
        ("d-7", "Technology", 4, 123000, None, "android", "Boston", "Massachusetts"),
        ("amp-1", "Technology", 64, 0, 9.99, "android", "Boston", "Massachusetts"),
    ],
    "mixpanel": [
        ("mp-1", "Environment", 4, 0, None, "iOS", "Austin", "Texas"),
        ("$device:6f", "Environment", 64, 0, 25.0, "iOS", "Austin", "Texas"),
    ],
    "posthog": [
        ("ph-1", "Fashion", 4, 123000, None, "Android", "Portland", "OR"),
        ("ph-1", "Fashion", 64, 0, 7.25, "Android", "Portland", "OR"),
    ],
    "snowplow": [
        ("dom-1", "Games", 4, 123000, None, "mob", "Seattle", "WA"),
        ("sp-1", "Games", 64, 0, 15.5, "mob", "Seattle", "WA"),
    ],
}
START = 1_393_632_000


@pytest.fixture(scope="module")
def staged(tmp_path_factory) -> Build:
    """A copy of the project, with the staging model of each tool, and one for all of them."""
    build = Build(tmp_path_factory.mktemp("staged")).with_own_project()
    folder = build.project / "models" / "staging"
    folder.mkdir()
    for tool in TOOLS:
        shutil.copy(EXAMPLES / "staging" / f"{tool}.sql", folder / f"stg_{tool}.sql")
    shutil.copytree(EXAMPLES / "staging" / "exports", build.project / "exports")
    every = "\nunion all by name\n".join(f"from {{{{ ref('stg_{tool}') }}}}" for tool in TOOLS)
    (folder / "stg_events.sql").write_text(every)
    models = ("--select", "+events", "+users", "+source_file_audit", "+rejected_events")
    return build.dbt("build", "--exclude-resource-type", "unit_test", *models,
                     events_relation="stg_events").succeeds()  # fmt: skip


def test_there_is_an_example_for_each_tool():
    """A tool that the documentation names would have none."""
    assert sorted(EXPECTED) == TOOLS


@pytest.mark.parametrize("tool", TOOLS)
def test_a_staging_model_reads_the_export_of_its_tool(staged, tool):
    """Whoever copies the example would lose a field, or take a page view for an event."""
    found = staged.query(
        """
        select session_id, category, client_time, amount, device, city, state, event_key
        from accepted_records where source_file = ? order by client_time limit 2
        """,
        [tool],
    )
    assert len(found) == 2
    for row, expected in zip(found.itertuples(), EXPECTED[tool], strict=True):
        user, category, second, microseconds, amount, *place = expected
        assert (row.session_id, row.category) == (user, category)
        assert row.client_time == START + second
        assert row.event_key is not None or microseconds == 0
        assert str(row.event_key or 0).split()[-1] == str(microseconds)
        assert amount == pytest.approx(row.amount) or (amount is None and row.amount != row.amount)
        assert [row.device, row.city, row.state] == place


def test_what_a_staging_model_gives_is_cleaned_and_counted_like_files(staged):
    """Ages in years, words for genders and a funding sent twice would be left as they are."""
    assert staged.value("select gender_cleaned from users where session_id = 'mp-1'") == "F"
    assert staged.value("select age from users where session_id = 's-1'") == "25-34"
    assert staged.value("select reason from rejected_events") == "redelivered event"
    read = staged.value("select sum(records) from source_file_audit")
    assert read == staged.value("select count(*) from events") + 1


def server_programs() -> Path | None:
    """Return the folder of Postgres' own programs."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else folders[-1] if folders else None


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> Iterator[str]:
    """A Postgres server on loopback, with the actions of an app's users."""
    programs = server_programs()
    if programs is None:
        pytest.skip("Postgres is not installed (Debian: apt install postgresql)")
    folder = tmp_path_factory.mktemp("postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # It refuses to run as root.
    as_user: list[str] = []
    if Path.home() == Path("/root"):
        as_user = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
        for parent in folder.parents:
            if parent.is_relative_to("/tmp"):  # noqa: S108  (pytest's own folders)
                parent.chmod(parent.stat().st_mode | 0o011)
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_user, programs / program, "--pgdata", data, *arguments],
            check=True, cwd="/", stdout=subprocess.DEVNULL,
        )  # fmt: skip

    run("initdb", "--username", "app", "--auth", "trust", "--no-sync")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories="
    run("pg_ctl", "start", "--wait", "--options", options, "--log", str(folder / "log"))
    try:
        yield f"postgresql+psycopg://app@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "stop", "--mode", "immediate")


def execute(database: str, *statements: str) -> None:
    """Change the database."""
    with sqlalchemy.create_engine(database).begin() as connection:
        for statement in statements:
            connection.execute(sqlalchemy.text(statement))


@pytest.fixture(scope="module")
def company(tmp_path_factory, database) -> Build:
    """The example of a project that has this one as a package, with a database of its own."""
    execute(
        database,
        """
        create table actions (
            action_id uuid, user_id text, kind text, category text, done_at timestamptz,
            cents numeric, born_on date, sex text
        )
        """,
        """
        insert into actions
        select
            gen_random_uuid(), 'user ' || i % 50,
            case when i % 3 = 0 then 'pledge' when i % 10 = 7 then 'login' else 'view' end,
            (array['Games', 'Sports'])[1 + i % 2],
            timestamptz '2014-03-01 00:00:04.5+00' + i * interval '2 hours',
            case when i % 3 = 0 then 1250 end, date '1985-03-02', 'female'
        from generate_series(1, 600) as numbers (i)
        """,
    )
    folder = tmp_path_factory.mktemp("company")
    project = folder / "project"
    shutil.copytree(EXAMPLES / "company", project)
    (project / "packages.yml").write_text(f'packages: [{{local: "{PROJECT}"}}]\n')
    environment = {"APP_DATABASE": database}
    return Build(folder, project=project, environment=environment).dbt("deps").succeeds()


def test_a_company_reads_its_own_database_and_only_what_changed(company, database):
    """An engineer would have to export the app's database first, or read all of it every night."""
    select = ("run", "--select", "+events", "+users")
    company.dbt(*select).succeeds()
    actions = "select count(*) from events"
    assert company.value(actions) == 600 - 40
    assert company.value("select min(age) from users") == "25-34"
    assert company.value("select max(amount) from events") == 12.5
    states = "select distinct source_file, file_state from validated_records order by all"
    before = company.query(states)
    assert list(before["source_file"]) == ["actions/2014-03", "actions/2014-04"]
    execute(
        database,
        "delete from actions where done_at < '2014-03-02' and kind = 'view'",
        "update actions set category = 'Fashion' where done_at > '2014-03-30' "
        "and done_at < '2014-03-31'",
    )
    company.dbt(*select).succeeds()
    after = company.query(states)
    assert list(before["file_state"] == after["file_state"]) == [False, True]
    grown = company.query("from events order by event_id")
    company.dbt(*select, "--full-refresh").succeeds()
    assert grown.equals(company.query("from events order by event_id"))
    assert company.value("select count(*) from events where category = 'Fashion'") > 0
