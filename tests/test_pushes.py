"""Pushes: who is held back, what a push caused, and whether the readout can be believed."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from app_pages import DID_IT_WORK, open_app
from bootloader.app.pages.did_it_work import verdict
from bootloader.event_files.answers import read_event_files
from bootloader.plan_push import PlanError, main, open_planner, plan_push, write_plan
from conftest import PROJECT, WITHOUT_UNIT_TESTS, Build
from sample_events.pushes import EFFECTS, Effect, play, respond

sys.path.insert(0, str(PROJECT / "python" / "benchmarks"))
import pushes as bench

pytestmark = pytest.mark.build

HOSTILE = "'; drop table events; --<script>alert(1)</script>=1+1"
SIZES = {"size": 50, "control": 20}
# What a build of pushes needs beside the tables that a build without them left.
SELECTED = (
    "models/ingest", "models/profiles", "models/ledgers", "models/pushes", "models/programs",
    "push_exposures", "fund_examples", "push_eligibility", "obrien_fleming_bounds",
)  # fmt: skip
READ_OUT = (
    "push_assignments", "push_events", "push_outcomes", "push_results", "push_checks",
    "push_effects", "push_program", "prediction_history", "push_funnel", "push_eligibility",
)  # fmt: skip


@pytest.fixture(scope="module")
def serving(sample_build, tmp_path_factory):
    """The serving copy of the sample, as the planner opens it."""
    with open_planner(sample_build.serving_copy, tmp_path_factory.mktemp("pushes")) as connection:
        yield connection


@pytest.fixture(scope="module")
def world(sample_build) -> bench.World:
    return bench.open_world(sample_build.warehouse, sample_build.folder / "target")


@pytest.fixture(scope="module")
def planted(sample_build, world):
    """A push at the beginning of the last horizon, to half of all users, that adds 40% funders."""
    events = sample_build.query("select * exclude (occurred_at, source_file) from events")
    ledger = bench.draw(world, ["spring"], **SIZES)
    responses = respond(
        events, ledger["session_id"].to_list(), Effect(more=0.4, undelivered=0.2),
        world.categories, world.starts_at, world.horizon_days, seed=7,
    )  # fmt: skip
    return ledger, responses, play(events, ledger, responses)[2]


@pytest.fixture(scope="module")
def read_out(sample_build, planted, tmp_path_factory) -> Build:
    """A build that read the logs of the planted push, and a second ledger that is out of order."""
    ledger, responses, messages = planted
    folder = tmp_path_factory.mktemp("read_out")
    shutil.copy(sample_build.warehouse, folder)
    ledger.to_parquet(folder / "assignments-1.parquet", index=False)
    other = ledger.head(40).assign(push_id=HOSTILE)
    odd = pd.concat(
        [
            other,
            other.head(1),
            other.tail(1).assign(
                arm=other["arm"].tail(1).map({"notify": "control"}).fillna("notify")
            ),
            other.head(1).assign(arm="both"),
            other.head(1).assign(push_id=None),
            other.head(1).assign(push_id=" "),
            other.head(1).assign(session_id=None),
            other.head(1).assign(session_id="late", starts_at=pd.Timestamp("2014-01-01")),
            other.head(1).assign(session_id="nowhere", campaign="nothing"),
            other.head(1).assign(session_id="sure", control_probability=1.0),
            other.head(1).assign(session_id="odd", fund_probability=1.5),
            other.head(1).assign(session_id="short", window_days=0.0),
            other.head(1).assign(session_id="never", starts_at=pd.NaT),
        ]
    )
    # As earlier versions wrote ledgers.
    former = odd.rename(columns={"audience_share": "audience_percentile"})
    former.to_parquet(folder / "assignments-2.parquet", index=False)
    told = ledger.merge(responses.users, on="session_id")
    told = set(told.loc[(told["arm"] == "notify") & ~told["is_undelivered"], "session_id"])
    added = responses.added[responses.added["session_id"].isin(told)]
    impressions = messages[messages["event_name"] == "Push Delivered"].assign(
        event_name="Impression", category=ledger["campaign"].map({"bicycle": "Sports"}).iloc[0]
    )
    lines = pd.concat([added, messages, messages.head(3), impressions])
    (folder / "logs.json").write_text(
        "\n".join(
            json.dumps({name: value for name, value in row.items() if not pd.isna(value)})
            for row in lines.to_dict("records")
        )
    )
    return Build(folder).dbt(*WITHOUT_UNIT_TESTS, "--select",
        *SELECTED, **variables(folder)).succeeds()  # fmt: skip


def variables(folder: Path) -> dict[str, object]:
    return {
        "events_path": [str(PROJECT / "data" / "sample_events.json.gz"), str(folder / "logs.json")],
        "assignments_path": [str(folder / f"assignments-{number}.parquet") for number in (1, 2)],
    }


def test_a_plan_holds_back_the_same_share_of_every_part_of_the_ranking(serving):
    """The arms would differ in who is likely to fund, not only in who got the push."""
    plan = plan_push(serving, "bicycle", 25, 20).assignments
    assert plan["audience_rank"].is_monotonic_increasing
    assert plan["session_id"].is_unique
    parts = plan.groupby("stratum")["arm"].agg(
        users="size", controls=lambda arm: (arm == "control").sum()
    )
    assert len(parts) == 20
    assert parts["users"].max() - parts["users"].min() <= 1
    assert (parts["controls"] == np.floor(parts["users"] * 0.2 + 0.5)).all()
    assert (plan["control_probability"] == (parts["controls"] / parts["users"]).loc[
        plan["stratum"]].to_numpy()).all()  # fmt: skip
    # Few users are drawn in fewer parts, each of which has two controls.
    few = plan_push(serving, "bicycle", 2, 10).assignments
    assert 1 < few["stratum"].max() < 20
    assert (few[few["arm"] == "control"].groupby("stratum").size() >= 2).all()
    assert few["stratum"].nunique() == (few["arm"] == "control").sum() // 2


def test_a_plan_is_the_same_whenever_it_is_made(serving):
    """A plan that is lost could not be made again, and the results of its push not be read."""
    one, two, other = (
        plan_push(serving, "bicycle", 25, 20, push_id=name).assignments
        for name in ("spring", "spring", "summer")
    )
    pd.testing.assert_frame_equal(one, two)
    assert (one["session_id"] == other["session_id"]).all()
    assert (one["arm"] != other["arm"]).any()


def test_the_plan_command_writes_who_to_notify_and_the_ledger(
    sample_build, tmp_path, monkeypatch, caplog, capsys
):
    """A growth manager would send the push to users who must not get it, or lose the ledger."""
    monkeypatch.setenv("BOOTLOADER_SERVING", str(sample_build.serving_copy))
    arguments = ["--campaign", "bicycle", "--size", "10%", "--control", "50%", "--push-id", "p.1"]
    arguments += ["--folder", str(tmp_path), "--starts-at", "2014-04-01T02:00:00+02:00"]
    with caplog.at_level("INFO", logger="bootloader"):
        main(arguments)
    ledger = pd.read_parquet(tmp_path / "p.1" / "assignments.parquet")
    sent = pd.read_csv(tmp_path / "p.1" / "send.csv")
    notified = ledger.loc[ledger["arm"] == "notify", "session_id"]
    assert sent["session_id"].to_list() == notified.to_list()
    assert (ledger["starts_at"] == pd.Timestamp("2014-04-01")).all()
    assert f"{len(notified):,} users to notify" in caplog.text
    assert "percentage points" in caplog.text
    # What was drawn once stays.
    with pytest.raises(SystemExit):
        main(arguments)
    assert "stays as it is" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["p.1"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"campaign": "bike"}, "There are: bicycle"),
        ({"control": 7}, "give 5%, 10%"),
        ({"size": 0}, "from 1% to 100%"),
        ({"push_id": "../elsewhere"}, "letters, digits"),
        ({"strategy": "luck"}, "ranks nobody"),
        ({"starts_at": "soon"}, "give a moment such as"),
    ],
)
def test_a_plan_that_cannot_be_made_says_what_to_do(serving, asked, said):
    """Somebody would get a stack trace, or a file outside of the folder of plans."""
    with pytest.raises(PlanError, match=said):
        plan_push(serving, **{"campaign": "bicycle"} | asked)


def test_the_list_to_send_has_the_ids_of_the_app(tmp_path, serving):
    """The push tool would match nobody, and the ledger still say that all were notified."""
    plan = plan_push(serving, "bicycle", 10, 20)
    odd = ["+15551234567", "-NqZ8Firebase", "@handle", "=1+1", 'a "b", c', "007", "1e5", "NA"]
    plan.assignments.loc[: len(odd) - 1, ["session_id", "arm"]] = [[id_, "notify"] for id_ in odd]
    sent = pd.read_csv(write_plan(plan, tmp_path) / "send.csv", dtype=str, keep_default_na=False)
    assert sent["session_id"].head(len(odd)).to_list() == odd


@pytest.fixture
def command(sample_build, tmp_path, monkeypatch, capsys):
    """The planner as a command that plans with the sample into a folder of its own."""
    monkeypatch.setenv("BOOTLOADER_SERVING", str(sample_build.serving_copy))
    monkeypatch.setenv("BOOTLOADER_PUSHES", str(tmp_path))

    def run(*arguments: str) -> pd.DataFrame | str:
        """Return the ledger of the plan, or what is said where there is none."""
        before = set(tmp_path.glob("*/*.parquet"))
        try:
            main(arguments)
        except SystemExit:
            return capsys.readouterr().err
        [ledger] = set(tmp_path.glob("*/*.parquet")) - before
        return pd.read_parquet(ledger)

    return run


def test_plans_know_each_other_before_a_build_does(command):
    """Controls of one push would get the other one, and nobody could say what either caused."""
    bicycle = command("--campaign", "bicycle")
    sports = command("--campaign", "Sports", "--size", "40%")
    assert len(sports) > 100
    assert not set(bicycle["session_id"]) & set(sports["session_id"])
    again = command("--campaign", "bicycle")
    assert "0 may get a push" in again
    assert (
        f"The push {bicycle['push_id'].iloc[0]} (bicycle, {len(bicycle):,} users) is open" in again
    )
    # More of the same campaign is another push, of whoever is not in the first.
    more = command("--campaign", "bicycle", "--size", "60%")
    assert not set(more["session_id"]) & (set(bicycle["session_id"]) | set(sports["session_id"]))
    assert more["push_id"].iloc[0] != bicycle["push_id"].iloc[0]


def test_controls_keep_their_slot_under_the_cap(command, sample_build, tmp_path, monkeypatch):
    """The next push would go to former controls alone, or to users who had too many pushes."""
    copy = shutil.copy(sample_build.serving_copy, tmp_path)
    with duckdb.connect(copy) as connection:
        connection.execute("update build set max_pushes = 2, max_pushes_days = 14")
    monkeypatch.setenv("BOOTLOADER_SERVING", str(copy))
    first, second, fifth = (
        command("--campaign", "bicycle", "--starts-at", f"2014-04-{day}")
        for day in ("01", "08", "30")
    )
    # Both windows are over, and each day lies within two weeks of two pushes.
    for day in ("15", "16"):
        said = command("--campaign", "bicycle", "--starts-at", f"2014-04-{day}")
        assert f"Left out: {len(first):,} users, over the cap." in said
    assert set(first["session_id"]) == set(second["session_id"]) == set(fifth["session_id"])


def test_a_name_that_any_ledger_has_is_not_given_again(command):
    """Two pushes of one name would be read as one, and most of their rows be rejected."""
    command("--campaign", "bicycle", "--push-id", "spring")
    for name in ("spring", "Spring"):
        assert "stays as it is" in command("--campaign", "Games", "--push-id", name)


def test_a_plan_that_was_killed_is_no_push(serving, tmp_path):
    """Users would count as notified who never were, and be left out of the next push."""
    plan = plan_push(serving, "bicycle", 10, 20)
    unfinished = tmp_path / ".unfinished" / plan.push_id
    unfinished.mkdir(parents=True)
    plan.assignments.to_parquet(unfinished / "assignments.parquet")
    with duckdb.connect() as connection:
        for pattern in ("*/assignments.parquet", "*/*.parquet"):
            found = connection.execute("from glob(?)", [f"{tmp_path}/{pattern}"]).fetchall()
            assert not found, pattern
            assert not list(tmp_path.glob(pattern))
    write_plan(plan, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [plan.push_id]


@pytest.mark.parametrize("odd", [{"session_id": None}, {"starts_at": "when it is ready"}])
def test_a_ledger_that_says_too_little_stops_plans(command, tmp_path, odd):
    """Whoever it holds back would be notified by the next push."""
    folder = tmp_path / "by hand"
    folder.mkdir()
    ids = command("--campaign", "bicycle", "--size", "10%")["session_id"]
    rows = pd.DataFrame(
        {"push_id": "x", "session_id": ids, "starts_at": "2014-03-01", **odd}, ids.index
    )
    rows.to_parquet(folder / "assignments.parquet")
    said = command("--campaign", "bicycle", "--size", "10%", "--starts-at", "2020-01-01")
    assert ("has no session_id" if "session_id" in odd else "0 may get a push") in said


@pytest.mark.parametrize("content", [b"no database", None])
def test_a_copy_that_cannot_be_planned_with_is_named(tmp_path, monkeypatch, capsys, content):
    """After an upgrade, the planner would end in a stack trace."""
    copy = tmp_path / "serving.duckdb"
    if content:
        copy.write_bytes(content)
    else:
        duckdb.connect(str(copy)).close()
    monkeypatch.setenv("BOOTLOADER_SERVING", str(copy))
    with pytest.raises(SystemExit):
        main(["--campaign", "bicycle"])
    assert "cannot be read, or is of another version" in capsys.readouterr().err


HOSTILE_COLUMNS: dict[str, list[tuple[str, list]]] = {
    "numbers": [
        ("session_id", [1, 2]),
        ("starts_at", [1396310400, 0]),
        ("window_days", ["7", "x"]),
    ],
    "nested": [("session_id", [{"id": "a"}, None]), ("starts_at", [[1], []])],
    "twice": [("session_id", ["a", "b"]), ("session_id", ["c", "d"]), ("push_id", ["p", "p"])],
    "no ids": [("user", ["a", "b"])],
    "nothing": [("session_id", [])],
    "bytes": [("session_id", [b"\xff", b"a"]), ("starts_at", ["2014-04-01", "2014-04-01"])],
}


@pytest.mark.parametrize("kind", HOSTILE_COLUMNS)
def test_an_odd_ledger_gets_a_message_or_is_read(command, tmp_path, kind):
    """A planner would see a stack trace for a file that somebody else wrote."""
    (tmp_path / "odd").mkdir()
    names, values = zip(*HOSTILE_COLUMNS[kind], strict=True)
    table = pa.Table.from_arrays([pa.array(column) for column in values], names=list(names))
    pq.write_table(table, tmp_path / "odd" / "assignments.parquet")
    said = command("--campaign", "bicycle")
    if kind in ("nested", "no ids"):
        assert "nobody knows whom it holds back" in said
    else:
        assert isinstance(said, pd.DataFrame)


def test_several_plans_at_once_wait_for_each_other(sample_build, tmp_path):
    """Two people who plan at the same time would send to the same users, or see a stack trace."""
    environment = os.environ | {
        "BOOTLOADER_SERVING": str(sample_build.serving_copy), "BOOTLOADER_PUSHES": str(tmp_path),
    }  # fmt: skip
    command = [sys.executable, "-m", "bootloader.plan_push", "--size", "20%", "--campaign"]
    plans = [
        subprocess.Popen([*command, campaign], env=environment, stderr=subprocess.PIPE, text=True)
        for campaign in ("bicycle", "Sports", "bicycle")
    ]
    said = [plan.communicate()[1] for plan in plans]
    assert sorted(plan.returncode for plan in plans) == [0, 0, 2], said
    assert not any("Traceback" in text for text in said)
    ledgers = [pd.read_parquet(path) for path in tmp_path.glob("*/assignments.parquet")]
    assert pd.concat(ledgers)["session_id"].is_unique


def test_the_planner_judges_a_push_as_a_regression_would(sample_build, world):
    """A manager would hold back too few users to see anything, or more than it takes."""
    row = sample_build.query(
        "from push_plan where campaign = 'bicycle' and strategy = 'fund_network' "
        "and audience_percent = 25 and control_percent = 20"
    ).iloc[0]
    # The hold-out has those seen by then; the audience of now has some more.
    scale = np.sqrt(row["audience_users"] / (len(world.ranking) * 25 // 100))
    expected = bench.planned(world, 25, 20)
    assert row["smallest_effect"] * scale == pytest.approx(expected["smallest_effect"], rel=0.02)
    assert row["base_rate"] == pytest.approx(
        expected["smallest_effect"] / expected["smallest_relative_effect"], rel=0.01
    )


def test_every_row_of_a_ledger_is_accepted_or_rejected_with_its_reason(read_out, planted):
    """A wrong row would change a result without anybody knowing, or vanish."""
    rejected = read_out.query("from rejected_assignments")
    assert rejected["reason"].value_counts().to_dict() == {
        "assigned twice": 2, "duplicate assignment": 1, "unknown arm": 1, "missing push_id": 2,
        "missing session_id": 1, "differs from its push": 1, "unknown campaign": 1,
        "implausible control_probability": 1, "implausible fund_probability": 1,
        "implausible window_days": 1, "missing starts_at": 1,
    }  # fmt: skip
    accepted = read_out.value("select count(*) from push_assignments")
    assert accepted + len(rejected) == len(planted[0]) + 52
    assert json.loads(rejected.loc[rejected["reason"] == "unknown arm", "raw_assignment"].iloc[0])[
        "arm"
    ] == "both"  # fmt: skip


def test_a_ledger_of_an_earlier_version_is_read_like_one_of_today(read_out):
    """The results of a push would change with the version that reads its ledger."""
    shares = read_out.query(
        "select distinct push_id, session_id, audience_share from push_assignments"
    )
    former = shares[shares["push_id"] == HOSTILE]
    assert len(former) > 0
    both = former.merge(shares[shares["push_id"] == "spring"], on="session_id")
    assert both["audience_share_x"].equals(both["audience_share_y"])
    assert len(both) == len(former)


def test_hostile_text_in_a_push_stays_text(read_out):
    """A name in a file of somebody else's would be run as SQL, or lose its characters."""
    assert read_out.value("select count(*) from events") > 0
    names = read_out.query("select distinct push_id from push_checks")["push_id"]
    assert sorted(names) == sorted([HOSTILE, "spring"])


