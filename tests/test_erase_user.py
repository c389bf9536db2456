"""After a user is erased, nothing of the project has the id, and all else is as it was."""

import json
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from bootloader.erase_user import (
    bytes_left,
    erase_from_database,
    erase_from_ledger,
    ids_of,
    main,
)
from bootloader.plan_push import open_planner, plan_push, write_plan
from compare import differences
from conftest import WITHOUT_TESTS, Build, sample_events, write_events

ODD = ["u1", "+1555", "O'Neil", 'a "b", c', "50%", "a_b", "x.y*", "Zoë", "\\N", "a b", "770001"]
# Others who look like them.
OTHERS = [
    "u10",
    "0u1",
    "u1-extra",
    "u1@x.com",
    "15550",
    "O'Neill",
    "500%",
    "aXb",
    "xzy",
    "bob a b c",
]

COMMENTED = "select table_name, comment from duckdb_tables() where comment <> '' order by all"
PROMISED = (
    "events", "users", "user_category_actions", "attribute_embeddings", "user_embeddings",
    "similar_users", "fund_probabilities", "campaign_audience", "funder_look_alikes",
    "push_segments", "strategy_evaluation",
)  # fmt: skip


@pytest.fixture
def database(tmp_path) -> Path:
    """Tables, a view and a function of users, with their comments."""
    path = tmp_path / "small.duckdb"
    with duckdb.connect(str(path)) as connection:
        everybody = pd.DataFrame({"session_id": [*ODD, *OTHERS]})
        told = pd.DataFrame(  # noqa: F841  (DuckDB finds it by its name)
            {
                "raw_event": [json.dumps({"session_id": user}) for user in everybody["session_id"]]
                + [f'{{"session_id":"{user}", "broken' for user in OTHERS]
                + ['{"session_id": 770001, "a": 1}', '{"session_id": 7700010}'],
                "source_file": "events.json",
            }
        )
        connection.execute("create table users (session_id varchar not null)")
        connection.execute("insert into users from everybody")
        connection.execute("create table records as from told")
        connection.execute(
            "create table similar_users as select session_id, 'u1' as reference_session_id, "
            "[session_id] as listed from users"
        )
        connection.execute("comment on table users is 'Everybody.'")
        connection.execute("create schema other; create view other.v as from main.users")
        connection.execute(
            "create macro user_of(id) as table from main.users where session_id = id"
        )
    return path


def rows(path: Path, sql: str) -> list:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.unit
@pytest.mark.parametrize("user", ODD)
def test_a_user_is_erased_and_nobody_who_looks_like_the_user(database, user):
    """Somebody would stay, or others vanish whose ids have the same letters."""
    before = rows(database, "select session_id from users")
    erase_from_database(database, user)
    assert set(rows(database, "select session_id from users")) == set(before) - {(user,)}
    left = [json.loads(text)["session_id"] if text.endswith("}") else text
            for (text,) in rows(database, "select raw_event from records")]  # fmt: skip
    assert user not in left and (user != "770001" or 770001 not in left)
    assert len(left) == len(before) + len(OTHERS) + 2 - (2 if user == "770001" else 1)
    similar = rows(database, "select session_id, reference_session_id from similar_users")
    assert len(similar) == len(before) - 1
    assert {reference for _, reference in similar} == {"erased" if user == "u1" else "u1"}


@pytest.mark.unit
def test_what_stands_beside_the_rows_stays(database):
    """Views, functions and comments would be lost, and queries of analysts fail."""
    assert not +erase_from_database(database, "nobody")
    erase_from_database(database, "u1", is_dry=True)
    assert rows(database, "from user_of('u1')") == [("u1",)]
    assert erase_from_database(database, "u1")["files: events.json"] == 0
    assert rows(database, "from user_of('u10')") == [("u10",)]
    assert len(rows(database, "from other.v")) == len(ODD) + len(OTHERS) - 1
    assert rows(database, "select comment from duckdb_tables() where table_name = 'users'") == [
        ("Everybody.",)
    ]
    with duckdb.connect(str(database)) as connection, pytest.raises(duckdb.ConstraintException):
        connection.execute("insert into users values (null)")
    assert [path.name for path in database.parent.iterdir()] == [database.name]


@pytest.mark.unit
@pytest.mark.parametrize("kind", ["parquet", "csv", "json"])
@pytest.mark.parametrize("user", ODD)
def test_a_ledger_keeps_as_many_users(tmp_path, kind, user):
    """The push would fail its checks for ever, because one of its users was erased."""
    ledger = pd.DataFrame(
        {"push_id": "p", "session_id": [*ODD, *OTHERS], "arm": "control", "stratum": 1}
    )
    path = tmp_path / f"assignments.{kind}"
    if kind == "parquet":
        ledger.to_parquet(path, index=False)
    elif kind == "csv":
        ledger.to_csv(path, index=False)
    else:
        path.write_text("\n".join(json.dumps(row) for row in ledger.to_dict("records")))
    assert erase_from_ledger(path, user) == 1
    with duckdb.connect() as connection:
        read = {
            "parquet": "read_parquet(?)",
            "csv": "read_csv(?, header = true, types = {'session_id': 'VARCHAR'}, quote = '\"', "
            "escape = '\"', delim = ',', nullstr = '')",
            "json": "read_json(?, columns = {'push_id': 'VARCHAR', 'session_id': 'VARCHAR', "
            "'arm': 'VARCHAR', 'stratum': 'BIGINT'})",
        }[kind]
        found = connection.execute(f"from {read}", [str(path)]).df()
    assert list(found.columns) == list(ledger.columns)
    assert set(found["stratum"]) == {1}
    gone = set(ledger["session_id"]) - set(found["session_id"])
    [new] = set(found["session_id"]) - set(ledger["session_id"])
    assert gone == {user} and new.startswith("erased-")


