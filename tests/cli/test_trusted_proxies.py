"""Whose word counts for where a request came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipstream.cli.server.wiring import trusted_proxies
from slipstream.config import ConfigError, load_config


def told(home: Path, value: str) -> tuple[str, ...]:
    home.mkdir(exist_ok=True)
    (home / "slipstream.toml").write_text(f'[slipstream]\ntrusted_proxies = "{value}"\n')
    return trusted_proxies(load_config(home=home, environ={}))


def test_addresses_and_networks_are_trusted(tmp_path: Path) -> None:
    assert told(tmp_path, "") == ()
    assert told(tmp_path, "10.0.0.5, 10.1.0.0/16, fd00::/8") == (
        "10.0.0.5",
        "10.1.0.0/16",
        "fd00::/8",
    )


@pytest.mark.parametrize("value", ["*", "proxy.example.org", "10.0.0.0/33"])
def test_nothing_else_is(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError, match="trusted_proxies"):
        told(tmp_path, value)
