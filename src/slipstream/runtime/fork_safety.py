"""Whether a process that has run people's code may still be forked."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import warnings

from slipstream.runtime import processes

_PUT_RIGHT = frozenset({"jemalloc_bg_thd"})
"""Threads that their library gives to a forked child anew, with its locks free: that of jemalloc,
which pandas brings along with pyarrow (`background_thread` in jemalloc(3))."""
PATIENCE_SECONDS = 10.0
"""How long a child that has nothing to do may take to end."""


def reason_not_to_fork(threads_before: frozenset[str]) -> str | None:
    """Why the calling process must not fork any more, or None.

    A forked child has only the thread that forked: a lock held by another thread is never freed,
    and a graphics card's driver does not know the child.
    """
    names = [thread.name for thread in threading.enumerate()]
    if len(names) > 1:
        others = ", ".join(name for name in names if name != threading.main_thread().name)
        return f"it starts threads when it is imported ({others})"
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    if cuda is not None and cuda.is_initialized():
        return "it uses the graphics card when it is imported"
    native = native_threads() - threads_before
    if native:
        fork_once()
        native &= native_threads()
        native = frozenset(one for one in native if _name_of(one) not in _PUT_RIGHT)
    if native:
        return f"a library starts {len(native)} threads when it is imported"
    return None


def reason_not_to_fork_at_all(patience_seconds: float = PATIENCE_SECONDS) -> str | None:
    """Why the calling process, which has not run people's code yet, must not fork, or None.

    What is put into every interpreter of the environment (`sitecustomize`, the `.pth` files of
    tracers and profilers) may start threads, or hang or crash in what is forked.
    """
    names = [thread.name for thread in threading.enumerate()]
    if len(names) > 1:
        return f"the Python environment starts threads by itself ({', '.join(names[1:])})"
    ended = fork_once(patience_seconds)
    if ended is None:
        return f"a forked process hangs: it had not ended after {patience_seconds:g} s"
    if ended != 0:
        return f"a forked process ends at once ({processes.describe_exit(ended)})"
    threads = len(native_threads()) - 1
    return f"the Python environment starts {threads} native threads" if threads > 0 else None


def fork_once(patience_seconds: float = PATIENCE_SECONDS) -> int | None:
    """Fork a child that ends at once; gives its exit status, None where it did not end in time.

    A library that is made for forking stops its threads before a fork and starts them again where
    they are next needed (OpenBLAS below NumPy does): the threads that are left after one are those
    of libraries that are not.
    """
    with warnings.catch_warnings():
        # Python 3.12 and later warn of any thread, those that are about to stop too.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os._exit(0)
    in_time = _ends_within(patience_seconds, child)
    if not in_time:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if in_time else None


def _ends_within(seconds: float, child: int) -> bool:
    descriptor = os.pidfd_open(child)
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def native_threads() -> frozenset[str]:
    """The numbers of all threads of the calling process."""
    try:
        return frozenset(os.listdir("/proc/self/task"))
    except OSError:
        return frozenset()


def _name_of(thread: str) -> str:
    """The name that the kernel knows a thread of this process by."""
    try:
        with open(f"/proc/self/task/{thread}/comm", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""
