"""`--log-config`: how a server logs, as a file says it that the `logging` module understands."""

from __future__ import annotations

import json
import logging.config
from configparser import Error as IniError
from pathlib import Path

from slipstream.config import ConfigError


def log_as_it_says(file: Path) -> None:
    """Set logging up by a file: a dictionary of `logging.config.dictConfig` in JSON (`.json`) or
    YAML (`.yaml`, `.yml`), or else what `logging.config.fileConfig` reads.

    Raises `ConfigError` for a file that cannot be read or understood.
    """
    try:
        text = file.read_text(encoding="utf-8")
        match file.suffix.lower():
            case ".json":
                logging.config.dictConfig(_dictionary(json.loads(text)))
            case ".yaml" | ".yml":
                logging.config.dictConfig(_dictionary(_yaml(text)))
            case _:
                logging.config.fileConfig(file, disable_existing_loggers=False)
    except OSError as error:
        what = error.strerror or str(error)
        raise ConfigError(f"[api] log_config: {error.filename or file}: {what}.") from error
    except (ValueError, TypeError, AttributeError, ImportError, KeyError, IniError) as error:
        why = error if error.__cause__ is None else f"{error}: {error.__cause__}"
        why = " ".join(str(why).split())
        raise ConfigError(
            f"[api] log_config: {file} does not say how to log ({type(error).__name__}: {why}); "
            "expected a dictionary of Python's logging.config in .json or .yaml, or an INI file "
            "with the sections loggers, handlers and formatters."
        ) from error


def _yaml(text: str) -> object:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _dictionary(found: object) -> dict[str, object]:
    if not isinstance(found, dict):
        raise TypeError(f"it holds {type(found).__name__}, not a dictionary")
    # What was there before goes on logging: a module's logger is made when it is imported.
    return {"disable_existing_loggers": False, **found}
