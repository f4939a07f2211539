"""The base of sensors: operators that wait until something is so."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from zlib import crc32

from slipstream.sdk._operator import BaseOperator
from slipstream.sdk._skip import SkipMixin
from slipstream.sdk._times import as_duration
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferralError,
    TaskDeferralTimeout,
)

if TYPE_CHECKING:
    from slipstream.model.attempt import Watched
    from slipstream.sdk._context import Context

S = TypeVar("S", bound=type)

DEFAULT_TIMEOUT = timedelta(days=7)
_MOST_DOUBLINGS = 40


class PokeReturnValue:
    """What `poke` may return: whether the wait is over, and a value to push."""

    def __init__(self, is_done: bool, xcom_value: UserValue = None) -> None:
        self.is_done = is_done
        self.xcom_value = xcom_value

    def __bool__(self) -> bool:
        return self.is_done


class BaseSensorOperator(BaseOperator, SkipMixin):
    """Calls `poke` every `poke_interval` until it is true, or `timeout` has gone by.

    In mode `poke` it keeps its place all the while; in mode `reschedule` it gives it back between
    two calls. `exponential_backoff` lengthens the interval, up to `max_wait`. What happens when it
    fails: with `soft_fail` it is skipped; with `silent_fail` errors in `poke` count as not yet;
    with `never_fail` it is skipped whatever error `poke` raises.
    """

    ui_color = "#e6f1f2"
    valid_modes = ("poke", "reschedule")

    def __init__(
        self,
        *,
        poke_interval: timedelta | float = 60,
        timeout: timedelta | float | None = None,
        soft_fail: bool = False,
        mode: str = "poke",
        exponential_backoff: bool = False,
        max_wait: timedelta | float | None = None,
        silent_fail: bool = False,
        never_fail: bool = False,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(**kwargs)
        self.poke_interval = _seconds(poke_interval, "poke_interval", self.task_id)
        self.soft_fail = soft_fail
        self.timeout = _seconds(
            _default_timeout() if timeout is None else timeout, "timeout", self.task_id
        )
        if mode not in self.valid_modes:
            raise ValueError(
                f"Sensor {self.task_id!r} has mode={mode!r}; expected one of "
                f"{', '.join(map(repr, self.valid_modes))}."
            )
        self.mode = mode
        self.exponential_backoff = exponential_backoff
        self.max_wait = (
            None
            if max_wait is None
            else timedelta(seconds=_seconds(max_wait, "max_wait", self.task_id))
        )
        if soft_fail and never_fail:
            raise ValueError(
                f"Sensor {self.task_id!r} has soft_fail and never_fail; give one of the two."
            )
        self.silent_fail = silent_fail
        self.never_fail = never_fail

    @property
    def reschedule(self) -> bool:
        """Whether it gives its place back between two calls."""
        return self.mode == "reschedule"

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Whether the wait is over."""
        raise NotImplementedError(f"{type(self).__name__} does not say what to wait for.")

    def execute(self, context: Context) -> UserValue:
        """Wait."""
        began, calls = None, 1
        if self.reschedule:
            ti = context["ti"]
            began, calls = ti.get_first_reschedule_date(context), ti.task_reschedule_count + 1
        began = began or datetime.now(UTC)
        monotonic_start = time.monotonic() - (datetime.now(UTC) - began).total_seconds()
        while True:
            looked = datetime.now(UTC)
            found = self._poke_safely(context)
            if found:
                self.log.info("Success criteria met. Exiting.")
                return found.xcom_value if isinstance(found, PokeReturnValue) else None
            elapsed = time.monotonic() - monotonic_start
            if elapsed > self.timeout:
                self._give_up(elapsed)
            pause = self._get_next_poke_interval(calls, elapsed)
            if self.reschedule:
                until = datetime.now(UTC) + timedelta(seconds=pause)
                raise AirflowRescheduleException(until, self._watched(looked))
            self._pause(pause)
            calls += 1

    def _pause(self, seconds: float) -> None:
        """Until the next call in mode `poke`; less where something tells that it is time."""
        time.sleep(seconds)

    def _watched(self, since: datetime) -> Watched | None:
        """What ends the wait before the next call is due in mode `reschedule`; None for nothing."""
        return None

    def _poke_safely(self, context: Context) -> bool | PokeReturnValue:
        """One call; errors become what `soft_fail`, `silent_fail` and `never_fail` ask for."""
        try:
            return self.poke(context)
        except (AirflowSensorTimeout, AirflowTaskTimeout, AirflowFailException) as error:
            if self.soft_fail:
                raise self._skip("soft_fail", error) from error
            if self.never_fail:
                raise self._skip("never_fail", error) from error
            raise
        except AirflowSkipException:
            raise
        except Exception as error:
            if self.silent_fail:
                self.log.error("Poking failed; it counts as not yet.", exc_info=True)
                return False
            if self.never_fail:
                raise self._skip("never_fail", error) from error
            raise

    def _skip(self, setting: str, cause: BaseException) -> AirflowSkipException:
        """That the setting makes a skip of the cause, whose traceback is logged."""
        self.log.error("Poking failed; the task is skipped.", exc_info=cause)
        said = f"{type(cause).__name__}: {cause}".rstrip(": ")
        return AirflowSkipException(f"Skipping due to {setting} is set to True; poke raised {said}")

    def _give_up(self, elapsed: float) -> None:
        message = (
            f"Sensor {self.task_id!r} has waited {elapsed:.1f} s, longer than its timeout of "
            f"{self.timeout:g} s."
        )
        if self.soft_fail:
            raise AirflowSkipException(message)
        raise AirflowSensorTimeout(message)

    def resume_execution(
        self, next_method: str, next_kwargs: Mapping[str, UserValue] | None, context: Context
    ) -> UserValue:
        """Go on after a deferral; a failed trigger is a failed wait."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout as error:
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(str(error)) from error
            raise AirflowSensorTimeout(str(error)) from error
        except (AirflowException, TaskDeferralError) as error:
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(str(error)) from error
            raise

    def _get_next_poke_interval(self, calls: int, elapsed: float = 0.0) -> float:
        """Seconds until the next call, after that many calls and seconds.

        With `exponential_backoff` it begins with half the interval at least and doubles with every
        call; a spread keeps tasks apart that began together. The last call is at the timeout.
        """
        if not self.exponential_backoff:
            return float(self.poke_interval)
        least = max(int(self.poke_interval * 2.0 ** (min(calls, _MOST_DOUBLINGS) - 2)), 1)
        who = f"{self.dag_id}#{self.task_id}#{calls}".encode()
        pause = least * (1 + crc32(who) % 1000 / 1000)
        if self.max_wait is not None:
            pause = min(pause, self.max_wait.total_seconds())
        return max(0.0, min(pause, self.timeout - elapsed))


def poke_mode_only(sensor_class: S) -> S:
    """A sensor class whose mode cannot be anything but `poke`."""

    def read(self: UserValue) -> str:
        return "poke"

    def write(self: UserValue, value: str) -> None:
        if value != "poke":
            raise ValueError(f"{sensor_class.__name__} can only be used in mode 'poke'.")

    sensor_class.mode = property(read, write)  # type: ignore[attr-defined]  # added to the class
    return sensor_class


def _default_timeout() -> float:
    from slipstream.sdk._conf import conf

    return conf.getfloat("sensors", "default_timeout", fallback=DEFAULT_TIMEOUT.total_seconds())


def _seconds(value: object, what: str, task_id: str) -> float:
    """The duration in seconds. Raises `ValueError` for what is none, or below zero."""
    try:
        seconds = as_duration(value, f"{what} of sensor {task_id!r}").total_seconds()
    except TypeError as error:
        raise ValueError(str(error)) from None
    if seconds < 0:
        raise ValueError(f"Sensor {task_id!r} has {what}={value!r}; expected nothing below zero.")
    return seconds
