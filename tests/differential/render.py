"""A program as the text of a DAG file.

References to what is not there (the shrinker takes things away) become plain values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from textwrap import indent

from tests.differential.prelude import IMPORTS, PRELUDE
from tests.differential.program import Block, Edge, Item, Map, Program, Task, Value

STEP = "    "
PARAMETERS = ("a", "b", "c")
DECORATED = (
    "task", "async", "loud", "branch", "short", "sensor", "run_if", "skip_if", "bash_task"
)  # fmt: skip
_NOT_ARGUMENTS = ("condition", "choice", "teardown_options", "override", "hint")
"""Options that are rendered in other ways."""


def render(program: Program) -> str:
    """The whole file. It defines `dag`."""
    return _Renderer(program).file()


class _Renderer:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.ids = program.ids()
        self.tasks = {task.name: task for task in program.tasks()}
        self.mapped_groups: tuple[str, ...] = ()

    def file(self) -> str:
        options = {"schedule": "None", **dict(self.program.options)}
        lines = [f"with DAG({self.program.dag_id!r}, {_keywords(options.items())}) as dag:"]
        lines.append(STEP + "n = {}")
        body = [*self.items(self.program.root.items), *self.edges(self.program.edges)]
        kinds = {task.kind for task in self.tasks.values()}
        imports = "".join(IMPORTS[kind] for kind in sorted(kinds & IMPORTS.keys())) + PRELUDE
        other = self.other_dag() if "asks" in kinds else []
        lines = [imports, *other, "", *lines, *(STEP + line for line in body)]
        return "\n".join(lines) + "\n"

    def other_dag(self) -> list[str]:
        """The DAG whose runs some tasks ask for. It leaves no trace: only we carry them out."""
        dag_id = f"{self.program.dag_id}_other"
        options = "schedule=None, is_paused_upon_creation=False"
        return [
            f"with DAG({dag_id!r}, {options}):",
            STEP + "EmptyOperator(task_id='nothing')",
        ]

    def items(self, items: Iterable[Item]) -> list[str]:
        lines: list[str] = []
        for item in items:
            lines += self.task(item) if isinstance(item, Task) else self.block(item)
        return lines

    # Blocks.

    def block(self, block: Block) -> list[str]:
        form: Callable[[Block], list[str]] = getattr(self, f"block_{block.kind}")
        return form(block)

    def block_with(self, block: Block) -> list[str]:
        options = _keywords(block.options, first=repr(block.name))
        lines = [
            f"with TaskGroup({options}) as g_{block.name}:",
            f"{STEP}n[{block.name!r}] = g_{block.name}",
        ]
        return lines + _in(self.items(block.items))

    def block_group(self, block: Block) -> list[str]:
        lines = [f"@task_group({_keywords((('group_id', repr(block.name)), *block.options))})"]
        lines.append(f"def g_{block.name}():")
        lines += _in(self.items(block.items)) or [STEP + "pass"]
        return [*lines, f"n[{block.name!r}] = g_{block.name}()"]

    def block_mapped(self, block: Block) -> list[str]:
        assert block.mapped is not None
        mapped = self.mapping(block.mapped)
        parameters = ", ".join(f"{block.name}_{name}=None" for name in PARAMETERS)
        lines = [f"@task_group({_keywords((('group_id', repr(block.name)), *block.options))})"]
        lines.append(f"def g_{block.name}({parameters}):")
        outside = self.mapped_groups
        self.mapped_groups = (*outside, block.name)
        lines += _in(self.items(block.items)) or [STEP + "pass"]
        self.mapped_groups = outside
        return [*lines, f"n[{block.name!r}] = g_{block.name}.{mapped}"]

    def block_scope_with(self, block: Block) -> list[str]:
        """`with teardown.as_teardown(setups=...):`."""
        if block.teardown not in self.tasks:
            return self.block_scope_setup(block)
        heads, body = self._split(block)
        fails = _keywords(block.options)
        setups = f"setups=n[{block.setup!r}]" if block.setup in self.tasks else ""
        inside = ", ".join(part for part in (setups, fails) if part)
        head = f"with n[{block.teardown!r}].as_teardown({inside}):"
        return [*heads, head, *(_in(body) or [STEP + "pass"])]

    def block_scope_setup(self, block: Block) -> list[str]:
        """`with setup:`, for a setup without a teardown."""
        heads, body = self._split(block)
        if block.setup not in self.tasks:
            return heads + body
        mark = "" if self.tasks[block.setup].role else ".as_setup()"
        if block.teardown in self.tasks:
            heads.append(self._teardown(block))
        return [*heads, f"with n[{block.setup!r}]{mark}:", *(_in(body) or [STEP + "pass"])]

    def block_scope_chain(self, block: Block) -> list[str]:
        """`setup >> work >> teardown`."""
        heads, body = self._split(block)
        marks = []
        if block.setup in self.tasks and not self.tasks[block.setup].role:
            marks.append(f"n[{block.setup!r}].as_setup()")
        if block.teardown in self.tasks:
            marks.append(self._teardown(block))
        inner = [
            item.name
            for item in block.items
            if item.name in self.ids and item.name not in (block.setup, block.teardown)
        ]
        if inner and block.setup in self.tasks:
            marks += [f"n[{block.setup!r}] >> n[{name!r}]" for name in inner]
        if inner and block.teardown in self.tasks:
            marks += [f"n[{name!r}] >> n[{block.teardown!r}]" for name in inner]
        return heads + body + marks

    def _teardown(self, block: Block) -> str:
        if self.tasks[block.teardown].role and not block.options:
            if block.setup in self.tasks:
                return f"n[{block.setup!r}] >> n[{block.teardown!r}]"
            return f"n[{block.teardown!r}]"
        setups = (("setups", f"n[{block.setup!r}]"),) if block.setup in self.tasks else ()
        return f"n[{block.teardown!r}].as_teardown({_keywords((*setups, *block.options))})"

    def _split(self, block: Block) -> tuple[list[str], list[str]]:
        ends = [item for item in block.items if item.name in (block.setup, block.teardown)]
        return self.items(ends), self.items([item for item in block.items if item not in ends])

    # Tasks.

    def task(self, task: Task) -> list[str]:
        form = "decorated" if task.kind in DECORATED else "operator"
        return self.decorated(task) if form == "decorated" else [self.operator(task)]

    def decorated(self, task: Task) -> list[str]:
        lines = []
        if task.role:
            lines.append(
                f"@{task.role}"
                + (
                    f"({dict(task.options)['teardown_options']})"
                    if "teardown_options" in dict(task.options)
                    else ""
                )
            )
        if task.kind in ("run_if", "skip_if"):
            lines.append(f"@task.{task.kind}({task.option('condition')})")
        options = {"task_id": repr(task.name)} | {
            name: text for name, text in task.options if name not in _NOT_ARGUMENTS
        }
        changed: dict[str, str] = {}
        if task.option("override") is not None:
            # All but the id is given where the function is called.
            changed, options = options, {"task_id": repr(f"{task.name}_before"), "retries": "5"}
        name = {
            "branch": "task.branch",
            "short": "task.short_circuit",
            "sensor": "task.sensor",
            "bash_task": "task.bash",
            "loud": "loud",
        }.get(task.kind, "task")
        lines.append(f"@{name}({_keywords(options.items())})")
        word = "async def" if task.kind == "async" else "def"
        hint = f" -> {task.option('hint')}" if task.option("hint") is not None else ""
        lines.append(f"{word} f_{task.name}({', '.join(f'{of}=None' for of in PARAMETERS)}){hint}:")
        lines.append(f"{STEP}{self.body(task)}")
        given = {PARAMETERS[at]: self.value(value) for at, value in enumerate(task.args)}
        function = f"f_{task.name}"
        if changed:
            function += f".override({_keywords(changed.items())})"
        if task.mapped is None:
            call = f"{function}({_keywords(given.items())})"
        else:
            taken = {of for of, _ in task.mapped.over} or set()
            rest = {of: text for of, text in given.items() if of not in taken}
            if "" in taken:
                rest = {of: text for of, text in rest.items() if of == "c"}
            partial = f".partial({_keywords(rest.items())})" if rest else ""
            call = f"{function}{partial}.{self.mapping(task.mapped)}"
        return [*lines, f"n[{task.name!r}] = {call}"]

    def body(self, task: Task) -> str:
        pulls = (
            f", pulls=[{', '.join(self.pull(pull) for pull in task.pulls)}]" if task.pulls else ""
        )
        result = self.choice(task) if task.kind == "branch" else task.result
        call = f"work({task.outcomes!r}, {result}, {', '.join(PARAMETERS)}{pulls})"
        if task.kind == "sensor":
            return (
                f"return PokeReturnValue(is_done=bool({task.option('choice')}), xcom_value={call})"
            )
        if task.kind == "short":
            return f"{call}; return {task.option('choice')}"
        if task.kind == "bash_task":
            return f"{call}; return {task.option('choice')}"
        return f"return {call}"

    def operator(self, task: Task) -> str:
        known = dict(task.options)
        options = {"task_id": repr(task.name)} | {
            of: text for of, text in known.items() if of not in _NOT_ARGUMENTS
        }
        given = [self.value(value) for value in task.args]
        pulls = f"[{', '.join(self.pull(pull) for pull in task.pulls)}]"
        mapped = "" if task.mapped is None else f".{self.mapping(task.mapped)}"
        match task.kind:
            case "python" | "branch_python" | "short_python":
                name = {"python": "PythonOperator", "branch_python": "BranchPythonOperator"}.get(
                    task.kind, "ShortCircuitOperator"
                )
                result = {
                    "branch_python": self.choice(task),
                    "short_python": known.get("choice"),
                }.get(task.kind, task.result)
                options["python_callable"] = "work"
                arguments = f"[{', '.join([repr(task.outcomes), str(result), *given])}]"
                over = dict(task.mapped.over) if task.mapped else {}
                if "op_args" not in over:
                    options["op_args"] = arguments
                if task.pulls and "op_kwargs" not in over:
                    options["op_kwargs"] = f"{{'pulls': {pulls}}}"
            case "plain" | "waits":
                name = "Waits" if task.kind == "waits" else "Plain"
                options |= {"outcomes": repr(task.outcomes), "result": task.result}
                if task.pulls:
                    options["pulls"] = pulls
                if given and not (task.mapped and "given" in dict(task.mapped.over)):
                    options["given"] = f"[{', '.join(given)}]"
            case "choose":
                name = "Choose"
                options |= {"outcomes": repr(task.outcomes), "choice": self.choice(task)}
            case "bash":
                name = "BashOperator"
                if not (task.mapped and "bash_command" in dict(task.mapped.over)):
                    options["bash_command"] = task.result
            case "dow" | "moment":
                is_day = task.kind == "dow"
                name = "BranchDayOfWeekOperator" if is_day else "BranchDateTimeOperator"
                targets = [self.ids[of] for of in task.targets if of in self.ids]
                options["follow_task_ids_if_true"] = repr(targets[:1])
                options["follow_task_ids_if_false"] = repr(targets[1:])
            case "far" | "brief":
                name = "DateTimeSensorAsync" if task.kind == "far" else "TimeDeltaSensorAsync"
            case "asks":
                name = "TriggerDagRunOperator"
                options["trigger_dag_id"] = repr(f"{self.program.dag_id}_other")
            case "latest":
                name = "LatestOnlyOperator"
            case "poke":
                name = "PythonSensor"
                options["python_callable"] = f"lambda: {known.get('choice')}"
            case _:
                name = "EmptyOperator"
        partial = ".partial" if mapped else ""
        text = f"{name}{partial}({_keywords(options.items())}){mapped}"
        return f"n[{task.name!r}] = {text}"

    def choice(self, task: Task) -> str:
        targets = [self.ids[name] for name in task.targets if name in self.ids]
        if not targets:
            return task.option("choice") or "None"
        return repr(targets[0] if len(targets) == 1 and task.option("choice") is None else targets)

    def pull(self, pull: str) -> str:
        for name in sorted(self.ids, key=len, reverse=True):
            pull = pull.replace(f"<{name}>", self.ids[name])
        return f"dict({pull})"

    # Values.

    def mapping(self, mapped: Map) -> str:
        if [name for name, _ in mapped.over] == [""]:
            return f"expand_kwargs({self.value(mapped.over[0][1], default='[{}]')})"
        pairs = ((name, self.value(value, default="[1, 2]")) for name, value in mapped.over)
        return f"expand({_keywords(pairs)})"

    def value(self, value: Value, default: str = "None") -> str:
        if isinstance(value, str):
            for name in sorted(self.ids, key=len, reverse=True):
                value = value.replace(f"<{name}>", self.ids[name])
            return value
        if "." in value.of:
            group, parameter = value.of.split(".")
            return f"{group}_{parameter}" if group in self.mapped_groups else default
        if value.of not in self.tasks:
            return default
        text = self.output(value.of)
        if value.key is not None:
            text += f"[{value.key!r}]"
        for call, of in value.calls:
            if call == "map":
                text += f".map({of})"
            elif of in self.tasks and self.tasks[of].kind != "empty":
                text += f".{call}({self.output(of)})"
        return text

    def output(self, name: str) -> str:
        task = self.tasks[name]
        return f"n[{name!r}]" + ("" if task.kind in DECORATED else ".output")

    # Edges.

    def edges(self, edges: Iterable[Edge]) -> list[str]:
        lines = []
        for edge in edges:
            above = [f"n[{name!r}]" for name in edge.above if name in self.ids]
            below = [f"n[{name!r}]" for name in edge.below if name in self.ids]
            if above and below:
                lines.append(self.edge(edge.form, above, below))
        return lines

    @staticmethod
    def edge(form: str, above: list[str], below: list[str]) -> str:
        tops, bottoms = _listed(above), _listed(below)
        match form:
            case "cross":
                return f"cross_downstream([{', '.join(above)}], [{', '.join(below)}])"
            case "chain":
                return f"chain({', '.join([*above, bottoms])})"
            case "linear":
                return f"chain_linear({tops}, {bottoms})"
            case "set":
                return f"{above[0]}.set_downstream({bottoms})"
            case "upstream":
                return f"{below[0]}.set_upstream({tops})"
            case "label":
                return f"{above[0]} >> Label('on') >> {bottoms}"
            case "<<":
                return f"{below[0]} << {tops}"
            case _ if len(above) > 1 and len(below) > 1:
                return f"cross_downstream({tops}, {bottoms})"
            case _:
                return f"{tops} >> {bottoms}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _keywords(pairs: Iterable[tuple[str, str | None]], first: str = "") -> str:
    texts = [first] if first else []
    return ", ".join([*texts, *(f"{name}={text}" for name, text in pairs)])


def _in(lines: list[str]) -> list[str]:
    return [indent(line, STEP) for line in lines]
