"""Asking the timetables of DAGs' authors, without a server."""

from __future__ import annotations

from functools import partial

from slipstream.cli.dags.parsing import loading_host
from slipstream.cli.deployment import Deployment
from slipstream.store.triggering import AskTimetable
from slipstream.wire.questions import Answered, TimetableQuestion


def asker(deployment: Deployment) -> AskTimetable:
    """Asks in child processes that are gone afterwards; nothing is started before that."""

    def ask(question: TimetableQuestion, version_id: str) -> Answered:
        from slipstream.cli.server.server import source_of_version
        from slipstream.services.timetables import QuestionService

        with loading_host(deployment) as host:
            service = QuestionService(host.ask, partial(source_of_version, deployment.store))
            return service.ask_and_wait(question, version_id)

    return ask
