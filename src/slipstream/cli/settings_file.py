"""Settings as a `slipstream.toml`, with what is known of each beside it."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator

from slipstream.config import Config, Setting
from slipstream.config.constraints import BOUNDS, CHOICES
from slipstream.config.examples import EXAMPLES
from slipstream.config.options import OPTIONS, Kind

_BARE = (Kind.INT, Kind.FLOAT, Kind.BOOL)


def file_lines(config: Config, arguments: Namespace, *, hidden: str | None) -> Iterator[str]:
    """The lines; `hidden` stands for secrets, None shows them."""
    section = None
    for name in config.names():
        setting = config.setting(*name)
        if not is_wanted(setting, arguments):
            continue
        if setting.section != section:
            yield from ([] if section is None else [""])
            section = setting.section
            yield f"[{_key(section)}]"
        yield from (f"# {about}" for about in _abouts(setting, arguments))
        is_hidden = hidden is not None and setting.is_secret and bool(setting.value)
        is_comment = (
            arguments.comment_out_everything
            or is_hidden
            or setting.value is None
            or setting.is_default
        )
        value = f'"{hidden}"' if is_hidden else _value(setting)
        yield f"{'# ' if is_comment else ''}{_key(setting.key)} = {value}"


def is_wanted(setting: Setting, arguments: Namespace) -> bool:
    """Whether the command line asks for it."""
    if arguments.exclude_providers and setting.section.rpartition("=")[2] not in OPTIONS:
        return False
    if arguments.section not in (None, setting.section):
        return False
    shows_all = arguments.include_defaults or arguments.comment_out_everything
    return bool(shows_all or arguments.section or not setting.is_default)


def _abouts(setting: Setting, arguments: Namespace) -> Iterator[str]:
    name = (setting.section, setting.key)
    if arguments.include_descriptions:
        kind = OPTIONS.get(setting.section, {}).get(setting.key, (Kind.STR, None))[0]
        said = [f"Is {kind}"]
        if name in CHOICES:
            said.append(f"one of {', '.join(CHOICES[name])}")
        if name in BOUNDS:
            said.append(f"from {BOUNDS[name][0]:g} to {BOUNDS[name][1]:,g}")
        yield f"{', '.join(said)}."
    if arguments.include_examples and name in EXAMPLES:
        yield f"Example: {json.dumps(EXAMPLES[name], ensure_ascii=False)}"
    if arguments.include_sources:
        yield f"Source: {setting.source}"
    if arguments.include_env_vars:
        section = setting.section.replace("=", "___").replace(".", "_")
        yield f"Variable: SLIPSTREAM__{section.upper()}__{setting.key.upper()}"


def _value(setting: Setting) -> str:
    kind = OPTIONS.get(setting.section, {}).get(setting.key, (Kind.STR, None))[0]
    text = setting.value or ""
    if kind is Kind.BOOL and text:
        return "true" if text.strip().lower() in {"true", "t", "1", "yes", "y", "on"} else "false"
    return text if kind in _BARE and text else json.dumps(text, ensure_ascii=False)


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() else json.dumps(name)
