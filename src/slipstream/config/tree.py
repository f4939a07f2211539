"""The settings of a deployment: one frozen tree of sections and keys."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from slipstream.config.constraints import BOUNDS, CHOICES, Name
from slipstream.config.errors import ConfigError, UnknownSettingError
from slipstream.config.options import OPTIONS, Kind
from slipstream.config.secrecy import BACKEND_KEYWORDS, is_secret, texts_to_hide
from slipstream.config.sources import Given, Layer, Origin
from slipstream.model.json import JsonValue

DEFAULT_ORIGIN = Origin("default")

_TRUE = frozenset({"true", "t", "1", "yes", "y", "on"})
_FALSE = frozenset({"false", "f", "0", "no", "n", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: its value as text, and where that came from."""

    section: str
    key: str
    value: str | None
    """None where there is no value at all."""
    source: str
    """`default`, a variable, a flag, or `file:line`."""
    is_default: bool
    is_secret: bool


class Config:
    """Every setting of a deployment, fixed when it was loaded.

    A value that a command or a secrets backend must tell is asked for when it is first wanted.
    """

    __slots__ = ("_deferred", "_resolve", "_values", "file", "home")

    def __init__(
        self,
        *,
        home: Path,
        file: Path | None,
        values: Layer,
        deferred: Layer,
        resolve: Callable[[Config, Name, Given], str],
    ) -> None:
        """`deferred` holds names with `_cmd` or `_secret` at their end; `resolve` asks them."""
        self.home = home
        self.file = file
        """The `slipstream.toml` that was read, or None."""
        self._values = values
        self._deferred = deferred
        self._resolve = resolve
        for name, given in values.items():
            self._check(name, given)

    def get(self, section: str, key: str, team: str | None = None) -> str | None:
        """The value as text, or None where it is empty by default.

        A team's is its own or the default: what everybody else was given is not for it.
        Raises `UnknownSettingError` for a name that is neither known nor given.
        """
        name = (section.lower(), key.lower())
        if team is None:
            return self._find(name)[0]
        own = self._values.get((f"{team.lower()}={name[0]}", name[1]))
        return own.text if own else self._default(name)

    def text(self, section: str, key: str) -> str:
        """The value as text. Raises `ConfigError` where there is none."""
        value = self.get(section, key)
        if value is None:
            raise ConfigError(f"[{section}] {key} has no value; it is needed here. Set it.")
        return value

    def integer(self, section: str, key: str) -> int:
        """The value as a whole number."""
        return int(self._typed(section, key, Kind.INT))

    def number(self, section: str, key: str) -> float:
        """The value as a number."""
        return float(self._typed(section, key, Kind.FLOAT))

    def flag(self, section: str, key: str) -> bool:
        """The value as true or false."""
        return self._typed(section, key, Kind.BOOL).strip().lower() in _TRUE

    def path(self, section: str, key: str) -> Path:
        """The value as an absolute path; a relative one counts from the home folder."""
        return self.home / os.path.expandvars(os.path.expanduser(self.text(section, key)))

    def has(self, section: str, key: str, team: str | None = None) -> bool:
        """Whether there is a value."""
        try:
            return self.get(section, key, team) is not None
        except UnknownSettingError:
            return False

    def setting(self, section: str, key: str) -> Setting:
        """The value with its source. Raises `UnknownSettingError`."""
        name = (section.lower(), key.lower())
        value, origin = self._find(name)
        return Setting(
            section=name[0],
            key=name[1],
            value=value,
            source=origin.describe(name),
            is_default=origin is DEFAULT_ORIGIN,
            is_secret=is_secret(name, value),
        )

    def backend_arguments(self, section: str, key: str) -> Mapping[str, JsonValue]:
        """The keyword arguments of a secrets backend: the setting's, and those given one by one.

        Raises `ConfigError` where the setting is no JSON object.
        """
        text = self.get(section, key)
        try:
            found = json.loads(text) if text else {}
        except ValueError:
            found = None
        if not isinstance(found, dict):
            name = (section, key)
            raise _bad_value(name, text or "", "a JSON object", self._find(name)[1])
        prefix = BACKEND_KEYWORDS[section, key]
        single = {
            name.removeprefix(prefix): given.text
            for (of, name), given in self._values.items()
            if of == section and name.startswith(prefix)
        }
        return {**found, **single}

    def hidden_texts(self) -> frozenset[str]:
        """What may stand in no log: the secrets that were given, as far as nobody must be asked."""
        return frozenset(
            text
            for name, given in self._values.items()
            if is_secret(name, given.text)
            for text in texts_to_hide(name, given.text)
        )

    def section(self, section: str) -> Mapping[str, str | None]:
        """`{key: value}` of one section; empty where there is no such section."""
        return {key: self.get(section, key) for key in self._keys(section.lower())}

    def names(self) -> Iterator[Name]:
        """Every known or given name, by section in the order of the table."""
        sections = dict.fromkeys([*OPTIONS, *(section for section, _ in self._given())])
        for section in sections:
            for key in self._keys(section):
                yield section, key

    def _given(self) -> Iterator[Name]:
        yield from self._values
        for section, key in self._deferred:
            yield section, key.removesuffix("_cmd").removesuffix("_secret")

    def _keys(self, section: str) -> Mapping[str, None]:
        given = (key for found, key in self._given() if found == section)
        return dict.fromkeys([*OPTIONS.get(section, ()), *given])

    def _find(self, name: Name) -> tuple[str | None, Origin]:
        if given := self._values.get(name):
            return given.text, given.origin
        for suffix in ("_cmd", "_secret"):
            asked = (name[0], name[1] + suffix)
            if given := self._deferred.get(asked):
                found = Given(self._resolve(self, asked, given), given.origin)
                self._check(name, found)
                self._values[name] = found
                return found.text, found.origin
        return self._default(name), DEFAULT_ORIGIN

    def _default(self, name: Name) -> str | None:
        if (option := OPTIONS.get(name[0], {}).get(name[1])) is None:
            raise UnknownSettingError(
                f"There is no setting [{name[0]}] {name[1]}; `slipstream config list` shows all."
            )
        default = option[1]
        return default and default.replace("{HOME}", str(self.home))

    def _typed(self, section: str, key: str, kind: Kind) -> str:
        name = (section.lower(), key.lower())
        value, origin = self._find(name)
        if value is None:
            raise ConfigError(f"[{section}] {key} has no value; expected {kind}. Set it.")
        _check_kind(name, value, kind, origin)
        return value

    def _check(self, name: Name, given: Given) -> None:
        option = OPTIONS.get(name[0], {}).get(name[1])
        if option is not None:
            _check_kind(name, given.text, option[0], given.origin)
            _check_limits(name, given)


def _check_kind(name: Name, text: str, kind: Kind, origin: Origin) -> None:
    try:
        match kind:
            case Kind.INT:
                int(text)
            case Kind.FLOAT:
                float(text)
            case Kind.BOOL if text.strip().lower() not in _TRUE | _FALSE:
                raise ValueError(text)
            case _:
                pass
    except ValueError:
        raise _bad_value(name, text, str(kind), origin) from None


def _check_limits(name: Name, given: Given) -> None:
    choices = CHOICES.get(name)
    if choices and given.text.lower() not in {choice.lower() for choice in choices}:
        raise _bad_value(name, given.text, "one of " + ", ".join(choices), given.origin)
    bounds = BOUNDS.get(name)
    if bounds and not bounds[0] <= float(given.text) <= bounds[1]:
        expected = f"a number from {bounds[0]:g} to {bounds[1]:,g}"
        raise _bad_value(name, given.text, expected, given.origin)


def _bad_value(name: Name, text: str, expected: str, origin: Origin) -> ConfigError:
    shown = "a secret" if is_secret(name, text) else repr(text)
    return ConfigError(
        f"{origin.describe(name)}: [{name[0]}] {name[1]} is {shown}, expected {expected}."
    )
