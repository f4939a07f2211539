"""Sends made-up requests to a server: `python -m tests.clients.fuzz SCHEMATHESIS [OPTION…]`.

They follow from the OpenAPI document, or break it on purpose. No answer may be a server error, or
one that the document does not know.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cli.servers import running, token

HERE = Path(__file__).parent
STREAMS = ("/stream", "/wait")
"""Answers without an end."""
PAGES = ("/auth/login", "/auth/logout")
"""They lead to a page, or end the session."""
SIGNING_OUT = (
    "/ui/session",
    "/auth/logout/everywhere",
    "/auth/password",
    "/auth/fab/v1/users/{username}",
    "/auth/fab/v1/users/{username}/tokens",
)
"""After a request of these the token may count no more, and all that follows would be refused."""


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
                "not_a_server_error,status_code_conformance,content_type_conformance",
                "--exclude-path-regex",
                f"({'|'.join(map(re.escape, (*STREAMS, *PAGES, *SIGNING_OUT)))})$",
                *(options or ("--max-examples", "10", "--seed", "1", "--max-time", "900")),
            ]
            code = subprocess.run(command, check=False, cwd=home).returncode
            if code:
                print((home / "standalone.stderr").read_text()[-20_000:])
            return code


if __name__ == "__main__":
    sys.exit(main())
