"""Intervals of two models and of their difference, rows and all: `... resamples ROWS TIMES`."""

from __future__ import annotations

import argparse

from adclick.evaluation.evaluation import CHALLENGER
from adclick.evaluation.intervals import Figures, intervals
from adclick.evaluation.measured import measure
from adclick.evaluation.rows import ScoredRows
from benchmarks.evaluation.work.rows import write_rows
from benchmarks.ingest.stopwatch import tell, timed


def main() -> None:
    """Measure the intervals, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("times", type=int)
    options = parser.parse_args()
    rows = write_rows(options.rows)
    found, took = timed(lambda: resampled(rows, options.times))
    tell(took, rows=rows.count, models=len(found))


def resampled(rows: ScoredRows, times: int) -> dict[str, tuple[Figures, Figures]]:
    """Metrics and leads with intervals, from the rows on disk."""
    measured = {name: measure(rows, name) for name in rows.models}
    return intervals(
        {name: model.sums for name, model in measured.items()},
        {name: model.metrics for name, model in measured.items()},
        CHALLENGER,
        times,
        0.95,
        1,
    )


if __name__ == "__main__":
    main()