def test_push_events_are_no_events_of_users(read_out, sample_build, planted):
    """Messages that were sent would count as views, and change every table."""
    responses, messages = planted[1:]
    counts = read_out.query("select kind, count(*) as n, sum(records) as records from push_events "
                            "group by kind").set_index("kind")  # fmt: skip
    sent = (messages["event_name"] == "Push Sent").sum()
    assert counts.loc["sent", "n"] == sent
    assert counts.loc["sent", "records"] == sent + 3
    assert counts.loc["impression", "n"] == counts.loc["delivered", "n"]
    before = sample_build.value("select count(*) from events")
    added = read_out.value("select count(*) from events") - before
    assert 0 < added <= len(responses.added)
    assert read_out.value("select count(*) from rejected_events") == 0


def test_a_readout_finds_what_was_planted(read_out, planted):
    """The page would give a wrong verdict on a push whose effect is known."""
    row = read_out.query(
        "from push_results where push_id = 'spring' and outcome = 'funded_campaign' and is_final"
    ).iloc[0]
    assert row["verdict"] == "more"
    assert row["difference_low"] < planted[1].true_effect < row["difference_high"]
    assert row["incremental"] == pytest.approx(row["difference"] * row["notified_users"])
    delivered = read_out.value("select count(*) from push_events where kind = 'delivered'")
    assert row["messages"] == delivered
    assert row["per_message"] == pytest.approx(row["incremental"] / delivered)
    checks = read_out.query("from push_checks where push_id = 'spring'").set_index("check_name")
    assert checks["status"].to_dict() == {
        "ledger_complete": "pass", "equal_draw": "pass", "sample_ratio": "pass",
        "control_reached": "pass", "placebo": "pass", "delivered": "warn",
        "other_pushes": "pass", "shared_controls": "warn",
    }  # fmt: skip
    assert checks.loc["delivered", "value"] == pytest.approx(0.8, abs=0.05)
    funnel = read_out.query("select sum(impressed) as n from push_funnel where source = 'push'")
    assert funnel["n"].iloc[0] == delivered


