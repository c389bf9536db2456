"""Random histories of a folder of event files and of the builds that read it.

A history changes files, and lets builds fail, die or leave models out. Whatever happened, the next
good build has to leave the tables that a build from nothing would.
"""

import json
import multiprocessing
import os
import random
import re
import signal
import string
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from compare import contents
from conftest import Build, read_project, sample_events

# Everything up to the tables of users.
CHAIN = (
    "build", "--resource-type", "model", "--resource-type", "seed",
    "--select", "+user_category_actions", "+rejected_events", "+source_file_audit",
    "+push_consents",
)  # fmt: skip
MODELS = ["user_aliases", "validated_records", "end_of_events", "shared_event_ids",
          "duplicate_records", "refunds", "cutoffs", "user_histories", "users", "category_actions",
          "user_category_actions"]  # fmt: skip
TABLES = (*MODELS, "events", "rejected_events", "source_file_audit", "push_events", "push_consents")

NOT_EVENTS = [
    '{"session_id": "somebody", "event_name": "push opt-out"}',
    '{"session_id": "somebody", "event_name": "Push Opt-in", "client_time": 1393632004}',
    '{"session_id": "somebody"}',
    "[1]",
    "{ no JSON",
    '{"category": "Games"}',
]


def run_chain(build: Build, files: Path, *arguments: str, **variables: object) -> Build:
    """Build the tables of users from the files of a folder."""
    return build.dbt(*CHAIN, *arguments, events_path=str(files / "*.json"), **variables)


def files_read(build: Build) -> list[str]:
    """Return the names of the files that the last build read."""
    compiled = build.target / "compiled/bootloader/models/ingest/validated_records.sql"
    paths = ",".join(re.findall(r"read_\w+\(\s*\[(.*?)\]", compiled.read_text()))
    return sorted({os.path.basename(path.strip(" '")) for path in paths.split(",") if path})


def from_nothing(build: Build, files: Path, *arguments: str, **variables: object) -> Path:
    """Build from nothing, and return that warehouse; the build's own stays as it is."""
    grown = build.warehouse.rename(build.folder / "grown.duckdb")
    run_chain(build, files, *arguments, **variables).succeeds()
    rebuilt = build.warehouse.rename(build.folder / "rebuilt.duckdb")
    grown.rename(build.warehouse)
    return rebuilt


def assert_equals_a_build_from_nothing(
    build: Build, files: Path, *arguments: str, history: object = "", **variables: object
) -> None:
    """Compare the tables of users, row for row, with those of a build from nothing."""
    rebuilt = contents(from_nothing(build, files, *arguments, **variables), only=TABLES)
    assert len(rebuilt) == len(TABLES)
    assert contents(build.warehouse, only=TABLES) == rebuilt, history


Moment = Callable[[object], object]

# Starts processes that have dbt imported and no threads yet: a copy of this one might wait for ever
# for a lock that some thread held.
CLEAN_PROCESSES = multiprocessing.get_context("forkserver")
CLEAN_PROCESSES.set_forkserver_preload(["dbt.cli.main", "dbt.adapters.duckdb"])


@dataclass
class AtStatement:
    """Recognizes the build's statement of that number, counted from 1."""

    number: int
    count: int = 0

    def __call__(self, query) -> bool:
        self.count += 1
        return self.count == self.number


@dataclass
class AtFirstStatementOf:
    """Recognizes the statements of a model, of which the first is acted upon."""

    model: str

    def __call__(self, query) -> bool:
        return query.node_info.node_name == self.model


@dataclass
class AtText:
    """Recognizes the statements that hold a text."""

    text: str

    def __call__(self, query) -> bool:
        return self.text in query.sql


@dataclass
class When:
    """Acts at the statements that a moment recognizes: fails there, or dies as ``kill -9`` does."""

    moment: Moment
    is_deadly: bool = False

    def __call__(self, event) -> None:
        if event.info.name == "SQLQuery" and self.moment(event.data):
            if self.is_deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            raise RuntimeError("no such luck")


def failing(build: Build, moment: Moment) -> Build:
    """Return the build so that it fails at the first statement that a moment recognizes."""
    return replace(build, on_event=When(moment))


def kill(build: Build, moment: Moment, *arguments: str, **variables: object) -> int:
    """Run dbt until a statement, kill it there as ``kill -9`` does, and return its exit code."""
    process = CLEAN_PROCESSES.Process(
        target=replace(build, on_event=When(moment, is_deadly=True), manifest=read_project()).dbt,
        args=arguments,
        kwargs=variables,
    )
    process.start()
    process.join()
    return process.exitcode


