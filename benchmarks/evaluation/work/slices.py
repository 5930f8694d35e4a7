"""Our slices of two models, with the errors of their difference: `... slices ROWS`."""

from __future__ import annotations

import argparse

from adclick.evaluation.cuts import choose_cuts
from adclick.evaluation.evaluation import CHALLENGER, CHAMPION
from adclick.evaluation.measured import measure
from adclick.evaluation.options import SliceOptions
from adclick.evaluation.rows import ScoredRows
from adclick.evaluation.slices import SliceFigures, slice_figures
from benchmarks.evaluation.work.rows import write_rows
from benchmarks.ingest.stopwatch import tell, timed


def main() -> None:
    """Measure the slices, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    rows = write_rows(parser.parse_args().rows)
    found, took = timed(lambda: sliced(rows))
    tell(took, slices={f"{one.column} {one.value}": one.metrics for one in found})


def sliced(rows: ScoredRows) -> list[SliceFigures]:
    """All slices of the rows' columns."""
    cuts, _ = choose_cuts(rows, SliceOptions())
    measured = {name: measure(rows, name, cuts) for name in rows.models}
    return list(slice_figures(cuts, measured, CHALLENGER, CHAMPION, 1, 0.95))


if __name__ == "__main__":
    main()
