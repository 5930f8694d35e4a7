"""The page of a bundle's trial: whether its server answers right, how fast, how large it is."""

from __future__ import annotations

from adclick.evaluation.serving import ServingFigures
from adclick.views.html import render, table
from adclick.views.text import count, number

Row = tuple[str, str]


def serving_page(figures: ServingFigures) -> str:
    """HTML that shows what the trial found, and first what is wrong."""
    return render(
        "serving.html.j2", figures=figures, rows=table(("figure", "value"), serving_rows(figures))
    )


def serving_rows(figures: ServingFigures) -> list[Row]:
    """The figures with their units, for tables."""
    return [
        ("requests replayed", count(figures.requests)),
        ("without a score", count(figures.failed)),
        ("largest difference from an offline score", f"{figures.max_skew:.1e}"),
        ("one candidate, p50 / p99", _latency(figures.p50_ms, figures.p99_ms)),
        (
            f"{figures.many} candidates, p50 / p99",
            _latency(figures.many_p50_ms, figures.many_p99_ms),
        ),
        ("memory of the server", f"{number(figures.memory_mb, 0)} MB"),
        ("bundle on disk", f"{number(figures.size_mb, 2)} MB"),
    ]


def _latency(p50: float, p99: float) -> str:
    return f"{number(p50, 1)} / {number(p99, 1)} ms"
