"""`slipstream config lint` and `config update`: settings of an Airflow under today's names."""

from __future__ import annotations

import re
import shutil
from argparse import Namespace
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError
from slipstream.cli.grammar import Group

if TYPE_CHECKING:
    from slipstream.cli.grammar import Parser
    from slipstream.config.linting import Finding

_SECTION = re.compile(r"\s*\[([^\]]+)\]")
_OPTION = re.compile(r"([^\s#;:=][^:=]*?)\s*[:=]")


def add_linting(group: Group) -> None:
    """Both verbs."""
    lint = group.verb("lint", lint_settings, "Say which of Airflow's settings here are out of date")
    _add_choice(lint)
    update = group.verb("update", update_settings, "Bring an airflow.cfg to today's names")
    update.add_argument(
        "--fix", action="store_true", help="write the file; it is only said without"
    )
    update.add_argument(
        "--all-recommendations",
        action="store_true",
        help="also comment out what has no effect",
    )
    _add_choice(update)


def _add_choice(parser: Parser) -> None:
    for what in ("section", "option"):
        parser.add_argument(f"--{what}", help=f"only of these {what}s, with commas between")
        parser.add_argument(f"--ignore-{what}", help=f"not of these {what}s, with commas between")


def lint_settings(_deployment: Deployment, arguments: Namespace) -> int:
    """Print what is out of date; 1 where something is."""
    found = _chosen(arguments)
    for one in found:
        print(f"{one.source}: {_advice(one)}")
    if not found:
        print("Every setting of Airflow here has today's name and an effect.")
    return 1 if found else 0


def update_settings(_deployment: Deployment, arguments: Namespace) -> None:
    """Rename what is in the file. Variables are their owner's."""
    found = [
        one
        for one in _chosen(arguments)
        if one.file is not None and (one.today is not None or arguments.all_recommendations)
    ]
    if not found:
        print("There is nothing to change.")
        return
    for one in found:
        print(f"{one.source}: {_advice(one)}")
    file = found[0].file
    assert file is not None
    if not arguments.fix:
        print(f"{file} was not changed; --fix does it.")
        return
    copy = file.with_name(f"{file.name}.bak")
    try:
        text = file.read_text(encoding="utf-8")
        shutil.copy2(file, copy)
        file.write_text(updated(text, found), encoding="utf-8")
    except OSError as error:
        raise CommandFailedError(f"{file} cannot be changed: {error.strerror}.") from error
    print(f"{file} was changed; what it was is in {copy}.")


def updated(text: str, found: Sequence[Finding]) -> str:
    """The text of a settings file in which these have today's names, each in its section; what has
    no effect is commented out."""
    changes = {(one.section, one.key): one for one in found}
    kept: list[str] = []
    moved: dict[str, list[str]] = {}
    section, into, prefix = "", kept, ""
    for line in text.splitlines():
        header, option, written = _SECTION.match(line), _OPTION.match(line), line
        if header or option or not line.startswith((" ", "\t")):
            into, prefix = kept, ""  # Only an indented line goes on with the value before.
        if header:
            section = header[1].strip().lower()
        elif option:
            change = changes.get((section, option[1].strip().lower()))
            if change is not None and change.today is None:
                prefix = "# "
            elif change is not None and change.today is not None:
                into = moved.setdefault(change.today[0], [])
                written = change.today[1] + line[option.end(1) :]
        into.append(prefix + written)
    for section, lines in moved.items():
        at = _end_of(kept, section)
        if at is None:
            kept += ["", f"[{section}]", *lines]
        else:
            kept[at:at] = lines
    return "\n".join(kept) + "\n"


def _end_of(lines: Sequence[str], section: str) -> int | None:
    """Behind the header of that section."""
    for number, line in enumerate(lines):
        header = _SECTION.match(line)
        if header and header[1].strip().lower() == section:
            return number + 1
    return None


def _chosen(arguments: Namespace) -> list[Finding]:
    from slipstream.config.linting import findings

    def lets(name: str, only: Collection[str], but: Collection[str]) -> bool:
        return (not only or name in only) and name not in but

    sections = (_words(arguments.section), _words(arguments.ignore_section))
    options = (_words(arguments.option), _words(arguments.ignore_option))
    return [one for one in findings() if lets(one.section, *sections) and lets(one.key, *options)]


def _words(given: str | None) -> list[str]:
    return [word.strip().lower() for word in (given or "").split(",") if word.strip()]


def _advice(one: Finding) -> str:
    name = f"[{one.section}] {one.key}"
    if one.today is None:
        return f"{name} is no setting of Airflow 3 or of Slipstream; it has no effect."
    return f"{name} is [{one.today[0]}] {one.today[1]} today; it still counts."
