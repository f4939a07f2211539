"""`python -m tests.beside [--airflow FOLDER] [FILE_OR_FOLDER ...]`: one environment, two systems.

An environment with real Airflow is copied and Slipstream is installed into the copy. Then every
DAG of every file runs with `DAG.test()` in a process of each: the state of the run, the states and
tries of its task instances and their XComs must be the same, and nothing of real Airflow may have
been loaded in ours. Without files: `examples/`, the DAGs of this folder, and the example DAGs that
Airflow itself brings.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.beside.environment import environment_beside
from tests.beside.expected import AIRFLOW_CANNOT, APART, LEFT_OUT, ON_PURPOSE
from tests.differential.compare import differences
from tests.differential.environment import airflow_python
from tests.differential.sides import Answer, Side

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LOGICAL_DATE = "2026-03-04T05:06:00"
COMMAND_LIMIT_SECONDS = 120


def main(arguments: Sequence[str]) -> int:
    """0 where both say the same of everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.beside", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--airflow", help="folder of an environment that has Airflow")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="beside-") as scratch:
        folder = Path(scratch)
        python, changed = environment_beside(airflow_python(options.airflow), folder / "both")
        for line in changed:
            print(f"installing Slipstream changed {line}")
        found = list(files(options.files or defaults(python)))
        wrong = [*compared(found, python, folder), *commands(python, folder)]
    for line in wrong:
        print(line)
    print(f"{len(found)} files; {len(wrong) or 'no'} disagreements")
    return 1 if wrong or changed else 0


def defaults(python: str) -> list[Path]:
    """The folders that are run where none is named."""
    airflow = next(Path(python).parents[1].glob("lib/python*/site-packages/airflow"))
    examples = ROOT / "examples"
    return [HERE / "dags", examples, examples / "requirements", airflow / "example_dags"]


def files(given: Sequence[Path]) -> Iterator[Path]:
    """The DAG files of folders, not those of folders in them."""
    for path in given:
        if path.is_dir():
            yield from (file for file in sorted(path.glob("*.py")) if file.stem not in APART)
        else:
            yield path


def compared(found: Sequence[Path], python: str, folder: Path) -> Iterator[str]:
    """A line for everything that the two say differently."""
    sides = [side(name, python, folder / name) for name in ("slipstream", "airflow")]
    counts: Counter[str] = Counter()
    try:
        for path in found:
            job = {"path": str(path), "logical_date": LOGICAL_DATE}
            lines = list(_judged(path, *(one.ask(job) for one in sides), counts))
            print(
                f"{'differs' if lines else 'agrees':8} {path.parent.name}/{path.name}", flush=True
            )
            yield from lines
    finally:
        for one in sides:
            one.close()
    print("; ".join(f"{number} {what}" for what, number in sorted(counts.items())))


def _judged(path: Path, ours: Answer, theirs: Answer, counts: Counter[str]) -> Iterator[str]:
    if loaded := ours.get("foreign"):
        yield f"{path}: real Airflow was loaded in Slipstream's process: {loaded}"
    if "airflow" not in (theirs.get("foreign") or ["airflow"]):  # type: ignore[operator]
        yield f"{path}: Airflow's side did not run under real Airflow"
    if "error" in theirs and "error" not in ours and path.name in AIRFLOW_CANNOT:
        if AIRFLOW_CANNOT[path.name] not in str(theirs["error"]):
            yield f"{path}: Airflow fails with something else: {theirs['error']}"
        counts["files that only Slipstream loads, with names of Airflow 1 and 2"] += 1
        return
    if "error" in ours or "error" in theirs:
        yield f"{path}: ours {ours.get('error')}, Airflow {theirs.get('error')}"
        return
    mine, yours = ours["dags"], theirs["dags"]
    assert isinstance(mine, dict)
    assert isinstance(yours, dict)
    for dag_id in sorted({*mine, *yours}):
        if dag_id in LEFT_OUT:
            counts["DAGs left out, for the reasons in expected.py"] += 1
            continue
        if dag_id not in mine or dag_id not in yours:
            yield f"{path} {dag_id}: only {'ours' if dag_id in mine else 'Airflow'} has this DAG"
            continue
        found = differences(mine[dag_id], yours[dag_id])
        told = [one for one in found if (dag_id, one.what, one.key) not in ON_PURPOSE]
        counts["differences on purpose"] += len(found) - len(told)
        counts["DAGs that agree" if not told else "DAGs that differ"] += 1
        yield from (f"{path} {dag_id}: {one}" for one in told)


def side(name: str, python: str, home: Path) -> Side:
    """A process of the environment that is one of the two."""
    more = {
        "BESIDE_SIDE": name,
        "PYTHONPATH": str(ROOT / "tests" / "differential"),
        "AIRFLOW_CONN_FS_DEFAULT": "fs://",
        "AIRFLOW_VAR_GREETING": "hello",
        "AIRFLOW_CONN_PLACE": "http://user:secret@example.com:8080/path?a=1",
    }
    return Side(name, [python, str(HERE / "side.py")], home, more)


def commands(python: str, folder: Path) -> Iterator[str]:
    """In tasks of `slipstream dags test`, and in a file run as a program, nothing is Airflow's."""
    path = folder / "which_airflow.py"
    path.write_text((HERE / "which_airflow.py").read_text())
    slipstream = [str(Path(python).with_name("slipstream")), "dags", "test", str(path)]
    for command in (slipstream, [python, "-m", "slipstream", str(path)]):
        done = subprocess.run(
            command,
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "SLIPSTREAM_HOME": str(folder / "home")},
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT_SECONDS,
            check=False,
        )
        if done.returncode or "nothing is Airflow's" not in done.stdout + done.stderr:
            yield f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}"
    plain = [python, "-c", "import airflow; print(airflow.__file__)"]
    said = subprocess.run(plain, capture_output=True, text=True, cwd=folder, check=False).stdout
    if "site-packages/airflow/" not in said:
        yield f"without Slipstream, `import airflow` gives {said}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