def test_the_effect_is_that_of_the_interacted_regression(read_out):
    """The result would not be the one that the paper promises to be no less precise."""
    statsmodels = pytest.importorskip("statsmodels.api")
    frame = read_out.query(
        "select outcomes.*, fund_probability from push_outcomes as outcomes "
        "inner join push_assignments using (push_id, session_id) where push_id = 'spring' "
        "order by outcome, session_id"
    )
    results = read_out.query("from push_results where push_id = 'spring' and is_final")
    for outcome, rows in frame.groupby("outcome"):
        found = results[results["outcome"] == outcome]
        if found.empty:
            continue
        told = (rows["arm"] == "notify").astype(float)
        score = rows["fund_probability"] - rows["fund_probability"].mean()
        design = np.column_stack([np.ones(len(rows)), told, score, told * score])
        fit = statsmodels.OLS(rows["value"].to_numpy(), design).fit(cov_type="HC2")
        assert found["difference"].iloc[0] == pytest.approx(fit.params[1], abs=1e-9), outcome
        # Each line has one variance of its own here, and each user one there.
        assert found["standard_error"].iloc[0] == pytest.approx(fit.bse[1], rel=0.03), outcome


def test_the_ratio_is_that_of_a_library_for_experiments(read_out):
    """The page would show a relative effect that nobody else gets from the same users."""
    tea_tasting = pytest.importorskip("tea_tasting")
    frame = read_out.query(
        "select arm, value, fund_probability as score from push_outcomes "
        "inner join push_assignments using (push_id, session_id, arm) "
        "where push_id = 'spring' and outcome = 'funded_campaign' order by session_id"
    ).assign(variant=lambda rows: (rows["arm"] == "notify").astype(int))
    experiment = tea_tasting.Experiment(
        funded=tea_tasting.Mean("value", covariate="score", use_t=False, equal_var=False)
    )
    theirs = experiment.analyze(frame[["variant", "value", "score"]])["funded"]
    row = read_out.query(
        "from push_results where push_id = 'spring' and outcome = 'funded_campaign' and is_final"
    ).iloc[0]
    # They adjust both arms by one slope.
    assert row["difference"] == pytest.approx(theirs.effect_size, abs=2e-3)
    assert row["ratio"] - 1 == pytest.approx(theirs.rel_effect_size, rel=0.03)
    assert row["ratio_low"] - 1 == pytest.approx(theirs.rel_effect_size_ci_lower, abs=0.01)
    assert row["ratio_high"] - 1 == pytest.approx(theirs.rel_effect_size_ci_upper, abs=0.01)


