"""Hours of bad luck in minutes: ``make soak``. Writes what was lost to docs/soak.md.

Event files change at random while builds fail, die or leave models out; whole builds are killed at
random moments, starved of disk and memory, locked out and broken; readers and browsers look at the
app all the while. A loss is a table that differs from a build from nothing, a read that fails, that
mixes two builds, or that shows anything but the last good build.
"""

import asyncio
import multiprocessing
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from browser import CHROMIUM, FLAGS, PAGES, running_app
from conftest import PROJECT, Build
from faults import fill_disk, open_elsewhere, served, small_disk, with_failing_model
from histories import AtFirstStatementOf, AtText, History, kill
from program_histories import Models, run_histories

SEED = 20140331
HISTORIES = 60
STEPS_OF_A_HISTORY = 8
KILLS = 20
FAULTS_OF_EACH_KIND = 3
LOAD_SECONDS = 180
READERS = 4
BROWSER_SESSIONS = 30
PROGRAMS = 200
STEPS_OF_A_PROGRAM = 20


@dataclass
class Result:
    """One row of the report."""

    what: str
    times: str
    outcome: str
    lost: int


def say(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, flush=True)  # noqa: T201  (its progress)


def recoveries(what: str, lost: int, recovered: int) -> Result:
    """Return the row of a fault that was tried some times, with a next build after each."""
    return Result(
        what,
        f"{FAULTS_OF_EACH_KIND}",
        f"{recovered} of {FAULTS_OF_EACH_KIND} next builds succeeded without repair",
        lost + FAULTS_OF_EACH_KIND - recovered,
    )


def histories(folder: Path) -> Result:
    """Let files and builds go through random histories; compare each with a build from nothing."""
    lost = 0
    for seed in range(HISTORIES):
        history = History(folder / f"history {seed}", SEED + seed)
        try:
            history.go(STEPS_OF_A_HISTORY)
        except AssertionError as error:
            lost += 1
            say(str(error))
        shutil.rmtree(history.build.folder)
        say(f"history {seed + 1} of {HISTORIES}")
    return Result(
        f"{STEPS_OF_A_HISTORY} times: files change, a build fails, is killed or leaves models out",
        f"{HISTORIES} histories",
        f"{HISTORIES - lost} of {HISTORIES} next builds made the tables of a build from nothing",
        lost,
    )


def kills(build: Build, chance: random.Random) -> Result:
    """Kill builds at random moments between their start and their usual end."""
    # What is killed would have published other events, so that a part of it would be seen.
    other = {"as_of": "2014-03-28"}
    build.dbt("build", **other).succeeds()
    other_contents = served(build)[1]
    started = time.monotonic()
    build.dbt("build").succeeds()
    usual = time.monotonic() - started
    contents = served(build)[1]
    assert contents != other_contents
    lost = recovered = 0
    for number in range(KILLS):
        seconds = chance.uniform(0.5, usual)
        with build.start("build", **other) as process:
            time.sleep(seconds)
            was_running = process.poll() is None
            process.kill()
            process.communicate()
        # A build that was killed after it had published is served, whole.
        lost += served(build)[1] not in (contents, other_contents)
        recovered += build.dbt("build").returncode == 0 and served(build)[1] == contents
        say(f"kill {number + 1} of {KILLS} after {seconds:.1f} s, running: {was_running}")
    leftovers = len(list(build.folder.glob("*.tmp*")))
    return Result(
        "kill -9 at a random moment of a build",
        f"{KILLS}",
        f"{recovered} of {KILLS} next builds succeeded without repair; "
        f"{leftovers} leftovers stayed",
        lost + KILLS - recovered,
    )


