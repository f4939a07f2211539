"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.postgres.server import postgres_server

from slipstream.sdk._context_variables import task_variables_kept

__all__ = ["postgres_server"]


@pytest.fixture(autouse=True)
def variables_of_tasks_end_with_the_test() -> Iterator[None]:
    """A task that a test runs in its own process names itself in the environment, as tasks do;
    what later tests start would inherit that."""
    with task_variables_kept():
        yield