def test_a_shuffled_or_duplicate_ledger_gives_the_same_tables(read_out, planted, tmp_path):
    """Copying a ledger to a second place would change what a push caused."""
    compiled = read_out.folder / "target" / "compiled" / "bootloader" / "models"
    ledger = planted[0]
    ledger.sample(frac=1, random_state=1).to_parquet(tmp_path / "shuffled.parquet", index=False)
    ledger.to_parquet(tmp_path / "again.parquet", index=False)

    def tables(paths: list[str]) -> list[pd.DataFrame]:
        question = {"variable": "assignments_path", "files": paths, "max_record_bytes": 10_000}
        rows = json.loads(read_event_files(json.dumps(question)))["statement"]
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"attach '{read_out.warehouse}' as warehouse (read_only)")
            connection.create_function(
                "normal_cdf", bench.normal_cdf, ["DOUBLE"], "DOUBLE", type="arrow"
            )
            for name in (
                "campaigns", "events", "push_events", "user_aliases", "obrien_fleming_bounds",
            ):  # fmt: skip
                connection.execute(f"create view {name} as from warehouse.main.{name}")
            connection.execute("create view cutoffs as from warehouse.main_internal.cutoffs")
            files = {path.stem: path for path in compiled.glob("*/*.sql")}
            ledgers = ("validated_assignments", "push_assignments", "rejected_assignments")
            for name in (*ledgers, *bench.MODELS):
                text = files[name].read_text()
                text = re.sub(r'"\w+"\."\w+"\."(\w+)"', r"\1", text)
                text = re.sub(
                    r"(?<=ledger_rows as \().*?(?=\n\),)", lambda _: rows, text, flags=re.DOTALL
                )
                connection.execute(f"create table {name} as {text}")
            asked = ("push_assignments", "push_results", "push_checks", "push_effects")
            return [connection.execute(f"from {name} order by all").df() for name in asked]

    one = tables([str(read_out.folder / "assignments-1.parquet")])
    two = tables([str(tmp_path / name) for name in ("shuffled.parquet", "again.parquet")])
    for first, second in zip(one, two, strict=True):
        pd.testing.assert_frame_equal(first, second, check_exact=True)


