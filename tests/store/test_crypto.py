from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from tests.store.making import NOON, recorded, started

from slipstream.model.changes import DeferralKept
from slipstream.model.deferral import Deferral
from slipstream.model.run import TaskKey
from slipstream.store import generate_key, open_store
from slipstream.store.connect import open_database
from slipstream.store.crypto import SecretBox, is_sealed
from slipstream.store.errors import UndecryptableError
from slipstream.store.interface import Store
from slipstream.store.records import ConnectionRecord, RunWrite, VariableRecord, Window

OLD, NEW, OTHER = generate_key(), generate_key(), generate_key()


def test_what_is_sealed_opens_with_any_of_the_keys() -> None:
    sealed = SecretBox([OLD]).seal("pässword")
    assert is_sealed(sealed)
    assert "password" not in sealed
    assert SecretBox([NEW, OLD]).open(sealed) == "pässword"


def test_the_first_key_seals() -> None:
    sealed = SecretBox([NEW, OLD]).seal("secret")
    assert SecretBox([NEW]).open(sealed) == "secret"
    with pytest.raises(UndecryptableError, match=r"None of the 1 key\(s\)"):
        SecretBox([OLD]).open(sealed)


def test_without_a_key_texts_are_kept_in_the_clear_and_stay_readable_with_one() -> None:
    kept = SecretBox([]).seal("fernet:not really")
    assert not is_sealed(kept)
    assert SecretBox([]).open(kept) == SecretBox([NEW]).open(kept) == "fernet:not really"


def test_a_sealed_text_without_a_key_says_what_is_missing() -> None:
    with pytest.raises(UndecryptableError, match="no key was given"):
        SecretBox([]).open(SecretBox([OLD]).seal("secret"))


def test_something_that_is_no_key_is_refused() -> None:
    with pytest.raises(UndecryptableError, match="not 32 bytes"):
        SecretBox(["short"]).seal("secret")


def everything_stored(url: str) -> str:
    """All texts in the tables that hold secrets."""
    database = open_database(make_url(url), connections=1)
    with database.read() as transaction:
        found = [
            str(transaction.rows(text(f"SELECT * FROM {table}")))
            for table in ("variable", "connection", "secret_key", "deferral")
        ]
    database.close()
    return "".join(found)


def keep_deferral(store: Store) -> int:
    """A run with a task that has waited; gives its number."""
    run = started(store, recorded(store))
    kept = Deferral(
        attempt_id="a",
        classpath="a.B",
        kwargs='"topsecret5"',
        created_at=NOON,
        next_method="m",
        next_kwargs='"topsecret6"',
        event='"topsecret7"',
    )
    store.apply([RunWrite(run.pk, run.revision, [DeferralKept(TaskKey("load"), kept)])])
    return run.pk


def test_secrets_are_not_in_the_database_in_the_clear(database_url: str, tmp_path: Path) -> None:
    store = open_store(database_url, fernet_keys=[OLD], xcom_url=str(tmp_path))
    store.set_variable(VariableRecord(key="v", value="topsecret1"))
    store.set_connection(
        ConnectionRecord(
            conn_id="c", conn_type="http", login="ada", password="topsecret2", extra="topsecret3"
        )
    )
    store.get_secret_key("jwt", lambda: "topsecret4")
    keep_deferral(store)
    store.close()
    found = everything_stored(database_url)
    assert "topsecret" not in found
    assert "ada" in found


def test_after_a_rotation_the_old_key_is_not_needed(database_url: str, tmp_path: Path) -> None:
    old = open_store(database_url, fernet_keys=[OLD], xcom_url=str(tmp_path))
    bare = ConnectionRecord(conn_id="bare", conn_type="http")
    full = ConnectionRecord(conn_id="full", conn_type="http", password="p", extra="{}")
    variable = VariableRecord(key="v", value="1")
    old.set_variable(variable)
    old.set_connection(bare)
    old.set_connection(full)
    old.get_secret_key("jwt", lambda: "signing")
    run_pk = keep_deferral(old)
    kept = old.load_run(run_pk).deferrals
    old.close()
    both = open_store(database_url, fernet_keys=[NEW, OLD], xcom_url=str(tmp_path))
    assert both.rotate_encryption() == 7
    both.close()
    new = open_store(database_url, fernet_keys=[NEW], xcom_url=str(tmp_path))
    assert new.get_variable("v") == variable
    assert new.list_connections(None, Window()).items == [bare, full]
    assert new.get_secret_key("jwt", lambda: "another") == "signing"
    assert new.load_run(run_pk).deferrals == kept
    new.close()


def test_a_rotation_that_cannot_open_everything_changes_nothing(
    database_url: str, tmp_path: Path
) -> None:
    for key, name in ((OLD, "a"), (OTHER, "b")):
        store = open_store(database_url, fernet_keys=[key], xcom_url=str(tmp_path))
        store.set_variable(VariableRecord(key=name, value=name))
        store.close()
    before = everything_stored(database_url)
    store = open_store(database_url, fernet_keys=[NEW, OLD], xcom_url=str(tmp_path))
    with pytest.raises(UndecryptableError):
        store.rotate_encryption()
    store.close()
    assert everything_stored(database_url) == before
