"""A Spark cluster on loopback: a master, workers and a server, each its own process."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# In the description of a statement's plan, where it writes the files of a table.
WRITES_TABLE = re.compile(r"InsertIntoHadoopFsRelationCommand\nInput.*\nArguments: [^,]*/(\w+),")
STARTS_WITHIN = 90  # seconds; a Java process takes a few


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Cluster:
    """Starts with ``with``, and stops with it. ``home`` is the folder of an installed pyspark."""

    home: Path
    folder: Path
    workers: int = 2
    settings: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)

    def __enter__(self) -> "Cluster":
        self.folder.mkdir(parents=True, exist_ok=True)
        self.events.mkdir()
        master, page = free_port(), free_port()
        self._master, self._page = f"spark://127.0.0.1:{master}", f"http://127.0.0.1:{page}/json/"
        try:
            self._start(
                "master", "spark-class", "org.apache.spark.deploy.master.Master",
                "--host", "127.0.0.1", "--port", str(master), "--webui-port", str(page),
            )  # fmt: skip
            self._wait("the master", lambda: self._alive_workers() == 0)
            for number in range(self.workers):
                self.start_worker(f"worker-{number}")
            self._wait("the workers", lambda: self._alive_workers() == self.workers)
            self._start_server()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error) -> None:
        for name in reversed(list(self.processes)):
            self.stop(name)

    @property
    def events(self) -> Path:
        return self.folder / "events"

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse"

    @property
    def remote(self) -> str:
        return f"sc://127.0.0.1:{self._connect_port}"

    @property
    def thrift_port(self) -> int:
        return self._thrift_port

    def start_worker(self, name: str) -> None:
        """Start a worker of one core, which runs one executor of the server."""
        self._start(
            name, "spark-class", "org.apache.spark.deploy.worker.Worker",
            "--host", "127.0.0.1", "--port", str(free_port()), "--webui-port", str(free_port()),
            "--cores", "1", "--memory", "2g", "--work-dir", str(self.folder / name), self._master,
        )  # fmt: skip

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End a process and those that it started, such as a worker and its executor."""
        process = self.processes.pop(name)
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            return
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def tasks(self) -> Iterator[tuple[str, dict]]:
        """Return what Spark has written down of each task that ended well, with its table."""
        written: dict[str, str] = {}
        execution: dict[int, str] = {}
        for event in self._logged():
            kind = event["Event"]
            if kind.endswith(("SQLExecutionStart", "SQLAdaptiveExecutionUpdate")):
                table = WRITES_TABLE.search(event.get("physicalPlanDescription", ""))
                if table:
                    written[str(event["executionId"])] = table.group(1)
            elif kind == "SparkListenerJobStart":
                for stage in event["Stage IDs"]:
                    execution[stage] = event["Properties"].get("spark.sql.execution.id", "")
            elif kind == "SparkListenerTaskEnd" and event["Task End Reason"]["Reason"] == "Success":
                table = written.get(execution.get(event["Stage ID"], ""))
                if table:
                    yield table, event

    def executors(self) -> dict[str, set[str]]:
        """Return which executors ran tasks of each table that was written."""
        executors: dict[str, set[str]] = defaultdict(set)
        for table, task in self.tasks():
            executors[table].add(task["Task Info"]["Executor ID"])
        return executors

    def shuffled_bytes(self) -> dict[str, int]:
        """Return how much the executors wrote for each other to read, for each table."""
        shuffled: dict[str, int] = defaultdict(int)
        for table, task in self.tasks():
            writes = task["Task Metrics"]["Shuffle Write Metrics"]
            shuffled[table] += writes["Shuffle Bytes Written"]
        return shuffled

    def lost_executors(self) -> int:
        """Return how many executors went away while there was work."""
        return sum(event["Event"] == "SparkListenerExecutorRemoved" for event in self._logged())

    def _logged(self) -> Iterator[dict]:
        for log in sorted(path for path in self.events.rglob("*") if path.is_file()):
            for line in log.open():
                if line.endswith("\n"):  # the last one may be half written
                    yield json.loads(line)

    def _start_server(self) -> None:
        """Start what clients speak to: the driver of one application, which takes every core.

        It is a Thrift server that loads Spark Connect as a plugin, so that both have the same
        executors and the same catalog: a second application would wait for a core forever.
        """
        self._connect_port, self._thrift_port = free_port(), free_port()
        settings = {
            "spark.executor.memory": "1g",
            "spark.executor.cores": "1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.connect.grpc.binding.port": str(self._connect_port),
            "spark.hadoop.hive.server2.thrift.bind.host": "127.0.0.1",
            "spark.hadoop.hive.server2.thrift.port": str(self._thrift_port),
            # A catalog that knows its tables in the next session, without a metastore beside it.
            "spark.sql.catalogImplementation": "hive",
            "spark.sql.warehouse.dir": str(self.warehouse),
            "spark.sql.shuffle.partitions": "4",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": self.events.as_uri(),
            "spark.eventLog.compress": "false",
            "spark.eventLog.rolling.enabled": "false",
            # A time zone that nobody's events are in: no day may begin at the cluster's midnight.
            "spark.executor.extraJavaOptions": "-Duser.timezone=Pacific/Auckland",
            "spark.driver.extraJavaOptions": "-Duser.timezone=Pacific/Auckland "
            f"-Dderby.system.home={self.folder}",
        } | self.settings
        self._start(
            "server", "spark-submit",
            "--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2",
            "--name", "server", "--master", self._master,
            *[part for key, value in settings.items() for part in ("--conf", f"{key}={value}")],
            "spark-internal",
        )  # fmt: skip
        self._wait("the Connect server", lambda: self._is_listening(self._connect_port))
        self._wait("the Thrift server", lambda: self._is_listening(self._thrift_port))

    def _start(self, name: str, program: str, *arguments: str) -> None:
        log = (self.folder / f"{name}.log").open("w")
        self.processes[name] = subprocess.Popen(
            [self.home / "bin" / program, *arguments],
            cwd=self.folder,
            env=os.environ
            | {
                "SPARK_HOME": str(self.home),
                "SPARK_LOCAL_IP": "127.0.0.1",
                "SPARK_NO_DAEMONIZE": "1",
                # The server runs the driver, which needs more than a master or worker.
                "SPARK_DAEMON_MEMORY": "1g" if name == "server" else "256m",
                # Where the machine has settings of its own, they are not for this cluster.
                "SPARK_CONF_DIR": str(self.folder),
            },
            stdout=log,
            stderr=subprocess.STDOUT,
            # A group of its own, so that a worker's executor ends with it.
            start_new_session=True,
        )

    def _wait(self, what: str, is_there) -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        while not is_there():
            ended = [name for name, process in self.processes.items() if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                name = ended[0] if ended else list(self.processes)[-1]
                log = (self.folder / f"{name}.log").read_text()[-2_000:]
                raise RuntimeError(f"{what} did not start:\n{log}")
            time.sleep(0.2)

    def _alive_workers(self) -> int | None:
        try:
            with urllib.request.urlopen(self._page, timeout=5) as page:  # noqa: S310  (loopback)
                return json.load(page)["aliveworkers"]
        except OSError:
            return None

    @staticmethod
    def _is_listening(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0
