"""Random runs and orders to clear and to mark in them. It imports nothing of either side.

A case is a DAG file, the states of three runs' task instances, and requests to the REST API: dry
runs, and at the end one that is done. Both sides answer each with what it is about.
"""

from __future__ import annotations

from random import Random
from typing import Any

RUNS = ("first", "second", "third")
DATES = tuple(f"2026-01-0{day}T00:00:00+00:00" for day in (1, 2, 3))
STATES = (
    *("success", "success", "failed", "upstream_failed", "skipped", "running", "queued"),
    *("scheduled", "up_for_retry", "deferred", None),
)
_HEAD = "from {sdk} import DAG, task, task_group\n\n"
_MOST = 9


def random_case(seed: int) -> dict[str, Any]:
    """Some tasks, maps, groups and setups, with edges, and orders. The last is done."""
    chance = Random(seed)
    nodes = [
        (f"n{at}", chance.choice(("task", "task", "task", "map", "group", "mapped group", "setup")))
        for at in range(chance.randint(2, 6))
    ]
    edges = [
        (one, other)
        for at, (one, _) in enumerate(nodes)
        for other, _ in nodes[at + 1 :]
        if chance.random() < 0.4
    ]
    instances = [key for node in nodes for key in _instances(*node)]
    states = {run: {key: chance.choice(STATES) for key in instances} for run in RUNS}
    requests = [_request(chance, nodes, instances) for _ in range(_MOST)]
    last = _request(chance, nodes, instances)
    requests.append(last)
    requests.append({**last, "path": last["path"].removesuffix("/dry_run"), "done": True})
    if "dry_run" in last["body"]:
        requests[-1]["body"] = {**last["body"], "dry_run": False}
    return {
        "seed": seed,
        "dag_id": f"clearing_{seed}",
        "source": _source(nodes, edges),
        "states": states,
        "runs": dict(zip(RUNS, DATES, strict=True)),
        "requests": requests,
    }


def _instances(name: str, kind: str) -> list[str]:
    match kind:
        case "map":
            return [f"{name}|{index}" for index in range(3)]
        case "group":
            return [f"{name}.a|-1", f"{name}.b|-1"]
        case "mapped group":
            return [f"{name}.{of}|{index}" for of in "ab" for index in range(2)]
        case "setup":
            return [f"{name}_setup|-1", f"{name}_work|-1", f"{name}_teardown|-1"]
    return [f"{name}|-1"]


def _source(nodes: list[Any], edges: list[Any]) -> str:
    lines = [_HEAD + "@task\ndef t(x=None):\n    pass\n"]
    lines += ['with DAG("{dag_id}", schedule=None) as dag:']
    for name, kind in nodes:
        match kind:
            case "map":
                lines.append(f'    {name} = t.override(task_id="{name}").expand(x=[1, 2, 3])')
            case "group" | "mapped group":
                call = "()" if kind == "group" else ".expand(x=[1, 2])"
                lines += [
                    f'    @task_group(group_id="{name}")',
                    f"    def make_{name}(x=None):",
                    '        t.override(task_id="a")() >> t.override(task_id="b")()',
                    f"    {name} = make_{name}{call}",
                ]
            case "setup":
                lines += [
                    f'    {name}_s = t.override(task_id="{name}_setup")().as_setup()',
                    f'    {name} = t.override(task_id="{name}_work")()',
                    f'    {name}_t = t.override(task_id="{name}_teardown")()',
                    f"    {name}_s >> {name} >> {name}_t.as_teardown(setups={name}_s)",
                ]
            case _:
                lines.append(f'    {name} = t.override(task_id="{name}")()')
    lines += [f"    {one} >> {other}" for one, other in edges]
    return "\n".join(lines) + "\n"


def _request(chance: Random, nodes: list[Any], instances: list[str]) -> dict[str, Any]:
    flags = {
        f"include_{where}": True
        for where in ("upstream", "downstream", "past", "future")
        if chance.random() < 0.35
    }
    run = chance.choice(RUNS)
    groups = [name for name, kind in nodes if "group" in kind]
    kind = chance.choice(("clear", "clear", "clear", "run", "mark", "mark", "group"))
    if kind == "run":
        path = f"/dagRuns/{run}/clear"
        return _post(path, {"dry_run": True, "only_failed": chance.random() < 0.5})
    if kind == "clear":
        which = chance.choice(("only_failed", "only_running", None, None))
        body: dict[str, Any] = {
            "only_failed": False,
            **({which: True} if which else {}),
            "dry_run": True,
        }
        if chance.random() < 0.85:
            some = chance.sample(instances, min(len(instances), chance.randint(1, 2)))
            body["task_ids"] = [_named(chance, key) for key in some]
        if chance.random() < 0.8:
            return _post("/clearTaskInstances", body | flags | {"dag_run_id": run})
        first = chance.randint(0, 2)
        dates = {"start_date": DATES[first], "end_date": DATES[chance.randint(first, 2)]}
        around = {name: on for name, on in flags.items() if name[8:] in ("upstream", "downstream")}
        return _post("/clearTaskInstances", body | around | dates)
    body = {"new_state": chance.choice(("success", "failed", "skipped")), **flags}
    if kind == "group" and groups:
        path = f"/dagRuns/{run}/taskGroupInstances/{chance.choice(groups)}"
    else:
        task_id, index = chance.choice(instances).split("|")
        path = f"/dagRuns/{run}/taskInstances/{task_id}"
        if int(index) >= 0 and chance.random() < 0.7:
            path += f"/{index}"
    return {"method": "PATCH", "path": path + "/dry_run", "body": body}


def _post(path: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"method": "POST", "path": path, "body": body}


def _named(chance: Random, key: str) -> object:
    task_id, index = key.split("|")
    return [task_id, int(index)] if int(index) >= 0 and chance.random() < 0.6 else task_id


def about(answer: dict[str, Any]) -> list[str]:
    """What an answer of the API names: `run|task|map index`."""
    return sorted(
        "|".join(str(one[name]) for name in ("dag_run_id", "task_id", "map_index"))
        for one in answer["task_instances"]
    )
