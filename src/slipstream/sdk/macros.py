"""Functions and modules for templates: `{{ macros.ds_add(ds, 7) }}`."""

from __future__ import annotations

import importlib
from datetime import datetime, timedelta
from random import random  # noqa: F401  for templates

from slipstream.sdk._types import UserValue

_MODULES = frozenset({"dateutil", "json", "time", "uuid", "yaml"})


def __getattr__(name: str) -> UserValue:
    """The modules that templates may use, imported when one does, and the macros of plugins."""
    if name not in _MODULES:
        return _of_plugin(name)
    if name == "dateutil":
        importlib.import_module("dateutil.parser")
        importlib.import_module("dateutil.relativedelta")
    module = importlib.import_module(name)
    globals()[name] = module
    return module


def _of_plugin(name: str) -> UserValue:
    from slipstream.sdk._plugins.parts import macros

    found = None if name.startswith("__") else macros().get(name)
    if found is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found


def ds_add(ds: str, days: int) -> str:
    """The date `days` after `ds` (before it, where negative); both as `YYYY-MM-DD`."""
    if not days:
        return str(ds)
    return (datetime.strptime(str(ds), "%Y-%m-%d") + timedelta(days=days)).strftime("%Y-%m-%d")  # noqa: DTZ007  a calendar date has no zone


def ds_format(ds: str, input_format: str, output_format: str) -> str:
    """A date text in another `strftime` format."""
    return datetime.strptime(str(ds), input_format).strftime(output_format)  # noqa: DTZ007  as written


def ds_format_locale(
    ds: str, input_format: str, output_format: str, locale: str | None = None
) -> str:
    """A date text in a CLDR pattern of a language, the system's by default.

    Needs the package `babel`; raises ImportError without it.
    """
    dates = importlib.import_module("babel.dates")
    moment = datetime.strptime(str(ds), input_format)  # noqa: DTZ007  as written
    return str(dates.format_datetime(moment, output_format, locale=locale or dates.LC_TIME))


def datetime_diff_for_humans(dt: UserValue, since: datetime | None = None) -> str:
    """How long ago `dt` was, or was from `since`, in words: `2 hours ago`, `1 day after`."""
    import pendulum

    moment = pendulum.instance(dt)
    text: str = moment.diff_for_humans(None if since is None else pendulum.instance(since))
    return text
