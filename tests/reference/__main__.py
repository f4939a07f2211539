"""Replay one seed, or try many: `python -m tests.reference SEED [LAST]`."""

from __future__ import annotations

import sys
import time
import traceback
from dataclasses import fields

from tests.reference.world import world

from slipstream.model.dag import GroupSpec, TaskSpec
from slipstream.model.run import DagRun


def replay(seed: int) -> bool:
    """Drive the world of a seed, and tell everything if it fails."""
    made = world(seed)
    try:
        made.drive()
    except Exception:  # noqa: BLE001
        for thing in (*made.dag.tasks.values(), *made.dag.groups.values(), made.run):
            print(_brief(thing))
        print(f"fail_fast={made.dag.fail_fast} dagrun_timeout={made.dag.dagrun_timeout}")
        print("\n".join(made.history))
        traceback.print_exc()
        print(f"seed {seed} failed")
        return False
    return True


def _brief(thing: TaskSpec | GroupSpec | DagRun) -> str:
    """What differs from the defaults."""
    told = (
        f"{known.name}={getattr(thing, known.name)!r}"
        for known in fields(thing)
        if known.name not in _UNTOLD and getattr(thing, known.name) != known.default
    )
    return f"{type(thing).__name__}({', '.join(told)})"


_UNTOLD = {"downstream", "details", "conf", "retry_delay", "version_id", "tooltip", "label"}


def main(arguments: list[str]) -> int:
    first = int(arguments[0])
    last = int(arguments[1]) if len(arguments) > 1 else first
    begun = time.perf_counter()
    for seed in range(first, last + 1):
        if not replay(seed):
            return 1
    print(f"{last - first + 1} seeds agree, {time.perf_counter() - begun:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
