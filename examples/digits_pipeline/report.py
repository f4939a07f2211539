"""The report: a picture of the mistakes, and a page for people."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from digits_pipeline.models import Score

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Digits: {best}</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; }}
  table {{ border-collapse: collapse; }}
  th, td {{ padding: .3rem 1rem .3rem 0; text-align: left; border-bottom: 1px solid #ddd; }}
  td + td {{ font-variant-numeric: tabular-nums; }}
  img {{ max-width: 100%; }}
</style>
<h1>Handwritten digits</h1>
<p>{decision}</p>
<table>
<tr><th>Model</th><th>Accuracy</th><th>F1</th><th>Mistakes</th></tr>
{rows}
</table>
<h2>What {best} takes for what</h2>
<img src="{picture}" alt="Confusion matrix of {best}">
</html>
"""


def draw_confusion(score: Score, target: Path) -> None:
    """Write the confusion matrix as a PNG."""
    # Only this one step draws, so only it pays for the import.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    matrix = score["confusion"]
    image = axes.imshow(matrix, cmap="Blues")
    figure.colorbar(image, label="test digits")
    darkest = max(max(row) for row in matrix)
    for truth, row in enumerate(matrix):
        for guess, count in enumerate(row):
            if count:
                colour = "white" if count > darkest / 2 else "black"
                axes.text(guess, truth, str(count), ha="center", va="center", color=colour)
    axes.set(
        title=f"{score['name']}: {score['accuracy']:.1%} right",
        xlabel="what the model says",
        ylabel="what it is",
        xticks=range(len(matrix)),
        yticks=range(len(matrix)),
    )
    figure.savefig(target, dpi=110)


def write_page(scores: Sequence[Score], decision: str, picture: Path, target: Path) -> None:
    """Write the HTML page; best model first."""
    ranked = sorted(scores, key=lambda score: score["accuracy"], reverse=True)
    rows = "\n".join(
        f"<tr><td>{escape(score['name'])}</td><td>{score['accuracy']:.2%}</td>"
        f"<td>{score['f1']:.4f}</td><td>{mistakes(score)}</td></tr>"
        for score in ranked
    )
    page = PAGE.format(
        best=escape(ranked[0]["name"]),
        decision=escape(decision),
        rows=rows,
        picture=escape(picture.name),
    )
    target.write_text(page)


def mistakes(score: Score) -> int:
    """Test digits that the model takes for another."""
    matrix = score["confusion"]
    return sum(map(sum, matrix)) - sum(row[digit] for digit, row in enumerate(matrix))