def faults(build: Build, chance: random.Random) -> list[Result]:
    """Try each other fault some times, and build again after each."""

    def starved() -> Build:
        limit = f"{chance.randint(20, 50)}MB"
        return replace(build, environment={"BOOTLOADER_MEMORY_LIMIT": limit}).dbt(
            "build", "--full-refresh"
        )

    def locked_out() -> Build:
        with open_elsewhere(build):
            return build.dbt("build")

    def at_the_same_time() -> Build:
        with build.start("build", "--full-refresh") as first:
            while "START" not in first.stdout.readline():
                pass
            second = replace(build, environment={"DBT_TARGET_PATH": str(build.folder / "second")})
            result = second.dbt("build")
            first.communicate()
            assert first.returncode == 0
        return result

    def failing_model() -> Build:
        model = chance.choice(
            ["lookalikes/attribute_network", "funding/fund_network", "funding/fund_scores"]
        )
        broken = with_failing_model(build, f"models/{model}.py")
        result = broken.dbt("build")
        shutil.rmtree(broken.project)
        return result

    def failing_test() -> Build:
        return build.dbt("build", events_path=str(nothing_but_rejected))

    nothing_but_rejected = build.folder / "log.json"
    nothing_but_rejected.write_text('{"level": "info"}\n')
    kinds = {
        "memory limit too low (20 to 50 MB)": (starved, False),
        "warehouse held open by an SQL client": (locked_out, False),
        "a second build at the same time": (at_the_same_time, True),
        "a Python model that fails": (failing_model, False),
        "a data test that fails": (failing_test, False),
    }
    results = []
    for what, (fault, other_may_publish) in kinds.items():
        lost = recovered = 0
        for _ in range(FAULTS_OF_EACH_KIND):
            before = served(build)
            assert fault().returncode != 0, what
            after = served(build)
            lost += after[1] != before[1] if other_may_publish else after != before
            recovered += build.dbt("build").returncode == 0
        say(what)
        results.append(recoveries(what, lost, recovered))
    return results


def programs(build: Build) -> Result:
    """Let programs of pushes go through random histories, in which nobody may get a wrong push."""
    lost = 0
    try:
        run_histories(Models.of(build), PROGRAMS, STEPS_OF_A_PROGRAM)
    except AssertionError as error:
        lost = 1
        say(str(error))
    return Result(
        "events, opt-outs and ids in odd spellings, exclusions, builds that fail or know no "
        "ledgers, plans of several campaigns at once, killed plans, sends, late events",
        f"{PROGRAMS} histories of up to {STEPS_OF_A_PROGRAM} steps",
        "a list had somebody who must not be in it" if lost
        else "no list had anybody who opted out, is excluded, is in another push, or over the cap",
        lost,
    )  # fmt: skip


def kills_at(build: Build) -> list[Result]:
    """Kill builds while they train and while they publish."""
    results = []
    for what, moment in {
        "kill -9 while a network is trained": AtFirstStatementOf("fund_network"),
        "kill -9 while a build is published": AtText("select replace_file"),
    }.items():
        lost = recovered = 0
        for _ in range(FAULTS_OF_EACH_KIND):
            before = served(build)
            kill(build, moment, "build", "--full-refresh")
            lost += served(build) != before
            recovered += build.dbt("build").returncode == 0 and served(build)[1] == before[1]
        say(what)
        results.append(recoveries(what, lost, recovered))
    return results


def environments(build: Build, folder: Path) -> list[Result]:
    """Build where machines differ, and compare with the tables of the usual place."""
    expected = served(build)[1]
    elsewhere = folder / """a "b" 'c' $d ü"""
    elsewhere.mkdir()
    odd_place = Build(elsewhere).with_own_project()
    kinds = {
        "no HOME": {"command": ("env", "-u", "HOME")},
        "LC_ALL=C": {"environment": {"LC_ALL": "C", "LANG": "C"}},
        "TZ=Asia/Kolkata": {"environment": {"TZ": "Asia/Kolkata"}},
        "umask 077": {"command": ("sh", "-c", 'umask 077; exec "$@"', "sh")},
        "python -O": {"environment": {"PYTHONOPTIMIZE": "1"}},
        "a checkout path with spaces, quotes, $ and ü": {"project": odd_place.project},
    }
    results = []
    for number, (what, settings) in enumerate(kinds.items()):
        place = elsewhere if "project" in settings else folder / f"environment {number}"
        place.mkdir(exist_ok=True)
        built = replace(Build(place), **settings).dbt_process("build")
        is_same = built.returncode == 0 and served(built)[1] == expected
        say(f"{what}: {is_same}")
        outcome = "the same tables" if is_same else built.output.strip().splitlines()[-1]
        results.append(Result(what, "1", outcome, int(not is_same)))
    return results


