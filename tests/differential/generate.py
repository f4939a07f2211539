"""Random programs: small, and full of everything that the language has."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.differential.program import Block, Clear, Edge, Item, Program, Step, Task, edit, walk
from tests.differential.scene import Made, Scene
from tests.differential.words import (
    BRANCHES,
    CONDITIONS,
    CONFS,
    EARLY,
    GROUP_DEFAULTS,
    KINDS,
    MAPPABLE,
    MOMENTS,
    MORE_OPTIONS,
    OF_PAST,
    OPTIONS_OF_PAST,
    OVERRIDABLE,
    POLICIES,
    RULES,
    TEMPLATES,
    TRIGGER_ENDS,
)


def generate(seed: int) -> Program:
    """The program of a seed."""
    return _Generator(Random(seed)).program(f"seed_{seed}")


class _Generator(Scene):
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
        if rng.random() < 0.1:
            options.append(("template_undefined", "StrictUndefined"))
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
            conf=dict(rng.choice(CONFS)) if rng.random() < 0.3 else {},
            steps=self.steps(),
        )

    def steps(self) -> tuple[Step, ...]:
        """Runs of two days, and clearing in them, where the program has a past."""
        if not self.has_past:
            return (Step(),)
        rng = self.rng
        found = [Step()]
        while len(found) < 2 or (len(found) < 5 and rng.random() < 0.4):
            day = rng.choice((4, 5))
            begun = any(step.day == day for step in found)
            clear = self.clear() if begun and rng.random() < 0.8 else None
            found.append(Step(day=day, clear=clear))
        return tuple(found)

    def clear(self) -> Clear:
        rng = self.rng
        known = [one.name for one in self.made if not one.is_group]
        return Clear(
            tasks=tuple(rng.sample(known, min(len(known), rng.choice((1, 1, 2))))),
            upstream=rng.random() < 0.3,
            downstream=rng.random() < 0.7,
            only_failed=rng.random() < 0.2,
        )

    def items(self, number: int) -> list[Item]:
        rng = self.rng
        found: list[Item] = []
        for _ in range(number):
            if self.budget <= 0:
                break
            chance = rng.random()
            if chance < 0.14 and len(self.around) < 3 and self.may_map_a_group():
                found.append(self.mapped_group())
            elif chance < 0.24 and len(self.around) < 3:
                found.append(self.group())
            elif chance < 0.34 and not self.in_with:
                found.append(self.scope())
            else:
                found.append(self.task())
        return found

    def may_map_a_group(self) -> bool:
        """One in another seldom: what is mapped over must be known before."""
        return not self.mapped_around or (len(self.mapped_around) < 2 and self.rng.random() < 0.4)

    def name(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    # Blocks.

    def group(self) -> Block:
        name = self.name("g")
        kind = self.rng.choice(("with", "group"))
        options = (("prefix_group_id", "True"),) if self.rng.random() < 0.1 else ()
        if self.rng.random() < 0.15 and not self.in_scope and not self.is_fail_fast:
            options = (*options, ("default_args", self.rng.choice(GROUP_DEFAULTS)))
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
        if self.has_past and kind == "asks":
            kind = "task"  # The run that it asks for is there from the run before.
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
        if task.kind in ("empty", "latest", "dow", "moment", "poke", "far", "brief", "asks"):
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
        if shape == "dict" and kind in ("task", "async", "loud") and rng.random() < 0.5:
            options.append(rng.choice((("multiple_outputs", "True"), ("hint", "dict[str, int]"))))
        may_override = kind in OVERRIDABLE and "multiple_outputs" not in dict(options)
        if may_override and rng.random() < 0.15:  # Airflow cannot override that one.
            options.append(("override", "True"))
        if rng.random() < 0.08 and kind not in ("empty", "latest"):
            rules = ", ".join(rng.sample(POLICIES, rng.randint(1, 2)))
            options.append(("retry_policy", f"ExceptionRetryPolicy(rules=[{rules}])"))
            if "retries" not in dict(options):
                options.append(("retries", "2"))
        if rng.random() < 0.05:
            options.append(("do_xcom_push", "False"))
        if rng.random() < 0.2:
            options.append(("priority_weight", str(rng.randint(1, 9))))
            options.append(("weight_rule", "'absolute'"))
        for name in ("execute", "success", "failure", "retry", "skipped"):
            if rng.random() < 0.05 and not (name == "skipped" and is_mapped):
                options.append((f"on_{name}_callback", f"told({name!r})"))
        if rng.random() < 0.15:
            more = rng.choice(MORE_OPTIONS)
            if more[0] != "post_execute" or kind != "asks":  # Airflow 3 does not call that.
                options.append(more)
        if self.has_past and rng.random() < 0.4:
            taken = {name for name, _ in options}
            asked = [pair for pair in rng.choice(OF_PAST) if pair[0] not in taken]
            options += asked
        if self.has_past and self.mapped_around:
            # In a mapped group Airflow may never expand such a task, and never end the run.
            options = [pair for pair in options if pair[0] not in OPTIONS_OF_PAST]
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
            options.append(("condition", rng.choice(CONDITIONS)))
        elif kind == "waits":
            options.append(("waits", rng.choice(("1", "1", "2"))))
            if rng.random() < 0.4:
                # Airflow's `DAG.test()` calls no callbacks of tasks that triggers end.
                options = [pair for pair in options if not pair[0].endswith("_callback")]
                how = rng.choice(TRIGGER_ENDS)
                if self.is_fail_fast and (is_mapped or self.mapped_around):
                    how = "fire"  # Which instances of one map still run is a known difference.
                options.append(("how", repr(how)))
            if rng.random() < 0.3:
                options.append(("more", "{'k': [1]}"))
        elif kind == "far":
            options.append(
                ("target_time", rng.choice(("'{{ ts }}'", "'2020-01-01T00:00:00+00:00'")))
            )
        elif kind == "brief":
            options.append(("delta", "timedelta(0)"))
        elif kind == "asks":
            options.append(("trigger_run_id", rng.choice(("'one'", "'one'", "'at_{{ ds }}'"))))
            options.append(("conf", rng.choice(("None", "{'from': '{{ run_id }}', 'n': 1}"))))
            more = ("skip_when_already_exists", "reset_dag_run")
            options += [(name, "True") for name in more if rng.random() < 0.4]
        elif kind == "moment":
            options += rng.choice(MOMENTS)
            options.append(("use_task_logical_date", "True"))
        elif kind == "dow":
            days = rng.choice(("'Monday'", "{'Tuesday', 'Sunday'}"))
            options += [("week_day", days), ("use_task_logical_date", "True")]
        return tuple(options)

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
            if form == "label" and not all(self.may_label(name, top) for top in tops):
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
