"""Keeping the root zygote's memory together, and in huge pages.

A fork copies an entry for every page of its parent, and the end of a process looks at each of them
again. Of pages that belong to one huge page the kernel copies and drops the entries together, also
where some of them have been written to and copied since. Python's memory comes in arenas of a
megabyte, between which libraries are mapped: so a row of arenas is taken before anything is
imported, and made huge pages when everything is.

Where the system has no huge pages, or no such call, nothing happens.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Sequence

_ARENA_BYTES = 1 << 20
_ARENAS = 14
"""About what the root needs once it has imported everything. What is too much costs memory once,
for all zygotes share it; what is too little lies elsewhere, in small pages."""
_BLOCK_BYTES = 512
"""The largest that Python takes out of an arena."""
_EMPTY_BYTES = b"".__sizeof__()
_HUGE_BYTES = 2 << 20
_MADV_COLLAPSE = 25


def take_arenas() -> Sequence[bytes]:
    """Let Python take a row of arenas; they stay its own while the result is kept."""
    number = _ARENAS * _ARENA_BYTES // _BLOCK_BYTES
    blocks = [b""] * number
    for index in range(number):
        blocks[index] = bytes(_BLOCK_BYTES - _EMPTY_BYTES)
    # One in each arena holds it; each has a little less room than its size says.
    return blocks[:: _ARENA_BYTES // _BLOCK_BYTES * 3 // 4]


def gather() -> None:
    """Make huge pages of what lies together."""
    madvise = ctypes.CDLL(None).madvise
    for start, end in _private_memory():
        first = -(-start // _HUGE_BYTES) * _HUGE_BYTES
        length = (end - first) // _HUGE_BYTES * _HUGE_BYTES
        if length > 0:
            # An advice: whether it was taken makes no difference but to speed.
            madvise(ctypes.c_void_p(first), ctypes.c_size_t(length), _MADV_COLLAPSE)


def _private_memory() -> Iterator[tuple[int, int]]:
    """Where this process's own memory lies: `(start, end)`."""
    if sys.platform != "linux":
        return
    with open("/proc/self/maps") as lines:
        for line in lines:
            place, access, _, _, inode, *path = line.split()
            if access == "rw-p" and inode == "0" and path in ([], ["[heap]"]):
                start, _, end = place.partition("-")
                yield int(start, 16), int(end, 16)
