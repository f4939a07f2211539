"""A model registry in a folder: every promoted model, and a pointer to the current one."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

POINTER = "current.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """A model that was good enough to be used."""

    name: str
    path: str
    accuracy: float
    run_id: str


def current(registry: Path) -> Promoted | None:
    """The model in use, or None before the first promotion."""
    pointer = registry / POINTER
    if not pointer.exists():
        return None
    return Promoted(**json.loads(pointer.read_text()))


def promote(registry: Path, name: str, model: Path, accuracy: float, run_id: str) -> Promoted:
    """Copy a model into the registry and make it the current one, in one step.

    Doing it twice for one run gives the same result, so that the task may be retried.
    """
    kept = registry / "models" / f"{model.parent.name}-{model.name}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, kept)
    promoted = Promoted(name=name, path=str(kept), accuracy=accuracy, run_id=run_id)
    draft = registry / f"{POINTER}.new"
    draft.write_text(json.dumps(asdict(promoted), indent=2) + "\n")
    os.replace(draft, registry / POINTER)
    return promoted
