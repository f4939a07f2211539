"""A server: the parts that were asked for, started in the order that is quickest, and ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Self, TypeAlias

from slipstream.api.live.feed import LiveFeed
from slipstream.cli.deployment import Deployment
from slipstream.cli.server import wiring
from slipstream.cli.server.bundles import dags_folders, require_teams, team_names, team_of
from slipstream.cli.server.first_users import create_missing_users
from slipstream.cli.server.pulse import Pulse
from slipstream.cli.server.shares import EVERYTHING, Shares
from slipstream.cli.server.signals import end_at_once
from slipstream.config import ConfigError
from slipstream.model.team import no_team
from slipstream.runtime.host import ProcessHost
from slipstream.services.changes import ChangeBoard

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from slipstream.api.call import RemoteLogReader
    from slipstream.api.connection_tests import ConnectionTester
    from slipstream.api.plugin_apps.announcing import Announcer
    from slipstream.api.plugin_apps.host import PluginHost
    from slipstream.api.server import ApiServer
    from slipstream.cli.server.file_news import FileNews
    from slipstream.executors.interface import Executor
    from slipstream.executors.provided.held import HeldAttempts
    from slipstream.model.attempt import Asker, Attempt
    from slipstream.model.news import Observer
    from slipstream.model.version import ParsedFile
    from slipstream.runtime.jobs import Source
    from slipstream.services.dag_rounds import Rounds
    from slipstream.services.execution import ExecutionService
    from slipstream.services.metrics import MetricsService
    from slipstream.services.scheduler.passes import PassLimit
    from slipstream.services.telling_servers import ServerTeller
    from slipstream.services.timetables import QuestionService
    from slipstream.store.interface import Store
    from slipstream.wire.execution import Answer, Request
    from slipstream.wire.questions import Answered, Question

NewUsers: TypeAlias = tuple[tuple[str, str], ...]
"""`(name, password)` of each."""


class Part(StrEnum):
    """What a server can consist of; the values are the names that the health endpoint uses."""

    API = "api"
    SCHEDULER = "scheduler"
    DAG_PROCESSOR = "dag_processor"
    TRIGGERER = "triggerer"
    """The scheduler's own process host runs triggers, too, where there is none."""


def _keep_on(_code: int, _said: str) -> None:
    """Without limits, nothing is ever done."""


STANDALONE = frozenset({Part.API, Part.SCHEDULER, Part.DAG_PROCESSOR})
"""What one process needs to do everything."""


