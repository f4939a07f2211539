"""Train three models on handwritten digits and keep the best one.

    read_digits -> validate -> preprocess -+-> train_logistic_regression -+
                                           +-> train_random_forest -------+-> evaluate
                                           +-> try_svm (mapped) -> train_svm

    evaluate -> is_it_better -+-> promote ------+-> write_report
                              +-> keep_current -+

Files go from task to task in a folder of the run's own; XComs carry their paths and the numbers.
The folder is `digits_dir`, an Airflow variable. Run it twice: the second time the model is no
better than the one in use, and the branch keeps that.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

from airflow.sdk import Param, Variable, dag, get_current_context, task
from digits_pipeline import data, models, registry, report

log = logging.getLogger("digits")


def home() -> Path:
    """Where the runs' folders and the model registry lie."""
    return Path(Variable.get("digits_dir", default=str(Path.home() / "digits")))


@dag(
    schedule=None,
    description="Train three models on handwritten digits and keep the best one",
    tags=["example", "machine-learning"],
    max_active_runs=1,
    is_paused_upon_creation=False,
    default_args={"retries": 1, "retry_delay": timedelta(seconds=5)},
    params={
        "test_share": Param(0.25, type="number", minimum=0.1, maximum=0.5),
        "must_gain": Param(
            0.0, type="number", minimum=0, description="How much better a new model must be"
        ),
    },
    doc_md=__doc__,
)
def train_digits():
    @task
    def read_digits(run_id: str | None = None) -> str:
        folder = home() / "runs" / "".join(c if c.isalnum() else "-" for c in str(run_id))
        folder.mkdir(parents=True, exist_ok=True)
        found = data.read_digits(folder / "digits.npz")
        log.info("Read %(examples)d images of %(pixels)d pixels from scikit-learn.", found)
        log.info("This run's files are in %s", folder)
        return str(folder)

    @task
    def validate(folder: str) -> str:
        counts = data.check_digits(Path(folder) / "digits.npz")
        log.info(
            "All pixels are sound; %d to %d examples of each digit.",
            min(counts.values()),
            max(counts.values()),
        )
        return folder

    @task
    def preprocess(folder: str, params: dict | None = None) -> dict[str, str]:
        share = (params or {})["test_share"]
        files = data.split_and_scale(Path(folder) / "digits.npz", Path(folder), share)
        log.info("Put %.0f %% aside as the test set and scaled the pixels.", share * 100)
        return files

    @task
    def train_logistic_regression(files: dict[str, str]) -> models.Candidate:
        return tell(models.train_logistic_regression(*places(files, "logistic_regression")))

    @task
    def train_random_forest(files: dict[str, str]) -> models.Candidate:
        return tell(models.train_random_forest(*places(files, "random_forest")))

    @task(map_index_template="{{ setting }}")
    def try_svm(files: dict[str, str], c: float, gamma: float) -> models.Trial:
        get_current_context()["setting"] = f"C={c} gamma={gamma}"
        trial = models.try_support_vectors(Path(files["train"]), c, gamma)
        right = trial["cross_validated_accuracy"]
        log.info("C=%s, gamma=%s: %.2f %% right in cross-validation.", c, gamma, right * 100)
        return trial

    @task
    def train_svm(files: dict[str, str], trials: list[models.Trial]) -> models.Candidate:
        ranked = sorted(trials, key=lambda trial: trial["cross_validated_accuracy"])
        log.info("Best of %d settings: %s", len(ranked), ranked[-1]["settings"])
        return tell(models.train_support_vectors(*places(files, "svm"), ranked[-1]))

    @task
    def evaluate(files: dict[str, str], candidates: list[models.Candidate]) -> list[models.Score]:
        test = Path(files["test"])
        scores = [models.score(c["name"], Path(c["path"]), test) for c in candidates]
        scores.sort(key=lambda score: score["accuracy"], reverse=True)
        for place, score in enumerate(scores, start=1):
            log.info("%d. %s: %.2f %% right", place, score["name"], score["accuracy"] * 100)
        return scores

    @task.branch
    def is_it_better(
        files: dict[str, str], scores: list[models.Score], params: dict | None = None
    ) -> str:
        best = scores[0]
        used = registry.current(home() / "registry")
        if used is None:
            log.info("No model is in use yet: %s is promoted.", best["name"])
            return "promote"
        old = models.score(used.name, Path(used.path), Path(files["test"]))
        gain = best["accuracy"] - old["accuracy"]
        log.info("%s gains %+.2f points on the model in use.", best["name"], gain * 100)
        return "promote" if gain > (params or {})["must_gain"] else "keep_current"

    @task
    def promote(scores: list[models.Score], run_id: str | None = None) -> str:
        best = scores[0]
        promoted = registry.promote(
            home() / "registry", best["name"], Path(best["path"]), best["accuracy"], str(run_id)
        )
        log.info("In use from now on: %s", promoted.path)
        return f"Promoted {promoted.name}: {promoted.accuracy:.2%} of the test digits right."

    @task
    def keep_current() -> str:
        used = registry.current(home() / "registry")
        log.info("The model in use stays: %s (%.2f %% right)", used.name, used.accuracy * 100)
        return f"Kept {used.name} of run {used.run_id}: no candidate was better."

    @task(trigger_rule="none_failed_min_one_success")
    def write_report(
        folder: str, scores: list[models.Score], decisions: list[str | None]
    ) -> dict[str, str]:
        decision = next(text for text in decisions if text)
        picture, page = Path(folder) / "confusion.png", Path(folder) / "report.html"
        report.draw_confusion(scores[0], picture)
        report.write_page(scores, decision, picture, page)
        log.info(decision)
        log.info("The report is %s", page)
        return {"report": str(page), "picture": str(picture), "decision": decision}

    folder = validate(read_digits())
    files = preprocess(folder)
    trials = try_svm.partial(files=files).expand(c=[1, 4, 16], gamma=[0.005, 0.02, 0.08])
    scores = evaluate(
        files,
        [train_logistic_regression(files), train_random_forest(files), train_svm(files, trials)],
    )
    promoted, kept = promote(scores), keep_current()
    is_it_better(files, scores) >> [promoted, kept]
    write_report(folder, scores, [promoted, kept])


def places(files: dict[str, str], model: str) -> tuple[Path, Path, Path]:
    """The training set, the scaler, and where the model goes."""
    train = Path(files["train"])
    return train, Path(files["scaler"]), train.with_name(f"{model}.joblib")


def tell(candidate: models.Candidate) -> models.Candidate:
    """Log what a training gave."""
    log.info(
        "Trained %s in %.2f s: %.2f %% right in cross-validation.",
        candidate["name"],
        candidate["training_seconds"],
        candidate["cross_validated_accuracy"] * 100,
    )
    return candidate


train_digits()
