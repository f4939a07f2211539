"""The example pipeline's steps, without an orchestrator."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from digits_pipeline import data, models, registry, report


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("digits")
    source = folder / "digits.npz"
    data.read_digits(source)
    split = data.split_and_scale(source, folder, test_share=0.25)
    return {"source": source, **{name: Path(path) for name, path in split.items()}}


def spoil(source: Path, target: Path, **arrays: np.ndarray) -> Path:
    with np.load(source) as kept:
        np.savez(target, **{**dict(kept), **arrays})
    return target


def test_the_data_is_sound_and_every_digit_is_there(files: dict[str, Path]) -> None:
    counts = data.check_digits(files["source"])
    assert sum(counts.values()) == 1797
    assert list(counts) == [str(digit) for digit in range(10)]


def test_data_with_a_fault_is_refused_with_the_fault_named(
    files: dict[str, Path], tmp_path: Path
) -> None:
    with np.load(files["source"]) as sound:
        images, labels = sound["images"], sound["labels"]
    dark, holed = images.copy(), images.copy()
    dark[3, 5], holed[7, 1] = 99, np.nan
    cases = {
        "expected 0 to 16": {"images": dark},
        "1 pixels are not numbers": {"images": holed},
        "expected 64 each": {"images": images[:, :10]},
        "expected 100 or more each": {"labels": np.minimum(labels, 8)},
    }
    for message, arrays in cases.items():
        with pytest.raises(data.BadDataError, match=message):
            data.check_digits(spoil(files["source"], tmp_path / "spoiled.npz", **arrays))


def test_the_test_set_is_unseen_raw_and_has_every_digit(files: dict[str, Path]) -> None:
    with np.load(files["train"]) as train, np.load(files["test"]) as test:
        assert len(train["labels"]) + len(test["labels"]) == 1797
        assert set(test["labels"]) == set(range(10))
        assert test["images"].max() == data.DARKEST
        assert abs(float(train["images"].mean())) < 1e-9


def test_a_search_and_a_training_give_a_model_that_reads_raw_digits(
    files: dict[str, Path], tmp_path: Path
) -> None:
    trials = [models.try_support_vectors(files["train"], c, gamma=0.005) for c in (0.001, 4)]
    worse, better = (trial["cross_validated_accuracy"] for trial in trials)
    assert worse < better
    target = tmp_path / "svm.joblib"
    trained = models.train_support_vectors(files["train"], files["scaler"], target, trials[1])
    score = models.score(trained["name"], target, files["test"])
    assert score["accuracy"] > 0.97
    assert sum(map(sum, score["confusion"])) == 450
    assert report.mistakes(score) == round((1 - score["accuracy"]) * 450)


def test_promoting_twice_is_the_same_as_promoting_once(tmp_path: Path) -> None:
    model = tmp_path / "run-1" / "svm.joblib"
    model.parent.mkdir()
    model.write_bytes(b"a model")
    place = tmp_path / "registry"
    assert registry.current(place) is None
    first = registry.promote(place, "svm", model, 0.98, "run 1")
    again = registry.promote(place, "svm", model, 0.98, "run 1")
    assert first == again == registry.current(place)
    assert Path(first.path).read_bytes() == b"a model"


def test_the_report_has_a_picture_and_a_row_for_each_model(tmp_path: Path) -> None:
    matrix = [[5 if row == column else 0 for column in range(10)] for row in range(10)]
    scores: list[models.Score] = [
        {"name": name, "path": "", "accuracy": accuracy, "f1": accuracy, "confusion": matrix}
        for name, accuracy in (("<forest>", 0.9), ("svm", 0.99))
    ]
    picture, page = tmp_path / "confusion.png", tmp_path / "report.html"
    report.draw_confusion(scores[1], picture)
    report.write_page(scores, "Promoted svm.", picture, page)
    assert picture.read_bytes().startswith(b"\x89PNG")
    seen: list[str] = []
    parser = HTMLParser()
    parser.handle_data = seen.append  # type: ignore[method-assign]
    parser.feed(page.read_text())
    cells = [text for text in seen if text.strip()]
    assert cells.index("svm") < cells.index("<forest>")
    assert "Promoted svm." in cells