class Server:
    """Runs its parts in this process for as long as the `with` block lasts.

    Processes that run people's code are the process host's; it is there when a part needs them.
    """

    def __init__(
        self,
        deployment: Deployment,
        parts: Collection[Part],
        *,
        sets_up: bool = False,
        shares: Shares = EVERYTHING,
        done: Callable[[int, str], None] = _keep_on,
        tell_user: Callable[[str, str], None] | None = None,
    ) -> None:
        """Nothing is started yet. `sets_up`: migrate the database and make the first users.
        `done` is called in any thread, with an exit code and what is to be said, when what `shares`
        limits has been done.
        `tell_user` is called with the name and the password of each user that was made, before
        anybody can sign in."""
        self._tell_user = tell_user
        self.shares = shares
        self._done = done
        self._deployment = deployment
        self.parts = frozenset(parts)
        self._sets_up = sets_up
        self._opened = ExitStack()
        self._scheduling = ExitStack()
        """What runs only while this server's scheduler is in charge."""
        self._store: Store | None = None
        self._store_is_open = Event()
        self._has_failed = False
        self._execution: ExecutionService | None = None
        self._changes = ChangeBoard()
        self._live = LiveFeed()
        self._signs_of_life: dict[str, Callable[[], datetime | None]] = {}
        self._api: ApiServer | None = None
        self._plugins: PluginHost | None = None
        self._announce: Announcer | None = None
        """Tells listeners of plugins; None without plugins."""
        self._file_news: FileNews | None = None
        self._rounds: Rounds | None = None
        """Counts how often DAG files are loaded; None where nobody wants to know."""
        self._held: HeldAttempts | None = None
        """Attempts that workers elsewhere run; None where the executor is the server's own."""
        self._metrics: MetricsService | None = None
        self._metrics_text: Callable[[], str] | None = None
        self._teller: ServerTeller | None = None
        """Tells other servers what this one has written; None where it writes nothing."""
        self._questions: QuestionService | None = None
        """Asks the code of DAGs; None where nobody asks."""
        self._read_remote_log: RemoteLogReader | None = None

    @property
    def url(self) -> str | None:
        """Where the API answers; None without that part."""
        return None if self._api is None else self._api.url

    @property
    def store(self) -> Store:
        """The store that all parts work on."""
        assert self._store is not None, "the server has not been started"
        return self._store

    def beat(self, answer: Callable[[], None]) -> None:
        """Have it called where requests are answered, soon: as long as that is so, they are."""
        if self._api is not None:
            self._api.call(answer)

    def __enter__(self) -> Self:
        """Start everything; returns when it is ready. Raises what kept a part from starting."""
        try:
            self._start()
        except BaseException:
            self._has_failed = True
            self._store_is_open.set()
            self._opened.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        """End everything: no more requests, running tasks get the grace, then the rest."""
        self._opened.close()

    def _start(self) -> None:
        """What can go wrong at once comes first; then what takes long elsewhere; then the rest.

        The root zygote imports in a process of its own and the API in a thread of its own, both
        while the store is opened here.
        """
        if team_names(self._deployment):
            require_teams(self._deployment, self._open_store())
        api = self._bind_api() if Part.API in self.parts else None
        self._held = self._hold_attempts()
        self._plugins = self._start_plugins()
        host = self._start_host() if self._needs_host else None
        if api is not None:
            api.start()
        self._store = self._open_store()
        if host is not None:
            self._questions = _question_service(host, self._store)
            self._execution = self._execution_service(self._store, self._questions)
        elif api is not None:
            self._questions = self._late_questions(self._store)
        self._start_metrics(self._store)
        self._start_telling(self._store)
        users = self._begin_with_users(self._store)
        if host is not None and Part.SCHEDULER in self.parts:
            self._start_scheduler(host, self._store)
        if host is not None and Part.DAG_PROCESSOR in self.parts:
            self._start_dag_processor(host, self._store)
        if host is not None and Part.TRIGGERER in self.parts:
            self._start_triggerer(host, self._store)
        for name, password in users():
            if self._tell_user is not None:
                self._tell_user(name, password)
        self._store_is_open.set()
        if api is not None:
            api.wait_ready()
        self._start_janitor(self._store)

    @property
    def _needs_host(self) -> bool:
        """Whether a part runs people's code; the API reads remote logs by it."""
        if self.parts & {Part.SCHEDULER, Part.DAG_PROCESSOR, Part.TRIGGERER}:
            return True
        return wiring.keeps_logs_elsewhere(self._deployment.config)

    def _late_questions(self, store: Store) -> QuestionService:
        """Asks the code of DAGs in processes that are there from the first question on: most APIs
        are never asked for what only a timetable of users knows."""
        from slipstream.services.timetables import QuestionService

        starting = Lock()
        hosts: list[ProcessHost] = []

        def ask(question: Question, source: Source) -> Future[Answered]:
            with starting:
                if not hosts:
                    self._execution = self._execution_service(store, late)
                    hosts.append(self._start_host())
            return hosts[0].ask(question, source)

        late = QuestionService(ask, partial(source_of_version, store))
        return late

    def _open_store(self) -> Store:
        if self._sets_up:
            self._deployment.unchecked_store.migrate()
        return self._deployment.store

    def _begin_with_users(self, store: Store) -> Callable[[], NewUsers]:
        """Makes them in a thread, and gives what waits for it.

        Checking and making a password's hash is slow by design.
        """
        if not self._sets_up or Part.API not in self.parts:
            return tuple
        thread = ThreadPoolExecutor(1, thread_name_prefix="first-users")
        users = thread.submit(lambda: tuple(create_missing_users(self._deployment.config, store)))
        thread.shutdown(wait=False)
        return users.result

    def _bind_api(self) -> ApiServer:
        self._api = wiring.api_server(
            self._deployment.config,
            self._make_app,
            fd=self.shares.api.fd,
            proxies=self.shares.api.proxies,
        )
        self._api.bind()
        self._opened.callback(self._api.stop)
        self._opened.callback(self._live.close)
        return self._api

    def _make_app(self) -> ASGIApp:
        """The API, once there is a store; runs in the HTTP server's own thread."""
        from slipstream.api.front import create_front

        self._store_is_open.wait()
        if self._store is None or self._has_failed:
            raise InterruptedError("The server did not come up.")
        front = create_front(
            self._store,
            settings=wiring.api_settings(self._deployment),
            signs_of_life=self._signs_of_life,
            plugins=self._plugins,
            announce=self._announce,
            metrics=self._metrics_text,
            ask_timetable=None if self._questions is None else self._questions.ask_and_wait,
            live=self._live,
            read_remote_log=self._read_remote_log,
            connection_tester=self._connection_tester(),
            guesses=self.shares.api.guesses,
        )
        if self._held is None:
            return front
        from slipstream.api.execution import ExecutionGate

        return ExecutionGate(front, self._held, wiring.api_settings(self._deployment).base_path)

    def _connection_tester(self) -> ConnectionTester | None:
        """What tests connections, where the settings allow it."""
        if self._deployment.config.text("core", "test_connection") != "Enabled":
            return None
        from slipstream.api.connection_tests import ConnectionTester

        tester = ConnectionTester(self._deployment.run_folder)
        self._opened.callback(tester.stop)
        return tester

    def _start_plugins(self) -> PluginHost | None:
        """Load plugins in a process of their own, if there are any."""
        from slipstream.sdk._plugins.places import may_be_plugins

        if not may_be_plugins():
            return None
        from slipstream.api.plugin_apps.announcing import Announcer
        from slipstream.api.plugin_apps.host import PluginHost

        host = PluginHost(
            self._deployment.run_folder,
            load_seconds=self._deployment.config.number("core", "dagbag_import_timeout"),
        )
        components = [str(part) for part in Part if part in self.parts]
        if Part.SCHEDULER in self.parts:
            components.append(Part.TRIGGERER)
        host.start(components)
        self._opened.callback(host.stop, components)
        self._announce = Announcer(host)
        self._opened.callback(self._announce.stop)
        return host

    def _start_host(self) -> ProcessHost:
        settings = wiring.host_settings(self._deployment)
        host = ProcessHost(settings, self._answer)
        host.start()
        if settings.keeps_logs_elsewhere:
            self._read_remote_log = host.read_log
        self._opened.callback(host.stop, 0)
        self._opened.callback(self._changes.close)
        return host

    def _answer(self, asker: Asker, request: Request) -> Answer | Future[Answer]:
        assert self._execution is not None, "something asks before the store was opened"
        return self._execution.answer_in_time(asker, request)

    def _execution_service(self, store: Store, questions: QuestionService) -> ExecutionService:
        from slipstream.services.execution import ExecutionService

        return ExecutionService(
            store,
            changes=self._changes,
            ask_timetable=questions.ask_and_wait,
            team_of=team_of(self._deployment) or no_team,
        )

    def _start_scheduler(self, host: ProcessHost, store: Store) -> None:
        """Start it where no other one is in charge of the database, or when that one is gone."""
        from slipstream.services.in_charge import InCharge, this_process

        lease = store.lease(Part.SCHEDULER, this_process())
        if lease is None:
            self._opened.callback(self._scheduling.close)
            self._begin_scheduling(host, store)
            return
        charge = InCharge(
            lease,
            begin=lambda epoch: self._begin_scheduling(host, store.under(Part.SCHEDULER, epoch)),
            lost=end_at_once,
            lease_seconds=self._deployment.config.number("slipstream", "lease_seconds"),
        )
        # Backwards: it begins no more; then what was begun ends; then others may go on.
        self._opened.callback(charge.give_back)
        self._opened.callback(self._scheduling.close)
        self._opened.callback(charge.stop_waiting)
        charge.start()

    def _begin_scheduling(self, host: ProcessHost, store: Store) -> None:
        from slipstream.executors.local import LocalExecutor
        from slipstream.services.callbacks import CallbackService
        from slipstream.services.scheduler import Scheduler
        from slipstream.services.triggerer.local import LocalTriggerer
        from slipstream.services.triggerer.shared import SharedTriggerer
        from slipstream.services.triggerer.watching import LocalWatchers

        config = self._deployment.config
        find_source = partial(_source_of, store)
        executor: Executor = (
            LocalExecutor(host, wiring.parallelism(config), find_source)
            if self._held is None
            else self._provided_executor(self._held, find_source)
        )
        callbacks = CallbackService(store, host.call_back, find_source)
        watchers = LocalWatchers(host, store)
        triggerer = SharedTriggerer(
            LocalTriggerer(host, find_source, watchers), store, team_of=team_of(self._deployment)
        )
        scheduler = Scheduler(
            store,
            executor,
            triggerer=triggerer,
            watchers=watchers,
            timetables=_question_service(host, store).ask,
            callbacks_owed=callbacks.wake,
            observers=[*self._observers(), triggerer.changes],
            on_pass=None if self._metrics is None else self._metrics.passed,
            limit=self._pass_limit(),
            team_of=team_of(self._deployment),
        )
        scheduler.start()
        self._scheduling.callback(scheduler.stop, config.number("slipstream", "stop_grace_seconds"))
        self._scheduling.callback(watchers.stop)
        self._scheduling.callback(triggerer.stop)
        callbacks.start()
        self._scheduling.callback(callbacks.stop)
        self._signs_of_life[Part.SCHEDULER] = Pulse(scheduler.call)
        self._signs_of_life[Part.TRIGGERER] = Pulse(host.call)

    def _pass_limit(self) -> PassLimit | None:
        share = self.shares.passes
        if share is None:
            return None
        from slipstream.services.scheduler.passes import PassLimit

        return PassLimit(
            passes=share.passes,
            only_idle=share.only_idle,
            idle_seconds=share.idle_seconds,
            reached=lambda: self._done(0, "The scheduler has made its passes."),
        )

    def _hold_attempts(self) -> HeldAttempts | None:
        """What workers elsewhere speak to, where the settings name an executor that has some.

        Raises `ConfigError` where they would find no API beside the scheduler.
        """
        name = wiring.provided_executor(self._deployment.config)
        if name is None or Part.SCHEDULER not in self.parts:
            return None
        if Part.API not in self.parts:
            raise ConfigError(
                f"[core] executor = {name} needs the API in the scheduler's process, for its "
                "workers report there: run `slipstream standalone`."
            )
        from slipstream.executors.provided.held import HeldAttempts

        folders = dags_folders(self._deployment)
        return HeldAttempts(
            self._answer,
            lambda path: next((one for one in folders if path.is_relative_to(one)), path.parent),
            silence_seconds=self._silence_seconds,
        )

    def _provided_executor(
        self, held: HeldAttempts, find_source: Callable[[Attempt], Source]
    ) -> Executor:
        from slipstream.executors.provided.executor import ProvidedExecutor

        config = self._deployment.config
        return ProvidedExecutor(
            wiring.provided_executor(config) or "",
            wiring.parallelism(config),
            held,
            find_source,
            run_dir=self._deployment.run_folder,
            silence_seconds=self._silence_seconds,
            queued_seconds=config.number("scheduler", "task_queued_timeout"),
        )

    @property
    def _silence_seconds(self) -> float:
        """A worker elsewhere that is not heard for so long is lost."""
        return self._deployment.config.number("scheduler", "task_instance_heartbeat_timeout")

    def _observers(self) -> Sequence[Observer]:
        """Who is told of what the scheduler has written."""
        others = [one for one in (self._teller, self._metrics) if one is not None]
        return [self._changes, self._live, *others]

    def _recorded(self, files: Sequence[ParsedFile]) -> None:
        """The store has these files, or has lost some."""
        if self._metrics is not None and files:
            self._metrics.parsed(files)
        self._live.files_read()
        if self._teller is not None:
            self._teller.files_read()
        if self._file_news is not None:
            self._file_news.recorded(files)
        if self._rounds is not None:
            self._rounds.recorded(files)

    def _start_telling(self, store: Store) -> None:
        """Let streams of all servers of the database know what any of them has written."""
        from slipstream.services.telling_servers import ServerListener, ServerTeller

        if self.parts & {Part.SCHEDULER, Part.DAG_PROCESSOR}:
            self._teller = ServerTeller(store)
            self._opened.callback(self._teller.stop)
        if Part.API in self.parts:
            own = None if self._teller is None else self._teller.name
            listener = ServerListener(store, self._live, own)
            listener.start()
            self._opened.callback(listener.stop)

    def _start_metrics(self, store: Store) -> None:
        if not wiring.sends_metrics(self._deployment.config):
            return
        from slipstream.cli.server.metering import exposition, forget_exposition, metrics_service

        self._metrics_text = exposition(self._deployment.config)
        self._opened.callback(forget_exposition)
        self._metrics = metrics_service(self._deployment, store, self._signs_of_life)
        self._metrics.start()
        self._opened.callback(self._metrics.stop)

    def _start_dag_processor(self, host: ProcessHost, store: Store) -> None:
        from slipstream.services.dag_files import is_of
        from slipstream.services.dag_processor import DagProcessor
        from slipstream.services.parse_requests import ParseRequests

        folders, others = wiring.chosen_folders(self._deployment, self.shares.files.bundles)
        for folder in folders:
            folder.path.mkdir(parents=True, exist_ok=True)
        if self._announce is not None:
            from slipstream.cli.server.file_news import FileNews

            self._file_news = FileNews(store, self._announce)
        rounds = self.shares.files.rounds
        if rounds is not None:
            from slipstream.services.dag_rounds import Rounds

            self._rounds = Rounds(rounds, self._loaded)
        processor = DagProcessor(store, host, folders, on_recorded=self._recorded, others=others)
        processor.start()
        self._opened.callback(processor.stop)
        if self._rounds is not None:
            self._rounds.begin(processor)
        is_mine = (lambda path: is_of(folders, others, Path(path))) if others else None
        requests = ParseRequests(store, processor, is_mine)
        requests.start()
        self._opened.callback(requests.stop)
        self._signs_of_life[Part.DAG_PROCESSOR] = Pulse(processor.call)

    def _loaded(self, went_well: bool) -> None:
        if went_well:
            self._done(0, "The DAG files have been loaded.")
        else:
            self._done(1, "The DAG files could not be looked for; the log says why.")

    def _start_triggerer(self, host: ProcessHost, store: Store) -> None:
        from slipstream.services.triggerer.service import TriggererService

        share = self.shares.triggers
        service = TriggererService(
            host,
            store,
            lost=end_at_once,
            changes=self._changes,
            capacity=share.capacity,
            queues=share.queues,
            team_name=share.team_name,
        )
        service.start()
        self._opened.callback(service.stop)
        self._signs_of_life[Part.TRIGGERER] = Pulse(host.call)

    def _start_janitor(self, store: Store) -> None:
        from slipstream.services.janitor import Janitor

        janitor = Janitor(store, self._signs_of_life)
        janitor.start()
        self._opened.callback(janitor.stop)


def _question_service(host: ProcessHost, store: Store) -> QuestionService:
    from slipstream.services.timetables import QuestionService

    return QuestionService(host.ask, partial(source_of_version, store))


def _source_of(store: Store, attempt: Attempt) -> Source:
    """The code of the version that the attempt's run began with."""
    return source_of_version(store, attempt.run.version_id)


def source_of_version(store: Store, version_id: str) -> Source:
    """The code of a DAG version."""
    from slipstream.runtime.jobs import Source

    version = store.get_version(version_id)

    def read() -> Mapping[str, str]:
        return store.get_sources(version.source_hash)

    return Source(fileloc=version.fileloc, source_hash=version.source_hash, read=read)
