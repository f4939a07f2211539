"""Sends made-up requests to a server: `python -m tests.clients.fuzz SCHEMATHESIS [OPTION…]`.

They follow from the OpenAPI document, or break it on purpose. No answer may be a server error.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cli.servers import running, token

HERE = Path(__file__).parent
STREAMS = ("/stream", "/wait", "/auth/login", "/auth/logout", "/ui/session")
"""Answers without an end, and what leads to a page or ends the session."""


def main() -> int:
    """The exit code of schemathesis."""
    program, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="slipstream-fuzz-") as folder:
        home = Path(folder)
        (home / "dags").mkdir()
        (home / "dags" / "shop.py").write_text((HERE / "dags.py").read_text())
        (home / "slipstream.toml").write_text('[api]\nexpose_config = "True"\n')
        with running(home, "standalone") as server:
            # It is made when it is first asked for, which takes a while.
            server.get("/openapi.json")
            command = [
                program,
                "run",
                f"{server.url}/openapi.json",
                "--header",
                f"Authorization: {token(server)}",
                "--checks",
                "not_a_server_error",
                *(word for path in STREAMS for word in ("--exclude-path-regex", f"{path}$")),
                *(options or ("--max-examples", "10", "--seed", "1", "--max-time", "900")),
            ]
            code = subprocess.run(command, check=False, cwd=home).returncode
            if code:
                print((home / "standalone.stderr").read_text()[-20_000:])
            return code


if __name__ == "__main__":
    sys.exit(main())
