"""`slipstream doctor`."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from pathlib import Path

from slipstream.cli.deployment import Deployment
from slipstream.cli.doctor.findings import Finding, Level
from slipstream.cli.errors import UsageError
from slipstream.cli.grammar import Group
from slipstream.cli.output import Row, show_rows

COLUMNS = ("level", "file", "line", "rule", "found", "remedy")


def add_commands(group: Group) -> None:
    """The command itself: it has no verbs."""
    doctor = group.command(examine)
    doctor.description = (
        "Reads DAG files, then loads them, and reports what would not work here. The exit code is "
        "1 where there is an error."
    )
    doctor.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="DAGS_FOLDER",
        help="a folder of DAG files, or one file (default: the deployment's DAGs folder)",
    )
    doctor.add_argument(
        "--no-load", action="store_true", help="only read the files, and run nothing of them"
    )
    doctor.add_argument("--strict", action="store_true", help="warnings count as errors")
    doctor.add_argument("--notes", action="store_true", help="show notes about former names, too")
    doctor.add_output()


def examine(deployment: Deployment, arguments: Namespace) -> int:
    """Print what was found; 1 where it has errors."""
    folder: Path = (arguments.folder or deployment.dags_folder).resolve()
    if not folder.exists():
        raise UsageError(f"There is no {folder}; expected a folder of DAG files, or one file.")
    read, loaded, findings = _findings(deployment, folder, loads=not arguments.no_load)
    counts = Counter(each.level for each in findings)
    shown = [each for each in sorted(findings) if arguments.notes or each.level is not Level.NOTE]
    if shown or arguments.output in ("json", "yaml"):
        root = folder if folder.is_dir() else folder.parent
        show_rows([_row(each, root) for each in shown], arguments.output, columns=COLUMNS)
    if arguments.output in ("table", "plain"):
        hidden = counts[Level.NOTE] and not arguments.notes
        print(
            f"Read {read} files and loaded {loaded}: {counts[Level.ERROR]} errors, "
            f"{counts[Level.WARNING]} warnings, {counts[Level.NOTE]} notes"
            f"{' (--notes shows them)' if hidden else ''}."
        )
    return 1 if counts[Level.ERROR] + (counts[Level.WARNING] if arguments.strict else 0) else 0


def _findings(
    deployment: Deployment, folder: Path, *, loads: bool
) -> tuple[int, int, list[Finding]]:
    """How many files were read and loaded, and what was found in them."""
    from slipstream.cli.doctor.loading import load
    from slipstream.cli.doctor.reading import read
    from slipstream.services.dag_files import DagFolder

    everything = DagFolder(folder, safe_mode=False)
    texts = [path for path in everything.find() if path.suffix == ".py"]
    findings = [finding for path in texts for finding in read(path, everything.root)]
    files = list(DagFolder(folder).find()) if loads else []
    # A file whose text tells why it does not load need not be told of twice.
    broken = {each.file for each in findings if each.level is Level.ERROR}
    findings += [
        each
        for each in load(deployment, files, everything.root)
        if each.rule != "does-not-load" or each.file not in broken
    ]
    return len(texts), len(files), findings


def _row(each: Finding, root: Path) -> Row:
    return {
        "level": each.level.value,
        "file": _short(each.file, root),
        "line": each.line,
        "rule": each.rule,
        "found": each.found,
        "remedy": each.remedy,
    }


def _short(file: str, root: Path) -> str:
    path = Path(file)
    return str(path.relative_to(root)) if path.is_relative_to(root) else file
