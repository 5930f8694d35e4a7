"""A whole evaluation of two models: metrics, intervals, slices and search: `... whole ROWS`."""

from __future__ import annotations

import argparse

from adclick.evaluation.evaluation import compare
from adclick.evaluation.options import EvaluationOptions
from benchmarks.evaluation.work.rows import write_rows
from benchmarks.ingest.stopwatch import tell, timed


def main() -> None:
    """Compare the models, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    rows = write_rows(parser.parse_args().rows)
    found, took = timed(lambda: compare(rows, EvaluationOptions(), "these rows"))
    tell(took, rows=found.impressions, slices=len(found.slices))


if __name__ == "__main__":
    main()
