from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from slipstream.services.parse_requests import ParseRequests
from slipstream.store.errors import StoreUnavailableError
from slipstream.store.wakeups import Topic


class Requests:
    """A store's requests, and who is woken by them."""

    def __init__(self) -> None:
        self.wanted: list[str] = []
        self.wake: Callable[[], None] | None = None
        self.looks = 0
        self.is_away = False

    def take_parse_requests(self, is_mine: Callable[[str], bool] | None = None) -> Sequence[str]:
        self.looks += 1
        if self.is_away:
            raise StoreUnavailableError("The store is away.")
        taken = [path for path in self.wanted if is_mine is None or is_mine(path)]
        self.wanted = [path for path in self.wanted if path not in taken]
        return taken

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        self.wake = wake

        def undo() -> None:
            self.wake = None

        return undo


class Processor:
    """A processor whose thread is the test's own."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []
        self.parsed: list[Path] = []

    def call(self, command: Callable[[], None]) -> None:
        self.due.append(command)

    def parse_again(self, paths: Iterable[Path]) -> None:
        self.parsed += paths

    def run(self) -> None:
        due, self.due = self.due, []
        for command in due:
            command()


def test_what_was_asked_for_before_the_start_is_loaded_too() -> None:
    store, processor = Requests(), Processor()
    store.wanted = ["/dags/a.py"]
    ParseRequests(store, processor).start()
    processor.run()
    assert processor.parsed == [Path("/dags/a.py")]


def test_however_often_it_is_woken_it_looks_once() -> None:
    store, processor = Requests(), Processor()
    requests = ParseRequests(store, processor)
    requests.start()
    processor.run()
    assert store.wake is not None
    for name in ("/dags/a.py", "/dags/b.py"):
        store.wanted.append(name)
        store.wake()
    processor.run()
    assert (store.looks, processor.parsed) == (2, [Path("/dags/a.py"), Path("/dags/b.py")])
    requests.stop()
    assert store.wake is None


def test_a_store_that_is_away_is_asked_again_at_the_next_wake() -> None:
    store, processor = Requests(), Processor()
    ParseRequests(store, processor).start()
    store.is_away = True
    processor.run()
    store.is_away = False
    store.wanted = ["/dags/a.py"]
    assert store.wake is not None
    store.wake()
    processor.run()
    assert processor.parsed == [Path("/dags/a.py")]
