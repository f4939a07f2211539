"""The data: 1,797 handwritten digits of 8 by 8 pixels that ship with scikit-learn."""

from __future__ import annotations

from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

PIXELS = 64
DARKEST = 16
CLASSES = 10
FEWEST_PER_CLASS = 100
SPLIT_SEED = 20
"""The split never changes, so that two models are always judged on the same unseen digits."""


class BadDataError(ValueError):
    """The data is not what the models are made for; the message says in which way."""


def read_digits(target: Path) -> dict[str, int]:
    """Write images and labels to `target`; gives how many there are."""
    digits = load_digits()
    np.savez_compressed(target, images=digits.data, labels=digits.target)
    return {"examples": len(digits.target), "pixels": digits.data.shape[1]}


def check_digits(source: Path) -> dict[str, int]:
    """The number of examples of each digit. Raises `BadDataError` for the first fault found."""
    with np.load(source) as data:
        images, labels = data["images"], data["labels"]
    if images.shape != (len(labels), PIXELS):
        message = f"found {images.shape} values for {len(labels)} labels, expected {PIXELS} each"
        raise BadDataError(message)
    if not np.isfinite(images).all():
        raise BadDataError(f"{int((~np.isfinite(images)).sum())} pixels are not numbers")
    if images.min() < 0 or images.max() > DARKEST:
        message = f"pixels from {images.min()} to {images.max()}, expected 0 to {DARKEST}"
        raise BadDataError(message)
    counts = np.bincount(labels, minlength=CLASSES)
    if len(counts) != CLASSES or counts.min() < FEWEST_PER_CLASS:
        message = f"examples per digit {counts.tolist()}, expected {FEWEST_PER_CLASS} or more each"
        raise BadDataError(message)
    return {str(digit): int(count) for digit, count in enumerate(counts)}


def split_and_scale(source: Path, folder: Path, test_share: float) -> dict[str, str]:
    """Split off the test set and scale both by the training set alone; gives the files."""
    with np.load(source) as data:
        images, labels = data["images"], data["labels"]
    train_images, test_images, train_labels, test_labels = train_test_split(
        images, labels, test_size=test_share, stratify=labels, random_state=SPLIT_SEED
    )
    scaler = StandardScaler().fit(train_images)
    files = {
        "train": folder / "train.npz",
        "test": folder / "test.npz",
        "scaler": folder / "scaler.joblib",
    }
    np.savez_compressed(files["train"], images=scaler.transform(train_images), labels=train_labels)
    # The test images stay raw: a promoted model brings its own scaler.
    np.savez_compressed(files["test"], images=test_images, labels=test_labels)
    joblib.dump(scaler, files["scaler"])
    return {name: str(path) for name, path in files.items()}
