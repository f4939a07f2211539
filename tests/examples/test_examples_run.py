"""Every example runs, and the demo does what it says; with real servers and processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SMALL = sorted(
    path.relative_to(EXAMPLES).as_posix()
    for path in (*EXAMPLES.glob("*.py"), *EXAMPLES.glob("requirements/*.py"))
    if path.name not in {"demo.py", "ml_pipeline.py", "004_use_cases.py"}
)

pytestmark = pytest.mark.processes


def run(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "SLIPSTREAM_HOME": str(home),
        "COLUMNS": "200",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        out, err = process.communicate(timeout=110)
    finally:
        if process.poll() is None:
            # Interrupted, it ends the server that it has started.
            process.send_signal(signal.SIGINT)
            process.wait(30)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.mark.parametrize("name", SMALL)
def test_an_example_runs_to_success_without_a_server(name: str, tmp_path: Path) -> None:
    done = run("slipstream", "dags", "test", str(EXAMPLES / name), home=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(260)  # It runs twice.
def test_the_demo_promotes_its_first_model_and_then_keeps_it(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the demo's packages are an extra")
    for taken in ("promote", "keep_current"):
        done = run("examples.demo", "--folder", str(tmp_path / "demo"), home=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"The branch took {taken}" in done.stdout
        assert "support vector machine │" in done.stdout
    pictures = list(tmp_path.glob("demo/digits/runs/*/confusion.png"))
    assert len(pictures) == 2
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_a_demo_that_fails_says_why_and_ends_with_an_error(tmp_path: Path) -> None:
    blocked = tmp_path / "demo" / "digits"
    blocked.parent.mkdir()
    blocked.write_text("a file where the pipeline wants a folder")
    done = run("examples.demo", "--folder", str(blocked.parent), home=tmp_path)
    assert done.returncode == 1
    assert "NotADirectoryError" in done.stdout
    assert "The run ended in failed" in done.stdout
