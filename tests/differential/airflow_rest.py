"""What Airflow's REST API answers. `python airflow_rest.py HOME`, in an environment with Airflow.

A world on standard input, an answer a line on standard output; see `rest_world.py`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from airflow_recording import client, record
from rest_world import asked


def main() -> None:
    """Answer one world."""
    world = json.loads(sys.stdin.read())
    with client(Path(sys.argv[1])) as (api, folder):
        record(world, folder)
        for answer in asked(api, world["requests"]):
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
