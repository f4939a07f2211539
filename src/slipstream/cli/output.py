"""How listings and values are printed: as a table, JSON, YAML or plain columns."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from slipstream.model.json import JsonValue

Row = Mapping[str, JsonValue]


def show_rows(rows: Iterable[Row], output: str, *, columns: Sequence[str]) -> None:
    """Print rows in that format. `columns` are the keys to print, in order."""
    chosen = [{column: row.get(column) for column in columns} for row in rows]
    match output:
        case "json":
            _show_json(chosen)
        case "yaml":
            _show_yaml(chosen)
        case "plain":
            _show_plain(chosen, columns)
        case _:
            _show_table(chosen, columns)


def show_fields(fields: Row, output: str) -> None:
    """Print one thing: an object in JSON and YAML, otherwise a row for each of its fields."""
    match output:
        case "json":
            _show_json(fields)
        case "yaml":
            _show_yaml(fields)
        case _:
            rows: list[Row] = [{"property": key, "value": value} for key, value in fields.items()]
            show_rows(rows, output, columns=("property", "value"))


def as_text(moment: datetime | None) -> str | None:
    """A moment as ISO 8601, or None."""
    return None if moment is None else moment.isoformat()


def _show_json(value: object) -> None:
    import json

    print(json.dumps(value, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False))


def _show_yaml(value: object) -> None:
    import yaml

    # A round trip makes plain lists and dicts of whatever mappings there are.
    print(yaml.safe_dump(_plain(value), sort_keys=False, allow_unicode=True), end="")


def _plain(value: object) -> object:
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case str() | int() | float() | bool() | None:
            return value
        case Iterable():
            return [_plain(item) for item in value]
        case _:
            return str(value)


def _cell(value: JsonValue) -> str:
    """A value as people read it."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool() | int() | float():
            return str(value)
        case Sequence() if all(isinstance(item, str) for item in value):
            return ", ".join(str(item) for item in value)
        case _:
            import json

            return json.dumps(value, ensure_ascii=False)


def _show_plain(rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Columns with spaces between, as wide as their widest cell; nothing is cut off."""
    if not rows:
        return
    lines = [list(columns), *([_cell(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )


def _show_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    if not rows:
        print("No data found")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Only a terminal has an edge: what goes to a file or a pipe is never cut or wrapped.
    console = Console() if sys.stdout.isatty() else Console(width=10_000)
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row[column])) for column in columns))
    console.print(table)
