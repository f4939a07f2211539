"""`python -m tests.differential.rest`: the answers of the REST API, Airflow's and ours.

Both sides have the same DAGs, runs and task instances, and are asked the same in the same order:
what there is, pages and filters of it, what cannot be, and to change it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.types import ASGIApp
from tests.differential.environment import airflow_python
from tests.differential.recording import RAN, recorded
from tests.differential.rest_judge import judged
from tests.differential.rest_world import asked, world, write_statuses

from slipstream.api.app import create_app
from slipstream.api.settings import ApiSettings


class _Client:
    """Sends requests to our app in this process."""

    def __init__(self, portal: BlockingPortal, app: ASGIApp) -> None:
        self._portal = portal
        self._app = app

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request."""
        answer: httpx.Response = self._portal.call(self._send, method, path, options)
        return answer

    async def _send(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, **options)


def ours(case: dict[str, Any], folder: Path) -> list[Any]:
    """What our API answers."""
    with recorded(case, folder) as store:
        settings = ApiSettings(log_dir=folder, simple_auth_manager_all_admins=True)
        app = create_app(store, settings=settings, clock=lambda: RAN)
        with start_blocking_portal() as portal:
            return list(asked(_Client(portal, app), case["requests"]))


def theirs(case: dict[str, Any], python: str) -> list[Any]:
    """What Airflow's answers."""
    script = Path(__file__).with_name("airflow_rest.py")
    with tempfile.TemporaryDirectory(prefix="rest-") as home:
        done = subprocess.run(
            [python, str(script), home],
            input=json.dumps(case),
            capture_output=True,
            text=True,
            check=False,
        )
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"status"')]
    if len(said) != len(case["requests"]):
        wanted = len(case["requests"])
        raise SystemExit(f"Airflow answered {len(said)} of {wanted}: {done.stderr[-3000:]}")
    return said


def main(arguments: Sequence[str]) -> int:
    """0 where all answers agree."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.rest")
    parser.add_argument("--airflow", help="folder of an environment that has Airflow")
    parser.add_argument("--record", action="store_true", help="keep Airflow's statuses")
    options = parser.parse_args(arguments)
    case = world()
    their = theirs(case, airflow_python(options.airflow))
    if options.record:
        write_statuses([answer["status"] for answer in their])
    with tempfile.TemporaryDirectory(prefix="rest-") as folder:
        our = ours(case, Path(folder))
    counts: Counter[str] = Counter()
    for request, one, other in zip(case["requests"], our, their, strict=True):
        word, difference = judged(request, one, other)
        counts[word] += 1
        if word == "disagree":
            body = "" if request["body"] is None else json.dumps(request["body"])[:300]
            print(f"{request['method']} {request['path']} {body}")
            print("    " + difference.replace("\n", "\n    "), flush=True)
    print(dict(counts))
    return 1 if counts["disagree"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
