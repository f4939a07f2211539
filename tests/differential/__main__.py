"""`python -m tests.differential [SEEDS]`: random DAG files, under Airflow and under us.

Every file runs under Airflow's `DAG.test()` and under ours, task by task in the same order; the end
state of each task instance, the run's state, the tries, the XComs and the trace that callbacks
leave must be the same. A file that shows a disagreement is made as small as it goes and kept.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import local

from tests.differential.environment import airflow_python
from tests.differential.lane import Lane, Verdict

MEMORY = "/dev/shm"  # Airflow's SQLite is asked and written to all the time.


def main(arguments: Sequence[str]) -> int:
    """0 where all files agree."""
    options = parse(arguments)
    seeds = seeds_of(options.seeds)
    python = airflow_python(options.airflow)
    options.keep.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    counts: Counter[str] = Counter()
    bad: list[int] = []
    memory = MEMORY if Path(MEMORY).is_dir() else None
    with tempfile.TemporaryDirectory(prefix="differential-", dir=memory) as scratch:
        for verdict in _verdicts(seeds, python, Path(scratch), options):
            counts[verdict.word] += 1
            counts.update(f"  known: {name}" for name in verdict.known)
            if verdict.word == "disagrees":
                bad.append(verdict.seed)
                _tell(verdict, options.keep)
            done = counts.total() - sum(of for name, of in counts.items() if name[0] == " ")
            if done % 25 == 0:
                print(f"{done} of {len(seeds)}: {dict(counts)}", flush=True)
    for word, number in sorted(counts.items()):
        print(f"{number:6} {word}")
    print(f"{time.monotonic() - begun:.0f} s; disagreeing seeds: {sorted(bad) or 'none'}")
    return 1 if bad else 0


def seeds_of(text: str) -> list[int]:
    """The seeds that `7,20-29` names."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("seeds", nargs="?", default="0-999", help="such as 7 or 0-99,500")
    parser.add_argument("--airflow", help="folder of an environment that has Airflow")
    parser.add_argument("--lanes", type=int, default=2, help="pairs of processes")
    parser.add_argument("--keep", type=Path, default=Path("build/differential"))
    parser.add_argument("--freely", action="store_true", help="in Airflow's own order first")
    parser.add_argument("--no-shrink", action="store_true", help="keep the file as it was made")
    return parser.parse_args(arguments)


def _verdicts(seeds: Sequence[int], python: str, scratch: Path, options: argparse.Namespace):  # type: ignore[no-untyped-def]
    mine = local()
    lanes: list[Lane] = []

    def judged(seed: int) -> Verdict:
        if not hasattr(mine, "lane"):
            mine.lane = Lane(python, scratch / f"lane-{len(lanes)}")
            lanes.append(mine.lane)
        lane: Lane = mine.lane
        return lane.judge(seed, shrinks=not options.no_shrink, freely=options.freely)

    with ThreadPoolExecutor(options.lanes) as pool:
        try:
            for future in as_completed([pool.submit(judged, seed) for seed in seeds]):
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            for lane in lanes:
                lane.close()


def _tell(verdict: Verdict, keep: Path) -> None:
    path = keep / f"seed_{verdict.seed}.py"
    path.write_text(verdict.source)
    print(f"seed {verdict.seed} disagrees; see {path}")
    for difference in verdict.differences[:12]:
        print(f"    {difference}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
