"""How often passwords and codes may be guessed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from slipstream.api.auth.throttle import Guesses, Throttle, neighbourhood
from slipstream.api.errors import CodeNeededError, NotAuthenticatedError, TooManyAttemptsError


def fail(throttle: Throttle, subject: str, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        assert throttle.take(subject, now) == 0


def test_nothing_is_refused_before_the_bucket_is_empty() -> None:
    throttle = Throttle(3)
    fail(throttle, "ada", 3)
    assert throttle.take("ada", 0.0) == 20


def test_the_bucket_fills_evenly() -> None:
    throttle = Throttle(3)
    fail(throttle, "ada", 3)
    assert throttle.take("ada", 5.0) == 15
    assert throttle.take("ada", 20.0) == 0
    assert throttle.take("ada", 20.0) == 20


def test_subjects_do_not_pay_for_one_another() -> None:
    throttle = Throttle(1)
    fail(throttle, "ada", 1)
    assert throttle.take("ada", 0.0) == 60
    assert throttle.take("bob", 0.0) == 0


def test_success_fills_the_bucket() -> None:
    throttle = Throttle(1)
    fail(throttle, "ada", 1)
    throttle.forget("ada")
    assert throttle.take("ada", 0.0) == 0


def test_what_was_no_failure_is_given_back() -> None:
    throttle = Throttle(1)
    fail(throttle, "ada", 1)
    throttle.give_back("ada")
    throttle.give_back("nobody")
    assert throttle.take("ada", 0.0) == 0
    assert throttle.take("ada", 0.0) == 60


def test_no_limit_is_no_limit() -> None:
    throttle = Throttle(0)
    fail(throttle, "ada", 1000)
    assert throttle.take("ada", 0.0) == 0


def test_only_the_latest_subjects_are_remembered() -> None:
    throttle = Throttle(1, memory=2)
    for name in ("ada", "bob", "cid"):
        fail(throttle, name, 1)
    assert throttle.take("cid", 0.0) == 60
    assert throttle.take("ada", 0.0) == 0


class Door:
    """Somebody who guesses, at a time that stands still."""

    def __init__(self, per_minute: int) -> None:
        self.now = 0.0
        self.guesses = Guesses(per_minute, lambda: self.now)

    def wrong(self, name: str, address: str | None = "192.0.2.1") -> None:
        with (
            pytest.raises(NotAuthenticatedError),
            self.guesses.counted(name, address),
        ):
            raise NotAuthenticatedError("wrong")

    def right(self, name: str, address: str | None = "192.0.2.1") -> None:
        with self.guesses.counted(name, address):
            pass

    def is_shut(self, name: str, address: str | None = "192.0.2.1") -> bool:
        try:
            self.right(name, address)
        except TooManyAttemptsError:
            return True
        return False


def test_one_name_from_one_address_is_slowed_down_first() -> None:
    door = Door(2)
    door.wrong("ada")
    door.wrong("ada")
    assert door.is_shut("ada")
    assert not door.is_shut("bob")
    assert not door.is_shut("ada", "192.0.2.2")
    door.now = 30.0
    assert not door.is_shut("ada")


def test_a_name_is_not_guessed_from_everywhere() -> None:
    door = Door(2)
    for number in range(20):
        door.wrong("ada", f"192.0.2.{number}")
    assert door.is_shut("ada", "203.0.113.9")
    assert not door.is_shut("bob", "203.0.113.9")


def test_an_address_does_not_try_one_password_on_all_names() -> None:
    door = Door(2)
    for number in range(20):
        door.wrong(f"user-{number}")
    assert door.is_shut("somebody else")
    assert not door.is_shut("somebody else", "192.0.2.2")


def test_who_succeeds_in_between_buys_no_guesses_of_others() -> None:
    door = Door(2)
    for number in range(20):
        door.wrong(f"user-{number}")
        if number < 19:
            door.right("mallory")
    assert door.is_shut("mallory")


def test_what_succeeds_costs_nothing() -> None:
    door = Door(1)
    for _ in range(100):
        door.right("ada")


def test_a_code_that_is_asked_for_is_no_failure() -> None:
    door = Door(1)
    for _ in range(10):
        with pytest.raises(CodeNeededError), door.guesses.counted("ada", None):
            raise CodeNeededError("send it")
    assert not door.is_shut("ada", None)


def test_many_at_once_try_no_more_than_one_after_the_other() -> None:
    door = Door(3)
    together, all_tried = Barrier(20), Barrier(20)
    tried: list[int] = []

    def guess(number: int) -> None:
        together.wait(60)
        try:
            with door.guesses.counted("ada", "192.0.2.1"):
                tried.append(number)
                all_tried.wait(60)
                raise NotAuthenticatedError("wrong")
        except TooManyAttemptsError:
            all_tried.wait(60)
        except NotAuthenticatedError:
            pass

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(guess, range(20)))
    assert len(tried) == 3


@pytest.mark.parametrize(
    ("address", "whom"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, ""),
        ("a socket", "a socket"),
    ],
)
def test_an_address_stands_for_whoever_can_have_it(address: str | None, whom: str) -> None:
    assert neighbourhood(address) == whom
