"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.postgres.server import postgres_server

from slipstream.sdk._context_variables import task_variables_kept

__all__ = ["postgres_server"]


class FailuresAsTheyHappen:
    """Names each test that fails at once: a run that is cut off has then said which they were."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            reason = report.longreprtext.strip().rpartition("\n")[2]
            self._terminal.ensure_newline()
            self._terminal.write_line(f"{report.nodeid} ({report.when}): {reason}")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(FailuresAsTheyHappen(terminal))


@pytest.fixture(autouse=True)
def variables_of_tasks_end_with_the_test() -> Iterator[None]:
    """A task that a test runs in its own process names itself in the environment, as tasks do;
    what later tests start would inherit that."""
    with task_variables_kept():
        yield
