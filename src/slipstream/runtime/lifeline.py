"""A pipe whose end kills: when the server dies, the kernel kills what it had started.

The server alone holds the write end. Every forked process opens the read end anew, makes its own
process group the owner of that open file, and asks for SIGKILL in place of SIGIO. The last write
end closes with the server, in whatever way it dies, and the kernel then signals every group itself,
whatever the code in it is doing. See `F_SETOWN` and `F_SETSIG` in fcntl(2).

Elsewhere than on Linux `bind` does nothing; there the zygotes notice that the server is gone by
the end of their socket, and kill their children.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys


class Lifeline:
    """Both ends of the pipe, as the server holds them."""

    def __init__(self) -> None:
        self.read_end, self._write_end = os.pipe2(os.O_CLOEXEC)

    def cut(self) -> None:
        """End every process that is bound to it. May be called twice."""
        if self._write_end >= 0:
            os.close(self._write_end)
            os.close(self.read_end)
            self._write_end = -1


def bind(read_end: int) -> int:
    """Tie the calling process's group to the lifeline; gives the descriptor that must stay open.

    The caller must lead its process group. `read_end` stays open for children to bind to.
    """
    if sys.platform != "linux":
        return read_end
    own = os.open(f"/proc/self/fd/{read_end}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.fcntl(own, fcntl.F_SETOWN, -os.getpid())
    fcntl.fcntl(own, fcntl.F_SETSIG, signal.SIGKILL)  # type: ignore[attr-defined,unused-ignore]
    fcntl.fcntl(own, fcntl.F_SETFL, os.O_RDONLY | os.O_NONBLOCK | os.O_ASYNC)
    try:
        ended = os.read(own, 1) == b""
    except BlockingIOError:
        ended = False
    if ended:  # The server died between the fork and the binding.
        os._exit(1)
    return own
