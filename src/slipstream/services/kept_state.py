"""Answers what tasks ask about what they remember: of themselves, and of assets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, assert_never

from slipstream.model.attempt import Attempt
from slipstream.store.interface import KeptStateStore
from slipstream.store.records import StateWriter
from slipstream.wire import execution as wire

StateRequest: TypeAlias = wire.GetState | wire.SetState | wire.DeleteState


def answer_state(
    store: KeptStateStore,
    attempt: Attempt,
    ask: StateRequest,
    require: Callable[[Attempt], None],
) -> wire.Answer:
    """The answer. Raises `ConflictError` where an attempt that no longer counts changes something.

    `require` raises it for attempts that have been left behind.
    """
    of_task = ask.asset_name is None and ask.asset_uri is None
    if not isinstance(ask, wire.GetState) and (attempt.is_over or not of_task):
        require(attempt)
    return (_of_task if of_task else _of_asset)(store, attempt, ask)


def _of_task(store: KeptStateStore, attempt: Attempt, ask: StateRequest) -> wire.Answer:
    run_pk, key = attempt.run.pk, attempt.key
    # Callbacks speak in the name of an attempt that has ended.
    attempt_id = None if attempt.is_over else attempt.attempt_id
    match ask:
        case wire.GetState():
            found = store.get_task_state(run_pk, key, ask.key)
            return wire.Text(value=None if found is None else found.value)
        case wire.SetState():
            store.set_task_state(
                run_pk, key, ask.key, ask.value, ask.expires_at, attempt_id=attempt_id
            )
            return wire.Done()
        case wire.DeleteState():
            if ask.key is None:
                return wire.Done(
                    found=store.clear_task_state(run_pk, key, attempt_id=attempt_id) > 0
                )
            return wire.Done(
                found=store.delete_task_state(run_pk, key, ask.key, attempt_id=attempt_id)
            )
        case _:
            assert_never(ask)


def _of_asset(store: KeptStateStore, attempt: Attempt, ask: StateRequest) -> wire.Answer:
    name, uri = ask.asset_name, ask.asset_uri
    match ask:
        case wire.GetState():
            found = store.get_asset_state(name, uri, ask.key)
            return wire.Text(value=None if found is None else found.value)
        case wire.SetState():
            writer = StateWriter(
                kind="task",
                dag_id=attempt.run.dag_id,
                run_id=attempt.run.run_id,
                task_id=attempt.task_id,
                map_index=attempt.map_index,
            )
            store.set_asset_state(name, uri, ask.key, ask.value, writer)
            return wire.Done()
        case wire.DeleteState():
            if ask.key is None:
                return wire.Done(found=store.clear_asset_state(name, uri) > 0)
            return wire.Done(found=store.delete_asset_state(name, uri, ask.key))
        case _:
            assert_never(ask)
