"""The models: how each is trained, searched for and judged."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TypedDict

import joblib
import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

FOLDS = 3
SEED = 20
_one_core = threadpool_limits.wrap(limits=1)
"""Several trainings run side by side: each keeps to one core instead of fighting for all."""


class Candidate(TypedDict):
    """A trained model: what it is called, where it lies, what it promises."""

    name: str
    path: str
    settings: dict[str, float]
    cross_validated_accuracy: float
    training_seconds: float


class Trial(TypedDict):
    """One setting of the search and what it was worth."""

    settings: dict[str, float]
    cross_validated_accuracy: float


class Score(TypedDict):
    """How a model does on digits that it has not seen."""

    name: str
    path: str
    accuracy: float
    f1: float
    confusion: list[list[int]]


def train_logistic_regression(train: Path, scaler: Path, target: Path) -> Candidate:
    """A linear model: the one to beat."""
    settings = {"C": 0.05}
    model = LogisticRegression(**settings, max_iter=500)
    return _fit("logistic regression", model, settings, train=train, scaler=scaler, target=target)


def train_random_forest(train: Path, scaler: Path, target: Path) -> Candidate:
    """A hundred trees, each grown on a sample."""
    settings = {"n_estimators": 100}
    model = RandomForestClassifier(**settings, random_state=SEED)
    return _fit("random forest", model, settings, train=train, scaler=scaler, target=target)


def train_support_vectors(train: Path, scaler: Path, target: Path, best: Trial) -> Candidate:
    """A support vector machine with the settings that the search found best."""
    model = SVC(**best["settings"])
    return _fit(
        "support vector machine", model, best["settings"], train=train, scaler=scaler, target=target
    )


@_one_core
def try_support_vectors(train: Path, c: float, gamma: float) -> Trial:
    """What one setting of the support vector machine is worth, by cross-validation."""
    settings = {"C": c, "gamma": gamma}
    return {"settings": settings, "cross_validated_accuracy": _validate(SVC(**settings), train)}


def score(name: str, path: Path, test: Path) -> Score:
    """Judge a saved model on the test set."""
    with np.load(test) as data:
        images, labels = data["images"], data["labels"]
    guesses = joblib.load(path).predict(images)
    return {
        "name": name,
        "path": str(path),
        "accuracy": round(float(accuracy_score(labels, guesses)), 4),
        "f1": round(float(f1_score(labels, guesses, average="macro")), 4),
        "confusion": confusion_matrix(labels, guesses).tolist(),
    }


@_one_core
def _fit(
    name: str,
    model: ClassifierMixin,
    settings: dict[str, float],
    *,
    train: Path,
    scaler: Path,
    target: Path,
) -> Candidate:
    """Cross-validate, train on everything, and save together with the scaler."""
    started = perf_counter()
    accuracy = _validate(model, train)
    with np.load(train) as data:
        model.fit(data["images"], data["labels"])
    joblib.dump(make_pipeline(joblib.load(scaler), model), target)
    return {
        "name": name,
        "path": str(target),
        "settings": settings,
        "cross_validated_accuracy": accuracy,
        "training_seconds": round(perf_counter() - started, 2),
    }


def _validate(model: ClassifierMixin, train: Path) -> float:
    with np.load(train) as data:
        scores = cross_val_score(model, data["images"], data["labels"], cv=FOLDS)
    return round(float(scores.mean()), 4)
