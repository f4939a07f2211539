"""`python -m tests.differential.clearing [CASES]`: clearing and marking, Airflow's and ours.

Random DAGs with three runs in random states get random orders over the REST API of both sides: to
clear and to mark tasks, map indexes, groups and runs, with what is above, below, before and after.
Both have to name the same task instances, and to leave the same states behind.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from tests.differential.clearing_cases import DATES, RUNS, about, random_case
from tests.differential.environment import airflow_python
from tests.store.making import parsed

from slipstream.api.app import create_app
from slipstream.api.settings import ApiSettings
from slipstream.model.changes import InstanceChanged, InstancesAdded, RowChange, RunChanged
from slipstream.model.run import TaskInstance, TaskKey
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.sdk._spec import build_spec
from slipstream.store import generate_key, open_store
from slipstream.store.interface import InstanceFilter, Store
from slipstream.store.records import NewRun, RunWrite

RAN = datetime(2026, 2, 1, tzinfo=UTC)
BY_ATTEMPT = {TaskState.QUEUED, TaskState.RUNNING, TaskState.DEFERRED}


def ours(case: dict[str, Any], folder: Path) -> list[Any]:
    """What our API says to the requests of a case, and the states that are left behind."""
    store = open_store(
        f"sqlite:///{folder}/{case['dag_id']}.db",
        fernet_keys=[generate_key()],
        xcom_url=str(folder / "xcom"),
        clock=lambda: RAN,
    )
    try:
        store.migrate()
        _record(store, case)
        settings = ApiSettings(log_dir=folder, simple_auth_manager_all_admins=True)
        app = create_app(store, settings=settings, clock=lambda: RAN)
        return [*asyncio.run(_answers(app, case)), _states(store, case["dag_id"])]
    finally:
        store.close()


def _record(store: Store, case: dict[str, Any]) -> None:
    names: dict[str, Any] = {}
    text = case["source"].replace("{sdk}", "slipstream.sdk").replace("{dag_id}", case["dag_id"])
    exec(compile(text, case["dag_id"], "exec"), names)
    spec = build_spec(names["dag"])
    path = f"{case['dag_id']}.py"
    file = parsed(spec, fileloc=f"/dags/{path}", sources={path: text})
    version = store.record_parsed([file])[case["dag_id"]]
    for run_id, date in zip(RUNS, DATES, strict=True):
        moment = datetime.fromisoformat(date)
        run = store.create_run(
            NewRun(
                dag_id=case["dag_id"],
                run_id=run_id,
                version_id=version.version_id,
                run_type=RunType.MANUAL,
                run_after=moment,
                logical_date=moment,
                triggered_by="test",
            )
        )
        running = replace(run, state=RunState.RUNNING, start_date=RAN, reason="Started.")
        made = [_instance(run.pk, key, state) for key, state in case["states"][run_id].items()]
        blank = [
            TaskInstance(run_pk=run.pk, task_id=i.task_id, map_index=i.map_index) for i in made
        ]
        added: list[RowChange] = [RunChanged(running), InstancesAdded(tuple(blank))]
        store.apply([RunWrite(run.pk, run.revision, added)])
        run = store.get_run(case["dag_id"], run_id)
        ended = replace(run, state=RunState.SUCCESS, end_date=RAN)
        changes: list[RowChange] = [*(InstanceChanged(one) for one in made), RunChanged(ended)]
        store.apply([RunWrite(run.pk, run.revision, changes)])


def _instance(run_pk: int, key: str, state: str | None) -> TaskInstance:
    task_id, index = key.split("|")
    blank = TaskInstance(run_pk=run_pk, task_id=task_id, map_index=int(index))
    if state is None:
        return blank
    found = TaskState(state)
    return replace(
        blank,
        state=found,
        try_number=1,
        attempt_id=f"{run_pk}-{key}" if found in BY_ATTEMPT else None,
        queued_at=RAN,
        start_date=RAN,
        reason="It was given.",
    )


async def _answers(app: Any, case: dict[str, Any]) -> list[Any]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    said: list[Any] = []
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for request in case["requests"]:
            path = f"/api/v2/dags/{case['dag_id']}{request['path']}"
            answer = await client.request(request["method"], path, json=request["body"])
            if answer.status_code != httpx.codes.OK:
                said.append(answer.status_code)
            else:
                said.append("done" if request.get("done") else about(answer.json()))
    return said


def _states(store: Store, dag_id: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for entry in store.iterate_instances(InstanceFilter(dag_ids=[dag_id])):
        key: TaskKey = entry.instance.key
        state = entry.instance.state
        name = f"{entry.run.run_id}|{key.task_id}|{key.map_index}"
        found[name] = None if state is TaskState.NONE else state.value
    return found | {run_id: store.get_run(dag_id, run_id).state.value for run_id in RUNS}


def theirs(cases: Sequence[dict[str, Any]], python: str) -> list[list[Any]]:
    """What Airflow says to them."""
    script = Path(__file__).with_name("airflow_clearing.py")
    with tempfile.TemporaryDirectory(prefix="clearing-") as home:
        done = subprocess.run(
            [python, str(script), home],
            input="".join(json.dumps(case) + "\n" for case in cases),
            capture_output=True,
            text=True,
            check=False,
        )
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    if len(said) != len(cases):
        raise SystemExit(f"Airflow answered {len(said)} of {len(cases)}: {done.stderr[-2000:]}")
    return said


def main(arguments: Sequence[str]) -> int:
    """0 where all requests agree."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.clearing")
    parser.add_argument("cases", nargs="?", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--airflow", help="folder of an environment that has Airflow")
    options = parser.parse_args(arguments)
    cases = [random_case(seed) for seed in range(options.first, options.first + options.cases)]
    said = theirs(cases, airflow_python(options.airflow))
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="clearing-") as folder:
        for case, their in zip(cases, said, strict=True):
            our = ours(case, Path(folder))
            asked = [*case["requests"], {"states": "at the end", "last": case["requests"][-1]}]
            for request, one, other in zip(asked, our, their, strict=True):
                word = judged(request, one, other)
                counts[word] += 1
                if word == "disagree":
                    print(f"seed {case['seed']}: {json.dumps(request)}")
                    print(f"    ours {_short(one, other)}\n    Airflow {_short(other, one)}")
    print(dict(counts))
    return 1 if counts["disagree"] else 0


