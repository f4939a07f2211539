"""Waiting on a trigger where there is no triggerer: in the process of the run."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from slipstream.model.deferral import Deferral, TriggerEnd
from slipstream.runtime.trigger_code import broken, end_of, make_trigger, next_event
from slipstream.sdk._backend import Backend, current_backend


def wait_for_trigger(deferral: Deferral, backend: Backend) -> TriggerEnd | None:
    """What the trigger came to; None where it did not fire in time.

    What the trigger asks is answered by the backend.
    """
    answering = current_backend.set(backend)
    try:
        return asyncio.run(_wait(deferral))
    except Exception as error:  # noqa: BLE001  # The trigger is the user's code; the task fails by it.
        return broken(error)
    finally:
        current_backend.reset(answering)


async def _wait(deferral: Deferral) -> TriggerEnd | None:
    trigger = make_trigger(deferral.classpath, deferral.kwargs)
    limit = deferral.timeout_at
    seconds = None if limit is None else max(0.0, (limit - datetime.now(UTC)).total_seconds())
    waiting = asyncio.ensure_future(next_event(trigger, trigger.run()))
    try:
        done, _ = await asyncio.wait([waiting], timeout=seconds)
        return end_of(waiting.result()) if done else None
    finally:
        waiting.cancel()
        await trigger.cleanup()
