"""Where the keys for secrets at rest come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from slipstream.cli.errors import CommandFailedError
from slipstream.cli.keys import KEY_FILE, fernet_keys
from slipstream.config import load_config


def test_a_home_gets_a_key_of_its_own_that_only_its_owner_can_read(tmp_path: Path) -> None:
    config = load_config(home=tmp_path / "home", environ={})
    (key,) = fernet_keys(config)
    Fernet(key)
    assert fernet_keys(config) == (key,)
    assert (tmp_path / "home" / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_keys_of_the_settings_come_first_and_leave_no_file(tmp_path: Path) -> None:
    config = load_config(home=tmp_path, environ={"AIRFLOW__CORE__FERNET_KEY": "new, old"})
    assert fernet_keys(config) == ("new", "old")
    assert not (tmp_path / KEY_FILE).exists()


def test_an_empty_key_file_is_not_silently_replaced(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).touch()
    with pytest.raises(CommandFailedError, match="Restore it from a backup"):
        fernet_keys(load_config(home=tmp_path, environ={}))
