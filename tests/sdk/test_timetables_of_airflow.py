"""Random timetables, each with a digest of what Airflow 3.3.2 says of its runs.

`python -m tests.differential.timetables 1500 --table tests/sdk/timetables_of_airflow.csv` wrote it;
without `--table` it compares, and shows where a seed's answers part.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from tests.differential.timetable_cases import KINDS, random_case
from tests.differential.timetables import digest, ours

TABLE = Path(__file__).with_name("timetables_of_airflow.csv")


def rows(kind: str) -> list[tuple[int, str]]:
    with TABLE.open() as file:
        found = [(int(row["seed"]), row["answers"]) for row in csv.DictReader(file)]
    return [(seed, said) for seed, said in found if random_case(seed)["timetable"]["kind"] == kind]


@pytest.mark.parametrize("kind", sorted(set(KINDS)))
def test_a_timetable_gives_the_runs_that_airflow_gives(kind: str) -> None:
    found = rows(kind)
    wrong = [seed for seed, said in found if digest(ours(random_case(seed))) != said]
    assert len(found) > 40, "the table has cases of each"
    assert wrong == [], f"python -m tests.differential.timetables 1 --first {wrong[:1]} shows it"
