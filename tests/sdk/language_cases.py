"""Small DAGs in every form of the language, each with the spec that it has to give.

A case is a function whose docstring says what it shows; it writes to the DAG that is open. Edges
are written `a>b`, one per line or separated by spaces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slipstream.model.dag import Length, Literal, Longest, Product, Shortest, Sum, Upstream
from slipstream.sdk import (
    Label,
    TaskGroup,
    XComArg,
    chain,
    chain_linear,
    cross_downstream,
    setup,
    task,
    task_group,
    teardown,
)
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.python import PythonOperator


@dataclass(frozen=True)
class Case:
    write: Callable[[], object]
    edges: frozenset[tuple[str, str]]
    lengths: Mapping[str, Length] = field(default_factory=dict)
    groups: Mapping[str, str | None] = field(default_factory=dict)
    """`{group: the group around it}`."""
    group_lengths: Mapping[str, Length] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[tuple[str, str], str] = field(default_factory=dict)
    tasks: frozenset[str] | None = None


CASES: dict[str, Case] = {}


def case(
    edges: str = "", tasks: str | None = None, **expected: Any
) -> Callable[[Callable[[], object]], Callable[[], object]]:
    def register(write: Callable[[], object]) -> Callable[[], object]:
        pairs = frozenset(
            (up, down) for up, _, down in (edge.partition(">") for edge in edges.split())
        )
        CASES[write.__name__] = Case(
            write, pairs, tasks=None if tasks is None else frozenset(tasks.split()), **expected
        )
        return write

    return register


def empty(*names: str, **kwargs: Any) -> Any:
    made = [EmptyOperator(task_id=name, **kwargs) for name in names]
    return made[0] if len(made) == 1 else made


@task
def numbers() -> list[int]:
    return [1, 2, 3]


@task
def use(x: Any = None, y: Any = None) -> Any:
    return x


# ---------------------------------------------------------------- operators of order


@case("a>b b>c")
def shift_right() -> None:
    a, b, c = empty("a", "b", "c")
    a >> b >> c


@case("b>a c>b")
def shift_left() -> None:
    a, b, c = empty("a", "b", "c")
    a << b << c


@case("a>b a>c b>d c>d")
def lists_on_both_sides() -> None:
    a, b, c, d = empty("a", "b", "c", "d")
    a >> [b, c] >> d


@case("b>a c>a")
def a_list_left_of_shift_left() -> None:
    a, b, c = empty("a", "b", "c")
    a << [b, c]


@case("a>b a>c")
def set_downstream_with_a_list() -> None:
    a, b, c = empty("a", "b", "c")
    a.set_downstream([b, c])


@case("a>c b>c")
def set_upstream_with_a_tuple() -> None:
    a, b, c = empty("a", "b", "c")
    c.set_upstream((a, b))


@case("a>b")
def the_same_edge_twice() -> None:
    a, b = empty("a", "b")
    a >> b
    b << a


@case("a>b b>c c>d")
def chain_of_tasks() -> None:
    chain(*empty("a", "b", "c", "d"))


@case("a>b a>c b>d c>e d>f e>f")
def chain_with_lists() -> None:
    a, b, c, d, e, f = empty("a", "b", "c", "d", "e", "f")
    chain(a, [b, c], [d, e], f)


@case("a>b a>c b>d b>e c>d c>e d>f e>f")
def chain_linear_with_lists() -> None:
    a, b, c, d, e, f = empty("a", "b", "c", "d", "e", "f")
    chain_linear(a, [b, c], [d, e], f)


@case("a>c a>d b>c b>d")
def cross() -> None:
    a, b, c, d = empty("a", "b", "c", "d")
    cross_downstream([a, b], [c, d])


@case("a>b", labels={("a", "b"): "yes"})
def label_between() -> None:
    a, b = empty("a", "b")
    a >> Label("yes") >> b


@case("a>b", labels={("a", "b"): "yes"})
def label_between_backwards() -> None:
    a, b = empty("a", "b")
    b << Label("yes") << a


@case("a>c b>c", labels={("a", "c"): "both", ("b", "c"): "both"})
def label_after_a_list() -> None:
    a, b, c = empty("a", "b", "c")
    [a, b] >> Label("both") >> c


@case("a>b b>c", labels={("a", "b"): "x"})
def label_in_a_chain() -> None:
    a, b, c = empty("a", "b", "c")
    chain(a, Label("x"), b, c)


@case("a>g.b a>g.c", labels={("a", "g.b"): "in", ("a", "g.c"): "in"}, groups={"g": None})
def label_before_a_group() -> None:
    a = empty("a")
    with TaskGroup("g") as g:
        empty("b", "c")
    a >> Label("in") >> g


# ---------------------------------------------------------------- groups


@case("a>g.b g.b>g.c g.c>d", groups={"g": None})
def group_between_tasks() -> None:
    a = empty("a")
    with TaskGroup("g") as g:
        b, c = empty("b", "c")
        b >> c
    a >> g >> empty("d")


@case(
    "a>o.x a>o.i.y o.x>z o.i.y>z",
    groups={"o": None, "o.i": "o"},
)
def nested_groups() -> None:
    with TaskGroup("o") as o:
        empty("x")
        with TaskGroup("i"):
            empty("y")
    empty("a") >> o >> empty("z")


@case("b>c", groups={"g": None})
def group_without_prefix() -> None:
    with TaskGroup("g", prefix_group_id=False):
        b, c = empty("b", "c")
        b >> c


@case("i.x>y", groups={"o": None, "i": "o"})
def prefixed_group_in_one_without() -> None:
    with TaskGroup("o", prefix_group_id=False):
        with TaskGroup("i"):
            x = empty("x")
        x >> empty("y")


@case("g1.a>g2.c g1.b>g2.c g1.a>g2.d g1.b>g2.d", groups={"g1": None, "g2": None})
def group_after_group() -> None:
    with TaskGroup("g1") as g1:
        empty("a", "b")
    with TaskGroup("g2") as g2:
        empty("c", "d")
    g1 >> g2


@case("g.a>b", groups={"g": None})
def task_put_in_a_group_by_name() -> None:
    g = TaskGroup("g")
    empty("a", task_group=g) >> empty("b")


@case("numbers>g.use g.use>use", groups={"g": None})
def task_group_function() -> None:
    @task_group
    def g(x: Any) -> Any:
        return use(x)

    use(g(numbers()))


@case("", tasks="g.use g__1.use g__2.use", groups={"g": None, "g__1": None, "g__2": None})
def task_group_function_called_again() -> None:
    @task_group
    def g() -> None:
        use()

    g()
    g()
    g()


# ---------------------------------------------------------------- functions as tasks


@case("numbers>use")
def output_as_argument() -> None:
    use(numbers())


@case("numbers>use numbers__1>use")
def outputs_in_a_nested_argument() -> None:
    use({"a": [numbers(), (1, numbers())]})


@case("use>use__1 use__1>use__2")
def the_same_function_three_times() -> None:
    use(use(use()))


@case("", tasks="mine use")
def override_of_the_task_id() -> None:
    use.override(task_id="mine")()
    use()


@case("a>p a>b")
def output_of_a_classic_operator() -> None:
    a = BashOperator(task_id="a", bash_command="true")
    PythonOperator(task_id="p", python_callable=print, op_args=[a.output])
    BashOperator(task_id="b", bash_command="echo", env={"X": a.output["key"]})  # type: ignore[dict-item]


@case("numbers>a use>numbers")
def order_with_outputs() -> None:
    found = numbers()
    use() >> found >> empty("a")


@case("use>b use>c")
def multiple_outputs_are_one_task() -> None:
    split = use.override(multiple_outputs=True)()
    PythonOperator(task_id="b", python_callable=print, op_args=[split["one"]])
    PythonOperator(task_id="c", python_callable=print, op_args=[split["two"]])


# ---------------------------------------------------------------- mapping


@case("", tasks="use", lengths={"use": Literal(3)})
def map_over_a_list() -> None:
    use.expand(x=[1, 2, 3])


@case("", tasks="use", lengths={"use": Literal(2)})
def map_over_a_dictionary() -> None:
    use.expand(x={"a": 1, "b": 2})


@case("", tasks="use", lengths={"use": Literal(0)})
def map_over_nothing() -> None:
    use.expand(x=[])


@case("numbers>use", lengths={"use": Upstream("numbers")})
def map_over_an_output() -> None:
    use.expand(x=numbers())


@case("numbers>use", lengths={"use": Upstream("numbers", "k")})
def map_over_one_key_of_an_output() -> None:
    use.expand(x=numbers()["k"])


@case("numbers>use", lengths={"use": Product((Literal(2), Upstream("numbers")))})
def map_over_two_arguments() -> None:
    use.expand(x=[1, 2], y=numbers())


@case("numbers>use", lengths={"use": Literal(2)})
def map_with_a_fixed_output() -> None:
    use.partial(y=numbers()).expand(x=[1, 2])


@case("", tasks="b", lengths={"b": Literal(2)})
def map_of_an_operator() -> None:
    BashOperator.partial(task_id="b").expand(bash_command=["a", "b"])


@case("numbers>b", lengths={"b": Upstream("numbers")})
def map_of_an_operator_over_dictionaries() -> None:
    BashOperator.partial(task_id="b", do_xcom_push=False).expand_kwargs(numbers())


@case("", tasks="use", lengths={"use": Literal(2)})
def map_over_dictionaries() -> None:
    use.expand_kwargs([{"x": 1}, {"x": 2, "y": 3}])


@case("numbers>use use>use__1", lengths={"use": Upstream("numbers"), "use__1": Upstream("use")})
def map_after_a_map() -> None:
    use.expand(x=use.expand(x=numbers()))


@case("numbers>use use>use__1", lengths={"use": Upstream("numbers")})
def reduce_after_a_map() -> None:
    use(use.expand(x=numbers()))


@case("numbers>use", lengths={"use": Upstream("numbers")})
def map_over_a_mapped_output() -> None:
    use.expand(x=numbers().map(str).map(len))


@case(
    "numbers>use numbers__1>use",
    lengths={"use": Shortest((Upstream("numbers"), Upstream("numbers__1")))},
)
def map_over_zipped_outputs() -> None:
    use.expand(x=numbers().zip(numbers()))


@case(
    "numbers>use numbers__1>use",
    lengths={"use": Longest((Upstream("numbers"), Upstream("numbers__1")))},
)
def map_over_outputs_zipped_with_a_fill_value() -> None:
    use.expand(x=numbers().zip(numbers(), fillvalue=None))


@case(
    "numbers>use numbers__1>use numbers__2>use",
    lengths={"use": Sum((Upstream("numbers"), Upstream("numbers__1"), Upstream("numbers__2")))},
)
def map_over_concatenated_outputs() -> None:
    use.expand(x=numbers().concat(numbers()).concat(numbers()))


@case("a>use use>b", lengths={"use": Literal(1)})
def order_around_a_map() -> None:
    empty("a") >> use.expand(x=[1]) >> empty("b")


@case("numbers>g.use g.use>g.use__1", groups={"g": None}, group_lengths={"g": Upstream("numbers")})
def map_of_a_group() -> None:
    @task_group
    def g(x: Any) -> Any:
        return use(use(x))

    g.expand(x=numbers())


@case(
    "numbers>g.a numbers>g.use g.use>reduce",
    groups={"g": None},
    group_lengths={"g": Product((Upstream("numbers"), Literal(2)))},
)
def reduce_after_a_map_of_a_group() -> None:
    @task_group
    def g(x: Any, y: Any) -> Any:
        empty("a")
        return use(x, y)

    use.override(task_id="reduce")(g.expand(x=numbers(), y=[1, 2]))


@case("g.use>g.use__1", groups={"g": None}, group_lengths={"g": Literal(2)})
def map_of_a_group_over_dictionaries() -> None:
    @task_group
    def g(x: Any, y: Any = None) -> None:
        use(use(x), y)

    g.expand_kwargs([{"x": 1, "y": 2}, {"x": 3, "y": 4}])


@case("numbers>g.use", groups={"g": None}, group_lengths={"g": Literal(2)})
def map_of_a_group_with_a_fixed_argument() -> None:
    @task_group
    def g(x: Any, y: Any) -> None:
        use(x, y)

    g.partial(y=numbers()).expand(x=[1, 2])


# ---------------------------------------------------------------- setup and teardown


@case(
    "s>w w>t s>t",
    rules={"t": "all_done_setup_success", "w": "all_success"},
)
def teardown_of_a_setup() -> None:
    s, w, t = empty("s", "w", "t")
    s >> w >> t.as_teardown(setups=s)


@case("s>a a>b b>t s>t", rules={"t": "all_done_setup_success"})
def with_block_of_a_teardown() -> None:
    s, t = empty("s", "t")
    with t.as_teardown(setups=s):
        a, b = empty("a", "b")
        a >> b


@case("s>t s>use use>t", rules={"t": "all_done_setup_success"})
def setup_and_teardown_functions() -> None:
    @setup
    def s() -> None: ...

    @teardown
    def t() -> None: ...

    with s() >> t():
        use()


@case(
    "s1>s2 s2>w w>t2 t2>t1 s1>t1 s2>t2",
    rules={"t1": "all_done_setup_success", "t2": "all_done_setup_success"},
)
def nested_with_blocks() -> None:
    s1, t1 = empty("s1", "t1")
    with s1.as_setup() >> t1.as_teardown():
        s2, t2 = empty("s2", "t2")
        with s2.as_setup() >> t2.as_teardown():
            empty("w")


@case("s>w w>t s>t")
def task_added_to_a_with_block() -> None:
    s, t, w = empty("s", "t", "w")
    with t.as_teardown(setups=s) as scope:
        scope.add_task(w)


@case("g.s>g.w g.w>g.t g.s>g.t g.w>after", groups={"g": None})
def what_follows_a_group_does_not_wait_for_its_teardown() -> None:
    with TaskGroup("g") as g:
        s, w, t = empty("s", "w", "t")
        s >> w >> t.as_teardown(setups=s)
    g >> empty("after")


@case("a>w1 a>w2 w1>t w2>t", rules={"t": "all_done_setup_success"})
def teardown_without_a_setup() -> None:
    a, t = empty("a", "t")
    with t.as_teardown():
        w1, w2 = empty("w1", "w2")
    a >> [w1, w2]


@case("numbers>use", lengths={"use": Upstream("numbers")})
def xcom_arg_made_by_hand() -> None:
    found = numbers().operator
    use.expand(x=XComArg(found))


# How Airflow 3.3.2 joins a `with` block of a teardown was looked up by running it.


@case("s>t x>w s>y y>t w>t")
def work_that_waits_for_something_outside_is_not_first() -> None:
    x, s, t = empty("x", "s", "t")
    with t.as_teardown(setups=s):
        x >> empty("w")
        empty("y")


@case("s>t x>w s>w w>t")
def work_that_all_waits_for_something_outside_is_first_all_the_same() -> None:
    x, s, t = empty("x", "s", "t")
    with t.as_teardown(setups=s):
        x >> empty("w")


@case("s>t s>w w>t s2>w w>t2 s2>t2")
def an_inner_pair_without_a_with_is_left_to_its_own_edges() -> None:
    s, t = empty("s", "t")
    with t.as_teardown(setups=s):
        s2, w, t2 = empty("s2", "w", "t2")
        s2 >> w >> t2.as_teardown(setups=s2)


@case("s>t s>s2 t2>t s2>t2 s2>w w>t2 s>b b>t")
def work_after_an_inner_with_block() -> None:
    s, t, s2, t2 = empty("s", "t", "s2", "t2")
    with t.as_teardown(setups=s):
        with t2.as_teardown(setups=s2):
            empty("w")
        # Airflow leaves this task without any edge.
        empty("b")


@case("s>t s>s2 s>s3 t2>t t3>t s2>t2 s3>t3 s2>w w>t2 s3>v v>t3")
def two_inner_with_blocks() -> None:
    s, t, s2, t2, s3, t3 = empty("s", "t", "s2", "t2", "s3", "t3")
    with t.as_teardown(setups=s):
        with t2.as_teardown(setups=s2):
            empty("w")
        with t3.as_teardown(setups=s3):
            empty("v")


@case("s>t s>g.a g.a>g.b g.b>t s>c c>t", groups={"g": None})
def a_group_in_a_with_block() -> None:
    s, t = empty("s", "t")
    with t.as_teardown(setups=s):
        with TaskGroup("g"):
            a, b = empty("a", "b")
            a >> b
        empty("c")


@case("s>a s>t a>b b>t")
def with_block_of_a_setup() -> None:
    s, t = empty("s", "t")
    t.as_teardown(setups=s)
    with s:
        a, b = empty("a", "b")
        a >> b


@case("h.s>h.t i.s>z", groups={"h": None, "i": None})
def what_follows_groups_of_setups_and_teardowns_alone() -> None:
    with TaskGroup("h") as h:
        s, t = empty("s", "t")
        s >> t.as_teardown(setups=s)
    with TaskGroup("i") as i:
        empty("s").as_setup()
    z = empty("z")
    h >> z
    i >> z
