"""Random histories of a program of pushes, and what must hold after each of its steps.

A history logs events and consents in odd spellings, leaves users out, builds (or fails to), plans
pushes of several campaigns, several at once, is killed while it plans, and sends. The models are
those that dbt compiled, run without dbt, and the planner is the real one, on real files.
"""

import json
import os
import re
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch
from uuid import uuid4

import duckdb
import pandas as pd
from bootloader.event_files.answers import list_event_files, read_event_files
from bootloader.event_files.records_filesystem import RecordsFileSystem
from bootloader.ledgers import LEDGER
from bootloader.plan_push import PlanError, open_planner, plan_push, write_plan
from conftest import Build
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

DAY = 86400
START = 1_393_632_000  # 2014-03-01
WINDOW_DAYS = 3
CAP, CAP_DAYS = 2, 7
CAMPAIGNS = {"bicycle": ["Sports", "Environment"], "Games": ["Games"]}
CAMPAIGN_ROWS = [
    {"campaign": campaign, "category": category}
    for campaign, categories in CAMPAIGNS.items()
    for category in categories
]
SEED_COLUMNS = ["session_id", "scope", "reason"]
MAPPING_COLUMNS = ["column_name", "from_value", "to_value"]
ALIAS_COLUMNS = ["alias_id", "session_id", "is_merged"]
# What becomes of rows of a ledger whose ids turn out to be one user.
ONE_USER = {"one user in both arms", "one user under several ids"}
SIZES, CONTROLS = (20, 50, 100), (20, 50)
# Ids as apps have them, and as people write tests.
USERS = [
    "+15551234567", "-NqZ8Firebase", "@handle", "=1+1", "O'Neil", 'a "b", c', "007", "a.b", "axb",
    "test-1", "test-2", "test-20", *(f"u{number}" for number in range(1, 31)),
]  # fmt: skip
OPT_OUTS = ["Push Opt-out", "push opt-out", "PUSH OPT-OUT ", " Push Opt-out\t"]
OPT_INS = ["Push Opt-in", "push opt-in "]
PATTERNS = ["u5", "a.b", "test-*", "=1+1", "u1*", "O'Neil"]
MODELS = (
    "validated_records", "user_exclusions", "end_of_events", "checked_records",
    "shared_event_ids", "duplicate_records", "accepted_records", "refunds", "rejected_events",
    "events", "push_events", "push_consents",
    "validated_assignments", "push_assignments", "rejected_assignments",
)  # fmt: skip


# What the planner reads beside the models, for users ranked by chance.
_STUBS = f"""
create table cutoffs as
select 0 as cutoff, max(client_time) + 1 as cutoff_at from events;
create table build as
select 'simulated' as build_id, {CAP} as max_pushes, {CAP_DAYS} as max_pushes_days,
    'UTC' as business_time_zone, []::varchar[] as assignments_path;
create table strategy_rankings as
select 'fund_network' as strategy, campaign, session_id,
    row_number() over (partition by campaign order by md5(campaign || session_id)) as score_rank
from (select distinct session_id from events) cross join (select distinct campaign from campaigns);
create table campaign_audience as
select campaign, session_id, 0.5 as fund_probability from strategy_rankings;
create table strategy_evaluation as
select distinct campaign, strategy, true as is_recommended, false as is_worse_than_chance,
    0.7 as auc
from strategy_rankings;
create table push_plan as
select campaign, strategy, audience_percent, control_percent,
    count(*) * audience_percent // 100 as audience_users, 1 as control_users, 0.5 as base_rate,
    0.5 as variance_left, 0.1 as smallest_effect, 0.1 as smallest_relative_effect,
    1 as pushes_for_5_percent, 1 as forgone_funders, make_timestamp(any_value(cutoff_at) * 1000000)
    as cut_at, {WINDOW_DAYS} as horizon_days, null as reason
from strategy_rankings
cross join cutoffs
cross join unnest({list(SIZES)}) as sizes (audience_percent)
cross join unnest({list(CONTROLS)}) as controls (control_percent)
group by campaign, strategy, audience_percent, control_percent;
create table push_segments as
select '' as campaign, '' as segment, 0 as recommended_position where false;
create table push_segment_users as
select '' as campaign, 0 as cutoff, '' as targeting, '' as session_id, 0 as position where false;
"""


