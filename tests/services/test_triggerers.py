"""Triggers given to triggerers of their own, which are killed at every step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest
from tests.store.conftest import BOTH, _migrate, empty_database

from slipstream.executors.interface import Report, Sink
from slipstream.model.attempt import Attempt
from slipstream.model.deferral import Deferral, EndsTask, Fired, TriggerEnd
from slipstream.model.events import TriggerEnded
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.model.team import TeamOf
from slipstream.services.triggerer.interface import Waiter
from slipstream.services.triggerer.lives import LifeWatch
from slipstream.services.triggerer.service import TriggererService
from slipstream.services.triggerer.shared import SharedTriggerer
from slipstream.store import open_store
from slipstream.store.errors import StoreError
from slipstream.store.interface import Store
from slipstream.store.leases import Holder
from slipstream.store.trigger_interface import TriggererRecord

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE_SECONDS = 30.0


@pytest.fixture(params=BOTH)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/slipstream.db"
        _migrate(url)
    else:
        url = request.getfixturevalue("postgres_url")
        empty_database(url)
    opened = open_store(url, xcom_url=str(tmp_path / "xcom"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Any) -> str:
    url: str = postgres_server.new_database()
    _migrate(url)
    return url


def waiter(name: str, queue: str | None = None, fileloc: str = "/dags/d.py") -> Waiter:
    run = DagRun(
        pk=7,
        dag_id="d",
        run_id="r",
        run_type=RunType.MANUAL,
        state=RunState.RUNNING,
        version_id="v",
        run_after=NOW,
        conf={"of": ["the", "run"]},
    )
    attempt = Attempt(attempt_id=name, run=run, task_id="t", fileloc=fileloc)
    deferral = Deferral(
        attempt_id=name,
        classpath="a.Trigger",
        kwargs='{"secret":1}',
        created_at=NOW,
        next_method="go_on",
        queue=queue,
    )
    return Waiter(attempt, deferral)


class Runner:
    """Stands for the processes of triggers of one triggerer, or of the scheduler's server."""

    def __init__(self) -> None:
        self.listener: Callable[[Sequence[tuple[Attempt, TriggerEnded]]], None] = lambda _: None
        self.running: dict[str, Attempt] = {}
        self.ran: list[str] = []
        self.dropped: list[str] = []
        self.called_back: list[str] = []
        self.fires_at_once = True

    def set_trigger_listener(
        self, listener: Callable[[Sequence[tuple[Attempt, TriggerEnded]]], None]
    ) -> None:
        self.listener = listener

    def run_triggers(self, waiters: Sequence[tuple[Attempt, Deferral]]) -> None:
        for attempt, deferral in waiters:
            assert deferral == waiter(attempt.attempt_id, deferral.queue).deferral
            self.running[attempt.attempt_id] = attempt
            self.ran.append(attempt.attempt_id)
            if self.fires_at_once:
                self.fire(attempt.attempt_id)

    def fire(self, name: str, end: TriggerEnd | None = None) -> None:
        attempt = self.running[name]
        event = TriggerEnded(attempt.key, name, NOW, end or Fired(payload=f'"{name}"'))
        self.listener([(attempt, event)])

    def drop_trigger(self, attempt_id: str) -> None:
        self.dropped.append(attempt_id)
        self.running.pop(attempt_id, None)

    # The scheduler's side: `LocalSide`.

    def start(self, sink: Sink) -> None:
        self.listener = lambda events: sink([Report(a.run.pk, event) for a, event in events])

    def run(self, waiters: Sequence[Waiter]) -> None:
        self.run_triggers([(one.attempt, one.deferral) for one in waiters])

    def drop(self, attempt_id: str, counted: TriggerEnd | None = None) -> None:
        del counted
        self.drop_trigger(attempt_id)

    def call_back(self, attempt: Attempt, end: EndsTask) -> None:
        self.called_back.append(f"{attempt.attempt_id} {end.state}")


class Deaths:
    """Tells of the deaths that the test makes up."""

    def __init__(self) -> None:
        self._told: dict[str, Callable[[], None]] = {}

    def __call__(
        self, _store: object, name: str, _holder: Holder, on_gone: Callable[[], None]
    ) -> Deaths:
        self._told[name] = on_gone
        return self

    def stop(self) -> None: ...

    def of(self, name: str) -> None:
        self._told[name]()


