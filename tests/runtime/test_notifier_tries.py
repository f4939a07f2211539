"""A notifier that fails is called again; any other callback is not."""

from __future__ import annotations

import pytest

from slipstream.runtime import task_callbacks
from slipstream.sdk import BaseNotifier, _tries
from slipstream.sdk._context import Context


class Webhook(BaseNotifier):
    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures
        self.calls: list[str] = []

    def notify(self, context: Context) -> None:
        self.calls.append("told")
        if len(self.calls) <= self.failures:
            raise ConnectionError("nobody there")


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(_tries.time, "sleep", slept.append)
    return slept


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_it_is_called_until_it_has_told(failures: int, pauses: list[float]) -> None:
    webhook = Webhook(failures)
    assert task_callbacks.call("on_failure_callback", [webhook], Context({})) is None
    assert len(webhook.calls) == failures + 1
    assert pauses == [1.0, 4.0][:failures]


def test_after_three_tries_it_has_failed() -> None:
    webhook = Webhook(9)
    error = task_callbacks.call("on_failure_callback", webhook, Context({}))
    assert error == "ConnectionError: nobody there"
    assert len(webhook.calls) == 3


def test_a_function_is_called_once(pauses: list[float]) -> None:
    calls = []

    def tell(_context: Context) -> None:
        calls.append("told")
        raise ConnectionError("nobody there")

    assert task_callbacks.call("on_failure_callback", tell, Context({})) is not None
    assert calls == ["told"]
    assert not pauses
