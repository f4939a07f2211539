"""The REST API of a server with a long history: `python -m bench.api [--postgres]`.

A database with a million task instances is made (`--instances`), SQLite's or that of a PostgreSQL
server of its own. A server is started on it, and clients ask it over HTTP, each by a connection
that it keeps. `run` is one run by its id; `page` a page of 100 task instances of all DAGs,
`page_newest` the ones that started last, `page_failed` those that failed, `page_pool` those of a
pool that all are in; `triggers` 1,000 runs, made by several clients while the scheduler runs
them. The limits stand beside what was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from statistics import median, quantiles

from sqlalchemy import create_engine, inspect, text

from bench.store import _postgres

WIDE = 400
ROUNDS = 200
TRIGGERS = 1000
CLIENTS = 4
LIMITS = {"run": 0.005, "page": 0.030, "page_newest": 0.030, "page_failed": 0.030}
LIMITS |= {"page_pool": 0.150, "triggers": 3.0}
DAG_FILE = f"""
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("wide", is_paused_upon_creation=True):
    for number in range({WIDE}):
        EmptyOperator(task_id=f"task{{number}}")

with DAG("small", is_paused_upon_creation=False, max_active_runs=1000):
    EmptyOperator(task_id="only")
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.api", description=__doc__)
    parser.add_argument("--instances", type=int, default=1_000_000)
    parser.add_argument("--postgres", action="store_true", help="on a server of its own")
    options = parser.parse_args(arguments)
    around = _postgres() if options.postgres else nullcontext(None)
    with tempfile.TemporaryDirectory(prefix="slipstream-bench-") as folder, around as url:
        home = Path(folder)
        if url is not None:
            (home / "slipstream.toml").write_text(f"[database]\nsql_alchemy_conn = '{url}'\n")
        (home / "dags").mkdir()
        (home / "dags" / "bench.py").write_text(DAG_FILE)
        with served(home) as asker:
            wait(lambda: asker.ask("GET", "/dags?dag_id_pattern=wide")["total_entries"])
            asker.ask("POST", "/dags/wide/dagRuns", {"dag_run_id": "first", "logical_date": None})
        begun = time.perf_counter()
        fill(url or f"sqlite:///{home}/slipstream.db", options.instances // WIDE)
        print(f"{options.instances} task instances made in {time.perf_counter() - begun:.0f} s")
        with served(home) as asker:
            measure(asker)


def measure(asker: Asker) -> None:
    """Ask, and print what that took."""
    asked = {
        "run": "/dags/wide/dagRuns/run7",
        "page": "/dags/~/dagRuns/~/taskInstances?limit=100",
        "page_newest": "/dags/~/dagRuns/~/taskInstances?limit=100&order_by=-start_date",
        "page_failed": "/dags/~/dagRuns/~/taskInstances?limit=100&state=failed",
        "page_pool": "/dags/~/dagRuns/~/taskInstances?limit=100&pool=default_pool",
    }
    for name, path in asked.items():
        for _ in range(10):
            asker.ask("GET", path)
        used = cpu_seconds(asker.pid)
        took = [timed(lambda path=path: asker.ask("GET", path)) for _ in range(ROUNDS)]
        report(name, took, (cpu_seconds(asker.pid) - used) / ROUNDS)
    used = cpu_seconds(asker.pid)
    took = [timed(lambda: trigger(asker))]
    report("triggers", took, cpu_seconds(asker.pid) - used)
    wait(lambda: asker.ask("GET", "/dags/small/dagRuns?state=success")["total_entries"] == TRIGGERS)


def trigger(asker: Asker) -> None:
    """Make the runs, by several clients at once."""

    def some(number: int) -> None:
        own = Asker(asker.address, asker.token)
        for index in range(TRIGGERS // CLIENTS):
            body = {"dag_run_id": f"{number}-{index}", "logical_date": None}
            own.ask("POST", "/dags/small/dagRuns", body)

    threads = [threading.Thread(target=some, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def fill(url: str, runs: int) -> None:
    """Copies of the first run, most of them over, one task in a thousand failed."""
    engine = create_engine(url)
    own = {
        "pk": "n.i + 1000",
        "run_id": "'run' || n.i",
        "state": "'success'",
        "run_after": "run_after + n.i * 1000000",
        "start_date": "run_after + n.i * 1000000",
        "end_date": "run_after + n.i * 1000000 + 500000",
        "updated_at": "run_after + n.i * 1000000 + 500000",
    }
    of_tasks = {
        "run_pk": "r.pk",
        "task_id": "'task' || n.i",
        "map_index": "-1",
        "state": "CASE WHEN (r.pk + n.i) % 1000 = 0 THEN 'failed' ELSE 'success' END",
        "try_number": "1",
        "max_tries": "0",
        "losses": "0",
        "reschedules": "0",
        "queued_at": "r.run_after",
        "start_date": "r.run_after + n.i",
        "end_date": "r.run_after + n.i + 1000",
        "hostname": "'box'",
        "reason": "''",
        "updated_at": "r.run_after + n.i + 1000",
    }
    with engine.begin() as connection:
        columns = [column["name"] for column in inspect(connection).get_columns("dag_run")]
        connection.exec_driver_sql(
            f"WITH RECURSIVE n(i) AS ({_numbers(runs)}) "
            f"INSERT INTO dag_run ({', '.join(columns)}) "
            f"SELECT {', '.join(own.get(name, name) for name in columns)} "
            "FROM dag_run, n WHERE dag_id = 'wide' AND run_id = 'first'"
        )
        connection.execute(
            text(
                f"WITH RECURSIVE n(i) AS ({_numbers(WIDE)}) "
                f"INSERT INTO task_instance ({', '.join(of_tasks)}) "
                f"SELECT {', '.join(of_tasks.values())} "
                "FROM dag_run r, n WHERE r.pk >= 1000 ORDER BY r.pk, n.i"
            )
        )
        connection.exec_driver_sql("ANALYZE")
    if engine.dialect.name == "postgresql":
        # What a database of that age has had many times.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.exec_driver_sql("SELECT setval('dag_run_pk_seq', max(pk)) FROM dag_run")
    engine.dispose()


def _numbers(count: int) -> str:
    return f"SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {count - 1}"


class Asker:
    """One client and its connection."""

    def __init__(self, address: str, token: str | None = None, pid: int = 0) -> None:
        self.address = address
        self.pid = pid
        self.token = token
        self._connection = HTTPConnection(address, timeout=600)

    def ask(self, method: str, path: str, body: object = None) -> Mapping[str, object]:
        """The answer."""
        headers = {"Content-Type": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        where = path if path.startswith("/auth") else f"/api/v2{path}"
        data = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, where, data, headers)
            answer = self._connection.getresponse()
        except (RemoteDisconnected, BrokenPipeError):
            # The server has let a connection go that was not used for a while.
            self._connection.close()
            self._connection.request(method, where, data, headers)
            answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text.decode()}"
        found: Mapping[str, object] = json.loads(text)
        return found


@contextmanager
def served(home: Path) -> Iterator[Asker]:
    """A client of a server on that home, until the block ends."""
    settings = {
        **os.environ,
        "SLIPSTREAM_HOME": str(home),
        "SLIPSTREAM__API__PORT": "0",
        "SLIPSTREAM__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
    }
    command = [sys.executable, "-m", "slipstream", "standalone"]
    with (home / "log").open("a") as log:
        server = subprocess.Popen(
            command, env=settings, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert server.stdout is not None
    try:
        address = ""
        for line in server.stdout:
            found = re.search(r"http://([\w.:]+\d)", line)
            address = found.group(1) if found else address
            if "ready" in line:
                break
        yield Asker(address, pid=server.pid)
    finally:
        server.terminate()
        server.wait(60)
        server.stdout.close()


def timed(act: Callable[[], object]) -> float:
    """How long it took, in seconds."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def cpu_seconds(pid: int) -> float:
    """What the server's process has computed; on a machine that others use, more telling."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(name: str, seconds: Sequence[float], cpu: float) -> None:
    """One line: the median, the slow end, the server's computing, and the limit."""
    high = quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]
    found = {
        "median": median(seconds),
        "least": min(seconds),
        "95 %": high,
        "cpu": cpu,
        "limit": LIMITS[name],
    }
    shown = "   ".join(f"{what} {1000 * value:8.1f} ms" for what, value in found.items())
    print(f"{name:12} {shown}", flush=True)


def wait(holds: Callable[[], object], limit_seconds: float = 600) -> None:
    """Until it holds."""
    end = time.perf_counter() + limit_seconds
    while not holds():
        if time.perf_counter() > end:
            raise TimeoutError(f"waited {limit_seconds:g} s in vain")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
