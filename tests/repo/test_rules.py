"""Rules of the repository that no other tool checks."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 600
CODE = ("src", "tests", "bench", "examples", "tools")
BINARY = {".png", ".ico", ".woff2", ".whl", ".gz", ".zip"}
HOSTS = (
    r"pypi\.org",
    r"pythonhosted\.org",
    r"npmjs\.(?:org|com)",
    r"yarnpkg\.com",
    r"proxy\.golang\.org",
    r"crates\.io",
    r"docker\.io/",
    r"ghcr\.io",
    r"quay\.io",
)
REGISTRY = re.compile("|".join(HOSTS))
WORKPLACE = re.compile(r"(?<![\w.\-/])/(?:work|root|workspace|home/\w+)/[\w.]")
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
ADR_NAME = re.compile(r"(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md")
ADR_PARTS = ("## Context", "## Decision", "## Consequences", "## A change violates this when")


EXECUTING = {
    "cloudpickle",
    "dill",
    "joblib",
    "jsonpickle",
    "marshal",
    "multiprocessing.connection",
    "pickle",
    "shelve",
}
"""Modules that read values by running what is in them."""
MAY_EXECUTE = {
    # Old XComs are read by a reader that takes plain data alone.
    "src/slipstream/store/airflow/values.py",
    # Between a task and the interpreter that it starts itself, by their pipes.
    "src/slipstream/sdk/operators/_interpreter_call.py",
    "src/slipstream/sdk/operators/_interpreter_child.py",
    "src/slipstream/sdk/operators/_interpreter_values.py",
}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the project: what git tracks or would, or what lies there without git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    else:
        names = (path for top in (*CODE, "docs", ".ci") for path in (ROOT / top).rglob("*"))
    return tuple(sorted(path for path in names if path.is_file()))


def texts() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        if path.suffix not in BINARY and path != Path(__file__).resolve():
            yield path, path.read_text(encoding="utf-8")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def found(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name(path)}:{number}: {match.group()}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := pattern.search(line))
    ]


def pages() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".md"]


def anchors(page: Path) -> set[str]:
    """The fragment names that a page's headings get."""
    names = set()
    for line in page.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"#{1,6}\s+(.*)", line):
            words = re.sub(r"[^\w\- ]", "", match[1].strip().lower())
            names.add(words.replace(" ", "-"))
    return names


def broken_links(page: Path) -> Iterator[str]:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in LINK.findall(prose):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        place, _, fragment = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        if not file.exists():
            yield f"{name(page)}: {target} leads nowhere"
        elif fragment and file.suffix == ".md" and fragment not in anchors(file):
            yield f"{name(page)}: {target} names no heading of {file.name}"


def is_declaration(node: ast.stmt) -> bool:
    """What an `__init__.py` may hold: words, imports, names, and lazy imports."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Assign(targets=[ast.Name(id=target)]) | ast.AnnAssign(target=ast.Name(id=target)):
            return target.startswith("__") or target.startswith("_LAZY")
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=body, orelse=[]):
            return all(map(is_declaration, body))
        case ast.FunctionDef(name="__getattr__" | "__dir__"):
            return True
        case _:
            return False


def test_no_file_names_a_package_registry() -> None:
    assert found(REGISTRY) == []


def test_no_file_has_a_path_of_somebodys_machine() -> None:
    assert found(WORKPLACE) == []


def test_every_link_in_the_docs_resolves() -> None:
    assert list(chain.from_iterable(map(broken_links, pages()))) == []


def test_no_module_is_longer_than_one_can_hold_in_mind() -> None:
    modules = [path for path in tracked() if path.suffix == ".py" and name(path).startswith(CODE)]
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_package_has_logic_in_its_init() -> None:
    inits = [path for path in tracked() if path.name == "__init__.py"]
    offenders = {
        f"{name(path)}:{node.lineno}"
        for path in inits
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if not is_declaration(node)
    }
    assert offenders == set()


def test_decision_records_are_numbered_without_a_gap() -> None:
    records = sorted(path.name for path in tracked() if path.parent == ROOT / "docs" / "adr")
    numbers = [int(match[1]) for record in records if (match := ADR_NAME.fullmatch(record))]
    assert len(numbers) == len(records), f"expected NNNN-a-sentence.md, found {records}"
    assert numbers == list(range(1, len(records) + 1))


@pytest.mark.parametrize("part", ADR_PARTS)
def test_every_decision_record_has_its_parts(part: str) -> None:
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [record.name for record in records if part not in record.read_text().splitlines()] == []


def test_the_authoring_api_names_what_it_knows_nothing_about() -> None:
    importers = {
        name(path)
        for path in tracked()
        if name(path).startswith("src/slipstream/sdk/") and path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "typing"
        if any(alias.name == "Any" for alias in node.names)
    }
    assert importers == {"src/slipstream/sdk/_types.py"}


def test_nothing_on_the_wire_or_in_the_store_is_executed_when_it_is_read() -> None:
    using = set()
    for path in tracked():
        if path.suffix != ".py" or not name(path).startswith("src/"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import():
                    imported = {alias.name for alias in node.names}
                case ast.ImportFrom(module=str(module)):
                    imported = {module, *(f"{module}.{alias.name}" for alias in node.names)}
                case _:
                    continue
            if imported & EXECUTING:
                using.add(name(path))
    assert using == MAY_EXECUTE
