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
from pathlib import Path
from typing import Any

import httpx
from tests.differential.clearing_cases import RUNS, about, random_case
from tests.differential.environment import airflow_python
from tests.differential.recording import RAN, recorded

from slipstream.api.app import create_app
from slipstream.api.settings import ApiSettings
from slipstream.model.run import TaskKey
from slipstream.model.states import TaskState
from slipstream.store.interface import InstanceFilter, Store

WAITING = {"queued", "deferred"}
HOLDING = {*WAITING, "running"}


def ours(case: dict[str, Any], folder: Path) -> list[Any]:
    """What our API says to the requests of a case, and the states that are left behind."""
    with recorded(case, folder) as store:
        settings = ApiSettings(log_dir=folder, simple_auth_manager_all_admins=True)
        app = create_app(store, settings=settings, clock=lambda: RAN)
        return [*asyncio.run(_answers(app, case)), _states(store, case["dag_id"])]


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
            for request, one, other in zip(case["requests"], our[:-1], their[:-1], strict=True):
                _count(counts, case, request, judged(request, one, other), one, other)
            word = states_judged(case, our, their)
            at_the_end = {"states": "at the end", "last": case["requests"][-1]}
            _count(counts, case, at_the_end, word, our[-1], their[-1])
    print(dict(counts))
    return 1 if counts["disagree"] else 0


def _count(
    counts: Counter[str], case: dict[str, Any], request: Any, word: str, one: Any, other: Any
) -> None:
    counts[word] += 1
    if word == "disagree":
        print(f"seed {case['seed']}: {json.dumps(request)}")
        print(f"    ours {_short(one, other)}\n    Airflow {_short(other, one)}", flush=True)


def judged(request: dict[str, Any], one: Any, other: Any) -> str:
    """Whether the sides agree, or which known difference there is: see docs/differences.md."""
    if one == other:
        return "agree"
    if (one, other) == ("done", 409):
        return "known: a mark that changes nothing is no error"
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


def states_judged(case: dict[str, Any], our: Sequence[Any], their: Sequence[Any]) -> str:
    """The same for what the last order has left behind.

    Where the two dry runs of it named the same, the states are the same. An instance that one of
    them alone named was changed there alone, for the reason that was known for the dry runs.
    """
    last, one, other = case["requests"][-1], our[-1], their[-1]
    parted = {key for key in one if one[key] != other.get(key, "nothing")}
    if not parted:
        return "agree"
    if our[-2] != their[-2] and (our[-2], their[-2]) != ("done", 409):
        return "disagree"
    before = _states_before(case)
    words = {_waits(before, one, other, key) for key in parted} - {None}
    parted = {key for key in parted if _waits(before, one, other, key) is None}
    dry = {*our[-3]} if isinstance(our[-3], list) else set()
    their_dry = {*their[-3]} if isinstance(their[-3], list) else set()
    if last["body"].get("new_state") == "failed":
        failed = {key for key in parted if _runs_again(before, one, other, dry, key)}
        words |= {"known: what failed below a mark, and runs again"} if failed else set()
        parted -= failed
    for key in parted:
        if not _is_explained(last, before, one, dry, key):
            return "disagree"
        if not _is_explained(last, before, other, their_dry, key):
            return "disagree"
    if parted:
        words.add(judged(case["requests"][-2], our[-3], their[-3]))
    return "disagree" if "disagree" in words or "agree" in words else min(map(str, words))


def _states_before(case: dict[str, Any]) -> dict[str, str | None]:
    found: dict[str, str | None] = dict.fromkeys(RUNS, "success")
    for run_id, states in case["states"].items():
        found |= {f"{run_id}|{key}": state for key, state in states.items()}
    return found


def _waits(
    before: dict[str, Any], one: dict[str, Any], other: dict[str, Any], key: str
) -> str | None:
    """Who waits in a queue or for a trigger holds an attempt, which is told to stop."""
    if (one[key], other.get(key)) == ("restarting", None) and before[key] in WAITING:
        return "known: who waits in a queue is told to stop first"
    return None


def _runs_again(
    before: dict[str, Any], one: dict[str, Any], other: dict[str, Any], dry: set[str], key: str
) -> bool:
    """Airflow decides again, below a mark of failure, what has failed; its run goes on for it.

    It does so with the setups of the task, too, which the mark itself may have made fail.
    """
    if key in RUNS:
        return (one[key], other[key]) == ("success", "queued")
    has_failed = one[key] in {"failed", "upstream_failed"}
    return has_failed and other[key] is None and (one[key] == before[key] or key in dry)


def _is_explained(
    last: dict[str, Any], before: dict[str, Any], after: dict[str, Any], dry: set[str], key: str
) -> bool:
    """Whether a side did to an instance, or a run, what its dry run said: that, or nothing."""
    touched = key in dry if key not in RUNS else any(named.startswith(f"{key}|") for named in dry)
    if not touched:
        return bool(after[key] == before[key])
    if key in RUNS:
        return bool(after[key] == "queued")
    if last["method"] == "PATCH":
        return bool(after[key] == last["body"]["new_state"])
    return after[key] is None or (after[key] == "restarting" and before[key] in HOLDING)


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
