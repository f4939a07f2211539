"""The trigger that waits for people. Our own operators need none: their tasks await input."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypedDict
from uuid import UUID

from slipstream.model.errors import ConflictError
from slipstream.model.input import TIMED_OUT, InputResponse
from slipstream.sdk._params import Param, ParamsDict
from slipstream.sdk._people import HITLUser
from slipstream.sdk._running import require_backend
from slipstream.sdk._triggers import BaseTrigger, TriggerEvent
from slipstream.sdk._types import NOTSET, UserValue
from slipstream.sdk.exceptions import ParamValidationError

if TYPE_CHECKING:
    from slipstream.sdk._backend import Backend


class HITLTriggerEventSuccessPayload(TypedDict, total=False):
    """An answer."""

    chosen_options: list[str]
    params_input: dict[str, UserValue]
    responded_by_user: HITLUser | None
    responded_at: datetime
    timedout: bool


class HITLTriggerEventFailurePayload(TypedDict):
    """Why there is no answer that counts."""

    error: str
    error_type: Literal["timeout", "unknown", "validation"]


class HITLTrigger(BaseTrigger):
    """Fires when people have answered what the attempt `ti_id` has asked them, for operators that
    `defer` after `upsert_hitl_detail`.

    It is told of an answer at once; `poke_interval` is how often it looks where it cannot be told.
    Where nobody has answered at `timeout_datetime`, `defaults` count, and without them it fires
    with an error.
    """

    def __init__(
        self,
        *,
        ti_id: UUID | str,
        options: list[str],
        params: Mapping[str, UserValue],
        defaults: list[str] | None = None,
        multiple: bool = False,
        timeout_datetime: datetime | None,
        poke_interval: float = 5.0,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(**kwargs)
        self.ti_id = ti_id
        self.options = options
        self.params = ParamsDict({name: _param(value) for name, value in params.items()})
        self.defaults = defaults
        self.multiple = multiple
        self.timeout_datetime = timeout_datetime
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, UserValue]]:
        """See `BaseTrigger`."""
        return (
            f"{HITLTrigger.__module__}.{HITLTrigger.__qualname__}",
            {
                "ti_id": self.ti_id,
                "options": self.options,
                "params": {name: self.params.get_param(name).serialize() for name in self.params},
                "defaults": self.defaults,
                "multiple": self.multiple,
                "timeout_datetime": self.timeout_datetime,
                "poke_interval": self.poke_interval,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look whenever something has happened in the DAG, and when the time is up."""
        backend = require_backend()
        dag_id = getattr(self.task_instance, "dag_id", "")
        seen = await backend.change_after(dag_id=dag_id, seen=None, seconds=0)
        while True:
            response = await asyncio.to_thread(self._look, backend)
            if response is not None:
                yield TriggerEvent(self._answered(response))
                return
            left = self._seconds_left()
            if left <= 0:
                yield TriggerEvent(await asyncio.to_thread(self._timed_out, backend))
                return
            pause = min(self.poke_interval, left)
            seen = await backend.change_after(dag_id=dag_id, seen=seen, seconds=pause)

    def _look(self, backend: Backend) -> InputResponse | None:
        return backend.get_input(str(self.ti_id))[1]

    def _seconds_left(self) -> float:
        until = self.timeout_datetime
        return float("inf") if until is None else (until - datetime.now(UTC)).total_seconds()

    def _answered(
        self, response: InputResponse
    ) -> HITLTriggerEventSuccessPayload | HITLTriggerEventFailurePayload:
        try:
            for name, value in response.params_input.items():
                self.params[name] = value
        except ParamValidationError as error:
            return HITLTriggerEventFailurePayload(error=str(error), error_type="validation")
        return _payload(response)

    def _timed_out(
        self, backend: Backend
    ) -> HITLTriggerEventSuccessPayload | HITLTriggerEventFailurePayload:
        if self.defaults is None:
            return HITLTriggerEventFailurePayload(error=TIMED_OUT, error_type="timeout")
        try:
            response = backend.take_default_input(
                chosen_options=self.defaults, params_input=self.params.dump()
            )
        except ConflictError:
            # Somebody was quicker.
            given = self._look(backend)
            if given is None:
                raise
            return self._answered(given)
        self.log.info("Nobody has answered in time: %s", ", ".join(self.defaults))
        return _payload(response)


def _payload(response: InputResponse) -> HITLTriggerEventSuccessPayload:
    by = response.responded_by
    return HITLTriggerEventSuccessPayload(
        chosen_options=list(response.chosen_options),
        params_input=dict(response.params_input),
        responded_at=response.responded_at,
        responded_by_user=None if by is None else HITLUser(id=by.id, name=by.name),
        timedout=by is None,
    )


def _param(value: UserValue) -> Param:
    if isinstance(value, Mapping) and {"description", "schema"} <= value.keys():
        return Param(
            value.get("value", NOTSET),
            value["description"],
            value.get("source"),
            schema=value["schema"] or {},
        )
    return Param(value)
