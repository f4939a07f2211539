"""`slipstream dags show-dependencies`: which DAGs wait for which others, by assets."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from slipstream.cli.dags.graph import quoted
from slipstream.cli.dags.pictures import check_pictures, show_picture
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.files import write_text
from slipstream.cli.paging import every
from slipstream.store.records import AssetFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An asset, and the DAGs around it."""

    asset: str
    producing: Collection[str]
    waiting: Collection[str]
    """Those that are scheduled by it."""
    reading: Collection[str]
    """Those with a task that has it as an inlet."""


def show_dependencies(deployment: Deployment, arguments: Namespace) -> None:
    """Print the graph, save it, or show it as a picture."""
    found = every(lambda window: deployment.store.list_assets(AssetFilter(), window))
    show(
        (
            Link(
                asset=one.name,
                producing={mention.dag_id for mention in one.producing},
                waiting={mention.dag_id for mention in one.scheduled},
                reading={mention.dag_id for mention in one.consuming},
            )
            for one in found
        ),
        arguments,
    )


def show(links: Iterable[Link], arguments: Namespace) -> None:
    """Print DOT, write it to the file that is named, or show it as a picture."""
    check_pictures(arguments)
    file = arguments.save
    if file is not None and PurePath(file).suffix not in (".dot", ".gv"):
        raise UsageError(
            f"The file {file!r} has to end in .dot or .gv. Graphviz makes pictures of it: "
            "dot -Tsvg FILE.dot."
        )
    text = "\n".join(_lines(links)) + "\n"
    if arguments.imgcat:
        show_picture(text)
        return
    if file is None:
        print(text, end="")
        return
    write_text(file, text)
    print(f"File {file} saved")


def _lines(links: Iterable[Link]) -> Iterator[str]:
    yield "digraph {"
    yield "  rankdir=LR;"
    dags: dict[str, None] = {}
    for number, link in enumerate(sorted(links, key=lambda one: one.asset)):
        yield f"  asset{number} [label={quoted(link.asset)}, shape=ellipse];"
        for dag_id in sorted(link.producing):
            yield f"  {quoted(dag_id)} -> asset{number};"
        for dag_id in sorted(link.waiting):
            yield f"  asset{number} -> {quoted(dag_id)};"
        for dag_id in sorted({*link.reading} - {*link.waiting}):
            yield f"  asset{number} -> {quoted(dag_id)} [style=dashed];"
        dags |= dict.fromkeys(sorted({*link.producing, *link.waiting, *link.reading}))
    for dag_id in dags:
        yield f"  {quoted(dag_id)} [shape=box, style=rounded];"
    yield "}"
