"""The web app's types are those of the OpenAPI document."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.api.conftest import Client

UI = Path(__file__).parents[2] / "ui"
GENERATOR = UI / "node_modules" / ".bin" / "openapi-typescript"


@pytest.mark.timeout(300)
def test_the_types_are_what_the_generator_gives(api: Client, tmp_path: Path) -> None:
    if shutil.which("node") is None or not GENERATOR.exists():
        pytest.skip("there is no Node here, or the app's packages are not installed: make ui")
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(api.get("/openapi.json").json()))
    made = tmp_path / "schema.gen.ts"
    script = json.loads((UI / "package.json").read_text())["scripts"]["schema"].split()
    flags = [word for word in script if word.startswith("--")]
    subprocess.run(
        [GENERATOR, document, *flags, "-o", made], cwd=UI, check=True, timeout=240, text=True
    )
    is_same = made.read_text() == (UI / "src" / "api" / "schema.gen.ts").read_text()
    assert is_same, "generate them anew: npm run schema, with a server running"
