"""The root's memory lies together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import slipstream

CODE = """
import json, sys
from slipstream.runtime import huge_pages
arenas = huge_pages.take_arenas()
kept = [{number: str(number)} for number in range(30_000)]
import unicodedata, decimal, ssl, sqlite3  # What is mapped now lies between later arenas.
huge_pages.gather()
largest = max(end - start for start, end in huge_pages._private_memory())
assert all(one == {number: str(number)} for number, one in enumerate(kept))
json.dump([largest, len(arenas)], sys.stdout)
"""


def test_arenas_that_are_taken_early_lie_in_a_row_whatever_is_loaded_later() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(slipstream.__file__).parents[1])}
    environment.pop("PYTHONMALLOC", None)
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    largest, held = json.loads(done.stdout)
    assert largest >= 13 << 20
    assert held >= 14
