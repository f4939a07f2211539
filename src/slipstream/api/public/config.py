"""The deployment's settings, where it wants them seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Header
from starlette.responses import PlainTextResponse

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.errors import NotAllowedError
from slipstream.api.negotiation import TEXT, preferred
from slipstream.api.operation import Routes
from slipstream.api.payloads.base import Payload
from slipstream.model.errors import NotFoundError
from slipstream.model.json import JsonValue

routes = Routes("Config")


class ConfigOption(Payload, frozen=True, kw_only=True):
    """A setting; secrets are hidden."""

    key: str
    value: str | Sequence[JsonValue]


class ConfigSection(Payload, frozen=True, kw_only=True):
    """The settings of a section."""

    name: str
    options: Sequence[ConfigOption]


class Config(Payload, frozen=True, kw_only=True):
    """Settings by section."""

    sections: Sequence[ConfigSection]


@routes.add(
    "GET",
    "/config",
    permission=reading(Resource.CONFIG),
    answer=Config,
    content_types=(TEXT,),
    refusals=(404,),
)
def get_config(
    call: Call, section: str | None = None, accept: Annotated[str, Header()] = "*/*"
) -> Config | PlainTextResponse:
    """All settings, or those of a section; as text where the client prefers that."""
    shown = _shown(call)
    if section is not None and section.lower() not in shown:
        raise NotFoundError(f"Section {section} not found.")
    chosen = shown if section is None else {section.lower(): shown[section.lower()]}
    return _answer(chosen, accept)


@routes.add(
    "GET",
    "/config/section/{section}/option/{option}",
    permission=reading(Resource.CONFIG),
    answer=Config,
    content_types=(TEXT,),
)
def get_config_value(
    call: Call, section: str, option: str, accept: Annotated[str, Header()] = "*/*"
) -> Config | PlainTextResponse:
    """One setting."""
    options = _shown(call).get(section.lower(), {})
    if option.lower() not in options:
        raise NotFoundError(f"Option [{section}/{option}] not found.")
    return _answer({section.lower(): {option.lower(): options[option.lower()]}}, accept)


def _shown(call: Call) -> Mapping[str, Mapping[str, str]]:
    if call.settings.shown_config is None:
        raise NotAllowedError(
            "This deployment does not show its settings: [api] expose_config says whether it does."
        )
    return call.settings.shown_config


def _answer(chosen: Mapping[str, Mapping[str, str]], accept: str) -> Config | PlainTextResponse:
    if preferred(accept) == TEXT:
        lines = []
        for name, options in chosen.items():
            lines.append(f"[{name}]")
            lines += [f"{key} = {value}" for key, value in options.items()]
            lines.append("")
        return PlainTextResponse("\n".join(lines))
    sections = [
        ConfigSection(
            name=name,
            options=[ConfigOption(key=key, value=value) for key, value in options.items()],
        )
        for name, options in chosen.items()
    ]
    return Config(sections=sections)
