from datetime import UTC, datetime, timedelta

from slipstream.services.scheduler.timers import Timers

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def test_what_is_due_comes_earliest_first() -> None:
    timers: Timers[str] = Timers()
    timers.set("late", at(3))
    timers.set("early", at(1))
    timers.set("future", at(9))
    assert list(timers.due(at(5))) == [("early", at(1)), ("late", at(3))]
    assert timers.next_at() == at(9)


def test_setting_a_key_again_replaces_its_moment() -> None:
    timers: Timers[str] = Timers()
    timers.set("a", at(1))
    timers.set("a", at(5))
    assert list(timers.due(at(2))) == []
    assert list(timers.due(at(5))) == [("a", at(5))]
    assert len(timers) == 0


def test_setting_a_key_to_the_same_moment_fires_once() -> None:
    timers: Timers[str] = Timers()
    timers.set("a", at(1))
    timers.set("a", at(1))
    assert list(timers.due(at(1))) == [("a", at(1))]
    assert timers.next_at() is None


def test_a_dropped_key_never_comes() -> None:
    timers: Timers[str] = Timers()
    timers.set("a", at(1))
    timers.drop("a")
    timers.drop("never set")
    assert timers.next_at() is None
    assert list(timers.due(at(5))) == []


def test_a_key_set_while_handling_comes_in_the_same_round_if_due() -> None:
    timers: Timers[str] = Timers()
    timers.set("a", at(1))
    seen = []
    for key, _ in timers.due(at(5)):
        seen.append(key)
        if key == "a":
            timers.set("b", at(2))
            timers.set("c", at(6))
    assert seen == ["a", "b"]
    assert timers.next_at() == at(6)