def judged(request: dict[str, Any], one: Any, other: Any) -> str:
    """Whether the sides agree, or which known difference there is: see docs/differences.md."""
    if one == other:
        return "agree"
    if (one, other) == ("done", 409):
        return "known: a mark that changes nothing is no error"
    if isinstance(one, dict):
        return _states_judged(request["last"], one, other)
    if not isinstance(one, list) or not isinstance(other, list):
        return "disagree"
    alone = {*one} ^ {*other}
    if request["method"] == "POST" and {*one} >= {*other} and all(map(_is_around_work, alone)):
        return "known: setups and teardowns come along"
    if _goes_both_ways(request) and {*one} < {*other}:
        return "known: above and below at once"
    if _is_of_one_index(request) and {*one} < {*other} and all(map(_is_in_mapped_group, alone)):
        return "known: around an index of a mapped group that index is meant"
    return "disagree"


def _states_judged(last: dict[str, Any], one: dict[str, Any], other: dict[str, Any]) -> str:
    """The same for what the last order, which was done, has left behind."""
    parted = {key: (one[key], other.get(key)) for key in one if one[key] != other.get(key)}
    if all(pair == ("restarting", None) for pair in parted.values()):
        return "known: who waits in a queue is told to stop first"
    again = {(None, "failed"), (None, "upstream_failed"), ("queued", "success")}
    if last["method"] == "PATCH" and all({pair, pair[::-1]} & again for pair in parted.values()):
        return "known: what failed below a mark, and runs again"
    if _goes_both_ways(last):
        return "known: above and below at once"
    if last["method"] == "POST" and all(map(_is_around_work, parted)):
        return "known: setups and teardowns come along"
    if _is_of_one_index(last) and all(
        _is_in_mapped_group(key) or pair == ("restarting", None) for key, pair in parted.items()
    ):
        return "known: around an index of a mapped group that index is meant"
    return "disagree"


def _is_around_work(key: str) -> bool:
    return key.endswith(("_setup|-1", "_teardown|-1"))


def _is_in_mapped_group(key: str) -> bool:
    return "." in key and not key.endswith("|-1")


def _goes_both_ways(request: dict[str, Any]) -> bool:
    """An order for one run, for which Airflow also takes what is below all that is above."""
    body = request["body"]
    both = body.get("include_upstream") and body.get("include_downstream")
    return request["method"] == "POST" and "dag_run_id" in body and bool(both)


def _is_of_one_index(request: dict[str, Any]) -> bool:
    if request["method"] == "PATCH":
        path: str = request["path"]
        return path.removesuffix("/dry_run").rpartition("/")[2].isdecimal()
    return any(isinstance(one, list) for one in request["body"].get("task_ids", ()))


def _short(one: Any, other: Any) -> Any:
    """What this side has and the other one has not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: one[name] for name in one if one[name] != other.get(name, "nothing")}
    if isinstance(one, list) and isinstance(other, list):
        return f"{len(one)}, alone here: {sorted(set(one) - set(other))}"
    return one


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
