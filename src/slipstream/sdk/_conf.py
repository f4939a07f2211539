"""The deployment's settings, as DAG files read them: `conf.get("core", "dags_folder")`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from slipstream.model.json import JsonValue
from slipstream.sdk._sensitive import is_sensitive_name
from slipstream.sdk._types import NOTSET, UserValue
from slipstream.sdk.exceptions import AirflowConfigException

if TYPE_CHECKING:
    from slipstream.config import Config


class Conf:
    """Settings by section and key, with Airflow's names. Files are read on first use; a variable of
    the environment counts from when it is set, as in Airflow.

    Every getter takes a `fallback`, which is given where there is no value; without one a missing
    value raises `AirflowConfigException`, as does a value of the wrong kind.
    """

    @property
    def _config(self) -> Config:
        return _load(_variables())

    def get(
        self,
        section: str,
        key: str,
        fallback: UserValue = NOTSET,
        team_name: str | None = None,
        **_: UserValue,
    ) -> UserValue:
        """The value as text. A team has its own values, and where it has none, the defaults."""
        from slipstream.config import UnknownSettingError

        if (here := _set_here.get((section.lower(), key.lower()))) is not None:
            return here
        try:
            value = self._config.get(section, key, team_name)
        except UnknownSettingError as error:
            value = self._of_provider(section.lower(), key.lower())
            if value is None and fallback is NOTSET:
                raise AirflowConfigException(
                    f"There is no setting [{section}] {key}, and no installed provider has one."
                ) from error
        if value is None and fallback is not NOTSET:
            return fallback
        return value

    def backend_arguments(self, section: str, key: str) -> Mapping[str, JsonValue]:
        """The keyword arguments of a secrets backend: the setting's, and those given one by one as
        `[secrets] backend_kwarg__NAME`."""
        from slipstream.config import ConfigError

        if (here := _set_here.get((section, key))) is not None:
            found: dict[str, JsonValue] = json.loads(here or "{}")
            return found
        try:
            return self._config.backend_arguments(section, key)
        except ConfigError as error:
            raise AirflowConfigException(str(error)) from error

    def hidden_texts(self) -> frozenset[str]:
        """The secrets that were given: they may stand in no log."""
        return self._config.hidden_texts()

    def get_mandatory_value(self, section: str, key: str, **more: UserValue) -> str:
        """The value as text, which there must be."""
        value = self.get(section, key, **more)
        if value is None:
            raise AirflowConfigException(f"[{section}] {key} has no value; it is needed here.")
        return str(value)

    def getboolean(
        self, section: str, key: str, fallback: UserValue = NOTSET, **more: UserValue
    ) -> bool:
        """The value as true or false."""
        value = self.get(section, key, fallback, **more)
        text = str(value).split("#")[0].strip().lower()
        if text in ("t", "true", "1", "yes", "on"):
            return True
        if text in ("f", "false", "0", "no", "off"):
            return False
        raise _wrong(section, key, value, "true or false")

    def getint(
        self, section: str, key: str, fallback: UserValue = NOTSET, **more: UserValue
    ) -> int:
        """The value as a whole number."""
        value = self.get(section, key, fallback, **more)
        try:
            return int(value)
        except (TypeError, ValueError) as error:
            raise _wrong(section, key, value, "a whole number") from error

    def getfloat(
        self, section: str, key: str, fallback: UserValue = NOTSET, **more: UserValue
    ) -> float:
        """The value as a number."""
        value = self.get(section, key, fallback, **more)
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            raise _wrong(section, key, value, "a number") from error

    def getlist(
        self,
        section: str,
        key: str,
        fallback: UserValue = NOTSET,
        delimiter: str = ",",
        **more: UserValue,
    ) -> list[str]:
        """The value as a list of texts."""
        value = self.get(section, key, fallback, **more)
        if value is None or isinstance(value, list):
            return value or []
        return [part.strip() for part in str(value).split(delimiter) if part.strip()]

    def getjson(
        self, section: str, key: str, fallback: UserValue = NOTSET, **more: UserValue
    ) -> UserValue:
        """The value read as JSON."""
        value = self.get(section, key, fallback, **more)
        if not isinstance(value, str):
            return value
        if not value:
            return {} if fallback is NOTSET else fallback
        try:
            return json.loads(value)
        except ValueError as error:
            raise _wrong(section, key, value, "JSON") from error

    def getimport(
        self, section: str, key: str, fallback: UserValue = NOTSET, **more: UserValue
    ) -> UserValue:
        """The object whose import path the value is; None where there is no value."""
        value = self.get(section, key, fallback, **more)
        if not isinstance(value, str) or not value:
            return value or None
        module, _dot, name = value.rpartition(".")
        try:
            return getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise _wrong(section, key, value, "an import path") from error

    def gettimedelta(
        self, section: str, key: str, fallback: UserValue = NOTSET, **more: UserValue
    ) -> timedelta | None:
        """The value, which is a number of seconds, as a duration."""
        value = self.get(section, key, fallback, **more)
        if value is None or value == "" or isinstance(value, timedelta):
            return value or None
        return timedelta(seconds=self.getint(section, key, fallback, **more))

    def set(self, section: str, key: str, value: str, **_: UserValue) -> None:
        """Give a setting another value, in this process alone."""
        _set_here[section.lower(), key.lower()] = str(value)
        authoring_defaults.cache_clear()

    def add_section(self, section: str) -> None:
        """Nothing needs to be done before values are set in a section."""
        del section

    def remove_option(self, section: str, key: str, **_: UserValue) -> None:
        """Take back what `set` gave."""
        _set_here.pop((section.lower(), key.lower()), None)
        authoring_defaults.cache_clear()

    def has_option(
        self, section: str, key: str, team_name: str | None = None, **_: UserValue
    ) -> bool:
        """Whether there is a value."""
        name = (section.lower(), key.lower())
        return (
            name in _set_here
            or self._config.has(section, key, team_name)
            or self._of_provider(*name) is not None
        )

    def has_section(self, section: str) -> bool:
        """Whether there are settings in that section."""
        return bool(self.getsection(section))

    def getsection(
        self, section: str, team_name: str | None = None, **_: UserValue
    ) -> Mapping[str, str | int | float | bool] | None:
        """`{key: value}` of a section, or None where there is no such section. Of a team, what it
        has of its own.

        Texts that are numbers or truth values are given as such; keys without a value are left out.
        """
        found = self._texts_of(f"{team_name}={section}" if team_name else section)
        return {key: _typed(value) for key, value in found.items()} or None

    def _texts_of(self, section: str) -> dict[str, str]:
        """`{key: text}` of a section, without what is not set."""
        from slipstream.sdk._provider_info import default_settings

        name = section.lower()
        known = self._config.section(name)
        defaults = default_settings().get(name, {})
        by_default = {key: value for key, value in defaults.items() if value is not None}
        here = {key: value for (of, key), value in _set_here.items() if of == name}
        found = {**by_default, **known, **here}
        return {key: value for key, value in found.items() if value is not None}

    def as_dict(
        self, display_source: bool = False, display_sensitive: bool = False, **_: UserValue
    ) -> dict[str, dict[str, UserValue]]:
        """`{section: {key: value}}` of everything, without what is not set.

        Secrets are `< hidden >` unless `display_sensitive`; with `display_source` each value is a
        pair of the value and where it comes from.
        """
        from slipstream.sdk._provider_info import default_settings

        names = dict.fromkeys(section for section, _key in self._config.names())
        found: dict[str, dict[str, UserValue]] = {}
        for section in (*names, *(name for name in default_settings() if name not in names)):
            for key, value in self._texts_of(section).items():
                shown = self._shown(section, key, value, display_sensitive)
                source = self._source(section, key) if display_source else None
                found.setdefault(section, {})[key] = (shown, source) if source else shown
        return found

    def _shown(
        self, section: str, key: str, value: str | int | float, display_sensitive: bool
    ) -> str | int | float:
        if display_sensitive:
            return value
        known = self._config.has(section, key)
        is_secret = is_sensitive_name(key) or (
            known and self._config.setting(section, key).is_secret
        )
        return "< hidden >" if is_secret else value

    def _source(self, section: str, key: str) -> str:
        if self._config.has(section, key):
            return self._config.setting(section, key).source
        return "default"

    def _of_provider(self, section: str, key: str) -> str | None:
        """The value of a provider's setting: what a variable says, or the default."""
        from slipstream.sdk._provider_info import default_settings

        # A variable's name has no dot, where a section's may have one.
        plain = section.replace(".", "_")
        if plain != section and self._config.has(plain, key):
            return self._config.get(plain, key)
        return default_settings().get(section, {}).get(key)


