from datetime import UTC, datetime, timedelta
from queue import SimpleQueue

from slipstream.model.errors import SlipstreamError
from slipstream.services.janitor import Chore, Janitor
from slipstream.store.component_records import JobState

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Heartbeats:
    def __init__(self) -> None:
        self.heard: SimpleQueue[str] = SimpleQueue()
        self.ended: list[JobState] = []

    def end_jobs(self, hostname: str, pid: int, state: JobState) -> None:
        assert hostname
        assert pid > 0
        self.ended.append(state)

    def heartbeat(self, job: str, hostname: str, pid: int) -> None:
        assert hostname
        assert pid > 0
        self.heard.put(job)


def test_only_components_that_showed_life_lately_are_told_of() -> None:
    store = Heartbeats()
    signs = {
        "scheduler": lambda: NOW,
        "stuck": lambda: NOW - timedelta(minutes=5),
        "ended": lambda: None,
    }
    Janitor(store, signs, clock=lambda: NOW).beat()
    assert store.heard.get_nowait() == "scheduler"
    assert store.heard.empty()


def test_the_first_heartbeat_comes_with_the_start_and_others_follow() -> None:
    store = Heartbeats()
    janitor = Janitor(store, {"scheduler": lambda: NOW}, heartbeat_seconds=0.01, clock=lambda: NOW)
    janitor.start()
    assert [store.heard.get(timeout=10) for _ in range(3)] == ["scheduler"] * 3
    # What an earlier process of the same number has left open died.
    assert store.ended == [JobState.FAILED]
    janitor.stop()
    assert store.ended == [JobState.FAILED, JobState.SUCCESS]


def test_a_chore_that_fails_is_tried_again_and_holds_up_no_other() -> None:
    done: SimpleQueue[str] = SimpleQueue()

    def fail() -> None:
        done.put("failed")
        raise SlipstreamError("The store is away.")

    chores = [
        Chore(name="bad", every_seconds=0.01, do=fail),
        Chore(name="good", every_seconds=0.01, do=lambda: done.put("done")),
    ]
    janitor = Janitor(Heartbeats(), {}, chores)
    janitor.start()
    seen = [done.get(timeout=10) for _ in range(6)]
    janitor.stop()
    assert seen.count("failed") >= 2
    assert seen.count("done") >= 2
