"""What the text of a file tells, without running it."""

from __future__ import annotations

import ast
import importlib.util
import sys
from dataclasses import dataclass, field
from pathlib import Path

from slipstream.cli.doctor.calls import in_calls, in_classes
from slipstream.cli.doctor.findings import Finding, Level
from slipstream.cli.doctor.names import Verdict, judge


def read(path: Path, folder: Path) -> list[Finding]:
    """What is found in one file; `folder` is where its own modules are looked for."""
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        return [
            Finding(
                file=str(path),
                line=error.lineno or 1,
                level=Level.ERROR,
                rule="syntax",
                found=f"the file is no Python of this release: {error.msg}",
                remedy="mend the line; Python 2 has other rules",
            )
        ]
    reader = _Reader(path, folder)
    reader.visit(tree)
    return [*reader.findings, *in_calls(tree, path), *in_classes(tree, path)]


@dataclass(slots=True)
class _Reader(ast.NodeVisitor):
    """Looks at imports. Those that a file can do without are left out."""

    path: Path
    folder: Path
    findings: list[Finding] = field(default_factory=list)
    _optional: int = 0
    _said: set[tuple[str, str]] = field(default_factory=set)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._imported(node.lineno, alias.name, None)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or node.module is None:
            return
        for alias in node.names:
            self._imported(node.lineno, node.module, None if alias.name == "*" else alias.name)

    def visit_Try(self, node: ast.Try) -> None:
        """What stands in a `try` that catches import errors need not be there."""
        catches = any(_catches_imports(handler) for handler in node.handlers)
        self._optional += catches
        for statement in node.body:
            self.visit(statement)
        self._optional -= catches
        rest: list[ast.AST] = [*node.handlers, *node.orelse, *node.finalbody]
        for child in rest:
            self.visit(child)

    def visit_If(self, node: ast.If) -> None:
        """What stands under `if TYPE_CHECKING` is never imported."""
        if "TYPE_CHECKING" not in ast.unparse(node.test):
            for child in node.body:
                self.visit(child)
        for child in node.orelse:
            self.visit(child)

    def _imported(self, line: int, module: str, name: str | None) -> None:
        if self._optional:
            return
        if module == "airflow" or module.startswith("airflow."):
            verdict = judge(module, name)
            if verdict is not None:
                self._add(line, verdict)
            return
        top = module.partition(".")[0]
        if not _is_there(top, self.folder, self.path.parent):
            self._add(
                line,
                Verdict(
                    Level.ERROR,
                    "package-missing",
                    f"the module {top} is not installed",
                    f"install the package that brings {top} beside slipstream, "
                    f"or put the module into the DAGs folder",
                ),
            )

    def _add(self, line: int, verdict: Verdict) -> None:
        # One package that is missing is said once in a file.
        key = (verdict.rule, verdict.remedy if "missing" in verdict.rule else verdict.found)
        if key in self._said:
            return
        self._said.add(key)
        self.findings.append(
            Finding(
                file=str(self.path),
                line=line,
                level=verdict.level,
                rule=verdict.rule,
                found=verdict.found,
                remedy=verdict.remedy,
            )
        )


def _catches_imports(handler: ast.ExceptHandler) -> bool:
    caught = "" if handler.type is None else ast.unparse(handler.type)
    words = ("ImportError", "ModuleNotFoundError", "Exception")
    return handler.type is None or any(word in caught for word in words)


def _is_there(top: str, *folders: Path) -> bool:
    if top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return True
    if any((folder / top).is_dir() or (folder / f"{top}.py").is_file() for folder in folders):
        return True
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False
