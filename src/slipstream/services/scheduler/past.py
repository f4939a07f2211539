"""What task instances ask of the run before theirs: `depends_on_past`, `wait_for_downstream`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from slipstream.core.past import judge_past, only_scheduled, tasks_asked_of
from slipstream.model.dag import DagSpec
from slipstream.model.events import PastSettled
from slipstream.model.run import DagRun, TaskKey
from slipstream.services.scheduler.needs import SchedulingStore


@dataclass(frozen=True, slots=True)
class Question:
    """One instance that wants to know whether the previous run lets it go on."""

    run: DagRun
    dag: DagSpec
    key: TaskKey
    task_ids: tuple[str, ...]
    """The tasks whose instances in the previous run count."""


class PastQuestions:
    """Asks the store once, and again whenever something ends that may change the answer."""

    def __init__(self, store: SchedulingStore) -> None:
        self._store = store
        self._due: dict[tuple[int, TaskKey], Question] = {}
        self._waiting: dict[str, dict[tuple[int, TaskKey], Question]] = {}

    @property
    def is_due(self) -> bool:
        """Whether there are questions to ask now."""
        return bool(self._due)

    def ask(self, run: DagRun, dag: DagSpec, key: TaskKey) -> None:
        """Take a question; `settle` gives its answer."""
        question = Question(run, dag, key, tasks_asked_of(dag.tasks[key.task_id]))
        self._waiting.get(run.dag_id, {}).pop((run.pk, key), None)
        self._due[run.pk, key] = question

    def forget(self, run: DagRun) -> None:
        """Drop what the run asked: it is over or will be read again."""
        self._due = {at: question for at, question in self._due.items() if at[0] != run.pk}
        waiting = self._waiting.get(run.dag_id, {})
        for at in [at for at in waiting if at[0] == run.pk]:
            del waiting[at]

    def listens(self, dag_id: str) -> bool:
        """Whether anything of the DAG waits for an end."""
        return bool(self._waiting.get(dag_id))

    def ended(self, dag_id: str, task_ids: Iterable[str]) -> None:
        """Instances of these tasks reached an end: ask again whatever waits for them."""
        waiting = self._waiting.get(dag_id)
        if not waiting:
            return
        names = frozenset(task_ids)
        for at in [at for at, question in waiting.items() if names.intersection(question.task_ids)]:
            self._due[at] = waiting.pop(at)

    def edited(self, dag_id: str | None) -> None:
        """Somebody changed runs of the DAG (None: of any DAG): ask everything again."""
        for name in [dag_id] if dag_id is not None else list(self._waiting):
            self._due.update(self._waiting.pop(name, {}))

    def settle(self, now: datetime) -> Iterator[tuple[int, PastSettled]]:
        """Ask the store what is due: `(run, answer)`. What is not satisfied waits on."""
        answers: dict[tuple[int, str], tuple[bool, str]] = {}
        while self._due:
            at, question = next(iter(self._due.items()))
            # All instances of a map ask the same.
            same = question.run.pk, question.key.task_id
            if same not in answers:
                answers[same] = self._judge(question)
            satisfied, reason = answers[same]
            del self._due[at]
            if not satisfied:
                self._waiting.setdefault(question.run.dag_id, {})[at] = question
            answer = PastSettled(question.key, now, satisfied, reason)
            yield question.run.pk, answer

    def _judge(self, question: Question) -> tuple[bool, str]:
        dag = question.dag
        past = self._store.past_run(
            question.run, question.task_ids, only_scheduled=only_scheduled(dag)
        )
        return judge_past(dag, dag.tasks[question.key.task_id], past)