@pytest.fixture
def planned(published, monkeypatch) -> Build:
    """A good build with a push, and logs that name one of its users."""
    for name, value in published.settings.items():
        monkeypatch.setenv(name, value)
    pushes = published.folder / "pushes"
    with open_planner(published.serving_copy, pushes) as connection:
        plan = plan_push(connection, "bicycle")
        write_plan(plan, pushes)
    return published


def files_with(folder: Path, user: str) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if bytes_left(path, user)]


@pytest.mark.build
def test_nothing_of_the_project_has_an_erased_user(planned, caplog):
    """Somebody who has to be forgotten would still be in tables, lists or free blocks."""
    [ledger] = planned.folder.glob("pushes/*/assignments.parquet")
    before, commented = pd.read_parquet(ledger), rows(planned.warehouse, COMMENTED)
    assert len(commented) > 50
    user = before.loc[before["arm"] == "notify", "session_id"].iloc[0]
    logs = planned.folder / "logs"
    logs.mkdir()
    (logs / "dbt.log").write_text(f"session_id {user} has 45 events\n")
    (logs / "other.log").write_text("fine\n")
    with caplog.at_level("INFO", logger="bootloader"):
        main([user])
    assert files_with(planned.folder, user) == []
    assert [path.name for path in logs.iterdir()] == ["other.log"]
    assert "the event file data/sample_events.json.gz" in caplog.text
    after = pd.read_parquet(ledger)
    changed = before["session_id"] != after["session_id"]
    assert before.loc[changed, "session_id"].to_list() == [user]
    pd.testing.assert_frame_equal(
        before.drop(columns="session_id"), after.drop(columns="session_id")
    )
    for path in (planned.warehouse, planned.serving_copy):
        assert rows(path, f"select count(*) from events where session_id = '{user}'") == [(0,)]
        other = after["session_id"].iloc[-1]
        assert rows(path, f"select count(*) from users_similar_to('{other}')")[0][0] > 4000
    assert len(commented) > 50
    assert rows(planned.warehouse, COMMENTED) == commented
    caplog.clear()
    with caplog.at_level("INFO", logger="bootloader"):
        main([user])
    assert f"Nothing tells of '{user}'." in caplog.text


@pytest.mark.build
def test_a_warehouse_that_is_open_elsewhere_is_left_alone(planned, capsys):
    """Half of the project would have the user, and half not."""
    held = duckdb.connect(str(planned.warehouse), config={"threads": 1})
    before = planned.serving_copy.read_bytes()
    with pytest.raises(SystemExit):
        main([sample_events()[0]["session_id"]])
    held.close()
    assert "cannot be opened" in capsys.readouterr().err
    assert planned.serving_copy.read_bytes() == before


@pytest.mark.build
@pytest.mark.slow
def test_a_build_after_it_is_one_without_the_user(tmp_path, monkeypatch):
    """What was learned from the user would stay, or the next build read the user again."""
    events = sample_events()
    user = events[0]["session_id"]
    files = tmp_path / "events.json"
    write_events(files, events)
    build = Build(tmp_path / "one")
    build.folder.mkdir()
    build.dbt(*WITHOUT_TESTS, events_path=str(files)).succeeds()
    for name, value in build.settings.items():
        monkeypatch.setenv(name, value)
    main([user])
    build.dbt(*WITHOUT_TESTS, events_path=str(files)).succeeds()
    assert build.value(f"select count(*) from users where session_id = '{user}'") == 0
    shutil.copy(files, tmp_path / "all.json")
    write_events(files, [event for event in events if event["session_id"] != user])
    other = Build(tmp_path / "two")
    other.folder.mkdir()
    other.dbt(*WITHOUT_TESTS, events_path=str(files)).succeeds()
    assert differences(build.warehouse, other.warehouse, only=PROMISED) == []


def test_all_ids_of_a_user_are_erased(tmp_path, monkeypatch):
    """Somebody who asks to be forgotten would stay, under the id from before the login."""
    monkeypatch.setenv("BOOTLOADER_WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.setenv("BOOTLOADER_SERVING", str(tmp_path / "none.duckdb"))
    with duckdb.connect(tmp_path / "warehouse.duckdb") as connection:
        connection.execute("create table user_aliases (alias_id varchar, session_id varchar)")
        connection.execute(
            "insert into user_aliases values ('ada', 'ada'), ('a-1', 'ada'), ('bob', 'bob')"
        )
    assert ids_of("a-1") == ids_of("ada") == ["a-1", "ada"]
    assert ids_of("cyd") == ["cyd"]
