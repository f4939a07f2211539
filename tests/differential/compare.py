"""Where two answers to one job differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.differential.sides import Answer

NOTHING = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that the two sides say differently."""

    what: str
    """`load`, `run`, `state`, `tries`, `xcom` or `trace`."""
    key: str
    ours: object
    theirs: object
    step: int = 0

    def __str__(self) -> str:
        step = f" in step {self.step}" if self.step else ""
        return (
            f"{self.what} {self.key}{step}: ours {_brief(self.ours)}, Airflow {_brief(self.theirs)}"
        )


def differences(ours: Answer, theirs: Answer) -> list[Difference]:
    """Everything that differs; nothing where both refuse the file."""
    refusals = ours.get("error"), theirs.get("error")
    if any(refusals):
        if all(refusals):
            return []
        return [Difference(what="load", key="", ours=refusals[0], theirs=refusals[1])]
    pairs = zip(steps_of(ours), steps_of(theirs), strict=True)
    return [
        difference
        for number, (one, other) in enumerate(pairs)
        for difference in _compared(number, one, other)
    ]


def steps_of(answer: Answer) -> list[Answer]:
    """What the steps of a job left; nothing of one that could not be run.

    What was told of a single run is a step.
    """
    found = answer.get("steps", [] if "error" in answer else [answer])
    assert isinstance(found, list)
    return found


def mapping_of(answer: Answer, part: str) -> Mapping[str, object]:
    """A part of a step's answer; empty where there is none."""
    found = answer.get(part, {})
    assert isinstance(found, dict)
    return found


def _compared(step: int, ours: Answer, theirs: Answer) -> Iterator[Difference]:
    def differs(what: str, key: str, mine: object, yours: object) -> Difference:
        return Difference(what=what, key=key, ours=mine, theirs=yours, step=step)

    if "stuck" in ours or "stuck" in theirs:
        one, other = ("stuck" if "stuck" in of else of.get("run") for of in (ours, theirs))
        if one != other:
            yield differs("stuck", "", one, other)
        return
    if ours["run"] != theirs["run"]:
        yield differs("run", "", ours["run"], theirs["run"])
    for part, what in (("states", "state"), ("tries", "tries"), ("xcoms", "xcom")):
        ones, others = mapping_of(ours, part), mapping_of(theirs, part)
        default = 0 if what == "tries" else NOTHING
        for key in sorted({*ones, *others}):
            mine, yours = _told(key, ones.get(key, default)), _told(key, others.get(key, default))
            if what == "tries" and mine == 0:
                # Airflow counts a try when a task may run, we when it is given to an executor.
                continue
            if mine != yours:
                yield differs(what, key, mine, yours)
    one_trace, other_trace = _lines(ours), _lines(theirs)
    for line in sorted({*one_trace, *other_trace}):
        if one_trace.count(line) != other_trace.count(line):
            yield differs("trace", line, one_trace.count(line), other_trace.count(line))


def _told(key: str, value: object) -> object:
    """What a branch decided is a set, in whatever order it was written."""
    if key.endswith("|skipmixin_key") and isinstance(value, dict):
        return {of: sorted(names) for of, names in value.items()}
    return value


def _lines(answer: Answer) -> list[str]:
    found = answer["trace"]
    assert isinstance(found, list)
    return found


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