@dataclass(frozen=True)
class Models:
    """The SQL that dbt compiled, with the bare names of tables."""

    texts: dict[str, str]

    @classmethod
    def of(cls, build: Build) -> "Models":
        """Read what was compiled for a build."""
        names = (*MODELS, "push_eligibility")
        files = {
            path.stem: path
            for path in (build.target / "compiled/bootloader/models").glob("*/*.sql")
        }
        texts = {
            name: re.sub(r'"\w+"\."\w+"\."(\w+)"', r"\1", files[name].read_text()) for name in names
        }
        # That build had no ledgers, and so no campaigns that they could be of.
        none, name = "select cast(null as varchar) as campaign\n    where false", MODELS[-3]
        assert none in texts[name]
        texts[name] = texts[name].replace(none, "select campaign from campaigns")
        return cls(texts)

    def reading(self, name: str, variable: str, paths: list[str]) -> str:
        """Return the SQL of a model that reads other files."""
        question = json.dumps([str(uuid4()), variable, paths])
        listed = json.loads(list_event_files(question))["files"] if paths else []
        files = [file["path"] for file in listed]
        asked = {"variable": variable, "files": files, "max_record_bytes": 10**6}
        statement = json.loads(read_event_files(json.dumps(asked)))["statement"]
        rows = statement or "select '' as raw_event, '' as source_file where false"
        text, count = re.subn(
            r"(?<=(?:raw_records|ledger_rows) as \().*?(?=\n\),)", lambda _: rows,
            self.texts[name], flags=re.DOTALL,
        )  # fmt: skip
        assert count == 1
        listing = json.dumps(listed).replace("'", "''")
        return re.sub(r"(?<=')\[\{\"path\": \".*?\}\](?=',)", lambda _: listing, text, count=1)


