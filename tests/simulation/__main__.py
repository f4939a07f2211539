"""Replays worlds: `python -m tests.simulation SEED [SEEDS]` (the second: how many from there)."""

from __future__ import annotations

import sys
import time
import traceback
from contextlib import suppress

from tests.simulation.scenarios import world_of
from tests.simulation.test_simulation import check


def main() -> int:
    first = int(sys.argv[1])
    number = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    failed = 0
    begun = time.perf_counter()
    for seed in range(first, first + number):
        try:
            check(seed)
        except Exception:  # noqa: BLE001  # Whatever it is, the other seeds are told of too.
            failed += 1
            if number == 1:
                world = world_of(seed)
                with suppress(Exception):
                    world.run()
                print("\n".join(world.history))
                traceback.print_exc()
            else:
                print(seed, traceback.format_exc().splitlines()[-1][:200])
    print(f"{number - failed} of {number} well, {time.perf_counter() - begun:.1f} s")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
