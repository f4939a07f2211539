"""Query parameters that several listings share, and what they mean to the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypedDict

from pydantic import Field

from slipstream.api.errors import UnprocessableError
from slipstream.api.payloads.bodies import Moment, Query
from slipstream.api.settings import ApiSettings
from slipstream.model.errors import InvalidInputError
from slipstream.model.states import RunState, TaskState
from slipstream.store.patterns import alternatives, escaped
from slipstream.store.records import Range, Span, Window


class Page(Query):
    """Which part of a listing."""

    limit: int | None = Field(default=None, ge=0)
    offset: int = Field(default=0, ge=0)


class Paging(Page):
    """Which part of a listing, in which order."""

    order_by: list[str] = Field(default_factory=list)

    def window(self, settings: ApiSettings, columns: Mapping[str, str]) -> Window:
        """The page asked for. `columns` is `{API name: the store's name}` of what may order."""
        return window_of(self.limit, self.offset, self.order_by, settings, columns)


def window_of(
    limit: int | None,
    offset: int,
    order_by: list[str],
    settings: ApiSettings,
    columns: Mapping[str, str],
) -> Window:
    """A page within the settings' limits. Raises `InvalidInputError` for an unknown order."""
    size = settings.fallback_page_limit if limit is None else limit
    names = [name for entry in order_by for name in entry.split(",") if name]
    return Window(
        limit=min(size, settings.maximum_page_limit),
        offset=offset,
        order_by=tuple(_stored_name(name, columns) for name in names),
    )


def _stored_name(name: str, columns: Mapping[str, str]) -> str:
    sign, bare = ("-", name[1:]) if name.startswith("-") else ("", name)
    if bare not in columns:
        raise InvalidInputError(
            f"Ordering with {bare!r} is disallowed or the attribute does not exist: "
            f"order by one of {', '.join(sorted(columns))}."
        )
    return sign + columns[bare]


def like(pattern: str | None, prefix: str | None = None) -> str | None:
    r"""The store's pattern for a `…_pattern` (found anywhere) or a `…_prefix_pattern`.

    `%` and `_` are wildcards in the first and themselves in the second; in both, `|` stands between
    texts of which one is enough, and `~` is everything. In the first, a `\` before one of them
    makes it stand for itself.
    """
    if pattern == "~" or prefix == "~":
        pattern, prefix = None if pattern == "~" else pattern, None if prefix == "~" else prefix
    if pattern is not None and prefix is not None:
        raise InvalidInputError("Give either the pattern or the prefix pattern of a name.")
    if prefix is not None:
        return "|".join(f"{escaped(text)}%" for text in _stripped(prefix.split("|")))
    if pattern is None:
        return None
    return "|".join(f"%{text}%" for text in _stripped(alternatives(pattern)))


def _stripped(texts: Iterable[str]) -> list[str]:
    """Those that have something in them; one that has nothing where none has."""
    return [text for text in map(str.strip, texts) if text] or [""]


class RunAfterBounds(Query):
    """Bounds on when runs may start."""

    run_after_gte: Moment | None = None
    run_after_gt: Moment | None = None
    run_after_lte: Moment | None = None
    run_after_lt: Moment | None = None

    def run_after(self) -> Range:
        """The bounds as the store takes them."""
        return Range(
            gte=self.run_after_gte,
            gt=self.run_after_gt,
            lte=self.run_after_lte,
            lt=self.run_after_lt,
        )


class LogicalDateBounds(Query):
    """Bounds on logical dates."""

    logical_date_gte: Moment | None = None
    logical_date_gt: Moment | None = None
    logical_date_lte: Moment | None = None
    logical_date_lt: Moment | None = None

    def logical_date(self) -> Range:
        """The bounds as the store takes them."""
        return Range(
            gte=self.logical_date_gte,
            gt=self.logical_date_gt,
            lte=self.logical_date_lte,
            lt=self.logical_date_lt,
        )