@dataclass
class Program:
    """A folder with event files, ledgers and a serving copy, and what is known of its users."""

    folder: Path
    models: Models
    now: int = START + 10 * DAY
    files: int = 0
    exclusions: list[dict[str, str]] = field(default_factory=list)
    # What was logged: (user, said_at), where an opt-out without a time is as late as its file.
    opted_out: list[tuple[str, int]] = field(default_factory=list)
    opted_in: list[tuple[str, int]] = field(default_factory=list)
    messages: list[tuple[str, int]] = field(default_factory=list)
    plans: list[pd.DataFrame] = field(default_factory=list)
    records: int = 0
    # The user whom an id stands for, where it is not the id.
    users: dict[str, str] = field(default_factory=dict)
    known_users: dict[str, str] = field(default_factory=dict)
    # What the last good build knew of all that.
    out: set[str] = field(default_factory=set)
    excluded: set[str] = field(default_factory=set)
    known_messages: list[tuple[str, int]] = field(default_factory=list)
    cut_at: int = 0

    @property
    def copy(self) -> Path:
        return self.folder / "serving.duckdb"

    @property
    def pushes(self) -> Path:
        return self.folder / "pushes"

    def log(self, records: Iterable[dict]) -> None:
        """Write a file of records, which was last changed now."""
        lines = [json.dumps(record) for record in records]
        path = self.folder / f"{self.files}.json"
        path.write_text("\n".join(lines))
        os.utime(path, (self.now, self.now))
        self.files += 1
        self.records += len(lines)

    def view(self, users: Iterable[str], days_ago: float) -> None:
        """Log that users viewed projects."""
        self.log(
            {
                "session_id": user,
                "event_name": "View Project",
                "category": category,
                "client_time": self.now - round(days_ago * DAY) - number,
            }
            for number, user in enumerate(users)
            for category in ("Sports", "Games")
        )

    def build(self, *, is_good: bool = True, reads_ledgers: bool = True) -> None:
        """Build as dbt does; a good build publishes what the planner reads."""
        ledgers = sorted(map(str, self.pushes.glob(f"*/{LEDGER}"))) if reads_ledgers else []
        new = self.folder / "new.duckdb"
        new.unlink(missing_ok=True)
        with duckdb.connect(str(new)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.register_filesystem(RecordsFileSystem())
            connection.register("exclusions", pd.DataFrame(self.exclusions, columns=SEED_COLUMNS))
            connection.register("campaign_rows", pd.DataFrame(CAMPAIGN_ROWS))
            mappings = pd.DataFrame(columns=MAPPING_COLUMNS, dtype=str)
            connection.register("mappings", mappings)
            aliases = [(one, user, True) for one, user in self.users.items()]
            connection.register("aliases", pd.DataFrame(aliases, columns=ALIAS_COLUMNS, dtype=str))
            connection.execute("create table value_mappings as from mappings")
            connection.execute("create table user_aliases as from aliases")
            connection.execute("create table excluded_users as from exclusions")
            connection.execute("create table campaigns as from campaign_rows")
            for name in MODELS:
                text = self.models.texts[name]
                if name == "validated_records":
                    text = self.models.reading(name, "events_path", [f"{self.folder}/*.json"])
                if name == "validated_assignments":
                    text = self.models.reading(name, "assignments_path", ledgers)
                connection.execute(f"create table {name} as {text}")
            connection.execute(_STUBS)
            connection.execute("update build set assignments_path = ?", [ledgers])
            connection.execute(
                f"create table push_eligibility as {self.models.texts['push_eligibility']}"
            )
            self.check_that_nothing_is_lost(connection, ledgers)
            (cut_at,) = connection.execute("select cutoff_at from cutoffs").fetchone()
        if is_good:
            new.replace(self.copy)
            self.cut_at = cut_at
            self.known_users = dict(self.users)
            self.out = self.users_who_are_out()
            self.excluded = self.users_who_are_excluded()
            self.known_messages = list(self.messages)

    def check_that_nothing_is_lost(self, connection, ledgers: list[str]) -> None:
        """Each record, and each row of a ledger, is accepted or rejected."""
        (records,) = connection.execute(
            "select (select count(*) from events) + (select count(*) from rejected_events) "
            "+ (select coalesce(sum(records), 0) from push_events)"
        ).fetchone()
        assert records == self.records
        rows = pd.concat([pd.read_parquet(path) for path in ledgers] or [pd.DataFrame()])
        accepted = connection.execute("from push_assignments").df()
        rejected = connection.execute("from rejected_assignments").df()
        assert len(accepted) + len(rejected) == len(rows)
        assert set(rejected["reason"]) <= ONE_USER
        if len(rows):
            one_user = [rows["push_id"], rows["session_id"].map(self.user_of)]
            arms = rows.groupby(one_user)["arm"].agg(set)
            expected = {key: arm.pop() for key, arm in arms.items() if len(arm) == 1}
            assert accepted.set_index(["push_id", "session_id"])["arm"].to_dict() == expected

    def user_of(self, name: str) -> str:
        """Return the user whom an id stands for by now."""
        return self.users.get(name, name)

    def known_user(self, name: str) -> str:
        """Return the user whom an id stood for in the last good build."""
        return self.known_users.get(name, name)

    def alias(self, one: str, other: str) -> None:
        """Let two ids be one user from now on, with all that either of them is already."""
        both = {self.user_of(one), self.user_of(other)}
        names = {name for name in USERS if self.user_of(name) in both}
        self.users |= dict.fromkeys(names, min(names))

    def users_who_are_out(self) -> set[str]:
        """Return who said last that they want no pushes."""
        back: dict[str, int] = {}
        for name, at in self.opted_in:
            user = self.user_of(name)
            back[user] = max(at, back.get(user, at))
        out = [(self.user_of(name), at) for name, at in self.opted_out]
        return {user for user, at in out if at >= back.get(user, at)}

    def users_who_are_excluded(self) -> set[str]:
        return {
            self.user_of(user)
            for user in USERS
            for row in self.exclusions
            if fnmatchcase(user, row["session_id"].strip())
        }

    def plan(self, campaign: str, size: int, control: int, days_ahead: int) -> pd.DataFrame | None:
        """Plan a push as the command does; return its ledger, or none where there is no plan."""
        starts_at = datetime.fromtimestamp(self.cut_at + days_ahead * DAY, UTC).isoformat()
        try:
            with open_planner(self.copy, self.pushes) as connection:
                plan = plan_push(connection, campaign, size, control, starts_at=starts_at)
                folder = write_plan(plan, self.pushes)
        except PlanError:
            return None
        sent = pd.read_csv(folder / "send.csv", dtype=str, keep_default_na=False)
        ledger = pd.read_parquet(folder / LEDGER)
        notified = ledger.loc[ledger["arm"] == "notify", "session_id"]
        assert sent["session_id"].to_list() == notified.to_list()
        return ledger

    def check(self, ledger: pd.DataFrame) -> None:
        """Assert that a new plan has nobody who must not be in it."""
        users = set(ledger["session_id"])
        assert len(users) == len(ledger)
        assert users == {self.known_user(user) for user in users}, "another id of a user"
        assert set(ledger["arm"]) == {"notify", "control"}
        assert not users & self.out, "opted out"
        assert not users & self.excluded, "excluded"
        starts = ledger["starts_at"].iloc[0].timestamp()
        for other in self.plans:
            others_start = other["starts_at"].iloc[0].timestamp()
            if abs(starts - others_start) < WINDOW_DAYS * DAY:
                assert not users & set(other["session_id"].map(self.known_user)), "in two windows"
        self.plans.append(ledger)
        for user in users:
            times = sorted(
                [at for one, at in self.known_messages if self.known_user(one) == user]
                + [
                    plan["starts_at"].iloc[0].timestamp()
                    for plan in self.plans
                    if user in set(plan["session_id"].map(self.known_user))
                ]
            )
            for first, last in zip(times, times[CAP:], strict=False):
                is_too_many = last - first <= CAP_DAYS * DAY and first <= starts <= last
                assert not is_too_many, f"{user} is over the cap: {times}"


class ProgramHistory(RuleBasedStateMachine):
    """Weeks of a program, in any order."""

    models: Models

    @initialize()
    def begin(self) -> None:
        self.root = Path(mkdtemp())
        self.program = Program(self.root, self.models)
        self.program.view(USERS, days_ago=9)
        self.program.build()

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    @rule(days=st.integers(1, 5), users=st.lists(st.sampled_from(USERS), min_size=1))
    def time_passes(self, days, users) -> None:
        self.program.now += days * DAY
        self.program.view(users, days_ago=0)

    @rule(users=st.lists(st.sampled_from(USERS), min_size=1), days=st.integers(1, 8))
    def late_events_come(self, users, days) -> None:
        self.program.view(users, days_ago=days)

    @rule(
        users=st.lists(st.sampled_from(USERS), min_size=3, unique=True),
        name=st.sampled_from(OPT_OUTS),
        time=st.sampled_from(["now", None, 0, "soon"]),
        spaced=st.booleans(),
    )
    def some_opt_out(self, users, name, time, spaced) -> None:
        record = {"event_name": name}
        if time is not None:
            record["client_time"] = self.program.now if time == "now" else time
        if time == "soon":
            record |= {"latitude": 91, "amount": -1}
        self.program.log(
            record | {"session_id": f" {user}\t" if spaced else user} for user in users
        )
        self.program.opted_out += [(user, self.program.now) for user in users]

    @rule(user=st.sampled_from(USERS), name=st.sampled_from(OPT_INS), later=st.integers(0, 1))
    def somebody_opts_in(self, user, name, later) -> None:
        at = self.program.now + later
        self.program.log([{"session_id": user, "event_name": name, "client_time": at}])
        self.program.opted_in.append((user, at))

    @rule(pattern=st.sampled_from(PATTERNS), scope=st.sampled_from(["everything", "pushes"]))
    def somebody_is_left_out(self, pattern, scope) -> None:
        row = {"session_id": pattern, "scope": scope, "reason": "test"}
        self.program.exclusions.append(row)

    @rule(one=st.sampled_from(USERS), other=st.sampled_from(USERS))
    def two_ids_are_one_user(self, one, other) -> None:
        self.program.alias(one, other)

    @rule(is_good=st.booleans(), reads_ledgers=st.booleans())
    def a_build_runs(self, is_good, reads_ledgers) -> None:
        self.program.build(is_good=is_good, reads_ledgers=reads_ledgers)

    @rule(
        wishes=st.lists(
            st.tuples(
                st.sampled_from(sorted(CAMPAIGNS)),
                st.sampled_from(SIZES),
                st.sampled_from(CONTROLS),
                st.integers(0, 9),
            ),
            min_size=1,
            max_size=3,
        ),
        builds_first=st.booleans(),
    )
    def pushes_are_planned_at_once(self, wishes, builds_first) -> None:
        if builds_first:
            self.program.build()
        with ThreadPoolExecutor(len(wishes)) as people:
            ledgers = list(people.map(lambda wish: self.program.plan(*wish), wishes))
        for ledger in ledgers:
            if ledger is not None:
                self.program.check(ledger)

    @rule(campaign=st.sampled_from(sorted(CAMPAIGNS)))
    def a_planner_is_killed(self, campaign) -> None:
        dies = patch.object(Path, "rename", side_effect=KeyboardInterrupt)
        with dies, suppress(KeyboardInterrupt):
            self.program.plan(campaign, 100, 20, 0)

    @precondition(lambda self: self.program.plans)
    @rule(number=st.integers(0, 99), names_push=st.booleans())
    def a_push_is_sent(self, number, names_push) -> None:
        ledger = self.program.plans[number % len(self.program.plans)]
        at = int(ledger["starts_at"].iloc[0].timestamp()) + 3600
        push = {"push_id": ledger["push_id"].iloc[0]} if names_push else {}
        self.program.log(
            {"session_id": user, "event_name": "Push Sent", "client_time": at, **push}
            for user in ledger.loc[ledger["arm"] == "notify", "session_id"]
        )

    @rule(users=st.lists(st.sampled_from(USERS), min_size=3, unique=True))
    def others_send_without_a_plan(self, users) -> None:
        at = self.program.now - DAY
        news = f"news {self.program.files}"
        self.program.log(
            {"session_id": user, "event_name": "Push Sent", "client_time": at, "push_id": news}
            for user in users
        )
        self.program.messages += [(user, at) for user in users]


def run_histories(models: Models, histories: int, steps: int) -> None:
    """Let programs go through random histories, and fail with the shortest that breaks a promise.

    Args:
        models: what dbt compiled.
        histories: how many.
        steps: the most steps of one.
    """
    run_state_machine_as_test(
        type("History", (ProgramHistory,), {"models": models}),
        settings=settings(
            max_examples=histories,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
