"""Puts questions to the timetables of DAGs' authors, in processes of their files' versions."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeAlias

from slipstream.model.errors import NotFoundError
from slipstream.runtime.jobs import Source
from slipstream.wire.questions import Answered, Question

AskHost: TypeAlias = Callable[[Question, Source], "Future[Answered]"]
"""Has a process of that source asked: `ProcessHost.ask`."""


class QuestionService:
    """Asks the code of DAG versions."""

    def __init__(self, ask: AskHost, find_source: Callable[[str], Source]) -> None:
        """`find_source` gives the code of a version, by its id."""
        self._ask = ask
        self._find_source = find_source

    def ask(self, question: Question, version_id: str, then: Callable[[Answered], None]) -> None:
        """Put the question; `then` is called with the answer, in any thread."""

        def settled(result: Future[Answered]) -> None:
            if not result.cancelled():
                then(result.result())

        try:
            source = self._find_source(version_id)
        except NotFoundError as error:
            then(Answered(error=str(error)))
            return
        self._ask(question, source).add_done_callback(settled)

    def ask_and_wait(self, question: Question, version_id: str) -> Answered:
        """Put the question and wait for the answer; not on the process host's own thread."""
        try:
            return self._ask(question, self._find_source(version_id)).result()
        except NotFoundError as error:
            return Answered(error=str(error))