class Scheduler:
    """What a scheduler does with the ends of triggers: it counts each once, and lets go."""

    def __init__(
        self, store: Store, deaths: Deaths | None = None, team_of: TeamOf | None = None
    ) -> None:
        self.local = Runner()
        self.changed = threading.Condition()
        self.counted: list[tuple[str, TriggerEnd]] = []
        watch: Any = deaths or LifeWatch
        self.shared = SharedTriggerer(self.local, store, watch=watch, team_of=team_of)
        self.store = store

    def take(self, reports: Sequence[Report]) -> None:
        for report in reports:
            event = report.event
            assert isinstance(event, TriggerEnded)
            assert report.run_pk == 7
            with self.changed:
                self.counted.append((event.attempt_id, event.end))
                self.changed.notify_all()
            self.shared.drop(event.attempt_id, event.end)

    def wait(self, number: int) -> list[str]:
        """The attempts that were counted, once there are so many and nothing is left."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.counted) >= number, PATIENCE_SECONDS)
        until(lambda: not self.store.trigger_orders())
        return sorted(name for name, _ in self.counted)


def until(look: Callable[[], bool]) -> None:
    """Return when it is so; what is looked for is written by threads of the services."""
    pause = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / 0.01)):
        if look():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come to be")


class Dying:
    """A store whose process is killed before or after one of its writes."""

    def __init__(self, store: Store, step: int, *, after: bool) -> None:
        self._store, self._left, self._after = store, step, after
        self.is_dead = threading.Event()
        self._is_over = threading.Event()

    def stop(self) -> None:
        """The test is over: what is dead may end."""
        self._is_over.set()

    def _die(self) -> NoReturn:
        self.is_dead.set()
        self._is_over.wait(PATIENCE_SECONDS)
        raise StoreError("its process is dead")

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._store, name)
        if name not in ("take_triggers", "end_trigger"):
            return verb

        def call(*args: Any) -> Any:
            if self.is_dead.is_set():
                self._die()
            self._left -= 1
            if self._left >= 0:
                return verb(*args)
            if self._after:
                verb(*args)
            return self._die()

        return call


@pytest.fixture
def services() -> Iterator[list[Any]]:
    """What is to be stopped, the last one first."""
    begun: list[Any] = []
    yield begun
    for service in sorted(begun, key=lambda one: not isinstance(one, Dying)):
        service.stop()


def serve(store: Any, services: list[Any], name: str, **options: Any) -> Runner:
    runner = Runner()
    service = TriggererService(runner, store, lost=pytest.fail, name=name, **options)
    service.start()
    services.append(service)
    return runner


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(5))
@pytest.mark.parametrize("has_second", [True, False])
def test_a_triggerer_killed_at_any_step_loses_no_event_and_tells_none_twice(
    store: Store, services: list[Any], step: int, after: bool, has_second: bool
) -> None:
    deaths = Deaths()
    scheduler = Scheduler(store, deaths)
    dying = Dying(store, step, after=after)
    serve(dying, services, "first")
    services.append(dying)
    scheduler.shared.start(scheduler.take)
    services.append(scheduler.shared)
    scheduler.shared.run([waiter("a"), waiter("b")])
    until(lambda: dying.is_dead.is_set() or len(scheduler.counted) == 2)
    if has_second:
        serve(store, services, "second")
    # Whatever is asked for while nobody knows that the first one is dead comes about, too.
    scheduler.shared.run([waiter("c")])
    deaths.of("first")
    assert scheduler.wait(3) == ["a", "b", "c"]
    assert dict(scheduler.counted)["a"] == Fired(payload='"a"')


@pytest.mark.parametrize("ended", [False, True])
def test_another_scheduler_goes_on_with_what_triggerers_have(
    store: Store, services: list[Any], ended: bool
) -> None:
    runner = serve(store, services, "first")
    runner.fires_at_once = False
    before = Scheduler(store, Deaths())
    before.shared.start(lambda _: None)
    before.shared.run([waiter("a"), waiter("gone")])
    until(lambda: len(runner.running) == 2)
    before.shared.stop()
    if ended:
        runner.fire("a")
        until(lambda: bool(store.trigger_results()))
    # No instance waits in this store, so that the new scheduler lets go of all but results ...
    after = Scheduler(store, Deaths())
    store.release_stale_triggers = lambda: None  # type: ignore[method-assign]  # ... were it not for this
    after.shared.start(after.take)
    services.append(after.shared)
    after.shared.run([waiter("a")])
    if not ended:
        runner.fire("a")
    after.shared.drop("gone")
    assert after.wait(1) == ["a"]
    until(lambda: sorted(runner.dropped) == ["a", "gone"])
    # It ran once: a triggerer outlives schedulers.
    assert runner.ran == ["a", "gone"]


def test_an_end_that_is_found_while_its_task_is_taken_in_is_told_once(
    store: Store, services: list[Any]
) -> None:
    runner = serve(store, services, "first")
    runner.fires_at_once = False
    before = Scheduler(store, Deaths())
    before.shared.start(lambda _: None)
    before.shared.run([waiter("a")])
    until(lambda: len(runner.running) == 1)
    before.shared.stop()
    runner.fire("a")
    until(lambda: bool(store.trigger_results()))
    store.release_stale_triggers = lambda: None  # type: ignore[method-assign]  # as if one waited
    after = Scheduler(store, Deaths())
    after.shared.start(after.take)
    services.append(after.shared)
    looks, go_on = threading.Event(), threading.Event()
    list_triggerers = store.list_triggerers

    def list_when_told() -> Sequence[TriggererRecord]:
        looks.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return list_triggerers()

    store.list_triggerers = list_when_told  # type: ignore[method-assign]  # to stop it there
    store.release_triggers([])
    assert looks.wait(PATIENCE_SECONDS)
    after.shared.run([waiter("a")])
    go_on.set()
    assert after.wait(1) == ["a"]


def test_what_nothing_waits_on_any_more_is_let_go_of_by_the_next_scheduler(
    store: Store, services: list[Any]
) -> None:
    runner = serve(store, services, "first")
    runner.fires_at_once = False
    number = store.list_triggerers()[0].pk
    store.give_triggers(number, {})
    scheduler = Scheduler(store, Deaths())
    scheduler.shared.start(scheduler.take)
    scheduler.shared.run([waiter("a")])
    until(lambda: "a" in runner.running)
    scheduler.shared.stop()
    again = Scheduler(store, Deaths())
    again.shared.start(again.take)
    services.append(again.shared)
    until(lambda: runner.dropped == ["a"])
    assert not store.trigger_orders()


def test_an_end_that_comes_from_who_has_lost_the_order_counts_nothing(
    store: Store, services: list[Any]
) -> None:
    deaths = Deaths()
    scheduler = Scheduler(store, deaths)
    first = serve(store, services, "first")
    first.fires_at_once = False
    scheduler.shared.start(scheduler.take)
    services.append(scheduler.shared)
    scheduler.shared.run([waiter("a")])
    until(lambda: "a" in first.running)
    second = serve(store, services, "second")
    second.fires_at_once = False
    until(lambda: len(store.list_triggerers()) == 2)
    scheduler.shared._jobs.put(scheduler.shared._look)
    deaths.of("first")
    until(lambda: "a" in second.running)
    first.fire("a", EndsTask(state=TaskState.FAILED))
    until(lambda: first.dropped == ["a"])
    assert scheduler.counted == []
    second.fire("a", EndsTask(state=TaskState.SUCCESS))
    assert scheduler.wait(1) == ["a"]
    until(lambda: scheduler.local.called_back == ["a success"])


def test_triggers_go_where_there_is_room_and_their_queue_is_served(
    store: Store, services: list[Any]
) -> None:
    small = serve(store, services, "small", capacity=1)
    far = serve(store, services, "far", queues=["far"])
    small.fires_at_once = far.fires_at_once = False
    scheduler = Scheduler(store, Deaths())
    scheduler.local.fires_at_once = False
    scheduler.shared.start(scheduler.take)
    services.append(scheduler.shared)
    scheduler.shared.run([waiter("a"), waiter("b"), waiter("c", queue="far")])
    until(lambda: len(small.running) + len(far.running) + len(scheduler.local.running) == 3)
    assert set(far.running) == {"c"}
    assert len(small.running) == len(scheduler.local.running) == 1
    # Without a triggerer the scheduler's own processes run them.
    scheduler.local.fire(*scheduler.local.running)
    small.fire(*small.running)
    far.fire("c")
    assert scheduler.wait(3) == ["a", "b", "c"]


def test_a_teams_triggers_go_to_a_triggerer_of_the_team_and_others_elsewhere(
    store: Store, services: list[Any]
) -> None:
    of_alpha = serve(store, services, "alpha", team_name="alpha")
    of_none = serve(store, services, "none")
    of_alpha.fires_at_once = of_none.fires_at_once = False
    teams = {"/a/d.py": "alpha", "/b/d.py": "beta"}
    scheduler = Scheduler(store, Deaths(), team_of=teams.get)
    scheduler.local.fires_at_once = False
    scheduler.shared.start(scheduler.take)
    services.append(scheduler.shared)
    files = {"a": "/a/d.py", "b": "/b/d.py", "c": "/shared/d.py"}
    scheduler.shared.run([waiter(name, fileloc=file) for name, file in files.items()])
    until(lambda: len(of_alpha.running) + len(of_none.running) + len(scheduler.local.running) == 3)
    assert (set(of_alpha.running), set(of_none.running)) == ({"a"}, {"c"})
    assert set(scheduler.local.running) == {"b"}
