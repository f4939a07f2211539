"""The DAG files of the benchmarks, the same text for every system."""

from __future__ import annotations

from pathlib import Path

HEAD = '''"""A DAG of the benchmarks."""
import json
import os
import time
from contextlib import contextmanager

from airflow.sdk import dag, task


def fibo(n):
    return n if n < 2 else fibo(n - 1) + fibo(n - 2)


@contextmanager
def traced(dag_id, task_id, map_index=-1):
    """Leaves a line: who ran, in which process, from when to when."""
    begun = time.monotonic()
    yield
    with open("/proc/self/stat") as file:
        born = int(file.read().rpartition(")")[2].split()[19])
    line = [task_id, map_index, os.getpid(), born, begun, time.monotonic()]
    trace = os.open(os.path.join(os.environ["BENCH_TRACE"], dag_id), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(trace, (json.dumps(line) + "\\n").encode())
    os.close(trace)

'''  # noqa: E501

CHAIN = (
    HEAD
    + """
@dag(dag_id="{dag_id}", schedule=None)
def chain():
    previous = None
    for number in range({length}):

        @task(task_id=f"step_{{number:03}}")
        def step(name=f"step_{{number:03}}"):
            with traced("{dag_id}", name):
                return fibo({n})

        this = step()
        if previous is not None:
            previous >> this
        previous = this


chain()
"""
)

FAN = (
    HEAD
    + """
@dag(dag_id="{dag_id}", schedule=None)
def fan():
    @task
    def work(item):
        with traced("{dag_id}", "work", item):
            return item + fibo(10)

    @task
    def total(items):
        with traced("{dag_id}", "total"):
            return sum(items)

    total(work.expand(item=list(range({width}))))


fan()
"""
)

EMPTY = '''"""A DAG of the benchmarks."""
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("{dag_id}", schedule=None):
    EmptyOperator(task_id="nothing")
'''

SMALL = '''"""A DAG of the benchmarks."""
from airflow.sdk import dag, task


@dag(dag_id="{dag_id}", schedule=None)
def small():
    @task
    def step(value):
        return value + 1

    value = 0
    for _ in range({length}):
        value = step(value)


small()
'''

LARGE = '''"""A DAG of the benchmarks: groups of tasks in four lanes, or the same without groups."""
from contextlib import nullcontext

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup

LANES = 4

with DAG("{dag_id}", schedule=None):
    lanes = [None] * LANES
    for part in range(0, {count}, 50):
        size = min(50, {count} - part)
        lane = part // 50 % LANES
        with TaskGroup(f"part_{{part // 50:03}}") if {grouped} else nullcontext():
            first, *middle, last = [
                EmptyOperator(task_id=f"step_{{part + at:05}}") for at in range(size)
            ]
            first >> middle >> last
        if lanes[lane] is not None:
            lanes[lane] >> first
        lanes[lane] = last
'''

LOG = '''"""A DAG of the benchmarks: a task that says very much."""
from airflow.sdk import dag, task


@dag(dag_id="{dag_id}", schedule=None)
def talks():
    @task
    def talk():
        text = "Reading a row of the table of orders, and writing it where it belongs. " * 2
        for number in range({lines}):
            print(number, text)

    talk()


talks()
'''
CHATTY = '''"""A DAG of the benchmarks: a task that says something all the time."""
import time

from airflow.sdk import dag, task


@dag(dag_id="{dag_id}", schedule=None)
def chatty():
    @task
    def talk():
        number = 0
        while True:
            for _ in range(50):
                number += 1
                print(number, "Reading a row of orders, and writing it where it belongs. " * 2)
            time.sleep(0.1)

    talk()


chatty()
'''
LOG_LINE_BYTES = 250
"""What the server keeps of such a line, about."""


def write_large(folder: Path, dag_id: str, count: int, *, grouped: bool) -> None:
    """A DAG of so many empty tasks, 50 to a group."""
    write(folder, dag_id, LARGE.format(dag_id=dag_id, count=count, grouped=grouped))


def write_log(folder: Path, dag_id: str, megabytes: int) -> None:
    """A DAG with a task whose log has about that many megabytes."""
    lines = megabytes * 1_000_000 // LOG_LINE_BYTES
    write(folder, dag_id, LOG.format(dag_id=dag_id, lines=lines))


def write_chatty(folder: Path, dag_id: str) -> None:
    """A DAG with a task that writes 500 lines a second to its log, and never ends."""
    write(folder, dag_id, CHATTY.format(dag_id=dag_id))


def write_chain(folder: Path, dag_id: str, length: int, n: int) -> None:
    """A chain of tasks, each `fibo(n)`."""
    write(folder, dag_id, CHAIN.format(dag_id=dag_id, length=length, n=n))


def write_fan(folder: Path, dag_id: str, width: int) -> None:
    """A mapped task over `width` items, and one task that sums what they return."""
    write(folder, dag_id, FAN.format(dag_id=dag_id, width=width))


def write_empty(folder: Path, dag_id: str) -> None:
    """A DAG of one task that does nothing."""
    write(folder, dag_id, EMPTY.format(dag_id=dag_id))


def write_small(folder: Path, dag_id: str, length: int = 2) -> None:
    """A chain of a few tasks that pass a number on."""
    write(folder, dag_id, SMALL.format(dag_id=dag_id, length=length))


def write(folder: Path, dag_id: str, text: str) -> None:
    """Put a whole file into place at once, as editors and deployments do."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{dag_id}.new"
    draft.write_text(text)
    draft.replace(folder / f"{dag_id}.py")
