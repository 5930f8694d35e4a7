"""All metrics of one model over rows on disk, exact: `... stream ROWS`."""

from __future__ import annotations

import argparse

from adclick.evaluation.evaluation import CHALLENGER
from adclick.evaluation.measured import measure
from benchmarks.evaluation.work.rows import write_rows
from benchmarks.ingest.stopwatch import tell, timed


def main() -> None:
    """Measure the model, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    rows = write_rows(parser.parse_args().rows)
    found, took = timed(lambda: measure(rows, CHALLENGER).metrics)
    tell(took, rows=rows.count, auc=found["auc"])


if __name__ == "__main__":
    main()
