"""Where the `slipstream` command begins.

The version is answered before anything else is imported.
"""

from __future__ import annotations

import os
import sys

from slipstream import __version__


def main(argv: list[str] | tuple[str, ...] | None = None) -> int:
    """Run one command line; gives the exit code: 0, 1 for a failure, 2 for wrong usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["version"] and not os.environ.get("SLIPSTREAM_SERVER"):
        print(__version__)
        return 0
    if arguments in (["--version"], ["-V"]):
        print(f"slipstream {__version__}")
        return 0
    from slipstream.cli.dispatch import dispatch

    return dispatch(arguments)


if __name__ == "__main__":
    sys.exit(main())
