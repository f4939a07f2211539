"""Whether a process that has run people's code may still be forked."""

from __future__ import annotations

import os
import sys
import threading
import warnings


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
    if native:
        return f"a library starts {len(native)} threads when it is imported"
    return None


def fork_once() -> None:
    """Fork a child that ends at once.

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
    os.waitpid(child, 0)


def native_threads() -> frozenset[str]:
    """The numbers of all threads of the calling process."""
    try:
        return frozenset(os.listdir("/proc/self/task"))
    except OSError:
        return frozenset()
