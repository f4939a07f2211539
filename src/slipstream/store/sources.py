"""The texts behind DAG versions, each kept once however many files and versions share it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sqlalchemy import insert, select

from slipstream.store.database import Transaction
from slipstream.store.statements import RowsStatement, SqlTuple, types_of
from slipstream.store.tables import dag_source, source_text

_SOURCE = tuple(column.name for column in dag_source.c)
_TEXT = tuple(column.name for column in source_text.c)

_ADD_SOURCE = RowsStatement(
    lambda rows: rows.put_into(insert(dag_source)), types_of(dag_source, _SOURCE)
)
_ADD_TEXT = RowsStatement(
    lambda rows: rows.put_into(insert(source_text)), types_of(source_text, _TEXT)
)


def keep_sources(transaction: Transaction, sources: Mapping[str, Mapping[str, str]]) -> None:
    """Keep `{source hash: {path: text}}`, as far as it is not there yet."""
    known = transaction.column(
        select(dag_source.c.source_hash).where(
            dag_source.c.source_hash.in_(list(sources)), dag_source.c.position == 0
        )
    )
    texts: dict[str, bytes] = {}
    rows: list[SqlTuple] = []
    for source_hash in sources.keys() - set(known):
        for position, (path, text) in enumerate(sources[source_hash].items()):
            data = encode_source(text)
            text_hash = hashlib.sha256(data).hexdigest()
            texts[text_hash] = data
            rows.append((source_hash, position, path, text_hash))
    if not rows:
        return
    present = transaction.column(
        select(source_text.c.text_hash).where(source_text.c.text_hash.in_(list(texts)))
    )
    missing = [(name, texts[name]) for name in texts.keys() - set(present)]
    transaction.run_many(_ADD_TEXT, missing)
    transaction.run_many(_ADD_SOURCE, rows)


def encode_source(text: str) -> bytes:
    """A source text as bytes; bytes that are no UTF-8 came in as surrogates and go out again."""
    return text.encode("utf-8", "surrogateescape")


def decode_source(data: bytes) -> str:
    """The inverse of `encode_source`."""
    return data.decode("utf-8", "surrogateescape")