class StartDateBounds(Query):
    """Bounds on starts."""

    start_date_gte: Moment | None = None
    start_date_gt: Moment | None = None
    start_date_lte: Moment | None = None
    start_date_lt: Moment | None = None

    def start_date(self) -> Range:
        """The bounds as the store takes them."""
        return Range(
            gte=self.start_date_gte,
            gt=self.start_date_gt,
            lte=self.start_date_lte,
            lt=self.start_date_lt,
        )


class EndDateBounds(Query):
    """Bounds on ends."""

    end_date_gte: Moment | None = None
    end_date_gt: Moment | None = None
    end_date_lte: Moment | None = None
    end_date_lt: Moment | None = None

    def end_date(self) -> Range:
        """The bounds as the store takes them."""
        return Range(
            gte=self.end_date_gte,
            gt=self.end_date_gt,
            lte=self.end_date_lte,
            lt=self.end_date_lt,
        )


class UpdatedAtBounds(Query):
    """Bounds on when something changed last."""

    updated_at_gte: Moment | None = None
    updated_at_gt: Moment | None = None
    updated_at_lte: Moment | None = None
    updated_at_lt: Moment | None = None

    def updated_at(self) -> Range:
        """The bounds as the store takes them."""
        return Range(
            gte=self.updated_at_gte,
            gt=self.updated_at_gt,
            lte=self.updated_at_lte,
            lt=self.updated_at_lt,
        )


class DurationBounds(Query):
    """Bounds on durations, in seconds."""

    duration_gte: float | None = None
    duration_gt: float | None = None
    duration_lte: float | None = None
    duration_lt: float | None = None

    def duration(self) -> Span:
        """The bounds as the store takes them."""
        return Span(
            gte=self.duration_gte,
            gt=self.duration_gt,
            lte=self.duration_lte,
            lt=self.duration_lt,
        )


class Times(TypedDict):
    """The times by which the store's filters of runs and of task instances choose."""

    duration: Span
    logical_date: Range
    run_after: Range
    start_date: Range
    end_date: Range


class TimeBounds(RunAfterBounds, LogicalDateBounds, StartDateBounds, EndDateBounds, DurationBounds):
    """Bounds on all times of runs and task instances."""

    def times(self) -> Times:
        """The bounds as the store takes them."""
        return Times(
            duration=self.duration(),
            logical_date=self.logical_date(),
            run_after=self.run_after(),
            start_date=self.start_date(),
            end_date=self.end_date(),
        )


RUN_ORDER: Final = {
    "id": "id",
    "state": "state",
    "dag_id": "dag_id",
    "run_id": "run_id",
    "dag_run_id": "run_id",
    "logical_date": "logical_date",
    "run_after": "run_after",
    "start_date": "start_date",
    "end_date": "end_date",
    "data_interval_start": "data_interval_start",
    "data_interval_end": "data_interval_end",
    "duration": "duration",
}
"""What runs and task instances alike can be ordered by."""


def run_states(names: list[str] | None) -> list[RunState] | None:
    """The run states of these names. Raises `UnprocessableError`."""
    if not names:
        return None
    try:
        return [RunState(name) for name in names]
    except ValueError as error:
        raise _unknown_state(error, [state.value for state in RunState]) from None


def task_states(names: list[str] | None) -> list[TaskState] | None:
    """The task states of these names. Raises `UnprocessableError`."""
    if not names:
        return None
    try:
        return [TaskState("none" if name == "no_status" else name.lower()) for name in names]
    except ValueError as error:
        raise _unknown_state(error, [state.value for state in TaskState]) from None


def _unknown_state(error: ValueError, known: list[str]) -> UnprocessableError:
    return UnprocessableError(
        f"Invalid value for state: {error}. Valid values are {', '.join(known)}."
    )


def is_any(name: str) -> bool:
    """Whether the name in a path stands for all."""
    return name == "~"


def one_or_all(name: str) -> list[str] | None:
    """What a name in a path restricts a listing to; None for `~`."""
    return None if is_any(name) else [name]
