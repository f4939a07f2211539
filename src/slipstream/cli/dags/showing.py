"""`slipstream dags show`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import PurePath

from slipstream.api.payloads.schedules import summary
from slipstream.cli.dags.graph import dot_text, mermaid_text, tree_lines
from slipstream.cli.dags.pictures import check_pictures, show_picture
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.files import write_text
from slipstream.cli.finding import find_dag
from slipstream.model.dag import DagSpec

WRITERS = {".dot": dot_text, ".gv": dot_text, ".mmd": mermaid_text, ".mermaid": mermaid_text}
"""`{ending of the file: what writes it}`."""


def show(deployment: Deployment, arguments: Namespace) -> None:
    """Print the graph, save it to a file, or show it as a picture."""
    check_pictures(arguments)
    spec = find_dag(deployment.store, arguments.dag_id).latest.spec
    if arguments.imgcat:
        show_picture(dot_text(spec))
    elif arguments.save:
        save(spec, arguments.save)
    else:
        schedule = summary(spec.schedule)
        print(f"{spec.dag_id}: {len(spec.tasks)} tasks, schedule {schedule or 'none'}")
        for line in tree_lines(spec):
            print(line)


def save(spec: DagSpec, file: str) -> None:
    """Write the graph to a file, as its ending says. Raises `UsageError`."""
    ending = PurePath(file).suffix
    if ending not in WRITERS:
        raise UsageError(
            f"The file {file!r} ends in {ending or 'nothing'!r}; expected one of "
            f"{', '.join(WRITERS)}. Graphviz makes pictures of it: dot -Tsvg FILE.dot."
        )
    write_text(file, WRITERS[ending](spec))
    print(f"File {file} saved")
