"""Sends made-up requests to servers: `python -m tests.clients.fuzz SCHEMATHESIS [PART…]`.

They follow from the OpenAPI document, or break it on purpose. No answer may be a server error, or
one that the document does not know; and no server may write of an error that nobody expected.

Each part has a server of its own, for requests remove what others would find. Without parts named
all are taken, those on PostgreSQL where the machine has it: some ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cli.servers import RunningServer, running
from tests.clients.grounds import bearer_of, prepare, values_there
from tests.clients.streams import OF_STREAMS, wrong_streams
from tests.postgres.server import PostgresServer, find_binaries

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "missing_required_header",
    "use_after_free",
    "ensure_resource_availability",
    "ignored_auth",
)
"""Not among them: that what breaks the document is refused, for as Airflow's the server takes `"1"`
for 1 and a number for a moment; that what fits is taken, for names must be of something there; and
that other methods are refused with 405, for a word of one path is a name in another
(`tests/api/test_other_methods.py` sees to them)."""
UNEXPECTED = re.compile(r"Traceback \(most recent call last\)|A request failed")
EACH_AT_MOST_SECONDS = 900
KNOWN_SHARE = 0.6
"""How often a parameter has the value of something that is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Requests of one kind, sent to one server."""

    who: str
    phases: str
    max_examples: int
    only: tuple[str, ...] = ()
    on_postgres: bool = False
    knows: bool = True
    """Parameters often have values of things that are there."""


WRITING = ("--include-method-regex", "^(POST|PUT|PATCH|DELETE)$")
PARTS: Mapping[str, Part] = {
    "edges": Part(who="admin", phases="examples,coverage", max_examples=1),
    "made-up": Part(who="admin", phases="fuzzing", max_examples=20),
    "unknown": Part(who="admin", phases="fuzzing", max_examples=6, knows=False),
    "in-a-row": Part(who="admin", phases="stateful", max_examples=120),
    "viewer": Part(who="viewer", phases="fuzzing", max_examples=8),
    "postgres": Part(
        who="admin", phases="coverage,fuzzing", max_examples=8, only=WRITING, on_postgres=True
    ),
}


def main() -> int:
    """How many parts went wrong."""
    asked = argparse.ArgumentParser(prog="python -m tests.clients.fuzz")
    # It is run in a folder of its own.
    asked.add_argument("schemathesis", type=os.path.abspath)
    asked.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    asked.add_argument("--max-examples", type=int, help="for an operation, in every part")
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    unknown = set(given.parts) - PARTS.keys()
    if unknown:
        asked.error(
            f"there is no part {', '.join(sorted(unknown))}; expected of {', '.join(PARTS)}"
        )
    wrong = 0
    for name in given.parts or PARTS:
        part = PARTS[name]
        if part.on_postgres and find_binaries() is None:
            print(f"{name}: left out, for there is no PostgreSQL here", flush=True)
            continue
        wrong += _went_wrong(name, part, given)
    return wrong


def _went_wrong(name: str, part: Part, given: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="slipstream-fuzz-") as folder, _database(part) as url:
        home = Path(folder)
        prepare(home, url)
        with running(home, "standalone") as server:
            begun = time.monotonic()
            # It is made when it is first asked for, which takes a while.
            server.get("/openapi.json")
            bearer = bearer_of(server, part.who)
            settings = home / "schemathesis.toml"
            settings.write_text(_settings(server, bearer, part))
            done = subprocess.run(
                [
                    given.schemathesis,
                    f"--config-file={settings}",
                    *_words(server, part, given),
                    f"--header=Authorization: {bearer}",
                ],
                check=False,
                cwd=home,
                timeout=EACH_AT_MOST_SECONDS,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            complaints = [] if part.only else list(wrong_streams(server.url, bearer))
            complaints += _lines_of_errors(home / "standalone.stderr")
            took = time.monotonic() - begun
    print(f"{name}: {_numbers(done.stdout, part, complaints)} in {took:.0f} s", flush=True)
    if done.returncode:
        print(done.stdout)
    for complaint in complaints:
        print(f"{name}: {complaint}")
    return bool(done.returncode or complaints)


def _words(server: RunningServer, part: Part, given: argparse.Namespace) -> list[str]:
    """What schemathesis is to do."""
    return [
        "run",
        f"{server.url}/openapi.json",
        f"--checks={','.join(CHECKS)}",
        f"--exclude-path-regex=({'|'.join(map(re.escape, OF_STREAMS))})$",
        f"--phases={part.phases}",
        f"--max-examples={given.max_examples or part.max_examples}",
        f"--seed={given.seed}",
        "--continue-on-failure",
        "--no-shrink",
        "--warnings=off",
        "--generation-database=none",
        "--request-timeout=60",
        *part.only,
    ]


@contextmanager
def _database(part: Part) -> Iterator[str | None]:
    """The URL of an empty database for that part; None for one in a file."""
    binaries = find_binaries()
    if not part.on_postgres or binaries is None:
        yield None
        return
    server = PostgresServer(binaries)
    try:
        yield server.new_database()
    finally:
        server.stop()


def _settings(server: RunningServer, bearer: str, part: Part) -> str:
    """What schemathesis is to take for the values of parameters, as it reads it."""
    if not part.knows:
        return ""
    lines: list[str] = []
    known: Mapping[str, Sequence[str | int]] = values_there(server, bearer)
    for name, values in known.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}", ""]
    lines.append("[parameters]")
    lines += [
        f'{name} = {{ dictionary = "{name}", probability = {KNOWN_SHARE} }}' for name in known
    ]
    return "\n".join([*lines, ""])


def _lines_of_errors(log: Path) -> list[str]:
    text = log.read_text(errors="replace")
    return [f"the server wrote: {text[at.start() :][:3000]}" for at in UNEXPECTED.finditer(text)][
        :5
    ]


def _numbers(said: str, part: Part, complaints: list[str]) -> str:
    """How much was tried; what was not is one complaint more."""
    selected, tested = (re.search(rf"{word}: (\d+)", said) for word in ("Selected", "Tested"))
    sent = re.search(r"(\d+) generated", said)
    if selected is None or sent is None:
        complaints.append("schemathesis did not finish")
        return "nothing"
    if tested is not None and tested[1] != selected[1] and part.phases != "stateful":
        complaints.append(f"only {tested[1]} of {selected[1]} operations were tried")
    return f"{selected[1]} operations, {sent[1]} requests"


if __name__ == "__main__":
    sys.exit(main())