@pytest.mark.slow
def test_nothing_after_as_of_is_known(read_out, world, tmp_path):
    """A result of a past day would know what happened later."""
    noon = world.starts_at + 3 * 86400 + 43200
    shutil.copy(read_out.warehouse, tmp_path)
    earlier = Build(tmp_path).dbt(
        "run", "--select", *SELECTED, as_of=noon, **variables(read_out.folder)
    ).succeeds()  # fmt: skip
    query = "from push_results where push_id = 'spring' and outcome <> 'placebo' and day <= 3"
    columns = "outcome, day, difference, difference_low, difference_high, incremental, ratio"
    then, later = (
        build.query(f"select {columns} from ({query}) order by outcome, day")
        for build in (earlier, read_out)
    )
    pd.testing.assert_frame_equal(then, later, check_exact=True)
    assert len(then) == 4 * 3
    assert earlier.value("select max(day) from push_results") == 3
    assert earlier.value(f"select count(*) from push_events where client_time >= {noon}") == 0
    # Before it starts, a push does not exist.
    before = Build(tmp_path).dbt(
        "run", "--select", "validated_assignments", as_of=world.starts_at,
        **variables(read_out.folder),
    ).succeeds()  # fmt: skip
    assert before.value("select count(*) from push_assignments where push_id = 'spring'") == 0


