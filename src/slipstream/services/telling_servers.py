"""What one server has written, told to the other ones of the database, whose streams pass it on.

DAGs are named, not what has become of them: who follows asks the store. Nothing of it is kept, so
a server may miss some. Each message has a number, and the last one is said again when all is quiet:
who has missed one finds out, and has its followers read everything.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Collection, Sequence
from typing import Final, Protocol

import msgspec

from slipstream.model.news import RunNews
from slipstream.store.errors import StoreError
from slipstream.store.wakeups import LONGEST_TOLD_BYTES, Hear

_log = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 0.05
"""Between two messages, however much happens."""
_QUIET_SECONDS: Final = 1.0
"""After which the last number is said again, and between two tries to reach the store."""
_LONGEST_BYTES: Final = LONGEST_TOLD_BYTES - 200
_MOST_SERVERS: Final = 64
"""Of so many that tell it is known what they have told."""


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message."""

    server: str
    """Who tells; a server that is started anew is another one."""
    number: int
    """Of the message; where nothing is in it, of the last one."""
    dag_ids: Sequence[str] = ()
    has_files: bool = False
    """Whether DAG files were loaded, or are gone."""
    is_too_much: bool = False
    """Whether there was more than fits."""

    @property
    def is_news(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.dag_ids or self.has_files or self.is_too_much)


_decode = msgspec.json.Decoder(Told).decode


class Telling(Protocol):
    """What telling needs of the store; see `slipstream.store.interface.TellingStore`."""

    def tell_others(self, text: str) -> None:
        """Tell other processes."""

    def hear_others(self, hear: Hear) -> Callable[[], None]:
        """Be told by them."""


class Feed(Protocol):
    """What passes it on; see `slipstream.api.live.feed.LiveFeed`."""

    def dags_edited(self, dag_ids: Collection[str]) -> None:
        """Something about these DAGs has changed."""

    def files_read(self) -> None:
        """DAG files were loaded, or are gone."""

    def missed(self) -> None:
        """Something may have happened that nobody has told."""


class ServerTeller:
    """Implements `slipstream.model.news.Observer`; tells in a thread of its own."""

    def __init__(self, store: Telling) -> None:
        """Nothing is told before something has happened."""
        self.name = secrets.token_hex(6)
        self._store = store
        self._number = 0
        self._dag_ids: set[str] = set()
        self._has_files = False
        self._changed = threading.Condition()
        self._is_stopped = False
        self._thread: threading.Thread | None = None

    def runs_written(self, news: Sequence[RunNews]) -> None:
        """These were committed."""
        if news:
            self._add({one.run.dag_id for one in news})

    def dags_edited(self, dag_ids: Collection[str]) -> None:
        """Somebody else has changed these DAGs, or runs of theirs."""
        if dag_ids:
            self._add(dag_ids)

    def files_read(self) -> None:
        """DAG files were loaded, or are gone."""
        self._add((), has_files=True)

    def stop(self) -> None:
        """Tell what there still is, and no more."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _add(self, dag_ids: Collection[str], *, has_files: bool = False) -> None:
        with self._changed:
            self._dag_ids.update(dag_ids)
            self._has_files |= has_files
            if self._thread is None and not self._is_stopped:
                self._thread = threading.Thread(target=self._run, name="telling", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        is_said_again = True
        while True:
            with self._changed:
                quiet = None if is_said_again else _QUIET_SECONDS
                is_news = self._changed.wait_for(self._is_awaited, quiet)
                if self._is_stopped and not (self._dag_ids or self._has_files):
                    return
                told = self._taken() if is_news else Told(server=self.name, number=self._number)
            try:
                self._store.tell_others(msgspec.json.encode(told).decode())
            except StoreError as error:
                # The number is used up: who hears the next one knows that this one was missed.
                _log.debug("Other servers could not be told: %s", error)
                is_said_again = False
                pause = _QUIET_SECONDS
            else:
                is_said_again = not told.is_news
                pause = _PAUSE_SECONDS
            with self._changed:
                self._changed.wait_for(lambda: self._is_stopped, pause)

    def _is_awaited(self) -> bool:
        return bool(self._dag_ids or self._has_files or self._is_stopped)

    def _taken(self) -> Told:
        """What there is to tell; the lock is held."""
        self._number += 1
        dag_ids, self._dag_ids = sorted(self._dag_ids), set()
        has_files, self._has_files = self._has_files, False
        told = Told(server=self.name, number=self._number, dag_ids=dag_ids, has_files=has_files)
        if len(msgspec.json.encode(told)) <= _LONGEST_BYTES:
            return told
        return Told(server=self.name, number=self._number, is_too_much=True)


class ServerListener:
    """Passes on what other servers tell."""

    def __init__(self, store: Telling, feed: Feed, own_name: str | None = None) -> None:
        """`own_name` is that of this process's own teller, whose words the feed has already."""
        self._store = store
        self._feed = feed
        self._own_name = own_name
        self._numbers: dict[str, int] = {}
        """Of the last message of each server, those that were heard last at the end."""
        self._stop: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Hear from now on."""
        self._stop = self._store.hear_others(self.hear)

    def stop(self) -> None:
        """Hear no more."""
        self._stop()

    def hear(self, text: str | None) -> None:
        """What somebody tells; None where something may have been missed."""
        if text is None:
            self._feed.missed()
            return
        try:
            told = _decode(text)
        except msgspec.MsgspecError:
            # Of another release: whatever it is, the store has it.
            self._feed.missed()
            return
        if told.server == self._own_name:
            return
        before = self._numbers.pop(told.server, 0)
        self._numbers[told.server] = told.number
        while len(self._numbers) > _MOST_SERVERS:
            del self._numbers[next(iter(self._numbers))]
        if told.is_too_much or told.number - told.is_news != before:
            self._feed.missed()
            return
        if told.dag_ids:
            self._feed.dags_edited(told.dag_ids)
        if told.has_files:
            self._feed.files_read()
