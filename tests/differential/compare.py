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

    def __str__(self) -> str:
        return f"{self.what} {self.key}: ours {_brief(self.ours)}, Airflow {_brief(self.theirs)}"


def differences(ours: Answer, theirs: Answer) -> list[Difference]:
    """Everything that differs; nothing where both refuse the file."""
    refusals = ours.get("error"), theirs.get("error")
    if any(refusals):
        if all(refusals):
            return []
        return [Difference(what="load", key="", ours=refusals[0], theirs=refusals[1])]
    if "stuck" in ours or "stuck" in theirs:
        if "stuck" in ours and "stuck" in theirs:
            return []
        one, other = ours.get("stuck", ours.get("run")), theirs.get("stuck", theirs.get("run"))
        return [Difference(what="stuck", key="", ours=one, theirs=other)]
    return list(_compared(ours, theirs))


def _compared(ours: Answer, theirs: Answer) -> Iterator[Difference]:
    if ours["run"] != theirs["run"]:
        yield Difference(what="run", key="", ours=ours["run"], theirs=theirs["run"])
    for part, what in (("states", "state"), ("tries", "tries"), ("xcoms", "xcom")):
        one, other = _mapping(ours, part), _mapping(theirs, part)
        default = 0 if what == "tries" else NOTHING
        for key in sorted({*one, *other}):
            mine, yours = one.get(key, default), other.get(key, default)
            if what == "tries" and mine == 0:
                # Airflow counts a try when a task may run, we when it is given to an executor.
                continue
            if _told(key, mine) != _told(key, yours):
                yield Difference(what=what, key=key, ours=mine, theirs=yours)
    one_trace, other_trace = _lines(ours), _lines(theirs)
    for line in sorted({*one_trace, *other_trace}):
        if one_trace.count(line) != other_trace.count(line):
            yield Difference(
                what="trace", key=line, ours=one_trace.count(line), theirs=other_trace.count(line)
            )


def _told(key: str, value: object) -> object:
    """What a branch decided is a set, in whatever order it was written."""
    if key.endswith("|skipmixin_key") and isinstance(value, dict):
        return {of: sorted(names) for of, names in value.items()}
    return value


def _mapping(answer: Answer, part: str) -> Mapping[str, object]:
    found = answer[part]
    assert isinstance(found, dict)
    return found


def _lines(answer: Answer) -> list[str]:
    found = answer["trace"]
    assert isinstance(found, list)
    return found


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