@pytest.fixture(scope="module")
def draws(world) -> dict[str, pd.DataFrame]:
    """Pushes that were drawn many times, by what they do to users."""
    half = world.horizon_days / 2
    settings = {
        name: bench.Setting(name, effect, window_days=half if effect.pulled_forward else None)
        for name, effect in EFFECTS.items()
    }
    settings["none"] = replace(settings["none"], size=100)
    settings["more"] = replace(settings["more"], size=100)
    many = {"none": 120, "more": 120}
    return {
        name: bench.simulate(world, setting, many.get(name, 20))
        for name, setting in settings.items()
    }


@pytest.mark.slow
def test_intervals_hold_the_true_effect_and_no_effect_is_rarely_found(draws):
    """A push without any effect would be called a success more often than once in twenty."""
    for name in ("none", "more"):
        found = bench.summarize(draws[name])
        # 120 draws: three standard deviations are 6%.
        assert found["coverage"] >= 0.89, name
        assert found["mean_effect"] == pytest.approx(found["true_effect"], abs=0.004), name
    nothing = bench.summarize(draws["none"])
    assert nothing["rejects"] <= 0.11
    assert nothing["rejects_at_any_look"] <= 0.125
    assert nothing["width_against_unadjusted"] <= 0.85


@pytest.mark.slow
def test_each_way_a_push_goes_wrong_is_seen(draws):
    """A result would be believed although its arms cannot be compared."""
    found = {name: bench.summarize(results) for name, results in draws.items()}
    assert found["missing_from_ledger"]["ledger_complete_fail"] == 1
    assert found["control_reached"]["control_reached_fail"] == 1
    assert found["undelivered"]["delivered_warn"] == 1
    for name in ("missing_from_ledger", "control_reached"):
        assert found[name]["verdict_not_valid"] == 1
    assert found["none"]["ledger_complete_fail"] == found["none"]["sample_ratio_fail"] == 0
    assert found["none"]["control_reached_fail"] == 0
    assert found["harmful"]["mean_effect"] < -0.02
    assert found["pulled_forward"]["mean_effect"] > 0.01
    # Nothing is left after twice the window.
    assert found["pulled_forward"]["mean_effect_within_twice"] == pytest.approx(0, abs=0.02)
    # Intention to treat: messages that do not arrive make the effect smaller.
    assert found["undelivered"]["true_effect"] < 0.8 * found["only_pending"]["true_effect"]


