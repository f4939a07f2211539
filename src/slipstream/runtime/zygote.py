"""The root zygote: `python -m slipstream.runtime.zygote SOCKET LIFELINE`."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from slipstream.runtime import fork_hooks, huge_pages
from slipstream.runtime.environment import BIND_NOW, OURS


def main() -> NoReturn:
    """Become the root zygote on the descriptors named by the command line."""
    if os.environ.get(BIND_NOW) == OURS:
        del os.environ[BIND_NOW]
    arenas = huge_pages.take_arenas()
    fork_hooks.hold_back()
    # Only now: what this imports registers the hooks.
    from slipstream.runtime.zygotes import RootZygote
    from slipstream.wire.frames import connect

    sock, lifeline = map(int, sys.argv[1:3])
    os.set_inheritable(sock, False)
    os.set_inheritable(lifeline, False)
    RootZygote(connect(sock), lifeline, arenas).run()


if __name__ == "__main__":
    main()
