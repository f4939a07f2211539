from __future__ import annotations

from slipstream.core.asset_circles import Start, circles, told_of


def test_dags_in_a_line_are_in_no_circle() -> None:
    line = [Start("a", "x", "b"), Start("b", "y", "c"), Start("a", "z", "c")]
    assert circles(line) == []


def test_each_circle_is_told_once_from_its_first_dag_on() -> None:
    starts = [
        Start("c", "z", "a"),
        Start("b", "y", "c"),
        Start("a", "x", "b"),
        Start("own", "w", "own"),
        Start("own", "v", "a"),
    ]
    first, second = circles(starts)
    assert first == [Start("a", "x", "b"), Start("b", "y", "c"), Start("c", "z", "a")]
    assert second == [Start("own", "w", "own")]
    assert "'own' updates 'w', which starts 'own'." in told_of(second)
    assert "'a' updates 'x', which starts 'b'; 'b' updates 'y'" in told_of(first)


def test_of_very_many_circles_some_are_told() -> None:
    everybody = [f"d{number}" for number in range(12)]
    starts = [Start(one, "x", other) for one in everybody for other in everybody]
    assert len(circles(starts)) == 20
