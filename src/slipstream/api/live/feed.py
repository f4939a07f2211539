"""The news of this server, and those who follow it.

What the scheduler has committed is handed over as it is, and read only when somebody follows. The
last of it is kept for a while, so that a follower that lost its connection goes on where it was;
one that was away for longer is told to read everything again.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Final

from slipstream.model.news import RunNews

_MOST_CHANGES: Final = 20_000
"""Changes of rows that are kept for followers who come back."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened in one commit. Numbers count up without a gap."""

    number: int
    runs: Sequence[RunNews] = ()
    dag_ids: Collection[str] = ()
    """DAGs that were changed themselves: paused, given a new version, or edited in their runs."""
    has_files: bool = False
    """Whether DAG files were loaded, or are gone."""

    @property
    def size(self) -> int:
        """The rows that it keeps in memory."""
        return 1 + sum(len(news.changes) for news in self.runs)


class LiveFeed:
    """Takes news from any thread, and gives it to followers on their event loops."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self.epoch = f"{time.time_ns():x}"
        """Numbers of an earlier server mean nothing here."""
        self._lock = Lock()
        self._entries: deque[Entry] = deque()
        self._size = 0
        self._number = 0
        self._followers: set[Follower] = set()
        self._made: dict[Hashable, bytes] = {}
        self._is_closed = False

    def runs_written(self, news: Sequence[RunNews]) -> None:
        """These rows were committed."""
        if news:
            self._add(runs=news)

    def dags_edited(self, dag_ids: Collection[str]) -> None:
        """Something about these DAGs, or about runs of theirs, was changed by somebody else."""
        if dag_ids:
            self._add(dag_ids=frozenset(dag_ids))

    def files_read(self) -> None:
        """DAG files were loaded, or are gone: there may be other import errors."""
        self._add(has_files=True)

    def missed(self) -> None:
        """Something may have happened that nobody has told: all who follow read everything."""
        with self._lock:
            self._entries.clear()
            self._size = 0
            self._number += 1
            self._made = {}
            followers = tuple(self._followers)
        _wake(followers)

    def follow(self, after: str | None = None) -> Follower:
        """A follower on the running event loop; `after` is the id of the last thing it has seen."""
        follower = Follower(self, asyncio.get_running_loop())
        with self._lock:
            follower.seen = self._seen(after)
            follower.is_closed = self._is_closed
            self._followers.add(follower)
        return follower

    def leave(self, follower: Follower) -> None:
        """It follows no more."""
        with self._lock:
            self._followers.discard(follower)

    def after(self, number: int) -> Sequence[Entry] | None:
        """What came after that one; None where some of it is not kept any more."""
        with self._lock:
            if number == self._number:
                return ()
            if not self._entries or number < self._entries[0].number - 1:
                return None
            # They are the last ones, which are reached without walking through the others.
            new = list(islice(reversed(self._entries), self._number - number))
        new.reverse()
        return new

    def once(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """What `make` gives for that key: made for the first who asks, and kept for the others
        until something else happens."""
        made = self._made
        found = made.get(key)
        if found is None:
            found = made[key] = make()
        return found

    @property
    def latest(self) -> int:
        """The number of what happened last."""
        return self._number

    @property
    def position(self) -> str:
        """The id of what happened last."""
        return f"{self.epoch}-{self._number}"

    def close(self) -> None:
        """Let all followers go, and those that come later at once."""
        with self._lock:
            self._is_closed = True
            followers = tuple(self._followers)
            for follower in followers:
                follower.is_closed = True
        _wake(followers)

    def _seen(self, after: str | None) -> int:
        """The number behind an id; one that is not ours stands before everything."""
        if after is None:
            return self._number
        epoch, _, number = after.partition("-")
        known = epoch == self.epoch and number.isdecimal() and int(number) <= self._number
        return int(number) if known else -1

    def _add(
        self,
        runs: Sequence[RunNews] = (),
        dag_ids: Collection[str] = (),
        has_files: bool = False,
    ) -> None:
        with self._lock:
            self._number += 1
            self._made = {}
            entry = Entry(self._number, runs, dag_ids, has_files)
            self._entries.append(entry)
            self._size += entry.size
            while self._size > _MOST_CHANGES and len(self._entries) > 1:
                self._size -= self._entries.popleft().size
            followers = tuple(self._followers)
        _wake(followers)


class Follower:
    """One connection's place in the feed. Its methods are for its own event loop."""

    def __init__(self, feed: LiveFeed, loop: asyncio.AbstractEventLoop) -> None:
        """Made by `LiveFeed.follow`."""
        self.seen = 0
        self.is_closed = False
        self._feed = feed
        self._loop = loop
        self._news = asyncio.Event()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where it follows."""
        return self._loop

    def wake(self) -> None:
        """Something has happened."""
        self._news.set()

    async def wait(self, seconds: float) -> None:
        """Return when there is news, when it was closed, or after that time."""
        if self.seen == self._feed.latest and not self.is_closed:
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait()
            except TimeoutError:
                return

    def take(self) -> Sequence[Entry] | None:
        """What is new since the last time; None where it must read everything again."""
        self._news.clear()
        entries = self._feed.after(self.seen)
        self.seen = entries[-1].number if entries else self._feed.latest
        return entries

    @property
    def event_id(self) -> str:
        """The id of the last thing that it has taken."""
        return f"{self._feed.epoch}-{self.seen}"

    def close(self) -> None:
        """Follow no more."""
        self._feed.leave(self)


def _wake(followers: Iterable[Follower]) -> None:
    """From any thread: each event loop is called once, however many follow on it."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Follower]] = {}
    for follower in followers:
        by_loop.setdefault(follower.loop, []).append(follower)
    for loop, group in by_loop.items():
        try:
            loop.call_soon_threadsafe(_wake_all, group)
        except RuntimeError:
            # The event loop has ended, and so have its connections.
            for follower in group:
                follower.close()


def _wake_all(followers: Iterable[Follower]) -> None:
    for follower in followers:
        follower.wake()
