"""What a random task is given: values, maps, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.differential.program import Edge, Map, Ref, Value
from tests.differential.words import OWN_PULLS, PULLS, RESULTS, TEMPLATES


@dataclass(frozen=True, slots=True)
class Made:
    """What stands already, and can be depended on."""

    name: str
    shape: str
    is_group: bool = False
    is_mapped: bool = False
    decides: bool = False
    """It skips others by what it returns."""
    blocks: tuple[str, ...] = ()

    @property
    def in_mapped_group(self) -> bool:
        """Airflow cannot map over what such a task gives."""
        return any(name.startswith("m") for name in self.blocks)


class Scene:
    """What has been made so far, and where in the file we are."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.made: list[Made] = []
        self.edges: list[Edge] = []
        self.count = 0
        self.rule_chance = rng.choice((0.0, 0.25, 0.5, 0.8))
        self.trouble = rng.choice((0.05, 0.2, 0.4))
        """How often tasks end badly."""
        self.is_fail_fast = rng.random() < 0.07
        self.has_past = rng.random() < 0.2
        """There are several runs, and clearing."""
        self.around: tuple[str, ...] = ()
        self.mapped_around: tuple[str, ...] = ()
        self.setups: set[str] = set()
        self.in_scope = False
        self.in_with = False
        self.budget = rng.choice((2, 4, 5, 6, 8))

    def outcomes(self, is_mapped: bool) -> tuple[str, ...]:
        bad: tuple[str, ...] = ("fail", "fail", "once", "skip", "skip", "hard")
        if is_mapped and self.is_fail_fast:
            bad = ("skip",)  # Which instances of one map still run is a known difference.
        elif self.has_past:
            bad = (*bad, "early", "early", "early", "late")

        def one() -> str:
            return self.rng.choice(bad) if self.rng.random() < self.trouble else "ok"

        return tuple(one() for _ in range(3 if is_mapped else 1))

    def result(self) -> tuple[str, str]:
        shape, text = self.rng.choice(RESULTS)
        return shape, text.replace("{number}", str(self.rng.randint(1, 99)))

    def usable(self, *shapes: str) -> list[Made]:
        """Tasks whose results may be used; not branches, whose results are a known difference."""
        return [
            one
            for one in self.made
            if not one.is_group and not one.decides and (not shapes or one.shape in shapes)
        ]

    def value(self) -> Value:
        rng = self.rng
        chance = rng.random()
        # In a group in another Airflow gives values of other indexes, or fails for want of one.
        if len(self.mapped_around) == 1 and chance < 0.45:
            return Ref(of=f"{self.mapped_around[0]}.{rng.choice(('a', 'a', 'b'))}")
        known = self.usable() if len(self.mapped_around) < 2 else []
        if known and chance < 0.65 and not self.in_with:
            one = rng.choice(known)
            key = rng.choice(("a", "b")) if one.shape == "dict" and not one.is_mapped else None
            if key is not None and rng.random() < 0.5:
                return Ref(of=one.name, key=key)
            return Ref(of=one.name, calls=self.calls(one))
        if chance < 0.85:
            return repr(self.filled(rng.choice(TEMPLATES)))
        return rng.choice(("1", "'text'", "[1, '{{ ds }}']", "{'k': '{{ params.p }}'}", "None"))

    def calls(self, one: Made) -> tuple[tuple[str, str], ...]:
        rng = self.rng
        if one.shape not in ("list", "kwargs", "seen") and not one.is_mapped:
            return ()
        found: list[tuple[str, str]] = []
        while rng.random() < 0.2 and len(found) < 2:
            call = rng.choice(("map", "map", "zip", "concat"))
            if call == "map":
                found.append((call, rng.choice(("plus_one", "not_two", "not_two", "boom"))))
            else:
                known = [other for other in self.usable() if not other.in_mapped_group]
                partner = rng.choice(known or [one])
                if partner.shape != "dict":  # Airflow cannot look into one by its index.
                    found.append((call, partner.name))
        return tuple(found)

    def filled(self, text: str) -> str:
        known = self.usable()
        if self.has_past and "_success" in text:
            text = "{{ ds }}"  # Our runs of one memory know nothing of each other's dates.
        for word in ("<task>", "<other>"):
            text = text.replace(word, f"<{self.rng.choice(known).name}>" if known else "nobody")
        return text

    def pull(self, is_mapped: bool) -> str:
        own = () if is_mapped or self.mapped_around else OWN_PULLS
        pulls = [pull for pull in (*PULLS, *own) if not (self.has_past and "prior" in pull)]
        return self.filled(self.rng.choice(pulls))

    def source(self) -> Value:
        """Something to map over."""
        rng = self.rng
        known = self.usable("list", "dict", "kwargs", "seen")
        known += [one for one in self.usable() if one.is_mapped]
        known = [one for one in known if not one.in_mapped_group]
        if known and rng.random() < 0.7:
            one = rng.choice(known)
            return Ref(of=one.name, calls=self.calls(one))
        return rng.choice(("[1, 2]", "[1, 2, 3]", "['x']", "{'a': 1, 'b': 2}", "[]", "[None, 0]"))

    def map_of(self, kind: str) -> Map:
        rng = self.rng
        if kind == "bash":
            return Map(over=(("bash_command", "['echo 1', 'exit 99', 'echo {{ ds }}']"),))
        if kind == "python":
            arguments = "[[('ok',), SEEN, 1], [('skip',), 2], [('ok',), [1]]]"
            return Map(over=(("op_args", arguments),))
        if kind in ("plain", "waits"):
            return Map(over=(("given", self.source()),))
        if rng.random() < 0.25:
            return Map(over=(("", self.kwargs()),))
        names = ("a",) if rng.random() < 0.7 else ("a", "b")
        return Map(over=tuple((name, self.source()) for name in names))

    def kwargs(self) -> Value:
        known = [one for one in self.usable("kwargs") if not one.in_mapped_group]
        if known and self.rng.random() < 0.4:
            return Ref(of=self.rng.choice(known).name)
        lists = [one for one in self.usable("list") if not one.in_mapped_group]
        if lists and self.rng.random() < 0.5:
            return Ref(of=self.rng.choice(lists).name, calls=(("map", "as_kwargs"),))
        return "[{'a': 1}, {'a': 2, 'b': 3}]"

    def group_map(self, name: str) -> Map:
        if self.rng.random() < 0.2 and not self.is_fail_fast:
            return Map(over=(("", f"[{{'{name}_a': 1}}, {{'{name}_a': 2, '{name}_b': 3}}]"),))
        names = ("a",) if self.rng.random() < 0.75 else ("a", "b")
        return Map(over=tuple((f"{name}_{of}", self.source()) for of in names))
