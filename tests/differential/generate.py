"""Random programs: small, and full of everything that the language has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from tests.differential.program import Block, Edge, Item, Map, Program, Ref, Task, Value, edit, walk

RULES = (
    "all_success",
    "all_failed",
    "all_done",
    "all_done_min_one_success",
    "all_done_setup_success",
    "one_success",
    "one_failed",
    "one_done",
    "none_failed",
    "none_skipped",
    "always",
    "none_failed_min_one_success",
    "all_skipped",
)
EARLY = ("one_success", "one_failed", "one_done", "always")
"""Rules that may be met before everything above is done: known differences where there are maps."""
KINDS = {
    "task": 34,
    "python": 12,
    "plain": 8,
    "bash": 3,
    "bash_task": 1,
    "empty": 7,
    "branch": 8,
    "branch_python": 3,
    "choose": 3,
    "short": 4,
    "short_python": 3,
    "latest": 2,
    "sensor": 2,
    "poke": 2,
    "run_if": 2,
    "skip_if": 2,
    "dow": 2,
}
MAPPABLE = ("task", "python", "plain", "bash", "branch", "short", "run_if")
BRANCHES = ("branch", "branch_python", "choose", "dow")
RESULTS = (
    ("int", "7"),
    ("int", "{number}"),
    ("list", "[1, 2, 3]"),
    ("list", "[2]"),
    ("list", "['x', 'y']"),
    ("list", "[]"),
    ("dict", "{'a': 1, 'b': 2}"),
    ("dict", "{}"),
    ("kwargs", "[{'a': 1}, {'a': 2, 'b': 'two'}]"),
    ("none", "None"),
    ("seen", "SEEN"),
    ("seen", "SEEN"),
    ("seen", "ABOUT"),
)
TEMPLATES = (
    "{{ ds }}",
    "{{ params.p }}-{{ run_id }}",
    "{{ ti.xcom_pull(task_ids='<task>') }}",
    "{{ ti.xcom_pull('<task>', key='seen') }}",
    "{{ task.task_id }} {{ ti.map_index }}",
    "{{ macros.ds_add(ds, 3) }} {{ data_interval_start | ds_nodash }}",
    "{{ dag_run.conf.get('c', 'none') }}",
    "{{ params['q'] | join('-') }}",
    "{{ shout('x') if shout is defined else 'no macro' }}",
    "{{ logical_date.year }}{{ ts_nodash }}",
)
PULLS = (
    "task_ids='<task>'",
    "task_ids=['<task>', '<other>']",
    "task_ids='<task>', key='seen'",
    "task_ids='<task>', map_indexes=0",
    "task_ids='<task>', map_indexes=[0, 1]",
    "task_ids=['<task>'], map_indexes=[1, 0]",
    "task_ids='<task>', key='absent'",
    "task_ids='<task>', key='a'",
    "task_ids='<task>', include_prior_dates=True",
)
OWN_PULLS = ("key='seen'", "")
"""What a task pulls of itself; Airflow gives an instance of a map what others of it pushed, too."""


def generate(seed: int) -> Program:
    """The program of a seed."""
    return _Generator(Random(seed)).program(f"seed_{seed}")


@dataclass(frozen=True, slots=True)
class Made:
    """What stands already, and can be depended on."""

    name: str
    shape: str
    is_group: bool = False
    is_mapped: bool = False
    decides: bool = False
    """It skips others by what it returns."""
    blocks: tuple[str, ...] = ()

    @property
    def in_mapped_group(self) -> bool:
        """Airflow cannot map over what such a task gives."""
        return any(name.startswith("m") for name in self.blocks)


class _Generator:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.made: list[Made] = []
        self.edges: list[Edge] = []
        self.count = 0
        self.rule_chance = rng.choice((0.0, 0.25, 0.5, 0.8))
        self.trouble = rng.choice((0.05, 0.2, 0.4))
        """How often tasks end badly."""
        self.is_fail_fast = rng.random() < 0.07
        self.around: tuple[str, ...] = ()
        self.mapped_around: tuple[str, ...] = ()
        self.setups: set[str] = set()
        self.in_scope = False
        self.in_with = False
        self.budget = rng.choice((2, 4, 5, 6, 8))

    def program(self, dag_id: str) -> Program:
        rng = self.rng
        items = self.items(rng.randint(2, 6)) or [self.task()]
        root = self.with_targets(Block(name="root", kind="root", items=tuple(items)))
        options: list[tuple[str, str]] = [
            ("params", "{'p': Param(3, type='integer'), 'q': ['u', 'v']}"),
        ]
        if self.is_fail_fast:
            options.append(("fail_fast", "True"))
        if rng.random() < 0.1:
            options.append(("render_template_as_native_obj", "True"))
        if rng.random() < 0.1:
            options.append(("user_defined_macros", "{'shout': str.upper}"))
        defaults = []
        if rng.random() < 0.1:
            defaults.append("'retries': 1")
        if rng.random() < 0.1:
            defaults.append("'on_failure_callback': told('default failure')")
        options.append(("default_args", f"{{'retry_delay': 0, {', '.join(defaults)}}}"))
        for name in ("success", "failure"):
            if rng.random() < 0.15:
                options.append((f"on_{name}_callback", f"told('dag {name}')"))
        return Program(
            dag_id=dag_id,
            root=root,
            edges=tuple(self.edges),
            options=tuple(options),
            conf={"c": rng.choice((1, "two"))} if rng.random() < 0.3 else {},
        )

    def items(self, number: int) -> list[Item]:
        rng = self.rng
        found: list[Item] = []
        for _ in range(number):
            if self.budget <= 0:
                break
            chance = rng.random()
            if chance < 0.14 and len(self.around) < 2 and not self.mapped_around:
                found.append(self.mapped_group())
            elif chance < 0.24 and len(self.around) < 2:
                found.append(self.group())
            elif chance < 0.34 and not self.in_with:
                found.append(self.scope())
            else:
                found.append(self.task())
        return found

    def name(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    # Blocks.

    def group(self) -> Block:
        name = self.name("g")
        kind = self.rng.choice(("with", "group"))
        options = (("prefix_group_id", "True"),) if self.rng.random() < 0.1 else ()
        return self.block(Block(name=name, kind=kind, options=options))

    def mapped_group(self) -> Block:
        name = self.name("m")
        mapped = self.group_map(name)
        return self.block(Block(name=name, kind="mapped", mapped=mapped))

    def block(self, block: Block) -> Block:
        outside = self.around, self.mapped_around
        before = list(self.made)
        self.around = (*self.around, block.name)
        if block.mapped is not None:
            self.mapped_around = (*self.mapped_around, block.name)
        items = self.items(self.rng.randint(1, 3))
        if not items:
            items = [self.task()]
        self.around, self.mapped_around = outside
        self.made.append(Made(block.name, "group", is_group=True, blocks=self.around))
        self.link(block.name, before)
        return replace(block, items=tuple(items))

    def scope(self) -> Block:
        """A setup, a teardown, and work between them."""
        rng = self.rng
        name = self.name("s")
        before = list(self.made)
        kind = rng.choice(("scope_with", "scope_chain", "scope_chain", "scope_setup"))
        has_teardown = kind != "scope_setup"
        is_decorated = kind == "scope_chain" and rng.random() < 0.4
        setup = self.end_task("setup" if is_decorated else "")
        teardown = self.end_task("teardown" if is_decorated else "") if has_teardown else None
        self.setups.add(setup.name)
        outside, self.in_scope = self.in_scope, True
        self.in_with = kind in ("scope_with", "scope_setup")
        inside = self.items(rng.randint(1, 2)) or [self.task()]
        self.in_scope, self.in_with = outside, False
        options: tuple[tuple[str, str], ...] = ()
        if teardown is not None:
            if rng.random() < 0.3:
                options = (("on_failure_fail_dagrun", "True"),)
            self.made.append(Made(teardown.name, teardown.shape, blocks=self.around))
        if rng.random() < 0.5:
            self.link(setup.name, before)
        ends = [setup] if teardown is None else [setup, teardown]
        return Block(
            name=name,
            kind=kind,
            items=(*ends, *inside),
            setup=setup.name,
            teardown="" if teardown is None else teardown.name,
            options=options,
        )

    def end_task(self, role: str) -> Task:
        kind = "task" if role else self.rng.choice(("task", "python", "plain", "empty"))
        shape, result = self.result()
        return Task(
            name=self.name("t"),
            kind=kind,
            outcomes=self.outcomes(False),
            result="None" if kind == "empty" else result,
            shape="none" if kind == "empty" else shape,
            role=role,
        )

    # Tasks.

    def task(self) -> Task:
        rng = self.rng
        self.budget -= 1
        kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
        if self.mapped_around and kind in (*BRANCHES, "short", "short_python"):
            kind = "task"
        before = list(self.made)
        shape, result = self.result()
        mapped = self.map_of(kind) if self.may_map(kind) and rng.random() < 0.25 else None
        task = Task(
            name=self.name("t"),
            kind=kind,
            outcomes=self.outcomes(mapped is not None or bool(self.mapped_around)),
            result=result,
            shape=shape,
            args=tuple(self.value() for _ in range(rng.choice((0, 0, 1, 1, 2)))),
            pulls=tuple(self.pull(mapped is not None) for _ in range(rng.choice((0, 0, 0, 1, 2)))),
            mapped=mapped,
            options=self.options(kind, shape, mapped is not None),
        )
        task = self.fitted(task)
        self.made.append(
            Made(
                task.name,
                task.shape,
                is_mapped=mapped is not None,
                decides=kind in (*BRANCHES, "short", "short_python", "latest"),
                blocks=self.around,
            )
        )
        tops = self.link(task.name, before)
        if any(top in self.setups for top in tops):
            task = replace(
                task, options=tuple(pair for pair in task.options if pair[0] != "trigger_rule")
            )
        return task

    def may_map(self, kind: str) -> bool:
        """Airflow has no maps in mapped groups, and no mapped tasks in `with` blocks of setups."""
        return kind in MAPPABLE and not self.mapped_around and not self.in_with

    def fitted(self, task: Task) -> Task:
        """The task with what its kind asks for, and without what it does not take."""
        rng = self.rng
        if task.kind == "bash":
            code = {"fail": 1, "once": 1, "hard": 1, "skip": 99}.get(task.outcomes[0], 0)
            text = rng.choice(TEMPLATES[:1] + TEMPLATES[4:6])
            return replace(task, result=repr(f"echo '{text}'; exit {code}"), shape="none", args=())
        if task.kind == "bash_task":
            return replace(task, shape="none")
        if task.kind in ("empty", "latest", "dow", "poke"):
            return replace(task, result="None", shape="none", args=(), pulls=(), outcomes=("ok",))
        if task.kind in BRANCHES:
            return replace(task, shape="none")
        if task.kind in ("short", "short_python", "sensor"):
            return replace(task, shape="none")
        return task

    def options(self, kind: str, shape: str, is_mapped: bool) -> tuple[tuple[str, str], ...]:
        rng = self.rng
        options: list[tuple[str, str]] = []
        if not self.is_fail_fast and rng.random() < self.rule_chance * (
            0.1 if self.in_scope else 1
        ):
            rule = rng.choice(RULES)
            if not (rule in EARLY and (is_mapped or self.mapped_around)):
                options.append(("trigger_rule", repr(rule)))
        if rng.random() < 0.2:
            options.append(("retries", str(rng.choice((0, 1, 2)))))
        if shape == "dict" and kind == "task" and rng.random() < 0.5:
            options.append(("multiple_outputs", "True"))
        if rng.random() < 0.05:
            options.append(("do_xcom_push", "False"))
        if rng.random() < 0.2:
            options.append(("priority_weight", str(rng.randint(1, 9))))
            options.append(("weight_rule", "'absolute'"))
        for name in ("execute", "success", "failure", "retry", "skipped"):
            if rng.random() < 0.05 and not (name == "skipped" and is_mapped):
                options.append((f"on_{name}_callback", f"told({name!r})"))
        if kind in ("short", "short_python"):
            options.append(("choice", rng.choice(("False", "False", "True", "0", "[]", "1"))))
            if rng.random() < 0.5:
                options.append(("ignore_downstream_trigger_rules", "False"))
        elif kind == "bash_task":
            options.append(("choice", rng.choice(("'echo hello'", "'exit 99'", "'exit 1'"))))
        elif kind in ("sensor", "poke"):
            options.append(("choice", rng.choice(("True", "True", "False"))))
            options += [("poke_interval", "0"), ("timeout", "0")]
            if rng.random() < 0.5:
                options.append(("soft_fail", "True"))
            if rng.random() < 0.3:
                options.append(("mode", "'reschedule'"))
        elif kind in ("run_if", "skip_if"):
            options.append(("condition", rng.choice(_CONDITIONS)))
        elif kind == "dow":
            days = rng.choice(("'Monday'", "{'Tuesday', 'Sunday'}"))
            options += [("week_day", days), ("use_task_logical_date", "True")]
        return tuple(options)

    def outcomes(self, is_mapped: bool) -> tuple[str, ...]:
        bad = ("fail", "fail", "once", "skip", "skip", "hard")
        if is_mapped and self.is_fail_fast:
            bad = ("skip",)  # Which instances of one map still run is a known difference.

        def one() -> str:
            return self.rng.choice(bad) if self.rng.random() < self.trouble else "ok"

        return tuple(one() for _ in range(3 if is_mapped else 1))

    def result(self) -> tuple[str, str]:
        shape, text = self.rng.choice(RESULTS)
        return shape, text.replace("{number}", str(self.rng.randint(1, 99)))

    # Values.

    def usable(self, *shapes: str) -> list[Made]:
        """Tasks whose results may be used; not branches, whose results are a known difference."""
        return [
            one
            for one in self.made
            if not one.is_group and not one.decides and (not shapes or one.shape in shapes)
        ]

    def value(self) -> Value:
        rng = self.rng
        chance = rng.random()
        if self.mapped_around and chance < 0.45:
            return Ref(of=f"{rng.choice(self.mapped_around)}.{rng.choice(('a', 'a', 'b'))}")
        known = self.usable()
        if known and chance < 0.65 and not self.in_with:
            one = rng.choice(known)
            key = rng.choice(("a", "b")) if one.shape == "dict" and not one.is_mapped else None
            if key is not None and rng.random() < 0.5:
                return Ref(of=one.name, key=key)
            return Ref(of=one.name, calls=self.calls(one))
        if chance < 0.85:
            return repr(self.filled(rng.choice(TEMPLATES)))
        return rng.choice(("1", "'text'", "[1, '{{ ds }}']", "{'k': '{{ params.p }}'}", "None"))

    def calls(self, one: Made) -> tuple[tuple[str, str], ...]:
        rng = self.rng
        if one.shape not in ("list", "kwargs", "seen") and not one.is_mapped:
            return ()
        found: list[tuple[str, str]] = []
        while rng.random() < 0.2 and len(found) < 2:
            call = rng.choice(("map", "map", "zip", "concat"))
            if call == "map":
                found.append((call, rng.choice(("plus_one", "not_two", "not_two", "boom"))))
            else:
                found.append((call, rng.choice(self.usable()).name))
        return tuple(found)

    def filled(self, text: str) -> str:
        known = self.usable()
        for word in ("<task>", "<other>"):
            text = text.replace(word, f"<{self.rng.choice(known).name}>" if known else "nobody")
        return text

    def pull(self, is_mapped: bool) -> str:
        own = () if is_mapped or self.mapped_around else OWN_PULLS
        return self.filled(self.rng.choice((*PULLS, *own)))

    # Maps.

    def source(self) -> Value:
        """Something to map over."""
        rng = self.rng
        known = self.usable("list", "dict", "kwargs", "seen")
        known += [one for one in self.usable() if one.is_mapped]
        known = [one for one in known if not one.in_mapped_group]
        if known and rng.random() < 0.7:
            one = rng.choice(known)
            return Ref(of=one.name, calls=self.calls(one))
        return rng.choice(("[1, 2]", "[1, 2, 3]", "['x']", "{'a': 1, 'b': 2}", "[]", "[None, 0]"))

    def map_of(self, kind: str) -> Map:
        rng = self.rng
        if kind == "bash":
            return Map(over=(("bash_command", "['echo 1', 'exit 99', 'echo {{ ds }}']"),))
        if kind == "python":
            arguments = "[[('ok',), SEEN, 1], [('skip',), 2], [('ok',), [1]]]"
            return Map(over=(("op_args", arguments),))
        if kind == "plain":
            return Map(over=(("given", self.source()),))
        if rng.random() < 0.25:
            return Map(over=(("", self.kwargs()),))
        names = ("a",) if rng.random() < 0.7 else ("a", "b")
        return Map(over=tuple((name, self.source()) for name in names))

    def kwargs(self) -> Value:
        known = [one for one in self.usable("kwargs") if not one.in_mapped_group]
        if known and self.rng.random() < 0.4:
            return Ref(of=self.rng.choice(known).name)
        lists = [one for one in self.usable("list") if not one.in_mapped_group]
        if lists and self.rng.random() < 0.5:
            return Ref(of=self.rng.choice(lists).name, calls=(("map", "as_kwargs"),))
        return "[{'a': 1}, {'a': 2, 'b': 3}]"

    def group_map(self, name: str) -> Map:
        if self.rng.random() < 0.2:
            return Map(over=(("", f"[{{'{name}_a': 1}}, {{'{name}_a': 2, '{name}_b': 3}}]"),))
        names = ("a",) if self.rng.random() < 0.75 else ("a", "b")
        return Map(over=tuple((f"{name}_{of}", self.source()) for of in names))

    # Edges.

    def link(self, name: str, before: list[Made]) -> tuple[str, ...]:
        """Put it below some of what stood before."""
        rng = self.rng
        known = [one for one in before if one.name not in self.around]
        number = min(len(known), rng.choice((0, 1, 1, 1, 2, 3)))
        tops = tuple(one.name for one in rng.sample(known, number))
        if tops:
            forms = (">>", ">>", "<<", "chain", "set", "upstream", "label", "cross", "linear")
            form = rng.choice(forms)
            if form == "label" and not self.may_label(name, tops[0]):
                form = "set"
            if form == "chain" and number > 1:
                self.edges.append(Edge(form="cross", above=tops, below=(name,)))
            else:
                for top in tops[:1] if form in ("set", "label") else ():
                    self.edges.append(Edge(form=form, above=(top,), below=(name,)))
                rest = tops[1:] if form in ("set", "label") else tops
                if rest:
                    form = "cross" if form == "linear" and len(rest) > 1 else form
                    self.edges.append(Edge(form=form, above=rest, below=(name,)))
        return tops

    def may_label(self, name: str, top: str) -> bool:
        """Airflow joins groups where a label stands between tasks of different ones."""
        above = next(one for one in self.made if one.name == top)
        is_task = name.startswith("t")
        return above.blocks == self.around and is_task and not above.is_group

    def with_targets(self, root: Block) -> Block:
        """Let each branch go to some of what is below it, and put something there."""
        rng = self.rng
        places = {one.name: at for at, one in enumerate(self.made)}
        branches = [item for item, _ in walk(root) if isinstance(item, Task)]
        for task in branches:
            if task.kind not in BRANCHES:
                continue
            at = places[task.name]
            around = set(self.made[at].blocks)
            later = [one.name for one in self.made[at + 1 :] if one.name not in around]
            for below in rng.sample(later, min(len(later), rng.choice((0, 1, 2, 3)))):
                self.edges.append(Edge(form=">>", above=(task.name,), below=(below,)))
            belows = [edge.below[0] for edge in self.edges if task.name in edge.above]
            known = sorted(set(belows))
            targets = rng.sample(known, min(len(known), rng.choice((0, 1, 1, 2))))
            options = task.options
            if len(targets) < 2 and rng.random() < 0.2:
                options = (*options, ("choice", rng.choice(("[]", "None"))))
            root = edit(root, task.name, replace(task, targets=tuple(targets), options=options))
        return root


_CONDITIONS = (
    "lambda context: True",
    "lambda context: False",
    "lambda context: context['ti'].map_index != 0",
    "lambda context: context['params']['p'] == 3, skip_message='no'",
)
