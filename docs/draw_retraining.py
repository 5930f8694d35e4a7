"""Draws docs/retraining.svg, what becomes of a champion, from the benchmark's last results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from adclick.views.svg import Axis, disc, drawing, line, linear_axis, polyline, words

REPOSITORY = Path(__file__).resolve().parent.parent
RESULTS = REPOSITORY / "benchmarks" / "results" / "retraining.json"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 810, 352, 56, 566, 16, 300
STYLE = Markup(
    "<style>text{font:13px sans-serif;fill:#555}"
    ".grid{stroke:#8884}.true{stroke:#888;stroke-dasharray:2 4}"
    ".never{stroke:#c50;stroke-dasharray:7 4}.verdict{stroke:#06c}"
    ".fewer{stroke:#080}polyline{fill:none;stroke-width:2.5}"
    "circle{stroke:none}circle.verdict{fill:#06c}circle.fewer{fill:#080}</style>"
)
SERIES = {
    "true probabilities": "true",
    "never retrained": "never",
    "retrained by verdict": "verdict",
    "retrained by verdict, on 3 months": "fewer",
}

type Figure = Mapping[str, str | float | None]


def draw(figures: Sequence[Figure]) -> str:
    """The expected AUC over the months, under each policy and of the true probabilities."""
    lines = {name: _series(figures, name) for name in SERIES}
    values = [value for points in lines.values() for value in points.values()]
    months = list(lines["never retrained"])
    y = linear_axis(min(values), max(values), BOTTOM, TOP)
    parts = [
        STYLE,
        *_grid(y),
        *(words(_x(i, months), BOTTOM + 22, m) for i, m in enumerate(months)),
    ]
    for name, points in lines.items():
        path = [(_x(i, months), y.at(points[month])) for i, month in enumerate(months)]
        parts.append(polyline(path, SERIES[name]))
        parts.append(words(RIGHT + 12, path[-1][1] + 4, name, "start"))
    for name, month in _promoted(figures):
        at = _x(months.index(month), months), y.at(lines[name][month])
        parts.append(disc(*at, SERIES[name]))
    label = "expected AUC a month; a disc: a new version was promoted after that month"
    svg = drawing(WIDTH, HEIGHT, label, [*parts, words(LEFT, HEIGHT - 4, label, "start")])
    return str(svg).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def _series(figures: Sequence[Figure], name: str) -> dict[str, float]:
    months = {str(figure["name"]).partition(": ")[::2]: figure["value"] for figure in figures}
    return {
        month: float(value)
        for (series, month), value in months.items()
        if series == name and month[:2] == "20" and value is not None
    }


def _promoted(figures: Sequence[Figure]) -> list[tuple[str, str]]:
    return [
        str(figure["name"]).partition(": ")[::2]
        for figure in figures
        if "; promoted" in str(figure["compared_with"])
    ]


def _x(number: int, months: Sequence[str]) -> float:
    return LEFT + 24 + (RIGHT - LEFT - 36) * number / max(1, len(months) - 1)


def _grid(y: Axis) -> list[Markup]:
    parts = []
    for tick, label in zip(y.ticks, y.labels, strict=True):
        parts.append(line(LEFT, y.at(tick), RIGHT, y.at(tick), "grid"))
        parts.append(words(LEFT - 8, y.at(tick) + 4, label, "end"))
    return parts


def main() -> None:
    """Write docs/retraining.svg from benchmarks/results/retraining.json."""
    figures = json.loads(RESULTS.read_text(encoding="utf-8"))["figures"]
    (REPOSITORY / "docs" / "retraining.svg").write_text(draw(figures) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
