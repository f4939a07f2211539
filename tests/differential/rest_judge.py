"""Whether two answers to a request say the same, and which differences are known.

What is known stands in `docs/differences.md`, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

OF_EACH: Final = {
    # Names and moments that each side makes for itself.
    *("id", "created_at", "updated_at", "timestamp", "last_parsed", "last_parsed_time"),
    *("last_parse_duration", "file_token", "fileloc", "relative_fileloc", "unixname"),
    *("expires_at", "completed_at", "next_dagrun_logical_date", "next_dagrun_run_after"),
    *("next_dagrun_data_interval_start", "next_dagrun_data_interval_end", "git_version", "version"),
    # Airflow has no key to seal with here.
    "is_encrypted",
    # What the two packages are made of.
    "module_path",
}
OF_LAST_TRY: Final = {"start_date", "end_date", "duration", "queued_when", "max_tries"}
OF_NOW: Final = {"queued_at", "queued_when", "run_after", "end_date", "dag_run_id", "duration"}
"""These are of the moment of a request that made them."""

WIDER: Final = {
    "orders that Airflow has not": r"order_by=(-?dag_id,|-?slots|-id|-?task_id)",
    "orders that Airflow has not, in a body": r'/list .*"order_by": "task_id"',
    "a moment without a zone is one of UTC": r'(logical_date|_gte)": "[\dT:-]+"[,}]',
    "a batch may be of one DAG or run": r"/(dags/shop/dagRuns|shop/dagRuns/~/taskInstances)/list"
    r"|/first/taskInstances/list",
    "a run may be named without its DAG": r"^GET /dags/~/dagRuns/first/taskInstances",
    "a state may be called none": r'"state": \["none"\]',
    "doing it twice is no error": r"/favorite",
    "a pool may be changed in part": r"^PATCH /pools",
    "a list of DAGs to pause is chosen by any filter": r"^PATCH /dags\?",
    "only_failed is by itself off beside only_running": r'\{"only_running": true\}',
}
"""`{why: requests}` that Airflow refuses."""

ORDERED_OTHERWISE: Final = {
    "the order of variables, pools and connections is that of their names": (
        r"^GET /(variables|pools|connections)\?order_by=(id|_val)"
    ),
    "the audit log has its own entries": r"^GET /eventLogs",
    "a group's notes are shown at once": r"^PATCH .*/taskGroupInstances/g$",
    "the zone of a moment is UTC": r"^POST /dags/shop/dagRuns$",
    "what has not ended has no length yet": r"taskInstances/list$|order_by=duration$",
    "a pattern of nothing selects nothing out": r"_pattern=\|$",
    "a prefix is what it says to its end": r"prefix_pattern=s%25",
}
"""`{why: requests}` that list something else, or otherwise."""

STRICTER: Final = {
    "a parameter that nobody knows is refused": r"nobody_knows|/state-store\?order_by",
    "a field of update_mask that nobody knows is refused": r"update_mask=(conf|x|nothing)",
    "what has to have a name has one": r'"(name|key|dag_run_id)": ""',
    "a name has 250 characters at most": r'"dag_run_id": "x{300}"',
    "a note has 1,000 characters at most": r'"note": "x{1001}"',
    "an interval does not end before it begins": r'"dag_run_id": "interval2"',
    "a port is below 65536": r'"port": 99999999',
    "who clears a task that is not there is told": r'"task_ids": \["none"\]',
}
"""`{why: requests}` that Airflow takes."""

SAID_OTHERWISE: Final = {
    "a moment that is none": r"before=x|/eventLogs/x",
    "a field of update_mask that nobody knows": r"update_mask=nothing",
}
"""`{why: requests}` that both refuse, each with its own status."""

FIELDS: Final = {
    r"\.error$": "errors are in words of our own",
    r"\.pools\[\d+\]\.description$|^\.description$": "the default pool is described otherwise",
    r"from_rest_api$": "every event of the API says so",
    r"^\.value$": "a value as text is JSON",
    r"\.extra$": "an extra that is empty is empty",
    r"^$": "what a change of a state store has left is told",
    r"\.queued_when$": "what was not tried was not queued",
    r"\.results$": "a result that is not there is null",
    r"\.dependencies": "what keeps a task waiting is told as `slipstream why` tells it",
}
"""`{field: why}` it differs."""


def judged(request: dict[str, Any], one: dict[str, Any], other: dict[str, Any]) -> tuple[str, str]:
    """A word for it, and what differs."""
    ours, theirs = one["status"], other["status"]
    word = of_statuses(request, ours, theirs)
    if word == "disagree":
        return word, (
            f"status ours {ours} {_short(one['body'])}\nAirflow {theirs} {_short(other['body'])}"
        )
    if word != "agree" or ours >= 400:
        return word, ""
    found = list(_differences("", *_in_one_order(request, one["body"], other["body"])))
    for why, pattern in ORDERED_OTHERWISE.items():
        if found and re.search(pattern, f"{request['method']} {request['path']}"):
            return f"known: {why}", ""
    known = {why for line in found for why in _known_fields(line)}
    left = [line for line in found if not any(_known_fields(line))]
    if left:
        return "disagree", "\n".join(left[:12])
    return (f"known: {min(known)}" if known else "agree"), ""


def of_statuses(request: dict[str, Any], ours: int, theirs: int) -> str:
    """The word for two statuses."""
    if theirs >= 500 > ours:
        return "known: Airflow fails"
    if ours == theirs:
        return "agree"
    if min(ours, theirs) >= 400:
        table = SAID_OTHERWISE
    else:
        table = STRICTER if ours >= 400 else WIDER if theirs >= 400 else {}
    body = "" if request["body"] is None else json.dumps(request["body"])
    asked = f"{request['method']} {request['path']} {body}"
    found = (f"known: {why}" for why, pattern in table.items() if re.search(pattern, asked))
    return next(found, "disagree")


def _known_fields(line: str) -> Iterator[str]:
    field = line.partition(": ")[0]
    for pattern, why in FIELDS.items():
        if re.search(pattern, field):
            yield why


def _in_one_order(request: dict[str, Any], one: Any, other: Any) -> tuple[Any, Any]:
    """The answers, with lists in one order where none was asked for."""
    if "order_by" in request["path"] or not isinstance(one, dict) or not isinstance(other, dict):
        return _by_their_order(request, one, other)
    is_part = re.search(r"(limit|offset)", f"{request['path']} {request['body']}")
    lists = {of for of, it in one.items() if _is_of_objects(it) and _is_of_objects(other.get(of))}
    if is_part:
        # Which ones come first is each side's own affair.
        return _counted(one, lists), _counted(other, lists)
    return _sorted(one, lists), _sorted(other, lists)


def _by_their_order(request: dict[str, Any], one: Any, other: Any) -> tuple[Any, Any]:
    """The answers, with those that are equal in what they are ordered by in one order."""
    asked = re.search(r"order_by=-?(\w+)$", request["path"])
    if asked is None or not isinstance(one, dict) or not isinstance(other, dict):
        return one, other
    field = asked[1]
    lists = {of for of, it in one.items() if _is_of_objects(it) and _is_of_objects(other.get(of))}
    for of in lists:
        if [str(entry.get(field)) for entry in one[of]] != [str(it.get(field)) for it in other[of]]:
            return one, other
    return _sorted(one, lists), _sorted(other, lists)


def _counted(answer: dict[str, Any], lists: set[str]) -> dict[str, Any]:
    return {of: len(it) if of in lists else it for of, it in answer.items()}


def _sorted(answer: dict[str, Any], lists: set[str]) -> dict[str, Any]:
    return {of: sorted(it, key=_name) if of in lists else it for of, it in answer.items()}


def _is_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _name(entry: dict[str, Any]) -> list[str]:
    names = ("dag_id", "dag_run_id", "run_id", "task_id", "map_index", "key", "name")
    return [str(entry.get(of)) for of in (*names, "connection_id", "logical_date", "partition_key")]


def _short(found: Any) -> str:
    text = str(found)
    return text if len(text) < 260 else text[:260] + "…"


def _differences(where: str, one: Any, other: Any) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        # What is to run again keeps the moments of its last try in Airflow.
        waits = one.get("state", "") is None and other.get("state", "") is None
        for key in sorted({*one, *other} - OF_EACH - (OF_LAST_TRY if waits else set())):
            if key not in one:
                yield f"{where}.{key}: ours lacks it; Airflow {_short(other[key])}"
            elif key not in other:
                yield f"{where}.{key}: Airflow lacks it; ours {_short(one[key])}"
            else:
                yield from _differences(f"{where}.{key}", one[key], other[key])
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield f"{where}: ours has {len(one)}, Airflow {len(other)}: {_short(one)}"
        for index, (left, right) in enumerate(zip(one, other, strict=False)):
            yield from _differences(f"{where}[{index}]", left, right)
    elif one != other and not (_is_empty(one) and _is_empty(other)) and not _is_of_now(where, one):
        yield f"{where}: ours {_short(one)} Airflow {_short(other)}"


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _is_of_now(where: str, one: Any) -> bool:
    return where.rpartition(".")[2] in OF_NOW and (one == 0 or "2026-02-01T00:00:00" in str(one))
