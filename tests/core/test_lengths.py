from slipstream.core.lengths import evaluate, references
from slipstream.model.dag import Literal, Longest, Product, Shortest, Sum, Upstream

KNOWN = {("a", "return_value"): 2, ("b", "return_value"): 3, ("b", "other"): 0}


def lookup(task_id: str, key: str) -> int | None:
    return KNOWN.get((task_id, key))


def test_a_length_is_what_the_expression_says() -> None:
    a, b = Upstream("a"), Upstream("b")
    assert evaluate(Literal(4), lookup) == 4
    assert evaluate(Product((a, b, Literal(2))), lookup) == 12
    assert evaluate(Shortest((a, b)), lookup) == 2
    assert evaluate(Longest((a, b)), lookup) == 3
    assert evaluate(Sum((a, b, Upstream("b", "other"))), lookup) == 5


def test_a_length_is_unknown_where_an_upstream_pushed_nothing_sized() -> None:
    assert evaluate(Upstream("ghost"), lookup) is None
    assert evaluate(Product((Literal(2), Sum((Upstream("ghost"),)))), lookup) is None


def test_a_combination_of_nothing_has_no_items() -> None:
    assert evaluate(Product(()), lookup) == 0


def test_the_references_of_an_expression_are_found_at_every_depth() -> None:
    found = references(Product((Upstream("a"), Sum((Upstream("b", "other"), Literal(1))))))
    assert list(found) == [Upstream("a"), Upstream("b", "other")]
