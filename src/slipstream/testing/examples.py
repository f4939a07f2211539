"""Where the example DAGs are."""

from __future__ import annotations

from pathlib import Path

import slipstream
from slipstream.model.errors import NotFoundError


def example_folder() -> Path:
    """The folder of the example DAGs: of the installed package, or of the checkout."""
    package = Path(slipstream.__file__).parent
    for folder in (package / "example_dags", package.parents[1] / "examples"):
        if folder.is_dir():
            return folder
    raise NotFoundError(
        f"The example DAGs are not where they should be, {package / 'example_dags'}. Install the "
        f"package anew, or set [core] load_examples to False."
    )
