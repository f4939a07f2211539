"""Settings: one frozen tree; defaults < file < environment < flags, Airflow's names."""

from slipstream.config.errors import ConfigError, UnknownSettingError
from slipstream.config.load import load_config
from slipstream.config.tree import Config, Setting

__all__ = ["Config", "ConfigError", "Setting", "UnknownSettingError", "load_config"]
