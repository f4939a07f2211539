"""Notifiers: called as callbacks, and awaited."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from slipstream.sdk import BaseNotifier
from slipstream.sdk._context import Context


class Note(BaseNotifier):
    template_fields = ("text",)
    said: list[str]

    def __init__(self, text: str, **more: Any) -> None:
        super().__init__(**more)
        self.text = text
        self.said = []

    def notify(self, context: Context) -> None:
        self.said.append(self.text)

    async def async_notify(self, context: Context) -> None:
        self.said.append(f"async {self.text}")


def test_one_notifier_serves_many_calls() -> None:
    note = Note("run {{ run_id }}")
    for run_id in ("a", "b"):
        note(Context({"run_id": run_id}))
    assert note.said == ["run a", "run b"]
    assert note.text == "run {{ run_id }}"


def test_a_notifier_can_be_awaited_with_the_context_that_it_was_made_with() -> None:
    note = Note("run {{ run_id }}", context=Context({"run_id": "a"}))

    async def tell() -> None:
        await note

    asyncio.run(tell())
    assert note.said == ["async run a"]


def test_its_fields_are_in_the_context() -> None:
    class Told(Note):
        def notify(self, context: Context) -> None:
            self.said.append(context["text"])

    told = Told("hello")
    told(Context({}))
    assert told.said == ["hello"]


def test_one_without_a_context_says_what_it_takes() -> None:
    with pytest.raises(TypeError, match="called with the context"):
        Note("x")()
    with pytest.raises(NotImplementedError, match="does not say how"):
        BaseNotifier()(Context({}))