class History:
    """Changes files and builds at random, and keeps a record of it for the message of a failure."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.build, self.files = Build(folder), folder / "files"
        self.files.mkdir(parents=True)
        # Of few users, so that each of them is in many files.
        events = [event for event in sample_events() if event["session_id"] < "1"]
        self.lines = [json.dumps(event) for event in events]
        self.events = events
        self.chance = random.Random(seed)  # noqa: S311  (no secret)
        self.variables: dict[str, object] = {}
        self.steps: list[str] = [f"seed {seed}"]
        self.aliases = folder / "aliases.json"
        self.change_aliases()
        # Paths, contents and times of last change that files had before, to go back to.
        self.past: list[tuple[Path, str, int]] = []

    def some_lines(self) -> str:
        """Return events, a few of them twice, and a record or two that is rejected."""
        lines = self.chance.choices(self.lines, k=self.chance.randint(1, 60))
        lines += self.chance.choices(lines, k=2) + self.chance.choices(NOT_EVENTS, k=2)
        lines += [json.dumps(self.refund()), *map(json.dumps, self.deliveries())]
        # Of a clock that is ahead, until there are more of them.
        ahead = json.loads(lines[0])
        lines.append(json.dumps(ahead | {"client_time": ahead["client_time"] + 30 * 86400}))
        self.chance.shuffle(lines)
        return "\n".join(lines)

    def refund(self) -> dict:
        """Return a refund of some funding, which may be in any file, or in none."""
        fundings = [event for event in self.events if event["event_name"] == "Fund Project"]
        funding = self.chance.choice(fundings)
        refund = funding | {"client_time": funding["client_time"] + self.chance.randint(0, 99)}
        return refund | self.chance.choice(
            [{"amount": -funding["amount"]}, {"event_name": "Refund Project"}]
        )

    def deliveries(self) -> list[dict]:
        """Return an event with an identifier, sent twice a second apart."""
        number = self.chance.randrange(len(self.events))
        event = self.events[number] | {"event_id": f"e{number}"}
        return [event, event | {"client_time": event["client_time"] + 1, "device": "again"}]

    def change_aliases(self) -> None:
        """Say anew which users are one."""
        users = sorted({event["session_id"] for event in self.events})
        pairs = [self.chance.sample(users, k=2) for _ in range(self.chance.randint(1, 60))]
        names = ("session_id", "other_session_id")
        self.aliases.write_text(
            "\n".join(json.dumps(dict(zip(names, pair, strict=True))) for pair in pairs)
        )
        self.steps.append(f"{len(pairs)} aliases")

    def change_a_file(self) -> None:
        """Do to one file what a source may do."""
        new = self.files / f"{''.join(self.chance.choices(string.ascii_lowercase, k=3))}.json"
        present = sorted(self.files.glob("*.json"))
        file = self.chance.choice(present) if present else new
        changes: dict[str, Callable[[], object]] = {
            "add": lambda: new.write_text(self.some_lines()),
            "replace": lambda: file.write_text(self.some_lines()),
            "append": lambda: file.write_text(f"{file.read_text()}\n{self.some_lines()}"),
            "shorten": lambda: file.write_text(file.read_text()[: file.stat().st_size // 2]),
            "touch": lambda: file.touch(),
            "rename": lambda: file.rename(new),
            "duplicate": lambda: new.write_text(file.read_text()),
            "remove": lambda: file.unlink(),
            "restore": lambda: self.restore(*self.chance.choice(self.past)),
        }
        if len(present) < 2:
            del changes["remove"]
        if not self.past:
            del changes["restore"]
        change = self.chance.choice(list(changes)) if present else "add"
        if present:
            self.past.append((file, file.read_text(), file.stat().st_mtime_ns))
        changes[change]()
        self.steps.append(f"{change} {file.name}")

    def restore(self, path: Path, content: str, modified_ns: int) -> None:
        path.write_text(content)
        os.utime(path, ns=(modified_ns, modified_ns))

    def disturbed_build(self) -> None:
        """Build so that something goes wrong or is left out."""
        number = self.chance.randint(1, 190)
        some = self.chance.sample(MODELS, self.chance.randint(1, len(MODELS) - 1))
        kinds: dict[str, Callable[[], object]] = {
            f"fail at {number}": lambda: self.run(failing(self.build, AtStatement(number))),
            f"kill at {number}": lambda: kill(
                self.build, AtStatement(number), *CHAIN, "--threads=1", **self.all_variables
            ),
            f"run {some}": lambda: self.build.dbt("run", "--select", *some, **self.all_variables),
            f"rebuild {some}": lambda: self.build.dbt(
                "run", "--full-refresh", "--select", *some, **self.all_variables
            ),
            f"leave out {some}": lambda: self.run(self.build, "--exclude", *some),
            "empty": lambda: self.run(self.build, "--empty"),
        }
        kind = self.chance.choice(list(kinds))
        self.steps.append(kind)
        kinds[kind]()

    @property
    def all_variables(self) -> dict[str, object]:
        return {"events_path": str(self.files / "*.json"), **self.settings}

    @property
    def settings(self) -> dict[str, object]:
        """The variables beside the files of events."""
        return {"user_aliases": str(self.aliases), "max_aliases": 4, **self.variables}

    def run(self, build: Build, *arguments: str) -> Build:
        return run_chain(build, self.files, *arguments, "--threads=1", **self.settings)

    def go(self, steps: int) -> None:
        """Change files and build with disturbances; then build well and compare."""
        self.change_a_file()
        self.run(self.build).succeeds()
        for _ in range(steps):
            for _ in range(self.chance.randint(0, 3)):
                self.change_a_file()
            if self.chance.random() < 0.2:
                self.change_aliases()
            if self.chance.random() < 0.15:
                self.variables = {"unknown_gender": self.chance.choice("FMU")}
                self.steps.append(json.dumps(self.variables))
            self.disturbed_build()
        self.run(self.build).succeeds()
        assert_equals_a_build_from_nothing(
            self.build, self.files, "--threads=1", history=self.steps, **self.settings
        )
