"""A task for each item of a list that is known only when the run is under way."""

from __future__ import annotations

import logging

from airflow.sdk import Param, dag, task, task_group

log = logging.getLogger("words")


@dag(
    schedule=None,
    tags=["example"],
    params={
        "text": Param("the quick brown fox jumps over the lazy dog", type="string", minLength=1)
    },
    doc_md=__doc__,
)
def dynamic_mapping():
    @task
    def words(params: dict | None = None) -> list[str]:
        return (params or {})["text"].split()

    @task
    def length(word: str) -> int:
        log.info("%s has %d letters.", word, len(word))
        return len(word)

    @task
    def total(lengths: list[int]) -> int:
        log.info("%d letters in %d words.", sum(lengths), len(lengths))
        return sum(lengths)

    @task_group
    def spell(word: str):
        @task
        def reverse(word: str) -> str:
            return word[::-1]

        @task
        def shout(word: str) -> str:
            return f"{word.upper()}!"

        return shout(reverse(word))

    @task
    def sentence(parts: list[str]) -> str:
        text = " ".join(parts)
        log.info(text)
        return text

    found = words()
    total(length.expand(word=found))
    sentence(spell.expand(word=found))


dynamic_mapping()