def places_without_room(build: Build) -> list[Result]:
    """Build where nothing can be written; needs root."""
    results = []
    with small_disk(build.folder / "temporary", 1) as disk:
        fill_disk(disk, 0)
        built = replace(build, environment={"TMPDIR": str(disk)}).dbt_process("build")
        is_good = built.returncode == 0
        outcome = "the build succeeded" if is_good else built.output.strip().splitlines()[-1]
        results.append(Result("a full TMPDIR", "1", outcome, int(not is_good)))
    before = served(build)
    with small_disk(build.folder / "read only", 400) as disk:
        for file in (build.warehouse, build.serving_copy):
            shutil.copy(file, disk)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        elsewhere = {
            "DBT_TARGET_PATH": str(build.folder / "target"),
            "DBT_LOG_PATH": str(build.folder / "logs"),
        }
        readonly = Build(disk, environment=elsewhere)
        built = readonly.dbt_process("build")
        says_why = "you may write to the file" in built.output and "Traceback" not in built.output
        results.append(
            Result(
                "a folder that is read-only",
                "1",
                "the build stopped with a message that names the file" if says_why
                else built.output.strip().splitlines()[-1],
                int(not says_why or served(readonly) != before),
            )
        )  # fmt: skip
    return results


def full_disks(build: Build, chance: random.Random) -> Result:
    """Build on a small disk that has less room than a build needs, then give the room back."""
    lost = recovered = failed = 0
    rooms = [chance.uniform(2, 40) for _ in range(FAULTS_OF_EACH_KIND * 2)]
    for megabytes in rooms:
        with small_disk(build.folder / "disk", 400) as disk:
            small = Build(disk)
            shutil.copy(build.serving_copy, disk)
            before = served(small)
            filler = fill_disk(disk, megabytes)
            failed += small.dbt("build").returncode != 0
            lost += served(small) != before
            filler.unlink()
            recovered += small.dbt("build").returncode == 0
        say(f"disk full after {megabytes:.1f} MB")
    return Result(
        "disk full (a file system of its own, 2 to 40 MB left)",
        f"{failed}",
        f"{recovered} of {len(rooms)} next builds succeeded without repair once there was room",
        lost + len(rooms) - recovered,
    )


def read_until(deadline: float, serving_copy: str, expected: dict, answers) -> None:
    """Read as the app does, over and over, and count what fails or is of two builds."""
    os.environ["BOOTLOADER_SERVING"] = serving_copy
    from bootloader.app.serving_copy import open_serving_copy

    reads = failed = mixed = 0
    builds = set()
    while time.time() < deadline:
        try:
            copy = open_serving_copy(Path())
            before = copy.query_once("build").iloc[0]
            totals = copy.query_once(
                "audience_totals", campaign="Games", strategy="fund_network", filters="[]",
                size="percent", amount=100,
            ).iloc[0]  # fmt: skip
            after = copy.query_once("build").iloc[0]
            whole = before["build_id"] == after["build_id"]
            # Two sets of events take turns; each has its own number of users.
            whole &= before["users"] == totals["users"] and int(before["users"]) in expected
            mixed += not whole
            builds.add(before["build_id"])
        except Exception as error:
            failed += 1
            say(f"a read failed: {error}")
        reads += 1
        time.sleep(0.05)  # as many readers as a busy day has, and builds have a core left
    answers.put((reads, failed, mixed, builds))


def readers(build: Build) -> Result:
    """Let processes read while builds of two sets of events take turns."""
    sample = PROJECT / "data" / "sample_events.json.gz"
    expected = {}
    for cut in (None, "2014-03-28"):
        build.dbt("build", events_path=str(sample), as_of=cut).succeeds()
        expected[build.value("select count(*) from users")] = cut
    deadline = time.time() + LOAD_SECONDS
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    processes = [
        context.Process(
            target=read_until, args=(deadline, str(build.serving_copy), expected, answers)
        )
        for _ in range(READERS)
    ]
    for process in processes:
        process.start()
    builds = 0
    while time.time() < deadline:
        cut = [None, "2014-03-28"][builds % 2]
        build.dbt("build", events_path=str(sample), as_of=cut).succeeds()
        builds += 1
    counted = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    reads, failed, mixed = (sum(answer[number] for answer in counted) for number in range(3))
    seen = set().union(*(answer[3] for answer in counted))
    say(f"{reads} reads, {builds} builds")
    return Result(
        f"{READERS} processes reading while builds publish, {LOAD_SECONDS} s",
        f"{reads:,} reads, {builds} builds",
        f"{failed} failed, {mixed} mixed; readers saw {len(seen)} builds",
        failed + mixed,
    )


