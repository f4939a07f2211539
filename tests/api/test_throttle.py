"""The token bucket behind the login."""

from __future__ import annotations

from slipstream.api.auth.throttle import Throttle


def fail(throttle: Throttle, subject: str, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        throttle.record_failure(subject, now)


def test_nothing_is_refused_before_the_bucket_is_empty() -> None:
    throttle = Throttle(3)
    fail(throttle, "ada", 2)
    assert throttle.seconds_until_allowed("ada", 0.0) == 0
    fail(throttle, "ada", 1)
    assert throttle.seconds_until_allowed("ada", 0.0) == 20


def test_the_bucket_fills_evenly() -> None:
    throttle = Throttle(3)
    fail(throttle, "ada", 3)
    assert throttle.seconds_until_allowed("ada", 5.0) == 15
    assert throttle.seconds_until_allowed("ada", 20.0) == 0
    fail(throttle, "ada", 1, now=20.0)
    assert throttle.seconds_until_allowed("ada", 20.0) == 20


def test_subjects_do_not_pay_for_one_another() -> None:
    throttle = Throttle(1)
    fail(throttle, "ada", 1)
    assert throttle.seconds_until_allowed("ada", 0.0) == 60
    assert throttle.seconds_until_allowed("bob", 0.0) == 0


def test_success_fills_the_bucket() -> None:
    throttle = Throttle(1)
    fail(throttle, "ada", 1)
    throttle.forget("ada")
    assert throttle.seconds_until_allowed("ada", 0.0) == 0


def test_no_limit_is_no_limit() -> None:
    throttle = Throttle(0)
    fail(throttle, "ada", 1000)
    assert throttle.seconds_until_allowed("ada", 0.0) == 0


def test_only_the_latest_subjects_are_remembered() -> None:
    throttle = Throttle(1, memory=2)
    for name in ("ada", "bob", "cid"):
        fail(throttle, name, 1)
    assert throttle.seconds_until_allowed("ada", 0.0) == 0
    assert throttle.seconds_until_allowed("cid", 0.0) == 60
