from datetime import timedelta
from hashlib import sha1

from tests.core.making import run, task

from slipstream.core.retries import LONGEST_DELAY, retry_delay
from slipstream.model.map_index import UNMAPPED


def seconds(try_number: int, map_index: int = UNMAPPED, **more: object) -> float:
    return retry_delay(task("t", **more), run(), map_index, try_number).total_seconds()


def test_without_backoff_the_delay_is_always_the_same() -> None:
    assert seconds(1, retry_delay=timedelta(seconds=7)) == 7
    assert seconds(9, retry_delay=timedelta(seconds=7)) == 7


def test_with_backoff_the_delay_grows_by_its_base() -> None:
    growing = {"retry_delay": timedelta(seconds=10), "retry_exponential_backoff": 3.0}
    for number in range(1, 6):
        floor = 10 * 3 ** (number - 1)
        assert floor <= seconds(number, **growing) < 2 * floor


def test_the_delay_is_the_same_whenever_it_is_computed() -> None:
    growing = {"retry_delay": timedelta(minutes=5), "retry_exponential_backoff": 2.0}
    assert seconds(3, **growing) == seconds(3, **growing)


def test_the_delay_is_the_one_that_the_documented_formula_gives() -> None:
    growing = {"retry_delay": timedelta(seconds=300), "retry_exponential_backoff": 2.0}
    digest = sha1(b"dag#t#2026-01-01 00:00:00+00:00#1").hexdigest()
    assert seconds(1, **growing) == 300 + int(digest, 16) % 300


def test_instances_of_a_map_do_not_all_come_back_at_once() -> None:
    growing = {"retry_delay": timedelta(minutes=5), "retry_exponential_backoff": 2.0}
    assert len({seconds(1, index, **growing) for index in range(20)}) > 10


def test_the_delay_never_exceeds_its_maximum_nor_a_day() -> None:
    growing = {"retry_delay": timedelta(minutes=5), "retry_exponential_backoff": 2.0}
    assert seconds(30, **growing, max_retry_delay=timedelta(minutes=9)) == 540
    assert seconds(4000, **growing) == LONGEST_DELAY.total_seconds()


def test_a_delay_of_nothing_still_backs_off_by_seconds() -> None:
    none = {"retry_delay": timedelta(0), "retry_exponential_backoff": 2.0}
    assert seconds(1, **none) == 1
    assert seconds(5, **none) < 32
