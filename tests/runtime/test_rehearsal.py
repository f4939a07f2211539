"""What the root zygote rehearses leaves nothing behind that DAG files could see."""

from __future__ import annotations

import subprocess
import sys

REHEARSES = """
import os, subprocess
from slipstream.runtime import loader
from slipstream.runtime.rehearsal import rehearse

os.environ["AIRFLOW_CTX_DAG_ID"] = "the starter's own"
before, working_folder = dict(os.environ), os.getcwd()
loader.preload()
rehearse(os.pipe()[0])
assert dict(os.environ) == before
assert os.getcwd() == working_folder
programs = subprocess.run(["env"], capture_output=True, text=True, check=True).stdout
assert "AIRFLOW_CTX_DAG_ID=the starter's own\\n" in programs
assert "slipstream_rehearsal" not in programs, programs
print("nothing is left")
"""


def test_a_rehearsal_leaves_the_environment_as_it_was() -> None:
    done = subprocess.run(
        [sys.executable, "-c", REHEARSES], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "nothing is left\n", done.stderr