def test_networks_do_not_learn_from_what_pushes_caused(read_out, sample_build, planted, world):
    """Probabilities would count on a push that nobody sends, and every plan on too many funders."""
    from bootloader.networks.fund_network import train_fund_network

    outcomes = (
        "select session_id, category, is_funded from main_internal.fund_examples "
        "where model_cutoff = 0 and split = 'calibration'"
    )
    truth = sample_build.query(outcomes).set_index(["session_id", "category"])["is_funded"]
    query = "from main_internal.{} where model_cutoff = 0 and split in ('train', 'calibration') "
    order = "order by split, cutoff, session_id, category"
    with_rule = read_out.query(query.format("fund_examples") + order)
    notified = set(planted[0].loc[planted[0]["arm"] == "notify", "session_id"])
    in_window = with_rule[with_rule["notified_share"] > 0]
    # They stay, or there would be ever less to learn from.
    assert len(set(in_window["session_id"])) > 0.9 * len(notified)
    assert set(in_window["session_id"]) <= notified
    assert set(in_window["category"]) == set(world.categories)
    without_rule = with_rule.drop(columns="notified_share")

    users = sample_build.query(
        "from main_internal.fund_examples where model_cutoff = 0 and split = 'calibration'"
    )
    came_true = truth.loc[pd.MultiIndex.from_frame(users[["session_id", "category"]])]

    def excess(examples: pd.DataFrame) -> tuple[float, float]:
        """Predicted less actual funders without a push, and how far chance may take them apart."""
        examples = examples.astype({"is_funded": bool})
        network = train_fund_network(
            examples[examples["split"] == "train"],
            examples[examples["split"] == "calibration"],
            seed=42,
        )
        residual = network.probabilities(users) - came_true.to_numpy(float)
        by_user = pd.Series(residual).groupby(users["session_id"].to_numpy()).sum()
        drawn = by_user[by_user.index.isin(planted[0]["session_id"])]
        # One control of five users: what is known of the others has four times the variance.
        return residual.sum(), 1.96 * np.sqrt((1 / 0.2 - 1) * (drawn**2).sum())

    too_many, chance = excess(with_rule)
    assert abs(too_many) < chance
    too_many, chance = excess(without_rule)
    assert too_many > chance


