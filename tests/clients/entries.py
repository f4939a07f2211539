"""Which operations of a client must leave an entry in the audit log, and whether they did.

It runs where `drive.py` runs, and has nothing of ours.
"""

from __future__ import annotations

import inspect
from typing import Any

DRY_BY_THEMSELVES = {"clear_dag_run_partitions", "post_clear_task_instances"}


def only_asks(operation: str, body: Any) -> bool:
    """Whether it is a dry run, as some are unless they are told otherwise."""
    by_itself = operation in DRY_BY_THEMSELVES
    wanted = body.get("dry_run", by_itself) if isinstance(body, dict) else by_itself
    return "dry_run" in operation or bool(wanted)


def only_reads(call: Any) -> bool:
    told = inspect.getsource(getattr(call.__self__, f"_{call.__name__}_serialize"))
    return "method='GET'" in told


def without_entry(server: Any) -> set[str]:
    """The operations that have changed something, by their method, and left nothing behind."""
    writing = {name for name in server.changed if name not in ONLY_READING}
    kept: set[str] = set()
    offset = 0
    while True:
        page = server.do("get_event_logs", limit=100, offset=offset)
        kept |= {entry.event for entry in page.event_logs}
        offset += len(page.event_logs)
        if offset >= page.total_entries or not page.event_logs:
            return writing - kept


ONLY_READING = {"get_list_dag_runs_batch", "get_task_instances_batch"}
