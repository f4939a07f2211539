"""More small DAGs with the edges that they have to give: groups without work in them."""

from __future__ import annotations

from tests.sdk.language_cases import case, empty

from slipstream.sdk import Label, TaskGroup


@case("a>b", groups={"g": None}, tasks="a b")
def empty_group_joins_what_is_on_its_sides() -> None:
    a, b = empty("a", "b")
    a >> TaskGroup("g") >> b


@case("a>b", groups={"g": None}, tasks="a b")
def empty_group_joined_from_behind() -> None:
    a, b = empty("a", "b")
    g = TaskGroup("g")
    g >> b
    a >> g


@case("a>b", groups={"g": None, "h": None, "h.i": "h"}, tasks="a b")
def several_empty_groups_in_a_row() -> None:
    a, b = empty("a", "b")
    g = TaskGroup("g")
    with TaskGroup("h") as h:
        TaskGroup("i")
    a >> g >> h >> b


@case("h.x>b h.y>b", groups={"g": None, "h": None})
def empty_group_behind_another() -> None:
    with TaskGroup("h") as h:
        empty("x", "y")
    h >> TaskGroup("g") >> empty("b")


@case("a>b", groups={"g": None}, labels={("a", "b"): "on"})
def empty_group_before_a_label() -> None:
    a, b = empty("a", "b")
    a >> TaskGroup("g") >> Label("on") >> b


@case("a>g.t a>b", groups={"g": None}, rules={"g.t": "all_done_setup_success"})
def group_of_nothing_but_a_teardown() -> None:
    with TaskGroup("g") as g:
        empty("t").as_teardown()
    empty("a") >> g >> empty("b")


@case(
    "g.w>g.t g.w>g.v g.v>after",
    groups={"g": None},
    rules={"g.t": "all_done_setup_success"},
)
def group_whose_work_goes_on_beside_a_teardown() -> None:
    with TaskGroup("g") as g:
        w, v, t = empty("w", "v", "t")
        w >> [v, t.as_teardown()]
    g >> empty("after")