def test_the_page_gives_the_verdict_first(read_out, sample_build, tmp_path, monkeypatch):
    """A growth manager would have to find out from tables whether the push worked."""
    copy = tmp_path / "serving.duckdb"
    shutil.copy(sample_build.serving_copy, copy)
    with duckdb.connect(copy) as connection:
        connection.execute(f"attach '{read_out.warehouse}' as warehouse (read_only)")
        for name in READ_OUT:
            connection.execute(f"create or replace table {name} as from warehouse.main.{name}")
    app = open_app(copy, monkeypatch, DID_IT_WORK)
    assert not app.exception
    app = app.selectbox(key="push").set_value("spring").run()
    row = read_out.query(
        "from push_results where push_id = 'spring' and outcome = 'funded_campaign' and is_final"
    ).iloc[0]
    assert app.success[0].value == (
        f"The push brought {row['incremental']:,.0f} more funders than the control group shows, "
        f"{row['incremental_low']:,.0f} to {row['incremental_high']:,.0f}, 95% interval."
    )
    statuses = app.dataframe[0].value["Status"].to_list()
    assert [status.split(" ", 1)[1] for status in statuses].count("Look at it") == 2
    # A name that means harm is text here too.
    app = app.selectbox(key="push").set_value(HOSTILE).run()
    assert not app.exception


def test_the_page_says_how_to_plan_a_push_where_none_was_read(sample_build, monkeypatch):
    """An empty page would look like an error."""
    app = open_app(sample_build.serving_copy, monkeypatch, DID_IT_WORK)
    assert not app.exception
    assert "set the variable `assignments_path`" in app.info[0].value


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"verdict": "fewer", "incremental": -41, "incremental_low": -70, "incremental_high": -12},
         "The push cost 41 funders against the control group, 12 to 70, 95% interval."),
        ({"verdict": "no difference shown", "incremental_low": -12, "incremental_high": 70},
         "brought -12 to +70 funders"),
        ({"verdict": "too early", "is_final": False, "days_left": 3, "pushes_for_5_percent": 3},
         "Cannot tell yet: 3 more days, or 2 more pushes of this size."),
        ({"verdict": "too few", "is_final": False, "days_left": 1}, "1 more day to come"),
        ({"verdict": "not valid"}, "a check failed"),
    ],
)  # fmt: skip
def test_a_verdict_is_a_sentence(row, said):
    """A manager would have to know what a verdict's name means, or get a wrong sign."""
    usual = {
        "incremental": 1, "incremental_low": -1, "incremental_high": 2, "is_final": True,
        "days_left": 0, "pushes_for_5_percent": None,
    }  # fmt: skip
    assert said in verdict(pd.Series(usual | row))
