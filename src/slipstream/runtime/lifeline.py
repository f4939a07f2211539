"""A pipe whose end kills: when the server dies, the kernel kills what it had started.

The server alone holds the write end. Every forked process has the read end opened anew, makes its
own process group the owner of that open file, and asks for SIGKILL in place of SIGIO. The last
write end closes with the server, in whatever way it dies, and the kernel then signals every group
itself, whatever the code in it is doing. See `F_SETOWN_EX` and `F_SETSIG` in fcntl(2).

A process that is forked while the server dies may take its place too late. It then finds its socket
to the server closed: nothing may begin to work before it has sent something there.

Elsewhere than on Linux this does nothing; there the zygotes notice that the server is gone by the
end of their socket, and kill their children.
"""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import sys

_F_SETOWN_EX = 15
_F_OWNER_PGRP = 2
_OWNER = struct.Struct("ii")
"""What `F_SETOWN_EX` is given: a kind of owner, and its number (fcntl(2))."""


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


def new_place(read_end: int) -> int:
    """A descriptor for a child that is about to be forked to `take`.

    It is made in the parent, where it costs no copied pages.
    """
    if sys.platform != "linux":
        return os.dup(read_end)
    place = os.open(f"/proc/self/fd/{read_end}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.fcntl(place, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(place, fcntl.F_SETFL, os.O_RDONLY | os.O_NONBLOCK | os.O_ASYNC)
    return place


def take(place: int) -> None:
    """Bind the group that the calling process leads, or is about to. The descriptor has to stay
    open."""
    if sys.platform == "linux":
        # Not F_SETOWN: `fcntl` finds out that it was given a number by a failure, which costs more
        # than all the rest of this.
        fcntl.fcntl(place, _F_SETOWN_EX, _OWNER.pack(_F_OWNER_PGRP, os.getpid()))