async def sessions(address: str) -> tuple[list[float], list[str]]:
    """Open many sessions at once, each going through every page; return waits and errors."""
    from playwright.async_api import async_playwright

    waits, errors = [], []

    async def one(browser, number: int) -> None:
        context = await browser.new_context()
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        for path in PAGES[number % len(PAGES) :] + PAGES[: number % len(PAGES)]:
            started = time.monotonic()
            await page.goto(f"{address}/{'' if path == 'map' else path}", timeout=120_000)
            await page.wait_for_selector("h1", timeout=120_000)
            await page.wait_for_selector(
                "[data-testid='stApp'][data-test-script-state='notRunning']", timeout=120_000
            )
            waits.append(time.monotonic() - started)
            errors.extend(
                ["an exception was shown"] * await page.get_by_test_id("stException").count()
            )
        await context.close()

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        await asyncio.gather(*(one(browser, number) for number in range(BROWSER_SESSIONS)))
        await browser.close()
    return waits, errors


def browsers(build: Build) -> Result:
    """Let browser sessions at once go through all pages of the app."""
    with running_app(build.serving_copy, build.folder / "app.log") as address:
        server = next(
            pid
            for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
            if f"--server.port\0{address.rsplit(':', 1)[1]}" in _command(pid)
        )
        alone = _memory(server, "VmRSS")
        waits, errors = asyncio.run(sessions(address))
        memory = _memory(server, "VmHWM")
    waits.sort()
    say(f"{len(waits)} pages, median {statistics.median(waits):.1f} s")
    return Result(
        f"{BROWSER_SESSIONS} browser sessions at once, browser and server on the same two cores",
        f"{len(waits)} pages",
        f"{len(errors)} errors; a page took {statistics.median(waits):.1f} s in the median and "
        f"{waits[int(len(waits) * 0.95)]:.1f} s at the 95th percentile; "
        f"the server took {memory:,.0f} MB at most, {(memory - alone) / BROWSER_SESSIONS:,.0f} MB "
        f"for each session",
        len(errors),
    )


def _memory(pid: int, kind: str) -> float:
    """Return the memory of a process in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(kind))


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def report(results: list[Result], minutes: float) -> str:
    """Return the results as a page of the docs."""
    rows = "\n".join(
        f"| {row.what} | {row.times} | {row.outcome} | {row.lost} |" for row in results
    )
    return f"""# Faults tried, and what was lost

Written by `make soak` (seed {SEED}, {minutes:.0f} minutes on {os.cpu_count()} cores), on the
shipped sample. After each fault, everything that the app reads is compared with the last good
build, and the next build must succeed without any repair.

| tried | how often | outcome | lost |
|---|---|---|---|
{rows}

"Lost" counts tables that differ from those of a full rebuild, reads that failed or mixed two
builds, good results that were no longer served, and builds that did not recover.
"""


def main() -> int:
    """Try everything and write the report; return 1 where anything was lost."""
    started = time.monotonic()
    chance = random.Random(SEED)  # noqa: S311  (no secret)
    with tempfile.TemporaryDirectory() as folder:
        build = Build(Path(folder))
        results = [
            histories(Path(folder)), kills(build, chance), *kills_at(build),
            *faults(build, chance), *environments(build, Path(folder)), programs(build),
        ]  # fmt: skip
        try:
            results.append(full_disks(build, chance))
            results += places_without_room(build)
        except PermissionError as error:
            say(f"left out: {error}")
        results.append(readers(build))
        if CHROMIUM:
            results.append(browsers(build))
    page = report(results, (time.monotonic() - started) / 60)
    (PROJECT / "docs" / "soak.md").write_text(page)
    print(page)  # noqa: T201  (its result)
    return int(any(row.lost for row in results))


if __name__ == "__main__":
    sys.exit(main())