def _typed(value: str) -> str | int | float | bool:
    """The number or the truth value that a text stands for; the text itself otherwise."""
    text = str(value)
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


_set_here: dict[tuple[str, str], str] = {}
"""What `conf.set` has given, in this process."""


def _wrong(section: str, key: str, value: object, expected: str) -> AirflowConfigException:
    return AirflowConfigException(f"[{section}] {key} is {value!r}; expected {expected}.")


conf = Conf()
"""The settings of this deployment."""


@lru_cache(maxsize=1)
def _load(variables: tuple[str, ...]) -> Config:
    """The settings as they are while the environment has these variables."""
    from slipstream.config import load_config

    del variables
    return load_config()


def _variables() -> tuple[str, ...]:
    """What in the environment gives settings: DAG files and tests change it as they run."""
    return tuple(
        f"{name}={value}"
        for name, value in os.environ.items()
        if name.startswith(("SLIPSTREAM__", "AIRFLOW__"))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthoringDefaults:
    """What the settings say about DAGs and tasks that do not say it themselves."""

    owner: str
    queue: str
    retries: int
    retry_delay: timedelta
    max_retry_delay: timedelta
    weight_rule: str
    execution_timeout: timedelta | None
    email_on_retry: bool
    email_on_failure: bool
    ignore_first_depends_on_past: bool
    max_map_length: int
    max_active_tasks: int
    max_active_runs: int
    max_consecutive_failed_dag_runs: int
    catchup: bool
    rerun_with_latest_version: bool
    disable_bundle_versioning: bool
    cron_intervals: bool
    delta_intervals: bool
    timezone: str
    longest_shown_field: int


@cache
def authoring_defaults() -> AuthoringDefaults:
    """Read once in a process: a DAG file makes many tasks."""
    return AuthoringDefaults(
        owner=conf.get("operators", "default_owner"),
        queue=conf.get("operators", "default_queue"),
        retries=conf.getint("core", "default_task_retries"),
        retry_delay=timedelta(seconds=conf.getint("core", "default_task_retry_delay")),
        max_retry_delay=timedelta(seconds=conf.getint("core", "max_task_retry_delay")),
        weight_rule=conf.get("core", "default_task_weight_rule"),
        execution_timeout=conf.gettimedelta("core", "default_task_execution_timeout"),
        email_on_retry=conf.getboolean("email", "default_email_on_retry"),
        email_on_failure=conf.getboolean("email", "default_email_on_failure"),
        ignore_first_depends_on_past=conf.getboolean(
            "scheduler", "ignore_first_depends_on_past_by_default"
        ),
        max_map_length=conf.getint("core", "max_map_length"),
        max_active_tasks=conf.getint("core", "max_active_tasks_per_dag"),
        max_active_runs=conf.getint("core", "max_active_runs_per_dag"),
        max_consecutive_failed_dag_runs=conf.getint(
            "core", "max_consecutive_failed_dag_runs_per_dag"
        ),
        catchup=conf.getboolean("scheduler", "catchup_by_default"),
        rerun_with_latest_version=conf.getboolean(
            "core", "rerun_with_latest_version", fallback=False
        ),
        disable_bundle_versioning=conf.getboolean("dag_processor", "disable_bundle_versioning"),
        cron_intervals=conf.getboolean("scheduler", "create_cron_data_intervals"),
        delta_intervals=conf.getboolean("scheduler", "create_delta_data_intervals"),
        timezone=conf.get("core", "default_timezone"),
        longest_shown_field=conf.getint("core", "max_templated_field_length"),
    )


def settings_folders() -> list[str]:
    """Where people keep modules for all their DAG files: the `config` folder of the home (and of
    an Airflow that the environment names), and the plugins folder. They need not exist."""
    homes = [str(conf._config.home), os.path.expanduser(os.environ.get("AIRFLOW_HOME", ""))]
    configs = [os.path.join(os.path.abspath(home), "config") for home in homes if home]
    return list(dict.fromkeys([*configs, str(conf._config.path("core", "plugins_folder"))]))


def read_settings_anew() -> None:
    """Forget what was read: files or the environment have changed."""
    _set_here.clear()
    _load.cache_clear()
    authoring_defaults.cache_clear()
